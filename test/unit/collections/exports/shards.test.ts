import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commitCollection } from '../../../../src/main/engine/collections/commit.ts';
import type { CollectionContent } from '../../../../src/main/engine/collections/content.ts';
import { tarHeader, tarPadding } from '../../../../src/main/engine/collections/exports/tar.ts';
import { describePhotos, foldPhotos } from '../../../../src/main/engine/collections/fold-items.ts';
import { addPhotos } from '../../../../src/main/engine/collections/gather.ts';
import { createCollection, setCollectionFields } from '../../../../src/main/engine/collections/store.ts';
import { versionContent } from '../../../../src/main/engine/collections/versions.ts';
import { verifyFolder } from '../../../../src/main/engine/collections/verify.ts';
import { Library } from '../../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../../src/main/engine/library/photos.ts';
import { collectionNamed, newestVersion } from '../../../../src/main/engine/library/tables/collection.ts';
import { silentContext } from '../../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../../src/main/engine/sfm/import.ts';
import { WORK } from '../../../../src/main/engine/work/index.ts';
import type { JobResult } from '../../../../src/shared/jobs/index.ts';
import { invented, NAMES, thrown } from '../../../support/collections.ts';
import { temporaryFolder } from '../../../support/folders.ts';

const at = temporaryFolder();
const open: Library[] = [];
afterAll(() => open.forEach((l) => l.close()));

const fresh = (name: string): Library => {
  const l = Library.create(join(at, 'libraries', name));
  open.push(l);
  return l;
};
const contentOf = (l: Library): CollectionContent => {
  const c = collectionNamed(l, 'castles');
  return versionContent(l, c, newestVersion(l, c.id)!);
};
const importTo = async (l: Library, folder: string, more: object = {}): Promise<JobResult<'collection-import'>> =>
  (await WORK['collection-import'].run(
    l,
    { folder, photos: true, ...more },
    silentContext(),
  )) as JobResult<'collection-import'>;

const FORMATS = [
  ['parquet', ['parquet']],
  ['webdataset', ['webdataset']],
  ['parquet in a bag', ['parquet', 'bagit']],
  ['iiif', ['iiif']],
  ['imagefolder', ['imagefolder']],
  ['croissant', ['croissant']],
  ['ro-crate', ['ro-crate']],
  ['coco', ['coco']],
  ['gallery', ['gallery']],
] as const;
let exported: CollectionContent;

beforeAll(async () => {
  for (const [i, name] of NAMES.entries()) {
    mkdirSync(join(at, 'photos', name, '..'), { recursive: true });
    writeFileSync(join(at, 'photos', name), await invented(i, name));
  }
  const library = fresh('whole');
  await importSources(library, { sources: [join(at, 'photos')] }, silentContext());
  const photos = allPhotos(library).map((p) => p.id);
  createCollection(library, 'castles');
  const additions = [...photos].reverse().map((photo, i) => ({ photo, score: i / 8, rank: i + 1 }));
  addPhotos(library, 'castles', additions, { how: 'search', query: 'tower' });
  foldPhotos(library, 'castles', [{ head: photos[0]!, photos: [photos[1]!, photos[2]!] }]);
  describePhotos(library, 'castles', photos.slice(0, 3), () => JSON.stringify({ keywords: ['a;b', 'c'] }));
  setCollectionFields(library, 'castles', { rights: ['CC-BY-4.0'] });
  await commitCollection(library, { collection: 'castles', message: 'first', author: 'A' }, silentContext());
  exported = contentOf(library);
  const write = async (name: string, more: object): Promise<void> => {
    const out = join(at, 'out', name);
    await WORK['collection-export'].run(library, { collection: 'castles', out, ...more }, silentContext());
  };
  for (const [name, format] of FORMATS)
    await write(name, { format, shardSize: 1, ...(name === 'iiif' ? { baseUrl: 'https://example.org/c' } : {}) });
  await write('csv', { format: ['csv'] });
  await write('tiles', { format: ['iiif'], baseUrl: 'https://example.org/c', photos: 'none' });
  await write('small', { format: ['webdataset'], longSide: 16 });
  // From here on only the exports have them.
  renameSync(join(at, 'photos'), join(at, 'gone'));
});

describe('an export without the photos that it was made of', () => {
  it.each(FORMATS)('as %s brings them into an empty library: the same items, fields, order, digest', async (name) => {
    const l = fresh(name);
    const out = join(at, 'out', name);
    const before = readdirSync(out, { recursive: true }).length;
    const report = await importTo(l, out);
    expect(report).toMatchObject({ version: 1, items: 8, imported: 8, missing: [], digest: exported.version.digest });
    expect(contentOf(l)).toEqual(exported);
    expect((await importTo(l, out)).already).toBe(true);
    // What was exported stays as it is.
    expect(readdirSync(out, { recursive: true })).toHaveLength(before);
    expect((await verifyFolder(out, { level: 'full' }, silentContext())).ok).toBe(true);
  });

  it('is unpacked where a person says, also after an attempt that was cut short, and never over something else', async () => {
    const into = join(at, 'there');
    const first = join(into, exported.entries[0]!.path);
    mkdirSync(join(first, '..'), { recursive: true });
    writeFileSync(first, 'mine');
    const out = join(at, 'out', 'webdataset');
    expect(await thrown(importTo(fresh('taken'), out, { unpack: into }))).toMatchObject({
      code: 'STATE_CONFLICT',
      file: first,
    });
    expect(readFileSync(first, 'utf8')).toBe('mine');
    cpSync(join(at, 'out', 'coco', exported.entries[0]!.path), first);
    const report = await importTo(fresh('unpacked'), out, { unpack: into });
    expect(report).toMatchObject({ imported: 8, unpacked: into });
    expect(exported.entries.every((e) => existsSync(join(into, e.path)))).toBe(true);
  });

  it.each([
    ['csv', /csv holds none/],
    ['tiles', /only tiles/],
    ['small', /made smaller/],
  ])('as %s says that it has none, and why', async (name, why) => {
    const error = await thrown(importTo(fresh(`none-${name}`), join(at, 'out', name)));
    expect(error).toMatchObject({ code: 'STATE_EMPTY', hint: expect.stringMatching(why) as string });
  });
});

describe('shards of a stranger', () => {
  let count = 0;
  /** An export whose first shard was changed, and what importing it says. */
  const hostile = async (format: string, change: (bytes: Buffer) => Buffer): ReturnType<typeof thrown> => {
    count += 1;
    const out = join(at, `hostile-${count}`);
    cpSync(join(at, 'out', format), out, { recursive: true });
    const name = readdirSync(join(out, format)).find((n) => !n.endsWith('.jsonl'))!;
    const file = join(out, format, name);
    writeFileSync(file, change(readFileSync(file)));
    const l = fresh(`hostile-${count}`);
    const error = await thrown(importTo(l, out));
    expect(allPhotos(l)).toHaveLength(error === undefined ? 8 : 0);
    if (error !== undefined) expect([file, join(out, format)]).toContain(error.file);
    return error;
  };
  /** Header with other bytes at a place, and the sum that goes with it. */
  const header = (name: string, bytes: number, edit: (head: Buffer) => void): Buffer => {
    const head = tarHeader(name, bytes);
    edit(head);
    head.write('        ', 148, 'latin1');
    head.write(
      `${head
        .reduce((n, b) => n + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
    return head;
  };
  const tar =
    (head: Buffer, body = Buffer.alloc(0)) =>
    (bytes: Buffer): Buffer =>
      Buffer.concat([head, body, tarPadding(body.length), bytes]);

  it.each([
    ['a path that leads out', tar(tarHeader('../../x.jpg', 1), Buffer.from('x')), /path .*lie in no folder/],
    ['an absolute path', tar(tarHeader('/etc/x.jpg', 1), Buffer.from('x')), /path .*lie in no folder/],
    ['a hidden name', tar(tarHeader('.profile', 1), Buffer.from('x')), /lie in no folder/],
    ['a symbolic link', tar(header('a.jpg', 0, (h) => h.write('2', 156) && h.write('/etc/passwd', 157))), /a link/],
    ['a hard link', tar(header('a.jpg', 0, (h) => h.write('1', 156))), /a link/],
    ['a device', tar(header('a.jpg', 0, (h) => h.write('3', 156))), /a device/],
    ['a file that is longer than the archive', tar(tarHeader('a.jpg', 8 ** 11 - 1)), /longer than the file itself/],
    ['a length that is none', tar(header('a.jpg', 0, (h) => h.write('-0000000001', 124))), /longer than the file/],
    ['a wrong sum', (b: Buffer) => ((b[0]! ^= 1), b), /no header/],
    ['no end', (b: Buffer) => b.subarray(0, b.length - 1024), /cut short/],
    ['a photo of nobody', tar(tarHeader('a.jpg', 5), Buffer.from('12345')), /no photo of its table/],
    [
      'more files than photos',
      (b: Buffer) => Buffer.concat([...Array<Buffer>(50).fill(tarHeader('a.json', 0)), b]),
      /more files/,
    ],
    ['a photo that was changed', (b: Buffer) => ((b[700]! ^= 1), b), /is changed/],
  ])('are refused with %s in a tar file', async (_, change, why) => {
    const error = await hostile('webdataset', change);
    expect(error?.code).toMatch(/^INPUT_/);
    expect(error?.message).toMatch(why);
  });

  it('are refused with a photo twice', async () => {
    const first = 512 * (1 + Math.ceil(exported.entries[0]!.bytes / 512));
    const error = await hostile('webdataset', (b) => Buffer.concat([b.subarray(0, first), b]));
    expect(error?.message).toMatch(/a second time|no photo of its table/);
  });

  const word = (value: number): Buffer => {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(value);
    return b;
  };
  /** Where the bytes of the photo stand that comes first, with their length before them. */
  const firstPhoto = (b: Buffer): number => {
    const size = exported.entries[0]!.bytes;
    const from = b.indexOf(word(size));
    expect(
      createHash('sha256')
        .update(b.subarray(from + 4, from + 4 + size))
        .digest('hex'),
    ).toBe(exported.entries[0]!.sha256);
    return from;
  };

  it.each([
    ['a photo of 4 GB', (b: Buffer) => (b.writeUInt32LE(0xffffffff, firstPhoto(b)), b), /longer than its page/],
    ['a photo that was changed', (b: Buffer) => ((b[firstPhoto(b) + 9]! ^= 1), b), /is changed/],
    [
      'photos of no length',
      (b: Buffer) => {
        const from = firstPhoto(b);
        return b.fill(0, from, from + 64);
      },
      /no photo of its table/,
    ],
    [
      'a footer longer than the file',
      (b: Buffer) => (b.writeUInt32LE(0x7fffffff, b.length - 8), b),
      /footer is longer/,
    ],
    [
      'a footer of nothing',
      (b: Buffer) => b.fill(0xff, b.length - 200, b.length - 8),
      /footer cannot be read|lie outside/,
    ],
    ['no beginning', (b: Buffer) => b.fill(0, 0, 4), /begin and end/],
    ['half of itself', (b: Buffer) => b.subarray(0, b.length >> 1), /begin and end/],
    ['a page that is none', (b: Buffer) => b.fill(0xff, 4, 24), /damaged|no page/],
  ])('are refused with %s in Parquet', async (_, change, why) => {
    const error = await hostile('parquet', change);
    expect(error?.code).toMatch(/^INPUT_/);
    expect(error?.message).toMatch(why);
  });

  it('bring the same photos, or none, whatever byte of the first page and the footer is another', async () => {
    for (let i = 0; i < 14; i += 1)
      await hostile('parquet', (b) => ((b[i % 2 === 0 ? 4 + i : b.length - 9 - 61 * i]! ^= 0x41), b));
  });

  it('are refused where one is a link out of the export, or all are missing', async () => {
    const out = join(at, 'linked');
    cpSync(join(at, 'out', 'webdataset'), out, { recursive: true });
    const name = readdirSync(join(out, 'webdataset')).find((n) => n.endsWith('.tar'))!;
    const file = join(out, 'webdataset', name);
    renameSync(file, join(at, 'elsewhere.tar'));
    expect(await thrown(importTo(fresh('missing'), out))).toMatchObject({ code: 'STATE_EMPTY' });
    symlinkSync(join(at, 'elsewhere.tar'), file);
    expect(await thrown(importTo(fresh('linked'), out))).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/leads out/) as string,
    });
  });
});

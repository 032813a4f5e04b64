import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectionContent } from '../../../../src/main/engine/collections/content.ts';
import { describePhotos, foldPhotos } from '../../../../src/main/engine/collections/fold-items.ts';
import { addPhotos } from '../../../../src/main/engine/collections/gather.ts';
import { createCollection, setCollectionFields } from '../../../../src/main/engine/collections/store.ts';
import { shownNames } from '../../../../src/main/cli/commands/collection/words.ts';
import { photoLists } from '../../../../src/main/engine/collections/lists.ts';
import { commitCollection } from '../../../../src/main/engine/collections/commit.ts';
import { versionContent, versionHistory } from '../../../../src/main/engine/collections/versions.ts';
import { zip } from '../../../../src/main/engine/formats/zip.ts';
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
let library: Library;
const open: Library[] = [];
afterAll(() => open.forEach((l) => l.close()));

const fresh = (name: string): Library => {
  const l = Library.create(join(at, name));
  open.push(l);
  return l;
};
const contentOf = (l: Library, name: string): CollectionContent => {
  const c = collectionNamed(l, name);
  return versionContent(l, c, newestVersion(l, c.id)!);
};
const exportTo = async (out: string, more: object = {}): Promise<JobResult<'collection-export'>> =>
  (await WORK['collection-export'].run(
    library,
    { collection: 'castles', out, ...more },
    silentContext(),
  )) as JobResult<'collection-export'>;
const importTo = async (l: Library, folder: string, more: object = {}): Promise<JobResult<'collection-import'>> =>
  (await WORK['collection-import'].run(l, { folder, ...more }, silentContext())) as JobResult<'collection-import'>;

beforeAll(async () => {
  for (const [i, name] of NAMES.entries()) {
    mkdirSync(join(at, 'photos', name, '..'), { recursive: true });
    writeFileSync(join(at, 'photos', name), await invented(i, name));
  }
  library = fresh('library');
  await importSources(library, { sources: [join(at, 'photos')] }, silentContext());
  const photos = allPhotos(library).map((p) => p.id);
  createCollection(library, 'castles');
  addPhotos(
    library,
    'castles',
    [...photos].reverse().map((photo, i) => ({ photo, score: i / 8, rank: i + 1 })),
    { how: 'search', query: 'tower' },
  );
  foldPhotos(library, 'castles', [{ head: photos[0]!, photos: [photos[1]!, photos[2]!] }]);
  describePhotos(library, 'castles', photos.slice(0, 3), () =>
    JSON.stringify({ keywords: ['a;b', 'c'], title: ['T'] }),
  );
  setCollectionFields(library, 'castles', { rights: ['CC-BY-4.0'] });
  await commitCollection(
    library,
    { collection: 'castles', message: 'first', author: 'A', tag: 'final' },
    silentContext(),
  );
});

describe('a collection that goes to another library', () => {
  it('as an archive is the same version, its photos unpacked beside it only where the library lacks them', async () => {
    const out = join(at, 'archived');
    await exportTo(out);
    const file = join(at, 'castles.zip');
    const members = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name))
      .map((f) => ({ file: f, name: `castles 1/${relative(out, f)}` }));
    const parts: Buffer[] = [];
    for await (const part of zip(members)) parts.push(part);
    writeFileSync(file, Buffer.concat(parts));

    const other = fresh('from-archive');
    await expect(importTo(other, file)).rejects.toThrow(/none of the photos/);
    expect(existsSync(join(at, 'castles'))).toBe(false);
    const report = await importTo(other, file, { photos: true, name: 'Received' });
    const sent = contentOf(library, 'castles').version.digest;
    expect(report).toMatchObject({ collection: 'Received', digest: sent, imported: NAMES.length, missingTotal: 0 });
    expect(report.unpacked).toBe(join(at, 'castles'));
    expect(contentOf(other, 'Received').version.digest).toBe(sent);
    // All is here now: nothing more is unpacked.
    expect(await importTo(other, file, { photos: true, name: 'Again' })).toMatchObject({ unpacked: null, imported: 0 });
    await expect(importTo(fresh('third'), file, { photos: true })).rejects.toThrow(/unpacked into is there already/);
    expect(readdirSync(join(other.path, 'staging'))).toEqual([]);
    const none = join(at, 'none.zip');
    const rest: Buffer[] = [];
    for await (const part of zip(members.slice(-1))) rest.push(part);
    writeFileSync(none, Buffer.concat(rest));
    await expect(importTo(other, none)).rejects.toThrow(/holds no exported collection/);
  });

  it.each([
    ['folder', {}],
    ['bag', { format: ['bagit', 'croissant'] }],
  ] as const)('as a %s with its photos is the same version there, and the same collection', async (name, how) => {
    const out = join(at, name);
    await exportTo(out, how);
    const other = fresh(`from-${name}`);
    const report = await importTo(other, out, { photos: true });
    expect(report).toMatchObject({
      collection: 'castles',
      version: 1,
      items: 8,
      imported: 8,
      missing: [],
      already: false,
    });
    expect(contentOf(other, 'castles')).toEqual(contentOf(library, 'castles'));
    // Nothing is left to commit: what a person sees is the version.
    expect(versionHistory(other, 'castles')[0]!.tags).toEqual(['final']);
    expect(
      await thrown(commitCollection(other, { collection: 'castles', message: '' }, silentContext())),
    ).toMatchObject({ code: 'STATE_CONFLICT' });
    expect(await importTo(other, out)).toMatchObject({ already: true, imported: 0 });
  });

  it('finds the photos that the library has under other names', async () => {
    cpSync(join(at, 'photos'), join(at, 'copies'), { recursive: true });
    rmSync(join(at, 'copies', NAMES[7]));
    const other = fresh('other-names');
    await importSources(other, { sources: [join(at, 'copies')] }, silentContext());
    const out = join(at, 'tables');
    await exportTo(out, { format: ['csv'] });
    const report = await importTo(other, out, { name: 'theirs' });
    expect(report).toMatchObject({
      collection: 'theirs',
      imported: 0,
      missing: [contentOf(library, 'castles').entries.find((e) => e.path.endsWith('.webp'))!.path],
    });
    const content = contentOf(other, 'theirs');
    expect(content.entries).toEqual(contentOf(library, 'castles').entries);
    expect(content.version.digest).toBe(report.digest);
  });

  it('is refused where the library has none of its photos, and for a name that is taken', async () => {
    const other = fresh('none');
    expect(await thrown(importTo(other, join(at, 'tables')))).toMatchObject({ code: 'STATE_EMPTY' });
    createCollection(other, 'castles');
    expect(await thrown(importTo(other, join(at, 'folder'), { photos: true }))).toMatchObject({
      code: 'STATE_CONFLICT',
    });
  });

  it('whose photo was changed on the way is refused with the file', async () => {
    const out = join(at, 'changed');
    await exportTo(out, { gallery: false });
    const file = join(out, contentOf(library, 'castles').entries[0]!.path);
    const bytes = readFileSync(file);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(file, bytes);
    expect(await thrown(importTo(fresh('wary'), out, { photos: true }))).toMatchObject({ code: 'INPUT_CORRUPT', file });
  });
});

it('photos of one name are told apart by their scenes, where a list has both', async () => {
  const l = fresh('twins');
  const sources = ['castle', 'fountain'].map((n) => join(at, 'photos', n));
  await importSources(l, { sources }, silentContext());
  const { list, total } = photoLists(l).open({ collection: null, filter: {}, sort: 'name', descending: false });
  const photos = photoLists(l).page(list, 0, total);
  expect(photos.map((p) => p.name)).toEqual(['0001.jpg', '0001.jpg', '0002.jpg', 'Brunnen Süd.jpg']);
  expect(shownNames(l, photos)).toEqual(['castle/0001.jpg', 'fountain/0001.jpg', '0002.jpg', 'Brunnen Süd.jpg']);
  expect(shownNames(l, [photos[0]!, photos[0]!])).toEqual(['0001.jpg', '0001.jpg']);
});

describe('an export of a library', () => {
  it('never lies in one', async () => {
    const out = join(library.path, 'out');
    expect(await thrown(exportTo(out))).toMatchObject({ code: 'INPUT_INVALID' });
    expect(existsSync(out)).toBe(false);
  });

  it('of a collection that was never committed is refused with what to do', async () => {
    createCollection(library, 'fresh');
    const error = await thrown(
      WORK['collection-export'].run(library, { collection: 'fresh', out: join(at, 'never') }, silentContext()),
    );
    expect(error).toMatchObject({
      code: 'STATE_EMPTY',
      hint: expect.stringContaining('covis collection commit') as string,
    });
  });

  it('says that changes were not committed', async () => {
    setCollectionFields(library, 'castles', { rights: ['CC0-1.0'] });
    const warnings: string[] = [];
    await WORK['collection-export'].run(
      library,
      { collection: 'castles', out: join(at, 'changed-since'), format: ['jsonl'] },
      silentContext(warnings),
    );
    expect(warnings.join()).toMatch(/was changed since version 1/);
    setCollectionFields(library, 'castles', { rights: ['CC-BY-4.0'] });
  });
});

describe('what photos say of themselves', () => {
  it('fills fields that nobody wrote, or replaces them', async () => {
    const sidecar = (name: string, title: string): void =>
      writeFileSync(
        join(at, 'photos', `${name}.xmp`),
        `<x xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:RDF><rdf:Description dc:source="Archive"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">${title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x>`,
      );
    sidecar(NAMES[0], 'Said');
    sidecar(NAMES[5], 'Said too');
    const read = async (replace: boolean): Promise<JobResult<'collection-metadata'>> =>
      (await WORK['collection-metadata'].run(
        library,
        { collection: 'castles', replace },
        silentContext(),
      )) as JobResult<'collection-metadata'>;
    const fields = async (): Promise<Record<string, readonly (readonly string[] | undefined)[]>> => {
      await commitCollection(library, { collection: 'castles', message: '' }, silentContext());
      const { entries } = contentOf(library, 'castles');
      const of = (end: string): readonly string[][] =>
        entries.filter((e) => e.path.includes(end)).map((e) => [...(e.fields['title'] ?? [])]);
      return { written: of('0001'), free: of('日本') };
    };
    expect(await read(false)).toMatchObject({
      photos: 8,
      changed: 2,
      from: { sidecar: 2, xmp: 0, iptc: 0 },
      fields: { source: 2, title: 2 },
    });
    const filled = await fields();
    expect(filled['free']).toEqual([['Said too']]);
    expect(filled['written']).not.toContainEqual(['Said']);
    await read(true);
    expect((await fields())['written']).toContainEqual(['Said']);
  });
});

import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyFolder } from '../../../src/main/engine/collections/verify.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import type { VerifyLevel, VerifyReport } from '../../../src/shared/facts/verification.ts';
import { exported, inventedMaterial, NAMES, sha, thrown } from '../../support/collections.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { CASES, describeWith } from '../../support/programs.ts';

const at = temporaryFolder();
const verify = (
  folder: string,
  level: VerifyLevel = 'full',
  o: { repair?: string; force?: boolean } = {},
): Promise<VerifyReport> => verifyFolder(folder, { level, ...o }, silentContext());
let made = 0;
/** A new export, damaged. */
const damaged = async (
  formats: readonly ('folder' | 'bagit')[],
  change: (photos: string, out: string) => void,
): Promise<string> => {
  const out = join(at, `export-${(made += 1)}`);
  await exported(await inventedMaterial(join(at, 'library')), out, { formats });
  change(join(out, formats[0] === 'bagit' ? 'data/photos' : 'photos'), out);
  return out;
};
/** Another byte in the middle, the same size. */
const flip = (file: string): void => {
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(file, bytes);
};
const first = NAMES[0];

describe.each(['folder', 'bagit'] as const)('a %s', (format) => {
  const path = (name: string): string => `${format === 'bagit' ? 'data/' : ''}photos/${name}`;

  it.each(['presence', 'size', 'full'] as const)(
    'that is whole is so at the level %s, which is said',
    async (level) => {
      const report = await verify(await damaged([format], () => undefined), level);
      expect(report).toMatchObject({ ok: true, level, kind: format === 'bagit' ? 'bag' : 'folder' });
      // Photos are in the table; tables and lists are not.
      expect(report.sized).toBe(level === 'presence' ? 0 : 8);
    },
  );

  it('with a changed byte passes by name and size, and is found out in full', async () => {
    const out = await damaged([format], (photos) => flip(join(photos, first)));
    expect((await verify(out, 'presence')).ok).toBe(true);
    expect((await verify(out, 'size')).ok).toBe(true);
    expect(await verify(out)).toMatchObject({ ok: false, changed: [path(first)], missing: [], extra: [] });
  });

  it('with a photo of another size is found out by size', async () => {
    const out = await damaged([format], (photos) => appendFileSync(join(photos, first), 'x'));
    const report = await verify(out, 'size');
    expect(report).toMatchObject({ ok: false, changed: [path(first)] });
    expect(report.problems.length).toBe(format === 'bagit' ? 1 : 0);
  });

  it('tells missing, extra and moved apart', async () => {
    const out = await damaged([format], (photos) => {
      rmSync(join(photos, first));
      renameSync(join(photos, NAMES[1]), join(photos, 'elsewhere.jpg'));
      writeFileSync(join(photos, 'new.jpg'), 'new');
    });
    expect(await verify(out)).toMatchObject({
      ok: false,
      missing: [{ path: path(first), fetch: false }],
      moved: [{ from: path(NAMES[1]), to: path('elsewhere.jpg') }],
      extra: [path('new.jpg')],
      changed: [],
    });
    expect((await verify(out, 'presence')).missing.length).toBe(2);
  });

  it('is repaired from any folder that has the photos, by their digests', async () => {
    const out = await damaged([format], (photos) => {
      rmSync(join(photos, first));
      renameSync(join(photos, NAMES[1]), join(photos, 'elsewhere.jpg'));
      flip(join(photos, NAMES[2]));
    });
    const changed = readFileSync(join(out, path(NAMES[2])));
    // The library's names are others.
    const report = await verify(out, 'full', { repair: join(at, 'library') });
    expect(report).toMatchObject({
      ok: false,
      repaired: [path(first), path(NAMES[1])].sort(),
      kept: [path(NAMES[2])],
      changed: [path(NAMES[2])],
      missing: [],
      moved: [],
      extra: [],
    });
    expect(readFileSync(join(out, path(NAMES[2])))).toEqual(changed);
    const forced = await verify(out, 'full', { repair: join(at, 'library'), force: true });
    expect(forced).toMatchObject({ ok: true, repaired: [path(NAMES[2])], kept: [] });
    expect((await verify(out)).ok).toBe(true);
  });

  it('that cannot be repaired from there says what is still missing', async () => {
    const nothing = join(at, 'nothing');
    mkdirSync(nothing, { recursive: true });
    const out = await damaged([format], (photos) => rmSync(join(photos, first)));
    expect(await verify(out, 'full', { repair: nothing })).toMatchObject({
      ok: false,
      repaired: [],
      missing: [{ path: path(first) }],
    });
  });
});

describe('a list of digests', () => {
  const listed = (name: string, list: string, files: Readonly<Record<string, string>>): string => {
    const out = join(at, `list-${(made += 1)}`);
    mkdirSync(out, { recursive: true });
    for (const [f, text] of Object.entries(files)) {
      mkdirSync(join(out, f, '..'), { recursive: true });
      writeFileSync(join(out, f), text);
    }
    writeFileSync(join(out, name), list);
    return out;
  };
  const SHA512 =
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f';
  const MD5 = '900150983cd24fb0d6963f7d28e17f72';

  it.each([
    ['manifest-sha512.txt', `${SHA512}  abc.txt\n`],
    ['manifest-md5.txt', `${MD5} *abc.txt\r\n`],
    ['manifest-md5.txt', `${MD5.toUpperCase()}  ./abc.txt`],
    ['manifest-sha256.txt', `${sha('abc')}  abc.txt\n`],
  ])('of another program is read: %s %j', async (name, list) => {
    const out = listed(name, list, { 'abc.txt': 'abc' });
    expect(await verify(out)).toMatchObject({ ok: true, files: 1, manifests: [name] });
    writeFileSync(join(out, 'abc.txt'), 'abd');
    expect(await verify(out)).toMatchObject({ ok: false, changed: ['abc.txt'] });
  });

  it('as sha256sum escapes it is read', async () => {
    const out = listed('manifest-sha256.txt', `\\${sha('abc')}  a\\\\b\\nc\n`, { 'a\\b\nc': 'abc' });
    expect((await verify(out)).ok).toBe(true);
  });

  it.each([
    [`${sha('abc')}  ../abc.txt\n`, /outside of the folder/],
    [`${sha('abc')}  /etc/passwd\n`, /outside of the folder/],
    [`${sha('abc')}  C:\\x\n`, /outside of the folder/],
    ['xyz  abc.txt\n', /no sha256 and path/],
    [`${sha('abc').slice(1)}  abc.txt\n`, /no sha256 and path/],
    [`${sha('abc')}  abc.txt\n${sha('abd')}  abc.txt\n`, /a second time/],
  ])('is refused as %j', async (list, why) => {
    const error = await thrown(verify(listed('manifest-sha256.txt', list, { 'abc.txt': 'abc' })));
    expect(error).toMatchObject({ code: 'INPUT_CORRUPT', message: expect.stringMatching(why) as string });
  });

  it('that is not there is asked for', async () => {
    const error = await thrown(verify(listed('other.txt', '', {})));
    expect(error).toMatchObject({
      code: 'INPUT_INVALID',
      hint: expect.stringMatching(/manifest-sha256\.txt/) as string,
    });
  });

  it('names a link to a folder, and does not look into it', async () => {
    const out = listed('manifest-sha256.txt', `${sha('abc')}  abc.txt\n`, { 'abc.txt': 'abc' });
    symlinkSync('/', join(out, 'root'));
    expect((await verify(out)).problems).toEqual(['root is a link to a folder, which is not looked into']);
  });

  it('names a file that is a link out of the folder, and does not read it, whatever its digest', async () => {
    const secret = join(at, 'secret.txt');
    writeFileSync(secret, 'abc');
    const out = listed('manifest-sha256.txt', `${sha('abc')}  abc.txt\n`, { 'inside.txt': 'abc' });
    symlinkSync(secret, join(out, 'abc.txt'));
    symlinkSync('inside.txt', join(out, 'within.txt'));
    const report = await verify(out);
    expect(report).toMatchObject({
      ok: false,
      problems: ['abc.txt is a link that leads out of this folder, and is not read'],
      bytes: 0,
      missing: [],
      changed: [],
    });
    expect((await verify(out, 'size')).bytes).toBe(0);
    // No link is asked whether it holds what is missing, either.
    renameSync(join(out, 'abc.txt'), join(out, 'other.txt'));
    rmSync(join(out, 'inside.txt'));
    expect(await verify(out)).toMatchObject({ moved: [], missing: [{ path: 'abc.txt' }] });
  });

  it('that is a link out of the folder is refused as import refuses it', async () => {
    const list = join(at, 'list-elsewhere.txt');
    writeFileSync(list, `${sha('abc')}  abc.txt\n`);
    const out = listed('other.txt', '', { 'abc.txt': 'abc' });
    symlinkSync(list, join(out, 'manifest-sha256.txt'));
    expect(await thrown(verify(out))).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/leads out/) as string,
    });
  });

  it('of an export with links to its photos follows these, as it was asked to make them', async () => {
    const out = join(at, 'of-links');
    await exported(await inventedMaterial(join(at, 'library')), out, { photos: 'link' });
    expect(await verify(out)).toMatchObject({ ok: true, problems: [] });
    rmSync(join(out, 'items.csv'));
    symlinkSync('/etc/hostname', join(out, 'items.csv'));
    expect((await verify(out)).problems).toEqual([
      'items.csv is a link that leads out of this folder, and is not read',
    ]);
  });

  it.runIf(process.getuid?.() !== 0)('says which files may not be read', async () => {
    const out = listed('manifest-sha256.txt', `${sha('abc')}  abc.txt\n`, { 'abc.txt': 'abc' });
    chmodSync(join(out, 'abc.txt'), 0);
    expect(await verify(out)).toMatchObject({ ok: false, unreadable: ['abc.txt'] });
  });
});

describe('a bag of another program', () => {
  const bag = (o: {
    manifests: Record<string, string>;
    files: Record<string, string>;
    info?: string;
    bagit?: string;
  }): string => {
    const out = join(at, `bag-${(made += 1)}`);
    const put = (f: string, text: string): void => {
      mkdirSync(join(out, f, '..'), { recursive: true });
      writeFileSync(join(out, f), text);
    };
    for (const [f, text] of Object.entries({ ...o.files, ...o.manifests })) put(f, text);
    put('bagit.txt', o.bagit ?? 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n');
    if (o.info !== undefined) put('bag-info.txt', o.info);
    return out;
  };

  it('with names that RFC 8493 encodes, and with a name that holds a percent sign as it is', async () => {
    const list = `${sha('1')} data/a%25b.txt\n${sha('2')} data/c%0Ad.txt\n${sha('3')} data/100%.txt\n`;
    const out = bag({
      manifests: { 'manifest-sha256.txt': list },
      files: { 'data/a%b.txt': '1', 'data/c\nd.txt': '2', 'data/100%.txt': '3' },
    });
    expect(await verify(out)).toMatchObject({ ok: true, files: 3 });
  });

  it('with two lists is checked by both, which have to name the same files', async () => {
    const files = { 'data/a': 'abc', 'data/b': 'abc' };
    const both = `${sha('abc')}  data/a\n${sha('abc')}  data/b\n`;
    const MD5 = '900150983cd24fb0d6963f7d28e17f72';
    expect(
      (
        await verify(
          bag({
            manifests: { 'manifest-sha256.txt': both, 'manifest-md5.txt': `${MD5}  data/a\n${MD5}  data/b\n` },
            files,
          }),
        )
      ).ok,
    ).toBe(true);
    expect(
      (await verify(bag({ manifests: { 'manifest-sha256.txt': both, 'manifest-md5.txt': `${MD5}  data/a\n` }, files })))
        .problems,
    ).toEqual(['Its manifests do not name the same files']);
    expect(
      (
        await verify(
          bag({
            manifests: {
              'manifest-sha256.txt': both,
              'manifest-md5.txt': `${MD5}  data/a\n${MD5.replace('9', '8')}  data/b\n`,
            },
            files,
          }),
        )
      ).changed,
    ).toEqual(['data/b']);
  });

  it('whose count is not that of Payload-Oxum is not whole', async () => {
    const out = bag({
      manifests: { 'manifest-sha256.txt': `${sha('abc')}  data/a\n` },
      files: { 'data/a': 'abc' },
      info: 'Payload-Oxum: 4.1\n',
    });
    expect((await verify(out, 'size')).problems).toEqual([
      'Payload-Oxum promises 1 file and 4 bytes; 1 file and 3 bytes are there',
    ]);
  });

  it('says what is to be fetched', async () => {
    const out = bag({
      manifests: { 'manifest-sha256.txt': `${sha('abc')}  data/a\n`, 'fetch.txt': 'https://example.org/a 3 data/a\n' },
      files: {},
    });
    expect((await verify(out)).missing).toEqual([{ path: 'data/a', fetch: true }]);
  });

  it.each([
    ['\ufeffBagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n', /byte order mark/],
    ['Tag-File-Character-Encoding: UTF-8\n', /no version/],
  ])('whose bagit.txt is %j is told to be wrong', async (bagit, why) => {
    const out = bag({
      manifests: { 'manifest-sha256.txt': `${sha('abc')}  data/a\n` },
      files: { 'data/a': 'abc' },
      bagit,
    });
    expect((await verify(out)).problems.join()).toMatch(why);
  });
});

describe('shards', () => {
  it('are verified by their index, and a changed one by its samples', async () => {
    const out = join(at, 'shards');
    await exported(await inventedMaterial(join(at, 'library')), out, { formats: ['webdataset'], shardBytes: 8000 });
    const alone = join(at, 'shards-alone');
    cpSync(join(out, 'webdataset'), alone, { recursive: true });
    const report = await verify(alone);
    expect(report).toMatchObject({ kind: 'shards', ok: true });
    expect(report.files).toBeGreaterThan(1);
    const shard = join(alone, 'demo-of-castles-000000.tar');
    const bytes = readFileSync(shard);
    bytes[520]! ^= 1;
    writeFileSync(shard, bytes);
    expect((await verify(alone, 'size')).ok).toBe(true);
    const bad = await verify(alone);
    expect(bad).toMatchObject({ ok: false, changed: ['demo-of-castles-000000.tar'] });
    expect(bad.problems[0]).toMatch(/1 of \d+ files in it are changed: 000000\.jpg/);
    expect(existsSync(shard)).toBe(true);
  });
});

describeWith(['shared data'], 'the examples beside the checkout', () => {
  it.each(['bag', 'croissant'])('%s is whole', async (name) => {
    const report = await verify(join(CASES, 'collections', name));
    expect(report).toMatchObject({ ok: true, problems: [], extra: [] });
  });
});

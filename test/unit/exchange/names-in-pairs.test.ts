import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { importPairs } from '../../../src/main/engine/exchange/import-pairs.ts';
import { readHlocPairs } from '../../../src/main/engine/exchange/pair-readers/hloc.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import type { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { writePhotos } from '../../support/photo-folders.ts';

const folder = temporaryFolder();
const at = (...name: string[]): string => join(folder, ...name);
let made = 0;
/** Imports a list into a new library. @returns the report, and the photo's file of each name. */
async function bound(
  list: string | Uint8Array,
  images: string,
): Promise<{ report: Awaited<ReturnType<typeof importPairs>>; files: Record<string, string | null> }> {
  const n = (made += 1);
  writeFileSync(at(`pairs${n}.txt`), list);
  const library = Library.create(at(`library${n}`));
  const report = await importPairs(library, at(`pairs${n}.txt`), images, silentContext());
  const rows = library.db
    .prepare(
      `SELECT v.name, f.name AS file FROM view v JOIN cluster c ON c.id = v.cluster_id
       LEFT JOIN photo_file f ON f.photo_id = v.photo_id AND f.scene_id = c.scene_id`,
    )
    .all() as { name: string; file: string | null }[];
  library.close();
  return { report, files: Object.fromEntries(rows.map((r) => [r.name, r.file])) };
}

beforeAll(async () => {
  await writePhotos(at('flat'), ['1.jpg', '2.jpg']);
  await writePhotos(at('two'), ['mapping/1.jpg', 'query/1.jpg', 'mapping/2.jpg'], 10);
  await writePhotos(at('spaces'), ['a b.jpg', 'c.jpg', 'c  d.jpg', 'b.jpg c.jpg', 'a.jpg', 'a.jpg b.jpg'], 20);
  await writePhotos(at('unicode'), ['Mu\u0308ller.jpg', 'n.jpg'], 30);
});

describe('names in a list of pairs', () => {
  it('in two folders are never one photo', async () => {
    const { report, files } = await bound('mapping/1.jpg query/1.jpg\nmapping/2.jpg query/2.jpg\n', at('flat'));
    expect(report).toMatchObject({ photos: 0, missing: [] });
    expect(report.ambiguous).toEqual([
      { name: 'mapping/1.jpg', among: ['1.jpg'] },
      { name: 'query/1.jpg', among: ['1.jpg'] },
      { name: 'mapping/2.jpg', among: ['2.jpg'] },
      { name: 'query/2.jpg', among: ['2.jpg'] },
    ]);
    expect(report.warnings[0]).toMatch(/^4 of 4 names may mean several photos .*: mapping\/1\.jpg \(1\.jpg\)/);
    expect(Object.values(files)).toEqual([null, null, null, null]);
  });

  it('mean the photo of their folder', async () => {
    const { report, files } = await bound('mapping/1.jpg query/1.jpg\ndata/mapping/2.jpg query/1.jpg\n', at('two'));
    expect(report).toMatchObject({ photos: 3, missing: [], ambiguous: [], warnings: [] });
    expect(files).toEqual({
      'mapping/1.jpg': 'mapping/1.jpg',
      'query/1.jpg': 'query/1.jpg',
      'data/mapping/2.jpg': 'mapping/2.jpg',
    });
    const other = await bound('mapping/1.jpg other/1.jpg\nmapping/1.jpg 1.jpg\n', at('two'));
    expect(other.report.missing).toEqual(['other/1.jpg']);
    expect(other.report.ambiguous).toEqual([{ name: '1.jpg', among: ['mapping/1.jpg', 'query/1.jpg'] }]);
    expect(other.report.warnings).toEqual([
      expect.stringMatching(/^1 of 3 names .*: 1\.jpg \(mapping\/1\.jpg or query\/1\.jpg\)$/),
      expect.stringMatching(/^1 of 3 photos are not below .*: other\/1\.jpg$/),
    ]);
  });

  it('with spaces are told apart where one split alone is two photos', async () => {
    const { report, files } = await bound('\uFEFFa b.jpg c.jpg\r\nc  d.jpg\t a b.jpg\r\n', at('spaces'));
    expect(report).toMatchObject({ photos: 3, pairs: 2, missing: [] });
    expect(files).toEqual({ 'a b.jpg': 'a b.jpg', 'c.jpg': 'c.jpg', 'c  d.jpg': 'c  d.jpg' });
    await expect(bound('c.jpg a b.jpg\nx y.jpg c.jpg\n', at('spaces'))).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'Line 2 has 3 names, not two: x y.jpg c.jpg',
    });
    await expect(bound('a.jpg b.jpg c.jpg\n', at('spaces'))).rejects.toMatchObject({
      message: 'Line 1 has 3 names, not two, and may be two photos in 2 ways: a.jpg b.jpg c.jpg',
    });
  });

  it('may be in an old encoding or in another normal form', async () => {
    const { files } = await bound('M\u00fcller.jpg n.jpg\n', at('unicode'));
    expect(files).toEqual({ 'M\u00fcller.jpg': 'Mu\u0308ller.jpg', 'n.jpg': 'n.jpg' });
    const latin = Buffer.concat([Buffer.from('M'), Buffer.of(0xfc), Buffer.from('ller.jpg n.jpg\n日.jpg n.jpg\n')]);
    expect((await bound(latin, at('unicode'))).files).toEqual({
      'M\u00fcller.jpg': 'Mu\u0308ller.jpg',
      'n.jpg': 'n.jpg',
      '日.jpg': null,
    });
  });
});

describe('a list that is large or damaged', () => {
  it('is read piece by piece, and refused with the place of the fault', () => {
    mkdirSync(at('large'));
    const file = at('large', 'pairs.txt');
    const lines = Array.from({ length: 120_000 }, (_, i) => `é${i}.jpg é${i + 1}.jpg\n`).join('');
    writeFileSync(file, `# a comment\n\n${lines}`);
    const { cids, qidxs } = readHlocPairs(file);
    expect([cids.length, qidxs.length, cids[0], cids.at(-1)]).toEqual([120_001, 120_000, 'é0.jpg', 'é120000.jpg']);
    const said = (text: string): Partial<CovisError> => {
      writeFileSync(file, text);
      try {
        readHlocPairs(file);
      } catch (error) {
        const { code, message, offset } = error as CovisError;
        return { code, message, offset };
      }
      return {};
    };
    expect(said('a b\nc\n')).toEqual({ code: 'INPUT_CORRUPT', message: 'Line 2 has 1 names, not two: c', offset: 4 });
    expect(said(`a b\n${'c'.repeat(3 << 20)}`)).toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'A line is longer than 64 KiB',
    });
  });
});

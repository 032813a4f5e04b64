import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNames } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import type { GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { displayedBox } from '../../../src/main/engine/evaluation/library-measure.ts';
import { importTruth, matchTruth } from '../../../src/main/engine/evaluation/truths.ts';
import { photoNames } from '../../../src/main/engine/exchange/photo-names.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importVectors } from '../../../src/main/engine/retrieval/import-vectors.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { writePhotos } from '../../support/photo-folders.ts';

const folder = temporaryFolder();
const at = (...name: string[]): string => join(folder, ...name);
let library: Library;
/** Id of the photo in a scene. */
const id = (scene: string, name: string): number =>
  library.db
    .prepare('SELECT photo_id FROM photo_file f JOIN scene s ON s.id = f.scene_id WHERE s.name = ? AND f.name = ?')
    .pluck()
    .get(scene, name) as number;

beforeAll(async () => {
  await writePhotos(at('data/a'), ['0.jpg', 'cam0/1.jpg', 'two  blanks .jpg', 'only.jpg']);
  await writePhotos(at('data/b'), ['0.jpg', '2.jpg'], 10);
  // One content in both.
  mkdirSync(at('data/b/again'));
  copyFileSync(at('data/a/only.jpg'), at('data/b/again/only.jpg'));
  library = Library.create(at('library'));
  await importSources(library, { sources: [at('data/a'), at('data/b')] }, silentContext());
}, 60_000);
afterAll(() => library.close());

const truth = (images: string[], queries: GroundTruth['queries'] = []): GroundTruth => ({
  name: 'gnd.json',
  images,
  queries: queries.length > 0 ? queries : [{ name: images[0]!, bbx: null, row: 0, labels: { ok: [0] } }],
});

describe('a ground truth in a library', () => {
  it('counts every image that the library lacks by itself, and one content once', () => {
    const images = ['gone.jpg', 'a/only.jpg', 'lost.jpg', 'b/again/only.jpg', 'a/0.jpg'];
    const labels = { ok: [0, 2, 3], junk: [4] };
    const m = matchTruth(library, truth(images, [{ name: 'a/0.jpg', bbx: null, row: 4, labels }]));
    expect(m.repeated).toEqual(['b/again/only.jpg']);
    expect([...m.missing].sort()).toEqual(['gone.jpg', 'lost.jpg']);
    expect(m.bound).toBe(3);
    expect(m.photos).toEqual([undefined, id('a', 'only.jpg'), undefined, undefined, id('a', '0.jpg')]);
    // What the list has twice is labelled by its first row; what is missing keeps its own.
    expect(m.truth.queries[0]!.labels).toEqual({ ok: [0, 2, 1], junk: [4] });
  });

  it('means photos by folders and file names, and says what is bound, missing and ambiguous', () => {
    const m = matchTruth(
      library,
      truth([
        'a/0.jpg',
        'b/0.jpg',
        '0.jpg',
        'cam1/1.jpg',
        'cam0/1',
        'two  blanks .jpg',
        'two blanks .jpg',
        '2.png',
        'gone',
      ]),
    );
    expect(m.photos).toEqual([
      id('a', '0.jpg'),
      id('b', '0.jpg'),
      undefined,
      undefined,
      id('a', 'cam0/1.jpg'),
      id('a', 'two  blanks .jpg'),
      undefined,
      undefined,
      undefined,
    ]);
    expect(m.bound).toBe(4);
    expect(m.missing).toEqual(['cam1/1.jpg', 'two blanks .jpg', '2.png', 'gone']);
    expect(m.ambiguous).toEqual([{ name: '0.jpg', among: ['0.jpg', '0.jpg'] }]);
  });

  it('has one row for one content, with the labels of both, and is refused where they contradict', () => {
    const images = ['a/only.jpg', 'b/2.jpg', 'again/only.jpg'];
    const query = (labels: GroundTruth['queries'][number]['labels']): GroundTruth['queries'] => [
      { name: 'q', bbx: null, row: 2, labels },
    ];
    const m = matchTruth(library, truth(images, query({ ok: [1, 0, 2], junk: [] })));
    expect(m.photos).toEqual([id('a', 'only.jpg'), id('b', '2.jpg'), undefined]);
    expect(m.queries).toEqual([id('a', 'only.jpg')]);
    expect(m.truth.queries[0]).toMatchObject({ row: 0, labels: { ok: [1, 0], junk: [] } });
    expect(m.repeated).toEqual(['again/only.jpg']);
    // The file's own overlap of labels is none of our business.
    expect(matchTruth(library, truth(images, query({ ok: [0, 1], easy: [0], hard: [1] }))).bound).toBe(3);
    expect(() => matchTruth(library, truth(images, query({ ok: [0], junk: [2] })))).toThrow(
      'a/only.jpg and again/only.jpg are one photo in the library, and q has them as ok and as junk',
    );
  });

  it('of queries outside its list finds them apart from its images', () => {
    const q = (name: string): GroundTruth['queries'] => [{ name, bbx: null, row: null, labels: { ok: [0] } }];
    expect(matchTruth(library, truth(['database/only.jpg'], q('query/only.jpg')))).toMatchObject({
      photos: [undefined],
      queries: [undefined],
    });
    expect(matchTruth(library, truth(['a/only.jpg'], q('b/2'))).queries).toEqual([id('b', '2.jpg')]);
  });

  it('comes with a report of its names', () => {
    writeFileSync(at('gnd.json'), JSON.stringify({ imlist: ['a/0', '0', 'x'], qimlist: ['a/0'], gnd: [{ ok: [1] }] }));
    expect(importTruth(library, at('gnd.json'), 'oxford')).toMatchObject({
      images: 3,
      bound: 1,
      missing: ['x'],
      ambiguous: [{ name: '0', among: ['0.jpg', '0.jpg'] }],
    });
  });
});

describe('descriptors in a library', () => {
  const lines = (...rows: [string, number[]][]): string => {
    const file = at('v.jsonl');
    writeFileSync(file, rows.map(([name, descriptor]) => `${JSON.stringify({ name, descriptor })}\n`).join(''));
    return file;
  };
  const vectors = async (file: string, warnings: string[] = []): ReturnType<typeof importVectors> =>
    importVectors(library, { file }, silentContext(warnings));

  it('belong to one photo each; what is missing or ambiguous is left out, counted and named', async () => {
    const warnings: string[] = [];
    const r = await vectors(
      lines(['a/0.jpg', [1, 0]], ['0.jpg', [0, 1]], ['b/0.jpg', [1, 1]], ['cam1/1.jpg', [1, 2]], ['2.png', [2, 1]]),
      warnings,
    );
    expect(r).toMatchObject({ photos: 2, rows: 2, unknown: 3, bound: 2, missing: ['cam1/1.jpg', '2.png'] });
    expect(r.ambiguous).toEqual([{ name: '0.jpg', among: ['0.jpg', '0.jpg'] }]);
    expect(warnings).toEqual([
      '2 of 5 images are no photos of this library, cam1/1.jpg, 2.png',
      '1 of 5 images may be several photos of this library and are left out: 0.jpg (0.jpg or 0.jpg)',
    ]);
    const set = await loadSet(library, r.set);
    expect(Array.from(set.ids)).toEqual([id('a', '0.jpg'), id('b', '0.jpg')]);
  });

  it('are found by whole paths, in a list with all blanks of names', async () => {
    const paths = [at('data/b/0.jpg'), at('data/a/two  blanks .jpg')];
    writeFileSync(at('names.txt'), `${paths.join('\n')}\n`);
    expect(readNames(at('names.txt'))).toEqual(paths);
    const r = await vectors(lines([paths[0]!, [1, 0]], [paths[1]!, [0, 1]]));
    expect(Array.from((await loadSet(library, r.set)).ids)).toEqual([id('b', '0.jpg'), id('a', 'two  blanks .jpg')]);
  });

  it('of one content under two names count once where they agree, and are refused where they do not', async () => {
    const warnings: string[] = [];
    const r = await vectors(lines(['a/only.jpg', [1, 0]], ['b/2.jpg', [0, 1]], ['again/only.jpg', [2, 0]]), warnings);
    expect(r).toMatchObject({ photos: 2, rows: 2, unknown: 0, bound: 3 });
    expect(warnings).toEqual(['1 image has the content of another one, taken once']);
    await expect(vectors(lines(['a/only.jpg', [1, 0]], ['again/only.jpg', [0, 1]]))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'a/only.jpg and again/only.jpg are one photo of the library, and their descriptors differ',
    });
    await expect(vectors(lines(['b/2.jpg', [1, 0]], ['b/2.jpg', [1, 0]]))).rejects.toThrow(
      'The name b/2.jpg is there twice, for images 0 and 1',
    );
  });

  it('that were imported answer for a photo of the library that comes as a file, wherever it lies', async () => {
    const { set } = await vectors(lines(['a/0.jpg', [1, 0]], ['b/2.jpg', [0.6, 0.8]], ['b/0.jpg', [0, 1]]));
    copyFileSync(at('data/b/2.jpg'), at('elsewhere.jpg'));
    const session = new SearchSession(library);
    const ask = (file: string, crop?: { x: number; y: number; width: number; height: number }) =>
      session.search({ bytes: readFileSync(file), set, method: 'cosine', top: 3, crop });
    const { hits } = await ask(at('elsewhere.jpg'));
    expect(hits.map((h) => h.name)).toEqual(['2.jpg', '0.jpg', '0.jpg']);
    [1, 0.8, 0.6].forEach((s, i) => expect(hits[i]!.score).toBeCloseTo(s, 6));
    await writePhotos(at('other'), ['stranger.jpg'], 77);
    const refused = {
      code: 'STATE_EMPTY',
      message: expect.stringContaining('only photos that it has can ask') as string,
    };
    await expect(ask(at('other/stranger.jpg'))).rejects.toMatchObject(refused);
    await expect(ask(at('elsewhere.jpg'), { x: 0, y: 0, width: 0.5, height: 1 })).rejects.toMatchObject(refused);
    await session.close();
  });
});

describe('names that people type', () => {
  it('are no patterns, and mean one photo or none', () => {
    const { find } = photoNames(library);
    expect(find('only.jpg')).toBe(id('a', 'only.jpg'));
    expect(find('onl_.jpg')).toBeUndefined();
    expect(find('%')).toBeUndefined();
    expect(find('0.jpg')).toBeUndefined();
    expect(find('b/0.jpg')).toBe(id('b', '0.jpg'));
    expect(find('cam1/1.jpg')).toBeUndefined();
  });
});

describe('boxes of a ground truth', () => {
  // A photo of 40 x 30 as stored; its box leaves 1 at the left, 2 at the top, 4 wide and 3 high.
  const box = [1, 2, 5, 5] as const;
  it.each([
    [1, [1 / 40, 2 / 30, 4 / 40, 3 / 30]],
    [3, [35 / 40, 25 / 30, 4 / 40, 3 / 30]],
    // Turned clockwise for display: the stored bottom is at the left.
    [6, [25 / 30, 1 / 40, 3 / 30, 4 / 40]],
    [8, [2 / 30, 35 / 40, 3 / 30, 4 / 40]],
  ] as const)('are of the stored file, and turned as the photo is: orientation %i', (orientation, [x, y, w, h]) => {
    const size = orientation >= 5 ? { width: 30, height: 40 } : { width: 40, height: 30 };
    const crop = displayedBox(box, { ...size, orientation });
    [crop.x - x, crop.y - y, crop.width - w, crop.height - h].forEach((d) => expect(d).toBeCloseTo(0, 12));
  });
});

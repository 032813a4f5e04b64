import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Features } from '../../../src/main/engine/features/sift.ts';
import { readNpy, writeNpy } from '../../../src/main/engine/formats/npy.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { BowIndex, DEFAULT_TEACHER, describeQuery } from '../../../src/main/engine/teacher/bow-index.ts';
import { InvertedFile } from '../../../src/main/engine/teacher/inverted-file.ts';
import { Matcher } from '../../../src/main/engine/teacher/matcher.ts';
import { verifyAffine } from '../../../src/main/engine/teacher/verification.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
/** Bytes of a unit vector, 512 times. */
const bytes = (v: readonly number[]): number[] => {
  const norm = Math.hypot(...v);
  return Array.from({ length: 128 }, (_, k) => Math.round((512 * (v[k] ?? 0)) / norm));
};
const features = (rows: readonly (readonly number[])[]): Features => ({
  count: rows.length,
  frames: new Float32Array(4 * rows.length),
  descriptors: Uint8Array.from(rows.flat()),
});

describe('matches of all pairs', async () => {
  const matcher = await Matcher.create();
  afterAll(() => matcher.release());

  it('are mutual nearest neighbours above a cosine of 0.75, the second 0.8 of their distance away at least', async () => {
    let found = 0;
    for (let seed = 0; seed < 25; seed += 1) {
      const r = random(seed);
      const base = Array.from({ length: 12 }, () => Array.from({ length: 128 }, () => r.next() ** 4));
      const near = (v: readonly number[], by: number): number[] =>
        bytes(v.map((x) => Math.max(0, x + by * (r.next() - 0.5))));
      const a = base.map((v) => near(v, 0.2));
      const b = [...base.map((v) => near(v, 0.1 + 1.2 * r.next())), ...base.slice(0, 4).map((v) => near(v, 0.5))];
      const cosine = (x: readonly number[], y: readonly number[]): number =>
        x.reduce((s, v, k) => s + v * y[k]!, 0) / 512 ** 2;
      const expected = a.flatMap((x, i) => {
        const order = b.map((y, j) => ({ j, c: cosine(x, y) })).sort((p, q) => q.c - p.c);
        const [first, second] = order as [{ j: number; c: number }, { j: number; c: number }];
        const back = a.map((z, k) => ({ k, c: cosine(z, b[first.j]!) })).sort((p, q) => q.c - p.c)[0]!.k;
        // Distances of unit vectors are the roots of 2 - 2 cos.
        const closer = Math.sqrt(2 - 2 * first.c) < 0.8 * Math.sqrt(2 - 2 * second.c);
        return back === i && first.c > 0.75 && closer ? [i, first.j] : [];
      });
      expect([...(await matcher.match(features(a), features(b)))]).toEqual(expected);
      found += expected.length / 2;
    }
    expect(found).toBeGreaterThan(40);
    expect(found).toBeLessThan(290);
  });

  it('have their bounds where they are', async () => {
    // In three dimensions: one exactly along x, others at angles of given cosines to it.
    const at = (c: number, k: number): number[] => {
      const v = Array.from({ length: 128 }, () => 0);
      v[0] = Math.round(256 * c);
      v[k] = Math.round(256 * Math.sqrt(1 - c * c));
      return v;
    };
    // 256 and 1024 would be beyond a byte: 255 along four axes stand for one.
    const spread = (v: readonly number[]): number[] => {
      const out = Array.from({ length: 128 }, () => 0);
      v.slice(0, 8).forEach((x, k) => {
        for (let n = 0; n < 4; n += 1) out[4 * k + n] = Math.min(255, x);
      });
      return out;
    };
    const x = spread(at(1, 7));
    const far = spread(at(0, 5));
    const matched = async (c: number, second: number): Promise<boolean> =>
      (await matcher.match(features([x, far]), features([spread(at(c, 1)), spread(at(second, 2))]))).length > 0;
    expect([await matched(0.76, 0), await matched(0.74, 0)]).toEqual([true, false]);
    // 1 - 0.9 against 0.64 (1 - c): c may be at most 0.84.
    expect([await matched(0.9, 0.83), await matched(0.9, 0.855)]).toEqual([true, false]);
    expect((await matcher.match(features([x]), features([x, far]))).length).toBe(0);
    expect((await matcher.match(features([x, far]), features([x]))).length).toBe(0);
    expect((await matcher.match(features([x, far]), features([x, far]))).length).toBe(4);
  });
});

describe('a map of the plane', () => {
  const grid = Array.from({ length: 9 }, (_, i) => [100 * (i % 3), 100 * Math.floor(i / 3)] as const);
  const seen = (place: (x: number, y: number) => readonly [number, number], scale = 1): Features => ({
    count: 9,
    frames: Float32Array.from(grid.flatMap(([x, y]) => [...place(x, y), scale, 0])),
    descriptors: new Uint8Array(9 * 128),
  });
  const matches = Uint32Array.from({ length: 18 }, (_, i) => i >> 1);
  const plain = seen((x, y) => [x, y]);
  it('is refitted as a full affine one, where all agree with it', () => {
    const { inliers, transform } = verifyAffine(
      plain,
      seen((x, y) => [1.01 * x + 3, 0.99 * y - 4]),
      matches,
    );
    expect(inliers.length).toBe(9);
    [1.01, 0, 3, 0, 0.99, -4].forEach((v, k) => expect(transform![k]).toBeCloseTo(v, 3));
  });

  it('agrees within a fiftieth of the extent, and not at it', () => {
    // The extent is 200: within 4 of where one match puts them.
    const moved = (by: number): number =>
      verifyAffine(
        plain,
        seen((x, y) => [x === 200 && y === 200 ? x + by : x, y]),
        matches,
      ).inliers.length;
    expect([moved(0), moved(2), moved(30)]).toEqual([9, 9, 8]);
    const tiny = seen((x, y) => [x / 1000, y / 1000], 0.2);
    // An extent of less than a pixel counts as one.
    expect(verifyAffine(plain, tiny, matches).inliers.length).toBe(0);
  });
});

describe('an inverted file', () => {
  it('counts bursts as their root and joins vectors by words', () => {
    const file = new InvertedFile(
      { offsets: Uint32Array.of(0, 5, 6, 7), words: Uint32Array.of(2, 2, 2, 2, 9, 9, 300) },
      301,
    );
    const idf = (n: number): number => Math.log(3 / n);
    const v = file.vector(Uint32Array.of(9, 2, 2, 2, 2));
    const norm = Math.hypot(2 * idf(1), idf(2));
    expect([...v.words]).toEqual([2, 9]);
    [2 * idf(1), idf(2)].forEach((x, k) => expect(v.weights[k]).toBeCloseTo(x / norm, 6));
    const mean = file.mean([
      file.vector(Uint32Array.of(300)),
      file.vector(Uint32Array.of(2)),
      file.vector(Uint32Array.of(2)),
    ]);
    expect([...mean.words]).toEqual([2, 300]);
    [2, 1].forEach((x, k) => expect(mean.weights[k]).toBeCloseTo(x / Math.sqrt(5), 6));
    const scores = file.scores(v);
    [1, idf(2) / norm, 0].forEach((x, k) => expect(scores[k]).toBeCloseTo(x, 6));
    expect([file.images, file.words]).toEqual([3, 301]);
  });
});

describe('a vocabulary on disk', async () => {
  const photos = join(folder, 'photos');
  mkdirSync(photos);
  for (const name of readdirSync(join(SAMPLE, 'castle', 'images'))
    .sort()
    .slice(0, 2))
    copyFileSync(join(SAMPLE, 'castle', 'images', name), join(photos, name));
  const library = Library.create(join(folder, 'library'));
  afterAll(() => library.close());
  await importSources(library, { sources: [photos] }, silentContext());
  const p = { ...DEFAULT_TEACHER, words: 100 };
  const index = await BowIndex.prepare(library, p, silentContext());
  const at = (name: string): string => library.file('teacher', name);

  it('that is damaged is said to be, and what to do', async () => {
    for (const [part, change] of [
      ['centres', (x: number[]) => x.slice(0, -1)],
      ['count', (x: number[]) => x.slice(0, -1)],
      ['word', (x: number[]) => [...x, 0]],
      // Children beyond the end, and a node that is its own child.
      ['first', (x: number[]) => x.map((v, i) => (i === 0 ? x.length : v))],
      ['first', (x: number[]) => x.map((v, i) => (i === 0 ? 0 : v))],
    ] as const) {
      const kept = readFileSync(at(`${part}.npy`));
      const { data } = readNpy(at(`${part}.npy`));
      const changed = change([...data]);
      const Type = data.constructor as new (x: number[]) => Uint32Array;
      writeNpy(at(`${part}.npy`), new Type(changed), [changed.length]);
      await expect(BowIndex.prepare(library, p, silentContext())).rejects.toMatchObject({
        code: 'INPUT_CORRUPT',
        message: 'The vocabulary is damaged',
        file: at('vocabulary.json'),
      });
      writeFileSync(at(`${part}.npy`), kept);
    }
    expect((await BowIndex.prepare(library, p, silentContext())).words).toBe(index.words);
  });

  it('finds the words of photos anew where they do not fit together, and drops those of photos that are gone', async () => {
    const steps: string[] = [];
    const task = { ...silentContext(), step: (name: string, total: number) => steps.push(`${name} ${total}`) };
    writeNpy(at('word_offsets.npy'), Uint32Array.of(0, 1), [2]);
    const again = await BowIndex.prepare(library, p, task);
    expect(steps.filter((s) => s.startsWith('Finding'))).toEqual(['Finding visual words 2']);
    expect(again.lists).toEqual(index.lists);
    const one = await BowIndex.prepare(library, p, silentContext(), index.photos.slice(1));
    expect(one.lists).toEqual(index.lists.slice(1));
    expect(JSON.parse(readFileSync(at('words.json'), 'utf8'))).toEqual({ hashes: [index.photos[1]!.hash] });
  });

  it('has a word for every sixteenth feature where nothing is wished, 64 at least, and is kept for other wishes', async () => {
    rmSync(at('vocabulary.json'));
    const total = [0, 1].reduce((n, i) => n + index.features(i).count, 0);
    const free = await BowIndex.prepare(library, DEFAULT_TEACHER, silentContext());
    const wanted = Math.max(64, Math.round(total / 16));
    expect(free.words / wanted).toBeGreaterThan(0.5);
    expect(free.words / wanted).toBeLessThan(1.7);
    expect(JSON.parse(readFileSync(at('vocabulary.json'), 'utf8'))).toEqual({ words: free.words, wanted: null });
    expect(DEFAULT_TEACHER).toEqual({ seed: 0, verified: 100, expansion: 10 });
  });

  it('describes a photo that is not in the library as one that is', async () => {
    const f = await describeQuery(readFileSync(join(photos, readdirSync(photos).sort()[0]!)));
    const own = index.features(0).count === f.count ? index.features(0) : index.features(1);
    expect(f.count).toBe(own.count);
    expect(f.descriptors).toEqual(own.descriptors);
  });
});

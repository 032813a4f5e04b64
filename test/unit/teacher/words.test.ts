import { describe, expect, it } from 'vitest';
import type { Features } from '../../../src/main/engine/features/sift.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { bestImages, InvertedFile } from '../../../src/main/engine/teacher/inverted-file.ts';
import { DEFAULT_AFFINE, matchByWords, verifyAffine } from '../../../src/main/engine/teacher/verification.ts';
import { Quantiser, shapeOf, trainVocabulary } from '../../../src/main/engine/teacher/vocabulary.ts';
import { scenesOf } from '../../../src/main/engine/clustering/scenes.ts';
import { covisibility, median } from '../../../src/main/engine/sfm/covisibility.ts';
import { matchModels } from '../../../src/main/engine/sfm/match-tracks.ts';

const r = random(7);
/** Descriptors around so many centres far apart. */
function lumps(centres: number, each: number): { data: Uint8Array; of: number[] } {
  const base = Array.from({ length: centres }, () => Array.from({ length: 128 }, () => r.below(200)));
  const of = r.shuffled(Array.from({ length: centres * each }, (_, i) => i % centres));
  const data = new Uint8Array(of.length * 128);
  of.forEach((c, i) => base[c]!.forEach((v, k) => (data[i * 128 + k] = v + r.below(6))));
  return { data, of };
}

describe('a vocabulary', () => {
  it('gives descriptors of one lump one word, and the same words for the same seed', () => {
    const { data, of } = lumps(40, 25);
    const v = trainVocabulary(data, 100, 3);
    const words = new Quantiser(v).words(data);
    // Words may divide a lump, but hardly any word holds two.
    const lumpsOf = new Map<number, Set<number>>();
    words.forEach((w, i) => lumpsOf.set(w, (lumpsOf.get(w) ?? new Set()).add(of[i]!)));
    const pure = [...lumpsOf.values()].filter((s) => s.size === 1).length / lumpsOf.size;
    expect(pure).toBeGreaterThan(0.8);
    expect(v.words).toBeGreaterThan(30);
    expect(trainVocabulary(data, 100, 3)).toEqual(v);
    expect(trainVocabulary(data, 100, 4).centres).not.toEqual(v.centres);
    expect([...new Set(words)].every((w) => w < v.words)).toBe(true);
  });

  it('has about as many words as were asked for, and copes with few descriptors', () => {
    for (const words of [10, 100, 5000, 1_000_000]) {
      const { branch, depth } = shapeOf(words);
      expect(branch ** depth / words).toBeGreaterThan(0.6);
      expect(branch ** depth / words).toBeLessThan(1.7);
    }
    expect(trainVocabulary(new Uint8Array(2 * 128), 1000, 0).words).toBeGreaterThan(0);
    expect(trainVocabulary(lumps(1, 50).data.fill(9), 16, 0).words).toBeGreaterThan(0);
  });
});

describe('an inverted file', () => {
  it('scores as tf-idf cosines computed word by word do', () => {
    const [images, words] = [30, 50];
    const lists = Array.from({ length: images }, () =>
      Uint32Array.from({ length: 5 + r.below(40) }, () => Math.floor(words * r.next() ** 2)),
    );
    const offsets = new Uint32Array(images + 1);
    lists.forEach((l, i) => (offsets[i + 1] = offsets[i]! + l.length));
    const file = new InvertedFile({ offsets, words: Uint32Array.from(lists.flatMap((l) => [...l])) }, words);
    const idf = Array.from({ length: words }, (_, w) => {
      const n = lists.filter((l) => l.includes(w)).length;
      return n === 0 ? 0 : Math.log(images / n);
    });
    const vector = (l: Uint32Array): number[] => {
      const v = idf.map((x, w) => x * Math.sqrt(l.filter((y) => y === w).length));
      const norm = Math.hypot(...v) || 1;
      return v.map((x) => x / norm);
    };
    const query = Uint32Array.from([1, 1, 1, 3, 7, 7, 20]);
    const scores = file.scores(file.vector(query));
    lists.forEach((l, i) => {
      const expected = vector(l).reduce((s, x, w) => s + x * vector(query)[w]!, 0);
      expect(scores[i]).toBeCloseTo(expected, 5);
    });
    const order = [...bestImages(scores, images)];
    expect(order).toEqual(order.toSorted((a, b) => scores[b]! - scores[a]! || a - b));
    const mean = file.mean([file.vector(lists[0]!), file.vector(lists[1]!)]);
    expect(Math.hypot(...mean.weights)).toBeCloseTo(1, 5);
    expect([...mean.words]).toEqual([...mean.words].sort((a, b) => a - b));
  });
});

/** Features at places, all of one look but told apart by `looks`. */
function features(places: readonly (readonly number[])[], looks: readonly number[]): Features {
  const frames = Float32Array.from(places.flat());
  const descriptors = new Uint8Array(128 * places.length);
  looks.forEach((look, i) => {
    const own = random(look + 1);
    for (let k = 0; k < 128; k += 1) descriptors[128 * i + k] = own.next() < 0.3 ? 80 : 5;
  });
  return { count: places.length, frames, descriptors };
}

describe('spatial verification', () => {
  const angle = 0.6;
  const zoom = 1.4;
  const to = (x: number, y: number): [number, number] => [
    zoom * (Math.cos(angle) * x - Math.sin(angle) * y) + 30,
    zoom * (Math.sin(angle) * x + Math.cos(angle) * y) - 12,
  ];
  const n = 60;
  const places = Array.from({ length: n }, () => [1000 * r.next(), 700 * r.next(), 2 + 4 * r.next(), 6 * r.next()]);
  const moved = places.map(([x, y, s, o], i) =>
    i % 3 === 0 ? [1000 * r.next(), 700 * r.next(), 3, 1] : [...to(x!, y!), zoom * s!, o! + angle],
  );
  const looks = Array.from({ length: n }, (_, i) => i);
  const [a, b] = [features(places, looks), features(moved, looks)];
  const words = Uint32Array.from(looks, (l) => l % 5);

  it('finds the matches that one map explains, among a third that it does not', () => {
    const matches = matchByWords(a, words, b, words);
    expect(matches.length / 2).toBe(n);
    const { inliers, transform } = verifyAffine(a, b, matches);
    const right = Array.from({ length: n / 1 }, (_, i) => i).filter((i) => i % 3 !== 0);
    const found = Array.from(inliers, (k) => matches[2 * k]!);
    expect(right.every((i) => found.includes(i))).toBe(true);
    expect(found.length).toBeLessThan(right.length + 4);
    expect(transform![0]).toBeCloseTo(zoom * Math.cos(angle), 1);
    expect(transform![3]).toBeCloseTo(zoom * Math.sin(angle), 1);
  });

  it('answers nothing for chance, for too few, and for two orientations of one place', () => {
    const chance = features(
      moved.map(() => [1000 * r.next(), 700 * r.next(), 3, 6 * r.next()]),
      looks,
    );
    expect(verifyAffine(a, chance, matchByWords(a, words, chance, words)).inliers.length).toBeLessThan(8);
    expect(verifyAffine(a, b, Uint32Array.of(1, 1, 2, 2)).inliers.length).toBe(0);
    const twice = features(
      Array.from({ length: 8 }, (_, i) => [10, 10, 2, i]),
      looks.slice(0, 8),
    );
    const same = Uint32Array.from({ length: 16 }, (_, i) => i >> 1);
    expect(verifyAffine(twice, twice, same, DEFAULT_AFFINE).inliers.length).toBe(0);
  });

  it('matches only what is of one word and alike', () => {
    const other = features(
      moved,
      looks.map((l) => l + 500),
    );
    expect(matchByWords(a, words, other, words).length).toBe(0);
    expect(
      matchByWords(
        a,
        words,
        b,
        words.map((w) => w + 5),
      ).length,
    ).toBe(0);
  });
});

describe('scenes of verified pairs', () => {
  const pair = (a: number, b: number, inliers = 20): { a: number; b: number; inliers: number } => ({ a, b, inliers });

  it('are connected photos; a weak link between two scenes without a witness joins nothing', () => {
    const one = [pair(1, 2), pair(2, 3), pair(1, 3), pair(3, 4, 90)];
    const two = [pair(10, 11), pair(11, 12), pair(10, 12)];
    expect(scenesOf([...one, ...two, pair(4, 10)], 45)).toEqual([
      [1, 2, 3, 4],
      [10, 11, 12],
    ]);
    expect(scenesOf([...one, ...two, pair(4, 10, 60)], 45)).toEqual([[1, 2, 3, 4, 10, 11, 12]]);
    expect(scenesOf([pair(1, 2)], 45)).toEqual([]);
  });
});

describe('tracks of matches', () => {
  const image = (
    name: string,
    places: readonly (readonly [number, number])[],
  ): Parameters<typeof matchModels>[0][number] => ({
    name,
    width: 100,
    height: 80,
    xy: Float32Array.from(places.flat()),
    scale: new Float32Array(places.length).fill(2),
  });
  const spread = (x: number): [number, number][] => [
    [x, 1],
    [x, 20],
    [x, 40],
  ];

  it('go on transitively, and a track that meets two places of one image is left out', () => {
    const images = [image('a', spread(1)), image('b', spread(2)), image('c', spread(3)), image('d', spread(4))];
    const model = matchModels(
      images,
      [
        { a: 0, b: 1, matches: Uint32Array.of(0, 0, 1, 1) },
        { a: 1, b: 2, matches: Uint32Array.of(0, 0, 1, 1) },
        // Contradicts: the second keypoint of a would be the third of c.
        { a: 0, b: 2, matches: Uint32Array.of(1, 2) },
      ],
      'test',
    );
    expect(model.length).toBe(1);
    expect(model[0]!.views.map((v) => v.name)).toEqual(['a', 'b', 'c']);
    const c = covisibility(model[0]!);
    expect([[...c.a], [...c.b], [...c.shared]]).toEqual([
      [0, 0, 1],
      [1, 2, 2],
      [1, 1, 1],
    ]);
  });
});

describe('median', () => {
  it('is the middle of the sorted values, for a thousand random lists', () => {
    for (let i = 0; i < 1000; i += 1) {
      const values = Float32Array.from({ length: 1 + r.below(40) }, () => r.below(12));
      const sorted = values.slice().sort();
      const half = sorted.length >> 1;
      const expected = sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
      expect(median(values)).toBe(expected);
    }
    expect(median(new Float32Array(0))).toBeNaN();
  });
});

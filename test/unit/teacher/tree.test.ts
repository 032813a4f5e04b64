import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { bestImages, InvertedFile } from '../../../src/main/engine/teacher/inverted-file.ts';
import { Quantiser, shapeOf, trainVocabulary, type Vocabulary } from '../../../src/main/engine/teacher/vocabulary.ts';

/** Descriptors in lumps that are far apart. */
function lumps(count: number, each: number, seed: number): Uint8Array {
  const r = random(seed);
  const centres = Array.from({ length: count }, () => Array.from({ length: 128 }, () => (r.next() < 0.5 ? 20 : 200)));
  return Uint8Array.from(
    Array.from({ length: count * each }, (_, i) => centres[i % count]!.map((v) => v + r.below(9))).flat(),
  );
}

const squared = (d: Uint8Array, i: number, v: Vocabulary, node: number): number => {
  let sum = 0;
  for (let k = 0; k < 128; k += 1) sum += (d[128 * i + k]! - v.centres[128 * node + k]!) ** 2;
  return sum;
};

describe('a tree of words', () => {
  it('has its shape from the number of words: tens of tens', () => {
    expect([1, 2, 10, 30, 100, 1000, 16_000_000].map(shapeOf)).toEqual([
      { branch: 2, depth: 1 },
      { branch: 2, depth: 1 },
      { branch: 10, depth: 1 },
      { branch: 30, depth: 1 },
      { branch: 10, depth: 2 },
      { branch: 10, depth: 3 },
      { branch: 11, depth: 7 },
    ]);
  });

  it('is divided down to its depth where there are enough descriptors, children side by side', () => {
    const data = lumps(20, 12, 1);
    const v = trainVocabulary(data, 64, 0);
    const { branch, depth } = shapeOf(64);
    const level = new Int32Array(v.count.length);
    const seen = new Set([0]);
    v.count.forEach((n, node) => {
      expect(n).toBeLessThanOrEqual(branch);
      for (let c = v.first[node]!; c < v.first[node]! + n; c += 1) {
        expect(seen.has(c)).toBe(false);
        seen.add(c);
        level[c] = level[node]! + 1;
      }
    });
    expect(seen.size).toBe(v.count.length);
    expect(v.centres.length).toBe(128 * v.count.length);
    expect(Math.max(...level)).toBe(depth);
    const leaves = v.count.reduce((n, c) => n + (c === 0 ? 1 : 0), 0);
    expect(v.words).toBe(leaves);
    expect([...v.word].filter((w) => w >= 0)).toEqual(Array.from({ length: leaves }, (_, i) => i));
    v.word.forEach((w, node) => expect(w >= 0).toBe(v.count[node] === 0));
  });

  it('takes a descriptor to the nearest child, level by level', () => {
    const v = trainVocabulary(lumps(30, 20, 2), 100, 5);
    const asked = lumps(30, 3, 2);
    const words = new Quantiser(v).words(asked);
    words.forEach((w, i) => {
      let node = 0;
      while (v.count[node]! > 0) {
        const children = Array.from({ length: v.count[node]! }, (_, c) => v.first[node]! + c);
        node = children.reduce((a, b) => (squared(asked, i, v, b) < squared(asked, i, v, a) ? b : a));
      }
      expect(w).toBe(v.word[node]);
    });
  });

  it('has as centre of a word the mean of its descriptors, and no word without any', () => {
    for (let seed = 0; seed < 12; seed += 1) {
      const data = lumps(6, 15, 100 + seed);
      const v = trainVocabulary(data, 8, seed);
      const words = new Quantiser(v).words(data);
      const leafOf = new Map([...v.word].map((w, node) => [w, node]));
      for (let w = 0; w < v.words; w += 1) {
        const own = [...words.keys()].filter((i) => words[i] === w);
        expect(own.length).toBeGreaterThan(0);
        for (let k = 0; k < 128; k += 1) {
          const mean = own.reduce((sum, i) => sum + data[128 * i + k]!, 0) / own.length;
          expect(v.centres[128 * leafOf.get(w)! + k]!).toBeCloseTo(mean, 3);
        }
      }
    }
  });

  it('does not divide fewer than four descriptors', () => {
    expect(trainVocabulary(lumps(3, 1, 3), 2, 0).words).toBe(1);
    const divided = [0, 1, 2, 3, 4, 5].map((seed) => trainVocabulary(lumps(4, 1, 3), 2, seed).words);
    expect(Math.max(...divided)).toBe(2);
    expect(trainVocabulary(new Uint8Array(0), 10, 0).words).toBe(1);
  });

  it('grows beyond a thousand nodes', () => {
    const r = random(9);
    const data = Uint8Array.from({ length: 128 * 2900 }, () => r.below(256));
    const v = trainVocabulary(data, 1700, 1);
    expect(v.count.length).toBeGreaterThan(1024);
    const last = v.count.length - 1;
    // The last node's centre is that of a mean: values about the middle, not zeros.
    expect(v.centres.subarray(128 * last).reduce((a, b) => a + b, 0) / 128).toBeGreaterThan(60);
    expect(v.centres.subarray(128 * 1000, 128 * 1001).every((x) => x === 0)).toBe(false);
  });
});

describe('ranking by words', () => {
  it('puts equal scores in the order of the images, and gives as many as are wanted', () => {
    expect([...bestImages(Float32Array.of(0.1, 0.5, 0, 0.5, 0.1), 4)]).toEqual([1, 3, 0, 4]);
    expect(bestImages(Float32Array.of(1), 9).length).toBe(1);
  });

  it('knows nothing of words that no image or every image has', () => {
    const file = new InvertedFile({ offsets: Uint32Array.of(0, 2, 4), words: Uint32Array.of(0, 1, 0, 2) }, 4);
    expect([...file.idf].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([0, 0.693147, 0.693147, 0]);
    expect([...file.scores(file.vector(Uint32Array.of(0, 3)))]).toEqual([0, 0]);
    expect([...file.scores(file.vector(Uint32Array.of(2)))]).toEqual([0, 1]);
    expect(file.mean([]).words.length).toBe(0);
  });
});

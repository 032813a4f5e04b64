import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { averagePrecision, precisionAt } from '../../../src/main/engine/evaluation/average-precision.ts';
import { kMeans, normalisedMutualInformation, recallAtK } from '../../../src/main/engine/evaluation/classes.ts';
import { judge, type GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { interpolated, measure } from '../../../src/main/engine/evaluation/measure.ts';
import { readSketchSet } from '../../../src/main/engine/evaluation/sketches.ts';
import { bootstrap, deviation, pairedTest } from '../../../src/main/engine/evaluation/statistics.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';

const folder = temporaryFolder();
let made = 0;

describe('protocols', () => {
  const truth = (...labels: GroundTruth['queries'][number]['labels'][]): GroundTruth => ({
    name: 't',
    images: ['a', 'b', 'c'],
    queries: labels.map((l, i) => ({ name: `q${i}`, bbx: null, row: null, labels: l })),
  });
  it('of revisited sets need easy or hard labels, of others ok', () => {
    for (const protocol of ['easy', 'medium', 'hard'] as const) {
      expect(judge(truth({ easy: [1] }), protocol)).toHaveLength(1);
      expect(judge(truth({ hard: [1] }), protocol)).toHaveLength(1);
      expect(said(() => judge(truth({ ok: [1] }), protocol))).toMatch(/^INPUT_INVALID: t has no easy and hard labels/);
    }
    for (const protocol of ['oxford', 'holidays', 'instre', 'ukbench', 'recall', 'acc'] as const) {
      expect(judge(truth({ ok: [1] }, { easy: [0] }), protocol)).toHaveLength(2);
      expect(said(() => judge(truth({ easy: [1], hard: [0] }), protocol))).toMatch(
        /^INPUT_INVALID: t has easy and hard labels/,
      );
    }
  });
});

describe('drawings', () => {
  const tree = (files: readonly string[]): string => {
    const root = join(folder, `d${(made += 1)}`);
    for (const f of files) {
      mkdirSync(join(root, f, '..'), { recursive: true });
      writeFileSync(join(root, f), '');
    }
    return root;
  };
  const classes = (photos: string, sketches?: string): ReturnType<typeof readSketchSet> =>
    readSketchSet({ layout: 'classes', photos, sketches, method: 'cosine', whiten: false });

  it('of two classes with photos are a protocol, of one are none, wherever the others’ drawings lie', () => {
    const two = ['a/x/1.jpg', 'b/x/2.jpg'];
    expect(classes(tree([...two, 'a/d.png'])).drawings).toHaveLength(1);
    expect(said(() => classes(tree(two)))).toMatch(
      /^INPUT_INVALID: 2 classes with 2 photos and 0 drawings are no protocol/,
    );
    expect(said(() => classes(tree(['a/x/1.jpg', 'a/d.png', 'b/d.png'])))).toMatch(
      /^INPUT_INVALID: 2 classes with 1 photo and 2 drawings/,
    );
    const third = classes(tree([...two, 'a/d.png', 'c/d.png']));
    expect(third.truth.queries.map((q) => q.name)).toEqual(['a/d.png']);
  });

  it('of one file are its first thousand lines that are not empty', () => {
    const photos = tree(['a/1.jpg', 'b/2.jpg']);
    const sketches = tree(['b/d.svg']);
    const of = (n: number): ReturnType<typeof readSketchSet> => {
      writeFileSync(join(sketches, 'a.ndjson'), `\n${'{"drawing":[]}\n'.repeat(n)}`);
      return classes(photos, sketches);
    };
    expect(of(999).drawings.length).toBe(1000);
    expect(of(1001).drawings.length).toBe(1001);
    const { drawings } = of(2);
    expect(drawings.map((d) => [basename(d.file), d.line, d.strokes])).toEqual([
      ['a.ndjson', 2, '{"drawing":[]}'],
      ['a.ndjson', 3, '{"drawing":[]}'],
      ['d.svg', undefined, undefined],
    ]);
  });

  it('need folders that exist', () => {
    const photos = tree(['a/1.jpg']);
    const file = join(photos, 'a', '1.jpg');
    for (const [p, s] of [
      [file, undefined],
      [photos, file],
      [photos, join(photos, 'none')],
    ] as const)
      expect(said(() => classes(p, s))).toBe('INPUT_MISSING: This folder does not exist');
    const flickr = { layout: 'flickr15k', photos, method: 'cosine', whiten: false } as const;
    expect(said(() => readSketchSet({ ...flickr, sketches: photos }))).toMatch(/^INPUT_INVALID: Flickr15k needs/);
    expect(said(() => readSketchSet({ ...flickr, truth: file }))).toMatch(/^INPUT_INVALID: Flickr15k needs/);
  });
});

describe('measures by hand', () => {
  it('have precision cut at the last positive, and nothing without positives', () => {
    expect(averagePrecision([], 0)).toBeNaN();
    expect(averagePrecision([], 2)).toBe(0);
    // Ranks 0 and 1 of two: 1 and 1. Rank 3 alone: half of 0 and 1/4.
    expect(averagePrecision([0, 1], 2)).toBe(1);
    expect(averagePrecision([3], 1)).toBe(0.125);
    expect([1, 2, 4, 5].map((k) => precisionAt([0, 3], k))).toEqual([1, 0.5, 0.5, 0.5]);
    expect([...interpolated([], 3)]).toEqual(Array.from({ length: 101 }, () => 0));
    expect([...interpolated([0], 1)]).toEqual(Array.from({ length: 101 }, () => 1));
  });

  it('have the golden table of a small ranking under every cut', () => {
    const truth: GroundTruth = {
      name: 't',
      images: Array.from({ length: 12 }, (_, i) => `i${i}`),
      queries: [1, 2, 4, 5, 8, 9, 10, 11].map((at) => ({
        name: `q${at}`,
        bbx: null,
        row: null,
        labels: { ok: [at - 1] },
      })),
    };
    const ids = truth.queries.flatMap(() => Array.from({ length: 12 }, (_, i) => i));
    const m = measure({ ids, queries: 8, top: 12 }, truth, 'recall');
    expect(m.perQuery.map((q) => q.first)).toEqual([1, 2, 4, 5, 8, 9, 10, 11]);
    expect(m.recallAtK).toEqual({ 1: 1 / 8, 2: 2 / 8, 4: 3 / 8, 8: 5 / 8, 10: 7 / 8 });
    expect(m.perQuery[0]!.precisionAt).toEqual({ 1: 1, 5: 1, 10: 1 });
    expect(m.perQuery[7]!.precisionAt).toEqual({ 1: 0, 5: 0, 10: 0 });
  });

  it('have deviations and intervals of few values', () => {
    expect([deviation([]), deviation([5]), deviation([1, 1])]).toEqual([0, 0, 0]);
    const one = bootstrap([0.5], 1, 1);
    expect(one).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
    expect(pairedTest([0.1], [0.4], 0, 99).p).toBe(1);
    expect(pairedTest([1, 2], [1, 2], 0, 9)).toMatchObject({ difference: 0, wins: 0, losses: 0, p: 1, queries: 2 });
    expect(pairedTest([0, 0, 0], [1, -1, -1], 0, 9)).toMatchObject({ wins: 1, losses: 2 });
  });
});

describe('classes', () => {
  const matrix = (rows: readonly (readonly number[])[]): { data: Float32Array; rows: number; dim: number } => ({
    data: Float32Array.from(rows.flat()),
    rows: rows.length,
    dim: rows[0]!.length,
  });
  it('count a photo of the class among the first 1, 2, 4 and 8 others', async () => {
    // Photo 0 asks; k others of another class stand between it and its own.
    const recall = async (between: number): Promise<unknown> => {
      const n = between + 2;
      const angle = (i: number): number => (i * Math.PI) / 4 / n;
      const m = matrix(Array.from({ length: n }, (_, i) => [Math.cos(angle(i)), Math.sin(angle(i))]));
      const labels = Array.from({ length: n }, (_, i) => (i === 0 || i === n - 1 ? -1 : i));
      const r = await recallAtK(m, labels);
      // Both of the class see each other at rank between + 1, the others see none.
      return [1, 2, 4, 8].map((k) => Math.round(r[k]! * n));
    };
    expect(await recall(0)).toEqual([2, 2, 2, 2]);
    expect(await recall(1)).toEqual([0, 2, 2, 2]);
    expect(await recall(2)).toEqual([0, 0, 2, 2]);
    expect(await recall(3)).toEqual([0, 0, 2, 2]);
    expect(await recall(4)).toEqual([0, 0, 0, 2]);
    expect(await recall(7)).toEqual([0, 0, 0, 2]);
    expect(await recall(8)).toEqual([0, 0, 0, 0]);
  });

  it('share information by the definition, for random labels', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const r = random(seed);
      const n = 1 + r.below(30);
      const draw = (): number[] => Array.from({ length: n }, () => r.below(4));
      const [a, b] = [draw(), draw()];
      const share = (keep: (i: number) => boolean): number => a.filter((_, i) => keep(i)).length / n;
      let mutual = 0;
      let [ha, hb] = [0, 0];
      for (let x = 0; x < 4; x += 1) {
        const px = share((i) => a[i] === x);
        const py = share((i) => b[i] === x);
        if (px > 0) ha -= px * Math.log(px);
        if (py > 0) hb -= py * Math.log(py);
        for (let y = 0; y < 4; y += 1) {
          const p = share((i) => a[i] === x && b[i] === y);
          if (p > 0) mutual += p * Math.log(p / (px * share((i) => b[i] === y)));
        }
      }
      expect(normalisedMutualInformation(a, b)).toBeCloseTo(ha + hb === 0 ? 1 : (2 * mutual) / (ha + hb), 9);
    }
  });

  it('are parts of which no row is nearer to another’s mean, with as many clusters as there are places', () => {
    const places = [
      [0, 0],
      [10, 0],
      [0, 10],
      [10, 10],
      [5, 30],
    ];
    for (let seed = 0; seed < 30; seed += 1) {
      const r = random(seed);
      const rows = Array.from({ length: 35 }, (_, i) => places[i % 5]!.map((v) => v + r.between(-0.1, 0.1)));
      const of = kMeans(matrix(rows), 5, seed);
      // k-means++ draws seeds far from each other: of five far places each is one cluster.
      of.forEach((c, i) => expect(c).toBe(of[i % 5]));
      expect(new Set(of).size).toBe(5);
    }
    expect([...kMeans(matrix([[1, 2]]), 1, 0)]).toEqual([0]);
    expect(
      [
        ...kMeans(
          matrix([
            [1, 2],
            [1, 2],
            [1, 2],
          ]),
          2,
          0,
        ),
      ].every((c) => c === 0),
    ).toBe(true);
  });
});

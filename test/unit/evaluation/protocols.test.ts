import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { averagePrecision, nonInterpolatedPrecision } from '../../../src/main/engine/evaluation/average-precision.ts';
import { type GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { checkRanks, interpolated, measure } from '../../../src/main/engine/evaluation/measure.ts';
import { bootstrap, pairedTest } from '../../../src/main/engine/evaluation/statistics.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, SHARED } from '../../support/programs.ts';

const folder = temporaryFolder();

function truthOf(
  images: number,
  labels: GroundTruth['queries'][number]['labels'],
  row: number | null = null,
): GroundTruth {
  return {
    name: 'test',
    images: Array.from({ length: images }, (_, i) => `i${i}`),
    queries: [{ name: 'q', bbx: null, row, labels }],
  };
}

/** The definition, literally: walk down the list, trapezoids between recalls, junk struck out first. */
function slowAp(ranking: readonly number[], positives: ReadonlySet<number>, junk: ReadonlySet<number>): number {
  const list = ranking.filter((i) => !junk.has(i));
  let area = 0;
  let recall = 0;
  let precision = 1;
  let hits = 0;
  list.forEach((item, i) => {
    if (positives.has(item)) hits += 1;
    const nextRecall = hits / positives.size;
    const nextPrecision = hits / (i + 1);
    area += ((nextRecall - recall) * (precision + nextPrecision)) / 2;
    recall = nextRecall;
    precision = nextPrecision;
  });
  return area;
}

describe('average precision', () => {
  it('has the golden values of methods.md 6', () => {
    expect(averagePrecision([0, 2, 5], 3)).toBeCloseTo(0.677778, 6);
    expect(averagePrecision([1], 1)).toBe(0.25);
    expect(averagePrecision([0], 1)).toBe(1);
    expect(averagePrecision([4, 9], 4)).toBeCloseTo(0.063889, 6);
    expect(nonInterpolatedPrecision([1], 1)).toBe(0.5);
    const m = measure(
      { ids: [7, 0, 3, 5, 1, 2, 4, 6, 8, 9], queries: 1, top: 10 },
      truthOf(10, { ok: [0, 1, 2], junk: [7, 5] }),
      'oxford',
    );
    expect(m.map).toBeCloseTo(0.763889, 6);
    expect([m.mpAtK['1'], m.mpAtK['5'], m.mpAtK['10']]).toEqual([1, 0.75, 0.75]);
  });

  it('equals a literal implementation on random rankings', () => {
    const r = random(3);
    for (let t = 0; t < 300; t += 1) {
      const n = 5 + r.below(60);
      const ranking = r.shuffled(Array.from({ length: n }, (_, i) => i));
      const ok = ranking.filter(() => r.next() < 0.2);
      const junk = ranking.filter((i) => !ok.includes(i) && r.next() < 0.2);
      if (ok.length === 0) continue;
      const m = measure({ ids: ranking, queries: 1, top: n }, truthOf(n, { ok, junk }), 'oxford');
      expect(m.map).toBeCloseTo(slowAp(ranking, new Set(ok), new Set(junk)), 10);
    }
  });

  it('counts positives that the ranking lacks as never found', () => {
    const m = measure({ ids: [0, 5], queries: 1, top: 2 }, truthOf(6, { ok: [0, 1], junk: [] }), 'oxford');
    expect(m.map).toBe(0.5);
    expect(m.perQuery[0]).toMatchObject({ positives: 2, found: 1, first: 1 });
  });

  it('gives a curve whose precision never rises with recall', () => {
    const curve = interpolated([0, 2, 5], 4);
    expect(curve[0]).toBe(1);
    expect(curve[50]).toBeCloseTo(2 / 3, 10);
    expect(curve[76]).toBe(0);
    for (let i = 1; i < curve.length; i += 1) expect(curve[i]!).toBeLessThanOrEqual(curve[i - 1]!);
  });
});

describe('protocols', () => {
  const revisited = truthOf(8, { easy: [0, 1], hard: [2], junk: [3] });
  const ids = [3, 2, 0, 4, 1, 5, 6, 7];
  const ranks = { ids, queries: 1, top: 8 };

  it('revisited: each difficulty ignores what the others count', () => {
    expect(measure(ranks, revisited, 'easy').map).toBeCloseTo(slowAp(ids, new Set([0, 1]), new Set([2, 3])), 10);
    expect(measure(ranks, revisited, 'medium').map).toBeCloseTo(slowAp(ids, new Set([0, 1, 2]), new Set([3])), 10);
    expect(measure(ranks, revisited, 'hard').map).toBeCloseTo(slowAp(ids, new Set([2]), new Set([0, 1, 3])), 10);
    expect(() => measure(ranks, revisited, 'oxford')).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect(() => measure(ranks, truthOf(8, { ok: [1] }), 'hard')).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID' }),
    );
  });

  it('Holidays and leave-one-out ignore the query; UKBench counts it', () => {
    const t = truthOf(6, { ok: [1, 2, 3], junk: [] }, 0);
    const own = { ids: [0, 1, 4, 2, 3, 5], queries: 1, top: 6 };
    expect(measure(own, t, 'holidays').perQuery[0]!.first).toBe(1);
    expect(measure(own, t, 'recall').recallAtK).toMatchObject({ '1': 1 });
    expect(measure(own, t, 'ukbench').ukbench).toBe(3);
    expect(measure({ ids: [5, 4, 1], queries: 1, top: 3 }, t, 'acc').recallAtK).toMatchObject({
      '1': 0,
      '2': 0,
      '4': 1,
    });
  });

  it('refuses ranks with repeats, unknown rows and another number of queries', () => {
    const t = truthOf(4, { ok: [1] });
    const bad = (list: number[], queries = 1): void =>
      expect(() => checkRanks({ ids: list, queries, top: list.length / queries }, t)).toThrow(
        expect.objectContaining({ code: 'INPUT_INVALID' }),
      );
    bad([0, 1, 0]);
    bad([0, 4]);
    bad([0, -1]);
    bad([0, 1, 2, 3], 2);
    expect(() => checkRanks({ ids: [4, 0], queries: 1, top: 2 }, t, 6)).not.toThrow();
  });
});

describe('ground truths', () => {
  it('reads the text files of Oxford5k with the list of images', () => {
    const dir = join(folder, 'oxford');
    mkdirSync(dir);
    writeFileSync(join(dir, 'all_souls_1_query.txt'), 'oxc1_a 1 2 3 4\n');
    writeFileSync(join(dir, 'all_souls_1_good.txt'), 'a\nb\n');
    writeFileSync(join(dir, 'all_souls_1_ok.txt'), 'c\n');
    writeFileSync(join(dir, 'all_souls_1_junk.txt'), 'd\n');
    writeFileSync(join(folder, 'list.txt'), 'jpg/d.jpg\njpg/c.jpg\njpg/b.jpg\njpg/a.jpg\n');
    const t = readGroundTruth(dir, 'oxford', join(folder, 'list.txt'));
    expect(t.queries[0]).toEqual({ name: 'a', bbx: [1, 2, 3, 4], row: 3, labels: { ok: [3, 2, 1], junk: [0] } });
    expect(() => readGroundTruth(dir, 'oxford')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--imlist') }),
    );
    writeFileSync(join(dir, 'all_souls_1_ok.txt'), 'zebra\n');
    expect(() => readGroundTruth(dir, 'oxford', join(folder, 'list.txt'))).toThrow(/zebra/);
  });

  it('reads JSON with names or numbers and says what it cannot use', () => {
    const file = join(folder, 'gnd.json');
    const write = (v: unknown): void => writeFileSync(file, typeof v === 'string' ? v : JSON.stringify(v));
    write({ imlist: ['a.jpg', 'b'], qimlist: ['q'], gnd: [{ ok: ['a', 1] }] });
    expect(readGroundTruth(file, 'oxford').queries[0]!.labels.ok).toEqual([0, 1]);
    for (const v of [
      '{',
      { imlist: [] },
      { imlist: ['a'], qimlist: ['q', 'r'], gnd: [{ ok: [0] }] },
      { imlist: ['a'], qimlist: ['q'], gnd: [{ ok: [7] }] },
      { imlist: ['a'], qimlist: ['q'], gnd: [{ ok: ['unknown'] }] },
      { imlist: ['a'], qimlist: [], gnd: [] },
    ]) {
      write(v);
      expect(() => readGroundTruth(file, 'oxford')).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^INPUT/), file }),
      );
    }
  });
});

describeWith(['shared data'], 'the benchmarks of the field', () => {
  const at = (name: string): string => join(SHARED, 'groundtruth', name);
  it('have their known counts', () => {
    const sum = (t: GroundTruth, label: 'easy' | 'hard'): number =>
      t.queries.reduce((n, q) => n + (q.labels[label]?.length ?? 0), 0);
    const oxford = readGroundTruth(at('roxford5k/gnd_roxford5k.pkl'), 'medium');
    expect([oxford.images.length, oxford.queries.length, sum(oxford, 'easy'), sum(oxford, 'hard')]).toEqual([
      4993, 70, 3029, 2497,
    ]);
    expect(oxford.queries[0]!.bbx).toEqual([136.5, 34.1, 648.5, 955.7]);
    const paris = readGroundTruth(at('rparis6k/gnd_rparis6k.pkl'), 'hard');
    expect([paris.images.length, paris.queries.length, sum(paris, 'easy'), sum(paris, 'hard')]).toEqual([
      6322, 70, 6874, 10350,
    ]);
    const holidays = readGroundTruth(at('holidays/holidays_images.dat'), 'holidays');
    expect([holidays.images.length, holidays.queries.length]).toEqual([1491, 500]);
    const cub = readGroundTruth(at('pyretri_split_file/cub_split.txt'), 'recall');
    expect(cub.queries.length).toBe(11788);
    expect(new Set(cub.images.map((n) => n.split('/')[1])).size).toBe(200);
  });
});

describe('statistics', () => {
  it('the bootstrap interval covers the mean about as often as it says', () => {
    const r = random(5);
    let covered = 0;
    for (let t = 0; t < 200; t += 1) {
      const sample = Array.from({ length: 60 }, () => r.next());
      const { low, high } = bootstrap(sample, t, 400);
      if (low <= 0.5 && 0.5 <= high) covered += 1;
    }
    expect(covered / 200).toBeGreaterThan(0.88);
    expect(covered / 200).toBeLessThan(0.995);
  });

  it('both are what they are defined as, number by number', () => {
    const r = random(9);
    const [a, b] = [0, 0].map(() => Array.from({ length: 37 }, () => r.next())) as [number[], number[]];
    const differences = b.map((v, i) => v - a[i]!);
    const drawn = random(3);
    const means = Array.from({ length: 2000 }, () => {
      let sum = 0;
      for (let i = 0; i < 37; i += 1) sum += differences[drawn.below(37)]!;
      return sum / 37;
    }).sort((x, y) => x - y);
    const signs = random(4);
    let further = 0;
    const observed = Math.abs(differences.reduce((x, y) => x + y, 0)) - 1e-12;
    for (let t = 0; t < 500; t += 1) {
      const sum = differences.reduce((s, d) => s + (signs.next() < 0.5 ? d : -d), 0);
      if (Math.abs(sum) >= observed) further += 1;
    }
    const found = pairedTest(a, b, 3, 500);
    expect([found.low, found.high]).toEqual([means[50], means[1950]]);
    expect(found.p).toBe((further + 1) / 501);
  });

  it('many random numbers at once are the same as one after the other, and go on from there', () => {
    const [one, many] = [random(11), random(11)];
    const out = new Uint32Array(5);
    many.fill(out);
    expect(Array.from(out, (v) => v / 2 ** 32)).toEqual(Array.from({ length: 5 }, () => one.next()));
    expect(many.next()).toBe(one.next());
  });

  it('the paired test sees a steady difference and none between equals', () => {
    const r = random(6);
    const a = Array.from({ length: 50 }, () => r.next());
    const better = pairedTest(
      a,
      a.map((v) => v + 0.05 + 0.02 * r.next()),
    );
    expect(better.p).toBeLessThan(0.001);
    expect([better.wins, better.losses]).toEqual([50, 0]);
    expect(pairedTest(a, a).p).toBe(1);
    const noise = pairedTest(
      a,
      a.map((v) => v + 0.2 * (r.next() - 0.5)),
    );
    expect(noise.p).toBeGreaterThan(0.01);
  });
});

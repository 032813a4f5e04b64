import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { averagePrecision, precisionAt } from '../../../src/main/engine/evaluation/average-precision.ts';
import { kMeans, normalisedMutualInformation, recallAtK } from '../../../src/main/engine/evaluation/classes.ts';
import { geometryTruth, HARD_SHARED, storeEvaluation } from '../../../src/main/engine/evaluation/geometry-protocol.ts';
import { judge, type GroundTruth } from '../../../src/main/engine/evaluation/ground-truth.ts';
import { readGroundTruth } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import {
  geometryBenchmark,
  listMeasurements,
  measurementDetail,
  pairMeasurements,
  recordRanking,
  truthBenchmark,
  type Benchmark,
} from '../../../src/main/engine/evaluation/library-measure.ts';
import { interpolated, measure } from '../../../src/main/engine/evaluation/measure.ts';
import { readSketchSet } from '../../../src/main/engine/evaluation/sketches.ts';
import { bootstrap, deviation, pairedTest } from '../../../src/main/engine/evaluation/statistics.ts';
import { teacherAgainstStudent } from '../../../src/main/engine/evaluation/teacher.ts';
import { readNames } from '../../../src/main/engine/evaluation/truth-readers/names.ts';
import {
  importTruth,
  importTruthBytes,
  listTruths,
  loadTruth,
  matchTruth,
} from '../../../src/main/engine/evaluation/truths.ts';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { networkSet, type LoadedSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { DEFAULT_TEACHER } from '../../../src/main/engine/teacher/bow-index.ts';
import type { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let made = 0;
function put(name: string, content: string | Uint8Array): string {
  const at = join(folder, `t${(made += 1)}`);
  mkdirSync(at);
  writeFileSync(join(at, name), content);
  return join(at, name);
}
function said(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message } = error as CovisError;
    return `${code}: ${message}`;
  }
  return 'read';
}

describe('a list of names as a ground truth', () => {
  const of = (text: string, protocol: string): GroundTruth => readGroundTruth(put('list.txt', text), protocol);
  const asks = (text: string, protocol: string): unknown =>
    of(text, protocol).queries.map((q) => [q.name, q.row, q.labels.ok]);

  it('of Holidays has groups by all but the last two digits; the first of each asks', () => {
    expect(asks('100000.jpg\n100001.jpg\n\n100002.jpg\n100100.jpg\r\n100101.jpg\n', 'holidays')).toEqual([
      ['100000.jpg', 0, [1, 2]],
      ['100100.jpg', 3, [4]],
    ]);
  });

  it('of UKBench has groups of four', () => {
    const names = Array.from({ length: 9 }, (_, i) => `u${i}`).join('\n');
    expect(asks(names, 'ukbench')).toEqual(
      Array.from({ length: 9 }, (_, i) => {
        const own = [0, 1, 2, 3, 4, 5, 6, 7, 8].filter((j) => j >> 2 === i >> 2 && j !== i);
        return [`u${i}`, i, own];
      }),
    );
  });

  it('of classes has them after a comma, by folder, or in the second column', () => {
    const groups = [
      ['a', 0, [2]],
      ['b', 1, []],
      ['c', 2, [0]],
    ];
    expect(asks('a, x\nb,y\nc , x', 'recall')).toEqual([
      ['a', 0, [2]],
      ['b', 1, []],
      ['c ', 2, [0]],
    ]);
    expect(of('a, x\nb,y\nc,x', 'recall').queries.map((q) => [q.name, q.row, q.labels.ok])).toEqual(groups);
    expect(of('a x\nb y\nc x', 'recall').queries.map((q) => [q.name, q.row, q.labels.ok])).toEqual(groups);
    expect(of('x/a 1\ny/b 1\nx/c 2', 'recall').queries.map((q) => q.labels.ok)).toEqual([[2], [], [0]]);
    expect(of('x\\a\ny\\b\nx\\c', 'recall').queries.map((q) => q.labels.ok)).toEqual([[2], [], [0]]);
    // In one folder the second column tells; without it all are of one class.
    expect(of('x/a 1\nx/b 2\nx/c 1', 'recall').queries.map((q) => q.labels.ok)).toEqual([[2], [], [0]]);
    expect(of('a\nb', 'recall').queries.map((q) => q.labels.ok)).toEqual([[1], [0]]);
    // One line without a class, and the others have one.
    expect(said(() => of('a,1\nb 2\nc 2', 'recall'))).toBe('INPUT_INVALID: Line 1 has no class, and others have: a,1');
  });

  it('says nothing of other protocols, and of nothing', () => {
    expect(said(() => of('a\nb', 'oxford'))).toMatch(
      /^INPUT_INVALID: A list of names says nothing about the protocol oxford/,
    );
    expect(said(() => of('\n \n', 'recall'))).toBe('INPUT_CORRUPT: This ground truth has no queries');
    expect(said(() => readGroundTruth(join(folder, 'none'), 'recall'))).toBe(
      'INPUT_MISSING: This ground truth does not exist',
    );
  });
});

describe('a record of imlist, qimlist and gnd', () => {
  const of = (value: unknown): GroundTruth => readGroundTruth(put('gnd.json', JSON.stringify(value)), 'oxford');

  it('names queries by name or by row, images by name or by number', () => {
    const t = of({
      imlist: ['d/a.jpg', 'b.png', 'c'],
      qimlist: ['q.jpg', 'x/b'],
      gnd: [
        { bbx: [1, 2, 3, 4], ok: ['a', 2], junk: [] },
        { bbx: [1, 2, 3], easy: [0], hard: ['c.tif'] },
      ],
    });
    expect(t.name).toBe('gnd.json');
    expect(t.images).toEqual(['d/a.jpg', 'b.png', 'c']);
    expect(t.queries).toEqual([
      { name: 'q.jpg', bbx: [1, 2, 3, 4], row: null, labels: { ok: [0, 2], junk: [] } },
      { name: 'x/b', bbx: null, row: 1, labels: { easy: [0], hard: [2] } },
    ]);
    expect(of({ imlist: ['a', 'b'], qidx: [1], gnd: [{ bbx: null, ok: [0] }] }).queries).toEqual([
      { name: 'b', bbx: null, row: 1, labels: { ok: [0] } },
    ]);
  });

  it('is refused where it does not hold together', () => {
    const bad = (value: unknown): string => said(() => of(value));
    expect(bad({ imlist: ['a'], gnd: [{ ok: [0] }] })).toBe(
      'INPUT_CORRUPT: This ground truth names 0 queries and has labels for 1',
    );
    expect(bad({ imlist: ['a'], qimlist: ['a', 'b'], gnd: [{ ok: [0] }] })).toMatch(
      /names 2 queries and has labels for 1/,
    );
    expect(bad({ imlist: ['a'], qimlist: ['a'], gnd: [{ ok: ['x', 'y', 'z'] }] })).toMatch(
      /^INPUT_INVALID: .*names 3 images that its list does not have: x, y, z$/,
    );
    expect(bad({ imlist: ['a'], qimlist: ['a'], gnd: [{ ok: ['w', 'x', 'y', 'z', 'z'] }] })).toMatch(
      /names 4 images .*: w, x, y, …$/,
    );
    expect(bad({ imlist: ['a'], qimlist: ['a'], gnd: [{ ok: [{}] }] })).toMatch(
      /^INPUT_CORRUPT: This is no ground truth: gnd.0.ok.0/,
    );
    expect(bad([])).toMatch(/^INPUT_/);
    expect(said(() => readGroundTruth(put('x.json', '{"a'), 'oxford'))).toBe('INPUT_CORRUPT: This is not JSON');
  });

  it('may be a pickle of protocol 2 to 5, whatever its name', () => {
    const record = { imlist: ['a', 'b'], qimlist: ['q'], gnd: [{ ok: [1], junk: [0] }] };
    const t = readGroundTruth(put('any.dat', writePickle(record)), 'oxford');
    expect(t.queries).toEqual([{ name: 'q', bbx: null, row: null, labels: { ok: [1], junk: [0] } }]);
    expect(said(() => readGroundTruth(put('l.pkl', writePickle([1])), 'oxford'))).toBe(
      'INPUT_CORRUPT: This pickle holds no dictionary',
    );
    // What begins with the same byte and another version is a list of one name.
    const begun = (version: number): string =>
      said(() => readGroundTruth(put('l.dat', Buffer.from([0x80, version, 0x2e])), 'recall'));
    expect([1, 6].map(begun)).toEqual(['read', 'read']);
    for (const version of [2, 3, 4, 5]) expect(begun(version)).toMatch(/^INPUT_CORRUPT: /);
  });
});

describe('lists of names', () => {
  it('are without empty lines and with all blanks of names, of at most 256 MiB', () => {
    expect(readNames(put('n.txt', ' a \r\n\n\tb c\n'))).toEqual([' a ', '\tb c']);
    expect(said(() => readNames(join(folder, 'none.txt')))).toBe('INPUT_MISSING: This list of names does not exist');
    const large = put('large.txt', '');
    truncateSync(large, 2 ** 28 + 1);
    expect(said(() => readNames(large))).toBe('INPUT_UNSUPPORTED: This text file is larger than 256 MiB');
  });
});

describe('Oxford’s folder', () => {
  it('has a query a file, its box, good and ok together', () => {
    const images = put('list.txt', 'a\nb\nc\nd\n');
    const at = join(folder, 'oxford-files');
    mkdirSync(at);
    expect(said(() => readGroundTruth(at, 'oxford', images))).toMatch(/^INPUT_CORRUPT: .*end in _query.txt/);
    writeFileSync(join(at, 'z_1_query.txt'), 'oxc1_b 1.5 2 3 4\n');
    writeFileSync(join(at, 'z_1_ok.txt'), 'd\n');
    writeFileSync(join(at, 'z_1_good.txt'), 'c\n');
    writeFileSync(join(at, 'a_1_query.txt'), 'a\n');
    writeFileSync(join(at, 'a_1_junk.txt'), 'b\nc\n');
    // What one query has, all have, if only as an empty file: one that was not copied would change the score.
    for (const list of ['a_1_good.txt', 'a_1_ok.txt', 'z_1_junk.txt']) {
      const refused = said(() => readGroundTruth(at, 'oxford', images));
      expect(refused).toMatch(/^INPUT_MISSING: This list of a query is missing/);
      writeFileSync(join(at, list), '');
    }
    expect(readGroundTruth(at, 'oxford', images).queries).toEqual([
      { name: 'a', bbx: null, row: 0, labels: { ok: [], junk: [1, 2] } },
      { name: 'b', bbx: [1.5, 2, 3, 4], row: 1, labels: { ok: [2, 3], junk: [] } },
    ]);
    expect(said(() => readGroundTruth(at, 'oxford'))).toMatch(/^INPUT_INVALID: These text files do not list/);
  });
});

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
      /^INPUT_INVALID: 2 classes with 1 photos and 2 drawings/,
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

describe('a library', async () => {
  const { library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: 60,
    clusters: 6,
    dim: 5,
    pairsPerPhoto: 4,
    distractors: 6,
    seed: 5,
  });
  const set = networkSet(library, network, SYNTHETIC_PIXELS);
  const names = new Map(
    library.db.prepare('SELECT photo_id, MIN(name) FROM photo_file GROUP BY photo_id').raw().all() as [
      number,
      string,
    ][],
  );
  const task = silentContext();

  it('is measured with the student only where it is a network with one descriptor a photo', async () => {
    const owners = Uint32Array.from(set.ids, (_, i) => i);
    const { network: own, size, ...plain } = set;
    const wrong: LoadedSet[] = [
      { ...set, owners },
      { ...plain, ...(size === undefined ? {} : { size }) } as LoadedSet,
      { ...plain, ...(own === undefined ? {} : { network: own }) } as LoadedSet,
    ];
    for (const s of wrong)
      await expect(teacherAgainstStudent(library, s, 'sfm', DEFAULT_TEACHER, task)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: 'The student is a network with one descriptor a photo',
      });
  });

  it('has easy pairs of more than ten shared points, hard ones of three to ten', () => {
    expect(HARD_SHARED).toEqual({ least: 3, most: 10 });
    const before = library.db.prepare('SELECT cluster_id, a, b, shared FROM pair_all').raw().all() as [
      number,
      number,
      number,
      number,
    ][];
    const set = library.db.prepare('UPDATE pair_all SET shared = ?');
    const of = (shared: number): [number, number] => {
      set.run(shared);
      const { queries } = geometryTruth(library, splitPlaces(library, 0)).truth;
      const sum = (label: 'easy' | 'hard'): number => queries.reduce((n, q) => n + q.labels[label]!.length, 0);
      return [sum('easy'), sum('hard')];
    };
    const all = of(50)[0];
    expect(all).toBeGreaterThan(10);
    expect(of(11)).toEqual([all, 0]);
    expect([of(10)[0], of(10)[1] > 0]).toEqual([0, true]);
    const back = library.db.prepare('UPDATE pair_all SET shared = ? WHERE cluster_id = ? AND a = ? AND b = ?');
    for (const [cluster, a, b, shared] of before) back.run(shared, cluster, a, b);
  });

  it('keeps a ground truth once, lists the newest first with the protocols of its labels, and finds it again', () => {
    const [x, y] = [...set.ids].slice(0, 2).map((id) => names.get(id)!) as [string, string];
    const record = (label: 'ok' | 'easy'): string =>
      JSON.stringify({
        imlist: [x, y, 'nowhere.jpg'],
        qimlist: [y, 'gone'],
        gnd: [{ [label]: [0] }, { [label]: [1] }],
      });
    const first = importTruth(library, put('gnd.json', record('ok')), 'oxford');
    expect(importTruth(library, put('again.json', record('ok')), 'oxford').id).toBe(first.id);
    const second = importTruthBytes(library, Buffer.from(record('easy')), 'up.JSON', 'easy');
    expect(listTruths(library).map((t) => [t.id, t.images, t.queries, t.protocols])).toEqual([
      [second.id, 3, 2, ['medium', 'hard', 'easy']],
      [first.id, 3, 2, ['oxford', 'holidays', 'instre', 'ukbench', 'recall', 'acc']],
    ]);
    expect([first.name, second.name]).toEqual(['gnd.json', 'up.JSON']);
    expect(first.id).toMatch(/^[0-9a-f]{32}$/);
    expect(loadTruth(library, first.id).queries[0]).toEqual({ name: y, bbx: null, row: 1, labels: { ok: [0] } });
    expect(said(() => loadTruth(library, 'f'.repeat(32)))).toMatch(/^NOT_FOUND: /);
    const matched = matchTruth(library, loadTruth(library, first.id));
    expect(matched.photos).toEqual([set.ids[0], set.ids[1], undefined]);
    expect(matched.queries).toEqual([set.ids[1], undefined]);
    // An upload has no path: the error names what was sent.
    try {
      importTruthBytes(library, Buffer.from('{"a'), 'bad.json', 'oxford');
    } catch (error) {
      expect(error).toMatchObject({ code: 'INPUT_CORRUPT', file: 'bad.json' });
    }
    const warnings: string[] = [];
    const b = truthBenchmark(library, set, first.id, 'oxford', 'text', silentContext(warnings));
    expect(b.truth.queries.map((q) => q.name)).toEqual([y]);
    expect(b.photos).toEqual([set.ids[1]]);
    // Listed images at their rows, all others behind the list.
    expect([...b.images]).toEqual([0, 1, ...Array.from({ length: set.ids.length - 2 }, (_, i) => 3 + i)]);
    expect(warnings.map((w) => w.slice(0, 14))).toEqual(['1 of 3 images ', '1 of 2 queries']);
    const none = importTruth(
      library,
      put('n.json', JSON.stringify({ imlist: ['u'], qimlist: [x], gnd: [{ ok: [0] }] })),
      'oxford',
    );
    expect(said(() => truthBenchmark(library, set, none.id, 'oxford', '', task))).toMatch(
      /^STATE_EMPTY: The library has 0 of the 1 images and 1 of the 1 queries/,
    );
    const asked = importTruth(
      library,
      put('q.json', JSON.stringify({ imlist: [x], qimlist: ['u'], gnd: [{ ok: [0] }] })),
      'oxford',
    );
    expect(said(() => truthBenchmark(library, set, asked.id, 'oxford', '', task))).toMatch(
      /^STATE_EMPTY: The library has 1 of the 1 images and 0 of the 1 queries/,
    );
    const whole: string[] = [];
    const full = importTruth(
      library,
      put('f.json', JSON.stringify({ imlist: [x], qimlist: [y], gnd: [{ ok: [0] }] })),
      'oxford',
    );
    const outside = truthBenchmark(library, set, full.id, 'oxford', '', silentContext(whole));
    expect(whole).toEqual([]);
    // A query that the list does not have is not in the database.
    expect([...outside.images.slice(0, 3)]).toEqual([0, -1, 1]);
  });

  it('keeps measurements, newest of each cell, and compares two on the queries that both have', () => {
    const b: Benchmark = {
      ...geometryBenchmark(library, set, 'sfm-medium', 0),
    };
    const n = b.truth.queries.length;
    expect(n).toBeGreaterThan(4);
    const positives = (q: number): number[] => [
      ...b.truth.queries[q]!.labels.easy!,
      ...b.truth.queries[q]!.labels.hard!,
    ];
    const ranked = (first: (q: number) => number): Int32Array =>
      Int32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? first(i >> 1) : -1));
    const by = { key: 'k', name: 'K', method: 'cosine', parameters: { k: 3 }, msPerQuery: 1.5, offlineMs: 7 };
    const good = recordRanking(
      library,
      by,
      b,
      ranked((q) => positives(q)[0]!),
    );
    const bad = recordRanking(
      library,
      { ...by, method: 'cg' },
      b,
      ranked(() => -1),
    );
    expect(good.map).toBeCloseTo(b.truth.queries.reduce((s, _, q) => s + 1 / positives(q).length, 0) / n, 12);
    expect(bad.map).toBe(0);
    expect(measurementDetail(library, good.id)).toMatchObject({
      id: good.id,
      setKey: 'k',
      setName: 'K',
      method: 'cosine',
      parameters: { k: 3 },
      truth: 'sfm 0',
      protocol: 'sfm-medium',
      queries: n,
      msPerQuery: 1.5,
      offlineMs: 7,
      skipped: 0,
      recallAtK: null,
      ukbench: null,
    });
    expect(measurementDetail(library, good.id).perQuery.every((q) => q.photo !== null)).toBe(true);
    const pair = pairMeasurements(library, bad.id, good.id);
    expect(pair).toMatchObject({ queries: n, wins: n, losses: 0 });
    expect(pair.difference).toBeCloseTo(good.map, 12);
    const again = recordRanking(
      library,
      by,
      b,
      ranked(() => -1),
    );
    expect(listMeasurements(library).map((m) => m.id)).toEqual([again.id, bad.id]);
    // Of some queries alone.
    const half = recordRanking(library, { ...by, key: 'h' }, b, ranked((q) => positives(q)[0]!).slice(2, 4), [1]);
    expect(half.perQuery.map((q) => q.query)).toEqual([b.truth.queries[1]!.name]);
    expect(pairMeasurements(library, half.id, good.id).queries).toBe(
      good.perQuery.filter((q) => q.query === b.truth.queries[1]!.name).length,
    );
    const other = recordRanking(library, { ...by, key: 'o' }, b, ranked((q) => positives(q)[0]!).slice(4, 6), [2]);
    expect(said(() => pairMeasurements(library, half.id, other.id))).toBe(
      'INPUT_INVALID: These measurements have no query in common',
    );
    expect(said(() => measurementDetail(library, 9999))).toBe('NOT_FOUND: There is no measurement 9999');
  });

  it('has three protocols of geometry', () => {
    const judged = ['sfm', 'sfm-medium', 'sfm-easy'].map((p) => {
      const b = geometryBenchmark(library, set, p, 0);
      expect(b.id).toBe('sfm 0');
      expect(b.photos).toEqual(b.truth.queries.map((q) => set.ids[q.row!]));
      return b.judged;
    });
    expect(judged).toEqual(['hard', 'medium', 'easy']);
  });

  it('keeps evaluations as they were', () => {
    const result = { protocol: 'p', queries: 3, database: 9, map: 0.25, mapWhitened: null } as Parameters<
      typeof storeEvaluation
    >[3];
    storeEvaluation(library, network.id, 64, result);
    expect(
      library.db
        .prepare('SELECT network_id, size, protocol, queries, database_size, map, map_whitened FROM evaluation')
        .raw()
        .all(),
    ).toEqual([[network.id, 64, 'p', 3, 9, 0.25, null]]);
  });
});

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { random } from '../../../src/main/engine/library/random.ts';
import { EDGE_EXPONENT, EDGE_THRESHOLD } from '../../../src/main/engine/network/head.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { Adam } from '../../../src/main/engine/training/adam.ts';
import { readCheckpoint, writeCheckpoint, type Checkpoint } from '../../../src/main/engine/training/checkpoint.ts';
import { spread } from '../../../src/main/engine/training/ladder.ts';
import { contrastiveLoss, tripletLoss, tupleLoss } from '../../../src/main/engine/training/losses.ts';
import { Sgd, treatmentOf } from '../../../src/main/engine/training/optimisers.ts';
import { drawFromPools, type WeightedTuple } from '../../../src/main/engine/training/pool-tuples.ts';
import {
  decayed,
  DEFAULT_EDGE_TRAINING,
  DEFAULT_TRAINING,
  presetNamed,
} from '../../../src/main/engine/training/presets.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const v = (...x: number[]): Float32Array => Float32Array.from(x);

describe('the table of methods.md 1.6', () => {
  const adam = { optimiser: 'adam', scaling: 'sum', batch: 5, size: 362, loss: 'contrastive' };
  it.each([
    [
      'eccv16-mac-vgg',
      {
        optimiser: 'sgd',
        learningRate: 1e-3,
        weightDecay: 5e-4,
        epochs: 30,
        queriesPerEpoch: 6000,
        minings: 3,
        batch: 5,
        size: 362,
        loss: 'contrastive',
        margin: 0.7,
        scaling: 'pairs',
        decay: { kind: 'steps', epochs: [10, 20], factor: 5 },
      },
    ],
    [
      'pami18-gem-vgg',
      {
        ...adam,
        learningRate: 1e-6,
        weightDecay: 5e-4,
        epochs: 30,
        queriesPerEpoch: 6000,
        minings: 3,
        margin: 0.75,
        decay: { kind: 'exponential', rate: 0.1 },
      },
    ],
    [
      'pami18-gem-resnet101',
      {
        ...adam,
        learningRate: 1e-6,
        weightDecay: 5e-4,
        epochs: 30,
        queriesPerEpoch: 6000,
        minings: 3,
        margin: 0.85,
        decay: { kind: 'exponential', rate: 0.1 },
      },
    ],
    [
      'pytorch-gem-resnet101',
      {
        ...adam,
        learningRate: 5e-7,
        weightDecay: 1e-6,
        epochs: 100,
        queriesPerEpoch: 2000,
        minings: 1,
        margin: 0.85,
        decay: { kind: 'exponential', rate: 0.01 },
      },
    ],
    [
      'pytorch-whiten-resnet50',
      {
        ...adam,
        loss: 'triplet',
        margin: 0.5,
        size: 1024,
        learningRate: 1e-6,
        weightDecay: 1e-6,
        epochs: 100,
        queriesPerEpoch: 2000,
        minings: 1,
      },
    ],
    [
      'pytorch-whiten-resnet101',
      { ...adam, loss: 'triplet', margin: 0.5, size: 1024, learningRate: 5e-7, weightDecay: 1e-6 },
    ],
    [
      'pytorch-whiten-resnet152',
      { ...adam, loss: 'triplet', margin: 0.5, size: 900, learningRate: 5e-7, weightDecay: 1e-6 },
    ],
  ])('is what %s is', (name, expected) => {
    expect(presetNamed(name).parameters).toMatchObject(expected);
  });

  it('has pools, negatives, poolings and layers as published', () => {
    const of = (name: string): unknown[] => {
      const p = presetNamed(name);
      return [p.backbone, p.pooling, p.whitened, p.parameters.mining.pool, p.parameters.mining.count];
    };
    expect(of('eccv16-mac-vgg')).toEqual(['VGG16', 'mac', false, 22_000, 5]);
    expect(of('pami18-gem-vgg')).toEqual(['VGG16', 'gem', false, 22_000, 5]);
    expect(of('pami18-gem-resnet101')).toEqual(['ResNet101', 'gem', false, 22_000, 5]);
    expect(of('pytorch-gem-resnet101')).toEqual(['ResNet101', 'gem', false, 22_000, 5]);
    expect(of('pytorch-whiten-resnet50')).toEqual(['ResNet50', 'gem', true, 20_000, 5]);
    expect(of('pytorch-whiten-resnet101')).toEqual(['ResNet101', 'gem', true, 20_000, 4]);
    expect(of('pytorch-whiten-resnet152')).toEqual(['ResNet152', 'gem', true, 20_000, 3]);
    expect([of('small'), of('small-edges')]).toEqual([
      [null, null, false, 20_000, 5],
      [null, null, false, 20_000, 5],
    ]);
  });

  it('stands beside recipes for small machines', () => {
    expect(DEFAULT_TRAINING).toMatchObject({
      epochs: 5,
      loss: 'contrastive',
      optimiser: 'adam',
      batch: 5,
      queriesPerEpoch: 160,
      learningRate: 1e-5,
      weightDecay: 1e-6,
      margin: 0.7,
      seed: 0,
      minings: 1,
      dampening: 0,
      decay: { kind: 'exponential', rate: 0.1 },
    });
    expect(DEFAULT_EDGE_TRAINING).toMatchObject({
      epochs: 10,
      learningRate: 3e-5,
      weightDecay: 1e-5,
      size: 200,
      minings: 3,
      margin: 0.7,
    });
    expect(decayed({ kind: 'exponential', rate: 0.1 }, 3)).toBeCloseTo(Math.exp(-0.2), 12);
    expect(decayed({ kind: 'steps', epochs: [2], factor: 10 }, 3)).toBeCloseTo(0.1, 12);
  });
});

describe('losses by definition', () => {
  const r = random(3);
  const unit = (): Float32Array => {
    const x = Array.from({ length: 5 }, () => r.between(-1, 1));
    return Float32Array.from(x, (c) => c / Math.hypot(...x));
  };
  const distance = (a: Float32Array, b: Float32Array, epsilon: number): number =>
    Math.hypot(...a.map((x, k) => x - b[k]! + epsilon));

  it('are sums over pairs; negatives teach inside the margin only', () => {
    for (let t = 0; t < 100; t += 1) {
      const [q, p] = [unit(), unit()];
      const n = [unit(), unit(), unit(), unit()];
      const margin = r.between(0.3, 1.6);
      const far = n.map((x) => distance(q, x, 1e-6));
      const c = contrastiveLoss(q, p, n, margin);
      expect(c.loss).toBeCloseTo(
        0.5 * distance(q, p, 1e-6) ** 2 + far.reduce((s, d) => s + 0.5 * Math.max(0, margin - d) ** 2, 0),
        5,
      );
      expect(c.active).toBe(far.filter((d) => d < margin).length);
      c.negativeDistances.forEach((d, i) => expect(d).toBeCloseTo(far[i]!, 6));
      // methods.md 1.4: the gradient with respect to the query, pair by pair.
      q.forEach((x, k) =>
        expect(c.dQuery[k]).toBeCloseTo(
          x - p[k]! + n.reduce((s, y, i) => s + (far[i]! < margin ? (x - y[k]!) * (1 - margin / far[i]!) : 0), 0),
          4,
        ),
      );
      n.forEach((y, i) =>
        y.forEach((_, k) =>
          expect(c.dNegatives[i]![k]).toBeCloseTo(far[i]! < margin ? -(q[k]! - y[k]!) * (1 - margin / far[i]!) : 0, 4),
        ),
      );
      const hinges = n.map((x) => distance(q, p, 0) ** 2 - distance(q, x, 0) ** 2 + margin);
      const tr = tripletLoss(q, p, n, margin);
      expect(tr.loss).toBeCloseTo(
        hinges.reduce((s, h) => s + Math.max(0, h), 0),
        5,
      );
      expect(tr.active).toBe(hinges.filter((h) => h > 0).length);
      tr.negativeDistances.forEach((d, i) => expect(d).toBeCloseTo(distance(q, n[i]!, 0), 6));
      q.forEach((_, k) =>
        expect(tr.dQuery[k]).toBeCloseTo(2 * hinges.reduce((s, h, i) => s + (h > 0 ? n[i]![k]! - p[k]! : 0), 0), 4),
      );
      p.forEach((_, k) => expect(tr.dPositive[k]).toBeCloseTo(-2 * tr.active * (q[k]! - p[k]!), 4));
    }
  });

  it('have no gradient at the very margin, nor between equal descriptors', () => {
    const equal = tripletLoss(v(1, 0), v(1, 0), [v(0, 1)], 2);
    expect([equal.loss, equal.active]).toEqual([0, 0]);
    const same = contrastiveLoss(v(0.5, 0.5), v(0.5, 0.5), [v(0.5, 0.5)], 0.7);
    expect([...same.dQuery, ...same.dNegatives[0]!].every(Number.isFinite)).toBe(true);
    expect(same.loss).toBeCloseTo(0.5 * (0.7 - Math.SQRT2 * 1e-6) ** 2, 6);
  });

  it('are weighted as a whole', () => {
    const [q, p, n] = [v(1, 0), v(0.8, 0.6), [v(0.6, 0.8)]];
    const plain = tupleLoss(q, p, n, { kind: 'triplet', margin: 1, weight: 1 });
    const half = tupleLoss(q, p, n, { kind: 'triplet', margin: 1, weight: 0.5 });
    expect(half.loss).toBeCloseTo(plain.loss / 2, 6);
    expect(half.negativeDistances).toEqual(plain.negativeDistances);
    for (const name of ['dQuery', 'dPositive'] as const)
      plain[name].forEach((x, k) => expect(half[name][k]).toBeCloseTo(x / 2, 6));
    plain.dNegatives[0]!.forEach((x, k) => expect(half.dNegatives[0]![k]).toBeCloseTo(x / 2, 6));
    expect(tupleLoss(q, p, n, { kind: 'contrastive', margin: 0.7, weight: 1 })).toEqual(contrastiveLoss(q, p, n, 0.7));
  });
});

describe('parameters that are no weights', () => {
  const parameter = (name: string, ...data: number[]): { name: string; dims: number[]; data: Float32Array } => ({
    name,
    dims: [data.length],
    data: v(...data),
  });
  it('learn at their own rates, without decay, above their floor', async () => {
    expect(treatmentOf(parameter('conv/weight', 1))).toBeUndefined();
    const made = (): ReturnType<typeof parameter>[] => [
      parameter('w', 1),
      parameter(GEM_P, 3),
      parameter(GEM_P, 3, 3),
      parameter(EDGE_EXPONENT, 0.5),
      parameter(EDGE_THRESHOLD, 0.2),
      parameter(EDGE_THRESHOLD, 0.011),
    ];
    const sgd = made();
    new Sgd(sgd).step(
      sgd.map((p) => p.data.map(() => 1)),
      { learningRate: 0.02, weightDecay: 0.5 },
    );
    const expected = [[1 - 0.02 * 1.5], [3 - 0.2], [3 - 2, 3 - 2], [0.5 - 0.02], [0.2 - 0.002], [0.01]];
    sgd.forEach((p, i) => p.data.forEach((x, k) => expect(x).toBeCloseTo(expected[i]![k]!, 6)));
    // Adam's first step is the rate, whatever the gradient.
    const adam = made();
    (await Adam.create(adam)).step(
      adam.map((p) => p.data.map(() => 7)),
      { learningRate: 0.02, weightDecay: 0.5 },
    );
    const steps = [[1 - 0.02], [3 - 0.2], [3 - 2, 3 - 2], [0.5 - 0.02], [0.2 - 0.002], [0.01]];
    adam.forEach((p, i) => p.data.forEach((x, k) => expect(x).toBeCloseTo(steps[i]![k]!, 4)));
  });

  it('go on from a state', () => {
    const [whole, parted] = [parameter('w', 1, 2), parameter('w', 1, 2)];
    const step = (s: Sgd, g: number): void => s.step([v(g, -g)], { learningRate: 0.1, weightDecay: 0.01 });
    const a = new Sgd([whole], 0.9);
    [1, 2, 3].forEach((g) => step(a, g));
    const b = new Sgd([parted], 0.9);
    [1, 2].forEach((g) => step(b, g));
    const c = new Sgd([parted], 0.9);
    c.restore({ steps: b.state.steps, arrays: b.state.arrays.map((x) => x.slice()) });
    step(c, 3);
    expect(parted.data).toEqual(whole.data);
    expect(c.state).toEqual(a.state);
    expect(a.state.steps).toBe(3);
  });
});

describe('tuples of pools', () => {
  const rows = 30;
  const r = random(4);
  const data = new Float32Array(rows * 3);
  for (let i = 0; i < rows; i += 1) {
    const x = [r.between(-1, 1), r.between(-1, 1), r.between(-1, 1)];
    data.set(
      x.map((c) => c / Math.hypot(...x)),
      3 * i,
    );
  }
  // Photos are numbered from 101.
  const set = { ids: Uint32Array.from({ length: rows }, (_, i) => 101 + i), data, dim: 3 } as unknown as Parameters<
    typeof drawFromPools
  >[1];
  const cosine = (a: number, b: number): number =>
    [0, 1, 2].reduce((s, k) => s + data[3 * (a - 101) + k]! * data[3 * (b - 101) + k]!, 0);
  const member = (photo: number, weight: number | null) => ({
    photo,
    strategies: 0,
    shared: 7,
    overlap: 0.5,
    scale: 1.25,
    similarity: 0,
    weight,
  });
  const pools = [
    {
      anchor: 101,
      positives: [member(102, 0.2), member(103, 0.6)],
      negatives: Array.from({ length: 20 }, (_, i) => 105 + i),
    },
    { anchor: 104, positives: [member(105, 0.4)], negatives: [110, 111, 999] },
    // Not usable: an anchor, a positive and negatives without descriptors.
    { anchor: 500, positives: [member(102, 9)], negatives: [110] },
    { anchor: 120, positives: [member(501, 9)], negatives: [110] },
    { anchor: 121, positives: [member(102, 9)], negatives: [502] },
  ];

  it('are of anchors, positives and near negatives that have descriptors, weighted over the mean', () => {
    const drawn = drawFromPools(pools, set, 400, 3, 5);
    expect(drawn.tuples).toHaveLength(400);
    expect(drawn.queries).toBe(2);
    let distance = 0;
    let count = 0;
    const seen = new Map<string, number>();
    for (const t of drawn.tuples) {
      const pool = pools.find((p) => p.anchor === t.pair.query)!;
      const positive = pool.positives.find((p) => p.photo === t.pair.other)!;
      expect(t.pair).toMatchObject({ shared: 7, overlap: 0.5, scale: 1.25, cluster: 0 });
      // The mean weight of usable positives is 0.4.
      expect(t.weight).toBeCloseTo(positive.weight! / 0.4, 9);
      expect(t.positiveSimilarity).toBeCloseTo(cosine(t.pair.query, t.pair.other), 6);
      const nearest = pool.negatives
        .filter((n) => n < 500)
        .sort((a, b) => cosine(pool.anchor, b) - cosine(pool.anchor, a))
        .slice(0, 10);
      expect(t.negatives).toHaveLength(Math.min(3, nearest.length));
      t.negatives.forEach((n, i) => {
        expect(nearest).toContain(n.photo);
        expect(n.similarity).toBeCloseTo(cosine(pool.anchor, n.photo), 6);
        if (i > 0) expect(n.similarity).toBeLessThanOrEqual(t.negatives[i - 1]!.similarity);
        distance += Math.sqrt(2 - 2 * n.similarity);
        count += 1;
        seen.set(`${pool.anchor} ${n.photo}`, (seen.get(`${pool.anchor} ${n.photo}`) ?? 0) + 1);
      });
      expect(new Set(t.negatives.map((n) => n.photo)).size).toBe(t.negatives.length);
    }
    expect(drawn.meanNegativeDistance).toBeCloseTo(distance / count, 6);
    // All of the ten nearest are drawn, none far more than another.
    const own = [...seen].filter(([k]) => k.startsWith('101'));
    expect(own).toHaveLength(10);
    expect(drawFromPools(pools, set, 400, 3, 6)).not.toEqual(drawn);
    expect(() => drawFromPools(pools.slice(2), set, 4, 1, 0)).toThrow(expect.objectContaining({ code: 'STATE_EMPTY' }));
  });

  it('without weights count once each', () => {
    const drawn = drawFromPools([{ anchor: 101, positives: [member(102, null)], negatives: [110] }], set, 5, 1, 0);
    expect((drawn.tuples as readonly WeightedTuple[]).map((t) => t.weight)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('a checkpoint', () => {
  const file = join(folder, 'runs', '1.checkpoint');
  const checkpoint: Checkpoint = {
    position: {
      epoch: 2,
      round: 1,
      done: 3,
      tuples: [{ a: 1 }],
      sums: { loss: 0.5 },
      steps: 7,
      trained: 30,
      seconds: 1.5,
    },
    arrays: [v(1, 2, 3), v(), v(-4)],
    optimiserSteps: 9,
  };
  it('comes back as it was, of the lengths that are wanted', () => {
    writeCheckpoint(file, checkpoint);
    expect(readCheckpoint(file, [3, 0, 1])).toEqual(checkpoint);
    const bytes = readFileSync(file);
    expect(bytes.toString('latin1', 0, 8)).toBe('COVISCK1');
    expect(bytes.length).toBe(16 + Number(bytes.readBigUInt64LE(8)) + 16);
    expect(() => readCheckpoint(file, [3, 1])).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT' }));
    expect(() => readCheckpoint(join(folder, 'none'), [1])).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  it('that is damaged is refused: cut, longer, of another kind, with numbers that cannot be', () => {
    writeCheckpoint(file, checkpoint);
    const bytes = readFileSync(file);
    const bad = (data: Buffer): void => {
      writeFileSync(file, data);
      expect(() => readCheckpoint(file, [3, 0, 1])).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT' }));
    };
    for (const n of [0, 8, 15, 16, 40, bytes.length - 1]) bad(bytes.subarray(0, n));
    bad(Buffer.concat([bytes, Buffer.alloc(1)]));
    bad(Buffer.concat([Buffer.from('COVISCK2'), bytes.subarray(8)]));
    const long = Buffer.from(bytes);
    long.writeBigUInt64LE(BigInt(bytes.length), 8);
    bad(long);
    bad(Buffer.from(bytes.toString('latin1').replace('"epoch":2', '"epoch":0'), 'latin1'));
    bad(Buffer.from(bytes.toString('latin1').replace('"steps":7', '"steps":x'), 'latin1'));
  });
});

describe('rungs of a ladder', () => {
  it('have mean and deviation of a sample over seeds', () => {
    expect(spread([2, 4, 9])).toEqual({ mean: 5, std: Math.sqrt(13) });
    expect(spread([3])).toEqual({ mean: 3, std: 0 });
  });
});

import { mount } from '@vue/test-utils';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LadderRung, MeasurementInfo, TrainingRunInfo, TruthInfo } from '../../../src/shared/domain.ts';
import LadderRungs from '../../../src/renderer/views/measure/LadderRungs.vue';
import { beginOf, gain, tenths } from '../../../src/renderer/views/measure/ladder-scale.ts';
import { bestOf, columnsOf, rowsOf } from '../../../src/renderer/views/measure/matrix.ts';
import { nameOfMethod } from '../../../src/renderer/views/search/methods.ts';
import { seriesOf } from '../../../src/renderer/views/train/curves.ts';

const measured = (
  id: number,
  truth: string,
  protocol: string,
  method: string,
  map: number,
  set = 'b',
  parameters: Readonly<Record<string, number>> = {},
): MeasurementInfo =>
  ({
    ...{ id, truth, protocol, method, map, low: map, high: map, setKey: set, setName: set, parameters },
  }) as unknown as MeasurementInfo;

describe('the matrix of measurements', () => {
  const all = [
    measured(1, 'aa', 'hard', 'cosine', 0.3),
    measured(2, 'sfm:0', 'sfm', 'cg', 0.6),
    measured(3, 'sfm:0', 'sfm-easy', 'cosine', 0.9),
    measured(4, 'sfm:0', 'sfm-easy', 'cg', 0.95),
    measured(5, 'aa', 'medium', 'cosine', 0.5, 'a'),
  ];
  const truths = [{ id: 'aa', name: 'Oxford' }] as unknown as TruthInfo[];

  it('has geometry from easy to hard first, then ground truths by protocol', () => {
    expect(columnsOf(all, truths).map((c) => [c.title, c.sub])).toEqual([
      ['Geometry, easy', 'split 0'],
      ['Geometry, hard', 'split 0'],
      ['medium', 'Oxford'],
      ['hard', 'Oxford'],
    ]);
    expect(columnsOf(all, []).at(-1)?.sub).toBe('ground truth');
  });

  it('has a row for each method on each set, sets by name, methods in their own order', () => {
    const rows = rowsOf(all);
    expect(rows.map((r) => [r.set, r.method])).toEqual([
      ['a', 'cosine'],
      ['b', 'cosine'],
      ['b', 'cg'],
    ]);
    expect(rows[1]!.cells.get('sfm:0 sfm-easy')?.id).toBe(3);
    expect(rows[1]!.cells.get('sfm:0 sfm')).toBeUndefined();
  });

  it('has the teacher by its own names, behind what searches', () => {
    const rows = rowsOf(
      ['BoW+R', 'cg', 'BoW+R+QE', 'BoW', 'cosine'].map((m, i) => measured(i, 'aa', 'hard', m, 0.1 * i)),
    );
    expect(rows.map((r) => nameOfMethod(r.method))).toEqual([
      'Cosine',
      'Diffusion, gradients',
      'BoW',
      'BoW+R',
      'BoW+R+QE',
    ]);
  });

  it('has a row for each choice of parameters, told by what differs', () => {
    const rows = rowsOf([
      measured(1, 'aa', 'hard', 'cg', 0.3, 'b', { k: 50, gamma: 3 }),
      measured(2, 'aa', 'hard', 'cg', 0.4, 'b', { gamma: 3, k: 20 }),
      measured(3, 'aa', 'medium', 'cg', 0.5, 'b', { gamma: 3, k: 20 }),
      measured(4, 'aa', 'hard', 'cosine', 0.2),
    ]);
    expect(rows.map((r) => [r.method, r.said, [...r.cells.values()].map((m) => m.id)])).toEqual([
      ['cosine', '', [4]],
      ['cg', 'k 50', [1]],
      ['cg', 'k 20', [2, 3]],
    ]);
  });

  it('knows the best of each column', () => {
    const best = bestOf(columnsOf(all, truths), rowsOf(all));
    expect([best.get('sfm:0 sfm-easy'), best.get('aa hard')]).toEqual([0.95, 0.3]);
  });
});

describe('the ladder', () => {
  const rung = (...values: number[]): LadderRung =>
    ({ map: { mean: values.reduce((a, b) => a + b, 0) / values.length, std: 0, values } }) as unknown as LadderRung;

  it('begins at a tenth below the least value, and never below zero', () => {
    expect(beginOf([rung(0.62, 0.7), rung(0.8)])).toBe(0.5);
    expect(beginOf([rung(0.67)])).toBe(0.6);
    expect(beginOf([rung(0.02)])).toBe(0);
    expect(beginOf([])).toBe(0);
    expect(tenths(0.7).map((t) => t.toFixed(1))).toEqual(['0.7', '0.8', '0.9', '1.0']);
  });

  it('compares a rung with the one above over the same seeds, with the sample deviation', () => {
    const rungs = [rung(0.5, 0.6, 0.7), rung(0.55, 0.7, 0.72)];
    expect(gain(rungs, 0)).toBeNull();
    const g = gain(rungs, 1)!;
    // 0.05, 0.1, 0.02: mean 0.17 / 3, deviation by n - 1.
    expect(g.mean).toBeCloseTo(0.056667, 6);
    expect(g.std).toBeCloseTo(0.040415, 6);
    expect(gain([rung(0.5), rung(0.6)], 1)?.std).toBe(0);
    expect(gain([rung(), rung(0.6)], 1)).toBeNull();
  });
});

it('precisions are of a hundred in every view, with what a component adds in points', () => {
  const rungs = [0.5, 0.625].map((v, i) => ({
    component: `rung ${i}`,
    whitening: false,
    map: { mean: v, std: 0.0125, values: [v - 0.0125, v + 0.0125] },
  })) as unknown as LadderRung[];
  const text = mount(LadderRungs, { props: { title: 'GeM', rungs, from: 0.4 } }).text();
  expect(text).toContain('62.50');
  expect(text).toContain('+12.50 ± 0.00');
  expect(text).not.toMatch(/\b0\.[56]\d/);
  // Nothing shows one as it is stored, from 0 to 1.
  const views = join(import.meta.dirname, '../../../src/renderer/views');
  const raw = readdirSync(views, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(vue|ts)$/.test(file))
    .filter((file) =>
      /\b(ap|map|map\.mean|mapBefore)\b\)?\??\.toFixed\(/.test(readFileSync(join(views, file), 'utf8')),
    );
  expect(raw).toEqual([]);
});

describe('the curves of a training', () => {
  const run = (id: number, mapBefore: number | null): TrainingRunInfo =>
    ({
      id,
      mapBefore,
      epochs: [
        { epoch: 1, loss: 0.4, map: 0.81, negativeDistance: null },
        { epoch: 2, loss: 0.3, map: null, negativeDistance: 1.1 },
      ],
    }) as unknown as TrainingRunInfo;

  it('are of what was measured; mAP is of a hundred and begins before training', () => {
    expect(seriesOf(run(3, 0.75), [], 'map')).toEqual([
      {
        name: 'run 3',
        colour: 'positive',
        points: [
          [0, 75],
          [1, 81],
        ],
      },
    ]);
    expect(seriesOf(run(3, null), [], 'map')[0]!.points).toEqual([[1, 81]]);
    expect(seriesOf(run(3, 0.75), [], 'negativeDistance')[0]!.points).toEqual([[2, 1.1]]);
  });

  it('lie over those of another run, which are dashed', () => {
    const [own, other] = seriesOf(run(3, null), [run(1, null)], 'loss');
    expect([own!.name, other!.name, own!.dashed, other!.dashed]).toEqual(['run 3', 'run 1', undefined, true]);
    expect(other!.points).toEqual([
      [1, 0.4],
      [2, 0.3],
    ]);
  });
});

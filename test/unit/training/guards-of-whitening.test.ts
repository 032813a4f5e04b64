import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WhitenOptions } from '../../../src/main/engine/training/whiten.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { projectNetwork } from '../../../src/main/engine/network/linear-head.ts';
import {
  ensureDefaultNetwork,
  loadNetwork,
  storeNetwork,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { multiScaleNetwork, whitenNetwork } from '../../../src/main/engine/training/whiten.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
let library: Library;
let start: NetworkRow;
beforeAll(() => {
  library = Library.create(join(folder, 'library'));
  start = ensureDefaultNetwork(library);
});
afterAll(() => library.close());

const FACTS = { method: 'pca', pairs: 0, descriptors: 9, from: 256, shrinkage: 0, size: 128, seed: 0 } as const;
/** The default network with another description. */
const described = (more: object): NetworkRow =>
  storeNetwork(library, loadNetwork(library, start).graph, { ...start.spec, ...more }, start.uid);

describe('a network at several scales', () => {
  it('is a new one that says so; at scale one it is itself', () => {
    expect(multiScaleNetwork(library, start, [1])).toBe(start);
    const half = multiScaleNetwork(library, start, [0.5]);
    expect(half.uid).not.toBe(start.uid);
    expect(half.spec).toMatchObject({ scales: [0.5], name: `${start.spec.name} · 1 scales` });
    const three = multiScaleNetwork(library, start, [1, Math.SQRT1_2, 0.5]);
    expect(three.spec).toMatchObject({
      scales: [1, Math.SQRT1_2, 0.5],
      name: `${start.spec.name} · 3 scales`,
      origin: `${start.spec.origin}; at scales 1, 0.707, 0.5`,
    });
    expect(library.db.prepare('SELECT parent FROM network WHERE uid = ?').pluck().get(three.uid)).toBe(start.uid);
  });

  it('is refused where it has scales, takes edges, or is whitened already', () => {
    const refused = (row: NetworkRow, message: RegExp): void =>
      expect(() => multiScaleNetwork(library, row, [1, 0.5])).toThrow(
        expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringMatching(message) as string }),
      );
    const several = /describes at several scales already/;
    refused(described({ scales: [1, 0.5] }), several);
    refused(described({ edges: { detector: 'd', scales: [1], mirror: false, padding: 0 } }), several);
    refused(described({ whitening: FACTS }), /is whitened for one scale/);
    expect(multiScaleNetwork(library, described({ whitening: FACTS }), [1]).spec.whitening).toEqual(FACTS);
  });
});

describe('whitening', () => {
  const options = (more: Partial<WhitenOptions>): WhitenOptions => ({ method: 'pca', size: 128, seed: 0, ...more });
  it('keeps 1 to all dimensions, whole ones, and ends no network twice', async () => {
    const all = start.spec.dim;
    const refusal = async (row: NetworkRow, more: Partial<WhitenOptions>): Promise<unknown> =>
      whitenNetwork(library, row, options(more), silentContext()).catch((error: unknown) => error);
    for (const dim of [0, -1, 1.5, all + 1, Number.NaN])
      expect(await refusal(start, { dim })).toMatchObject({
        code: 'INPUT_INVALID',
        message: `Whitening keeps 1 to ${all} dimensions, not ${dim}`,
      });
    // With dimensions that there are it gets as far as the photos, of which this library has none.
    for (const dim of [1, all, undefined]) expect(await refusal(start, { dim })).toMatchObject({ code: 'STATE_EMPTY' });
    expect(await refusal(start, { method: 'learned' })).toMatchObject({ code: 'STATE_EMPTY' });
    const projected = projectNetwork(library, start, 8, 1);
    expect(await refusal(projected, {})).toMatchObject({ code: 'INPUT_INVALID' });
    expect(await refusal(projected, { dim: 9 })).toMatchObject({
      message: 'Whitening keeps 1 to 8 dimensions, not 9',
    });
  });
});

describe('a projection', () => {
  it('goes to 1 to all dimensions, once, the same for the same seed, with weights of variance one over inputs', () => {
    const all = start.spec.dim;
    for (const dim of [0, all + 1, 2.5, -3])
      expect(() => projectNetwork(library, start, dim, 1)).toThrow(
        expect.objectContaining({
          code: 'INPUT_INVALID',
          message: `A projection goes to 1 to ${all} dimensions, not ${dim}`,
        }),
      );
    expect(projectNetwork(library, start, 1, 1).spec.dim).toBe(1);
    const whole = projectNetwork(library, start, all, 1);
    expect(whole.spec).toMatchObject({
      dim: all,
      name: `${start.spec.name} → ${all}`,
      origin: `${start.spec.origin}; projected to ${all} dimensions, seed 1`,
    });
    expect(projectNetwork(library, start, all, 1).uid).toBe(whole.uid);
    expect(projectNetwork(library, start, all, 2).uid).not.toBe(whole.uid);
    const { initializers } = loadNetwork(library, whole).graph;
    const weight = initializers.get('projection/weight')!.data as Float32Array;
    expect(weight.length).toBe(all * all);
    const mean = weight.reduce((s, v) => s + v, 0) / weight.length;
    const variance = weight.reduce((s, v) => s + (v - mean) ** 2, 0) / weight.length;
    const kurtosis = weight.reduce((s, v) => s + (v - mean) ** 4, 0) / weight.length / variance ** 2;
    expect(Math.abs(mean)).toBeLessThan(1e-3);
    expect(variance * all).toBeCloseTo(1, 1);
    // Of a normal distribution it is 3.
    expect(kurtosis).toBeCloseTo(3, 0);
    expect(Math.abs(kurtosis - 3)).toBeLessThan(0.15);
    expect([...(initializers.get('projection/bias')!.data as Float32Array)].every((v) => v === 0)).toBe(true);
    expect(() => projectNetwork(library, whole, 4, 1)).toThrow(/already ends in a projection/);
  });
});

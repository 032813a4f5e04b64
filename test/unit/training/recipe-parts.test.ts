import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AugmentationStrengths } from '../../../src/shared/domain.ts';
import { changed, drawChange, type Change } from '../../../src/main/engine/inputs/change.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import type { Pixels } from '../../../src/main/engine/library/pixels.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { ensureDefaultNetwork, loadNetwork, networkRow } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { drawChanges } from '../../../src/main/engine/training/feed.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { parametersOf } from '../../../src/main/engine/training/training-graph.ts';
import { trainWork } from '../../../src/main/engine/work/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const STRENGTHS = { crop: 0.3, colour: 0.5, blur: 2, rotation: 20 } as const;
const NOTHING: Change = { kept: 1, left: 0, top: 0, brightness: 1, saturation: 1, blur: 0, angle: 0 };
/** Left half black, right half white, a red row on top. */
const photo: Pixels = {
  width: 40,
  height: 20,
  data: Uint8Array.from({ length: 40 * 20 * 3 }, (_, i) => {
    const at = Math.floor(i / 3);
    if (at < 40) return i % 3 === 0 ? 200 : 0;
    return at % 40 < 20 ? 0 : 255;
  }),
};
const mean = ({ data }: Pixels): number => data.reduce((s, v) => s + v, 0) / data.length;
const pixel = ({ width, data }: Pixels, x: number, y: number): number[] =>
  [0, 1, 2].map((c) => data[3 * (y * width + x) + c]!);

describe('a photo that is changed', () => {
  it('keeps its size, and its pixels where nothing is asked for', async () => {
    expect(await changed(photo, NOTHING)).toEqual(photo);
    for (let seed = 0; seed < 8; seed += 1) {
      const { width, height, data } = await changed(photo, drawChange(random(seed), { ...STRENGTHS, rotation: 180 }));
      expect([width, height, data.length]).toEqual([40, 20, 40 * 20 * 3]);
    }
  });

  it('is cut, turned, coloured and blurred as its draw says', async () => {
    // The right half alone is white, but for the red row.
    const right = await changed(photo, { ...NOTHING, kept: 0.5, left: 1, top: 1 });
    expect(pixel(right, 2, 10)).toEqual([255, 255, 255]);
    const turned = await changed(photo, { ...NOTHING, angle: 180 });
    expect(pixel(turned, 5, 10)).toEqual([255, 255, 255]);
    expect(pixel(turned, 35, 10)).toEqual([0, 0, 0]);
    expect(pixel(turned, 20, 19)).toEqual([200, 0, 0]);
    expect(mean(await changed(photo, { ...NOTHING, brightness: 0.5 }))).toBeLessThan(0.7 * mean(photo));
    const [r, g] = pixel(await changed(photo, { ...NOTHING, saturation: 0.2 }), 20, 0);
    expect(r! - g!).toBeLessThan(120);
    const blurred = await changed(photo, { ...NOTHING, blur: 2 });
    expect(pixel(blurred, 19, 10)[0]).toBeGreaterThan(40);
    expect(pixel(blurred, 20, 10)[0]).toBeLessThan(215);
  });

  it('is drawn of the seed alone, another way for each photo of a tuple, within the strengths', () => {
    const tuples = [{ negatives: [] }, { negatives: [] }];
    const drawn = drawChanges(tuples, STRENGTHS, 3).flat();
    expect(drawn).toHaveLength(4);
    expect(new Set(drawn.map((c) => c.angle)).size).toBe(4);
    expect(drawChanges(tuples, STRENGTHS, 3).flat()).toEqual(drawn);
    expect(drawChanges(tuples, STRENGTHS, 4).flat()).not.toEqual(drawn);
    for (const c of Array.from({ length: 200 }, (_, i) => drawChange(random(i), STRENGTHS))) {
      expect(c.kept).toBeGreaterThanOrEqual(0.7);
      expect(Math.abs(c.angle)).toBeLessThanOrEqual(20);
      expect(c.blur).toBeLessThanOrEqual(2);
      for (const f of [c.brightness, c.saturation]) expect(f).toBeGreaterThan(0.66);
      for (const f of [c.brightness, c.saturation]) expect(f).toBeLessThan(1.51);
    }
  });
});

describe('a training run', () => {
  const folder = temporaryFolder();
  const RUN = {
    ...DEFAULT_TRAINING,
    backend: 'cpu',
    epochs: 1,
    queriesPerEpoch: 4,
    size: 64,
    experiment: true,
  } as const;
  let library: Library;
  beforeAll(async () => {
    library = await smallLibrary(join(folder, 'library'));
  });
  afterAll(() => library.close());

  it('on changed photos gives the same numbers twice, and others than without', async () => {
    const start = ensureDefaultNetwork(library);
    const loss = async (augment?: AugmentationStrengths): Promise<number> => {
      const run = augment === undefined ? RUN : { ...RUN, augment };
      return (await train(library, start, run, silentContext())).epochs[0]!.loss;
    };
    const first = await loss(STRENGTHS);
    expect(await loss(STRENGTHS)).toBe(first);
    expect(await loss({ crop: 0, colour: 0, blur: 0, rotation: 0 })).toBe(await loss());
    expect(first).not.toBe(await loss());
  });

  it('that goes all the way back ends where it began, and half of the way half as far from it', async () => {
    const start = ensureDefaultNetwork(library);
    const weights = async (towardsStart: number): Promise<Float32Array[]> => {
      const { network } = await train(library, start, { ...RUN, learningRate: 1e-3, towardsStart }, silentContext());
      return parametersOf(loadNetwork(library, network).graph).map((p) => p.data);
    };
    const from = parametersOf(loadNetwork(library, start).graph).map((p) => p.data);
    const far = async (share: number): Promise<number> =>
      Math.sqrt(
        (await weights(share)).reduce((s, w, i) => s + w.reduce((t, v, k) => t + (v - from[i]![k]!) ** 2, 0), 0),
      );
    const [free, half] = [await far(0), await far(0.5)];
    expect(free).toBeGreaterThan(0);
    expect(half / free).toBeCloseTo(0.5, 3);
    expect(await far(1)).toBeLessThan(1e-6);
  });

  it('that lies between the start and the end in the end goes its whole way in training, and its share of it after the last epoch', async () => {
    const start = ensureDefaultNetwork(library);
    const weights = async (interpolate?: number): Promise<Float32Array> => {
      const parameters = {
        ...RUN,
        epochs: 2,
        learningRate: 1e-3,
        ...(interpolate === undefined ? {} : { interpolate }),
      };
      const { network } = await train(library, start, parameters, silentContext());
      return Float32Array.from(parametersOf(loadNetwork(library, network).graph).flatMap((p) => Array.from(p.data)));
    };
    const from = Float32Array.from(parametersOf(loadNetwork(library, start).graph).flatMap((p) => Array.from(p.data)));
    const end = await weights();
    const between = await weights(0.75);
    // Two epochs of which the first had gone back would have ended elsewhere.
    const apart = (x: Float32Array, y: Float32Array): number =>
      Math.sqrt(x.reduce((s, v, i) => s + (v - y[i]!) ** 2, 0));
    expect(apart(end, from)).toBeGreaterThan(0);
    const expected = from.map((v, i) => v + 0.75 * (end[i]! - v));
    expect(apart(between, expected) / apart(end, from)).toBeLessThan(1e-3);
    expect(apart(await weights(0), from)).toBeLessThan(1e-6);
  });

  it.each(['batch-hard', 'multi-similarity'] as const)('by %s learns', async (loss) => {
    const start = ensureDefaultNetwork(library);
    const { epochs } = await train(library, start, { ...RUN, loss, margin: 0.5, learningRate: 1e-4 }, silentContext());
    expect(epochs[0]!.loss).toBeGreaterThan(0);
    expect(Number.isFinite(epochs[0]!.loss)).toBe(true);
  });

  it('that begins whitened learns the whitening on what it may know alone, and trains the layer', async () => {
    const r = await trainWork.run(
      library,
      { epochs: 1, queriesPerEpoch: 4, size: 64, network: 'tiny', backend: 'cpu', warmStart: true },
      silentContext(),
    );
    const { parameters, network } = listTrainingRuns(library).find((t) => t.id === r.run)!;
    const start = networkRow(library, network);
    expect(parameters.learn).toMatchObject({ protocol: 'new-photos', fold: 0 });
    expect(start.spec.whitening!.learn).toEqual(parameters.learn);
    // Twice that of the network without the layer.
    expect(parameters.margin).toBe(1.4);
    const layer = (uid: string): Float32Array =>
      loadNetwork(library, networkRow(library, uid)).graph.initializers.get('whitening/weight')!.data as Float32Array;
    expect(layer(r.network)).not.toEqual(layer(network));
  });
});

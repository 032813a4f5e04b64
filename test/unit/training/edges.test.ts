import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { edgeNetworkFrom } from '../../../src/main/engine/edges/library-networks.ts';
import { geometryGroundTruth, meanAveragePrecision } from '../../../src/main/engine/evaluation/geometry-protocol.ts';
import { InputMaker, singleScale } from '../../../src/main/engine/inputs/inputs.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { loadNetwork, type NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { describePhotos } from '../../../src/main/engine/retrieval/extract.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { binarise, drawAugmentation } from '../../../src/main/engine/training/feed.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { DEFAULT_EDGE_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { train } from '../../../src/main/engine/training/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, SHARED } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const tuple = (query: number, other: number, ...negatives: number[]): never =>
  ({ pair: { query, other }, negatives: negatives.map((photo) => ({ photo })) }) as never;

describe('augmentation of edge maps', () => {
  const tuples = Array.from({ length: 200 }, (_, i) => tuple(3 * i, 3 * i + 1, 3 * i + 2, 3000 + i));

  it('mirrors a query and its positive together, and all that such pairs connect', () => {
    const chain = [tuple(1, 2, 50), tuple(2, 3, 51), tuple(9, 3, 52), tuple(20, 21, 1)];
    for (let seed = 0; seed < 30; seed += 1) {
      const a = drawAugmentation(chain, seed);
      expect(new Set([1, 2, 3, 9].map((p) => a.mirrored(p))).size).toBe(1);
      expect(a.mirrored(20)).toBe(a.mirrored(21));
    }
  });

  it('mirrors half of the pairs, half of the other photos, and binarises half of the queries below 0.2', () => {
    const a = drawAugmentation(tuples, 4);
    const share = (values: boolean[]): number => values.filter(Boolean).length / values.length;
    expect(share(tuples.map((_, i) => a.mirrored(3 * i)))).toBeCloseTo(0.5, 0.7);
    expect(share(tuples.map((_, i) => a.mirrored(3000 + i)))).toBeCloseTo(0.5, 0.7);
    const thresholds = tuples.map((_, i) => a.threshold(i));
    expect(share(thresholds.map((t) => t !== undefined))).toBeCloseTo(0.5, 0.7);
    expect(Math.max(...thresholds.map((t) => t ?? 0))).toBeLessThan(0.2);
    const again = drawAugmentation(tuples, 4);
    expect(tuples.map((_, i) => again.threshold(i))).toEqual(thresholds);
  });

  it('binarises to the largest value', () => {
    const map = { width: 2, height: 2, data: Float32Array.of(0.1, 0.3, 0, 0.8) };
    expect(Array.from(binarise(map, 0.2).data, (v) => +v.toFixed(3))).toEqual([0, 0.8, 0, 0.8]);
  });
});

describe('training on edge maps', () => {
  it('moves exponent and threshold, keeps gain and slope, mines three times an epoch, and repeats itself', async () => {
    const library = await smallLibrary(join(folder, 'small'));
    const start = await edgeNetworkFrom(library, undefined, { pooling: 'mac' });
    const parameters = { ...DEFAULT_EDGE_TRAINING, epochs: 1, queriesPerEpoch: 9, size: 96, learningRate: 1e-3 };
    const run = (): ReturnType<typeof train> => train(library, start, parameters, silentContext());
    const [a, b] = [await run(), await run()];
    expect(a.epochs.map((e) => e.loss)).toEqual(b.epochs.map((e) => e.loss));
    const value = (name: string): number =>
      Number(loadNetwork(library, a.network).graph.initializers.get(name)!.data[0]);
    expect(value('edge/p')).not.toBe(0.5);
    expect(value('edge/threshold')).not.toBeCloseTo(0.1, 8);
    expect(value('edge/gain')).toBe(10);
    expect(value('edge/slope')).toBe(500);
    const runs = library.db.prepare('SELECT COUNT(*) FROM mining_run WHERE training_id = ?').pluck().get(a.trainingId);
    expect(runs).toBe(3);
    expect(listTrainingRuns(library)[0]!.epochs).toHaveLength(1);
    library.close();
  }, 60_000);
});

describeWith(['shared data'], 'edge queries on places that were held out', () => {
  it('are answered better after training than before', async () => {
    const library = Library.create(join(folder, 'scenes'));
    await importSources(library, { sources: [join(SHARED, 'scenes')] }, silentContext());
    const start = await edgeNetworkFrom(library, undefined);
    const truth = geometryGroundTruth(library, splitPlaces(library, 0));
    const measure = async (row: NetworkRow): Promise<number> => {
      const { graph, spec } = loadNetwork(library, row);
      const [maker, runner] = [await InputMaker.create(singleScale(spec), 200, library), await Runner.create(graph)];
      const ids: number[] = [];
      const data: number[] = [];
      await describePhotos(runner, maker, truth.database, silentContext(), (id, d) => {
        ids.push(id);
        data.push(...d);
      });
      await maker.release();
      await runner.release();
      return meanAveragePrecision(truth, { ids: Uint32Array.from(ids), data: Float32Array.from(data), dim: spec.dim });
    };
    const before = await measure(start);
    const r = await train(
      library,
      start,
      { ...DEFAULT_EDGE_TRAINING, epochs: 2, queriesPerEpoch: 120 },
      silentContext(),
    );
    const after = await measure(r.network);
    expect(after, `${before} before`).toBeGreaterThan(before + 0.01);
    library.close();
  }, 240_000);
});

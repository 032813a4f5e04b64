import { join } from 'node:path';
import { mineTuples } from '../../src/main/engine/mining/mine.ts';
import { DEFAULT_MINING } from '../../src/main/engine/mining/candidates.ts';
import { DEFAULT_MANIFOLD, mineManifold } from '../../src/main/engine/mining/manifold.ts';
import { storeMiningRun } from '../../src/main/engine/mining/runs.ts';
import { splitPlaces } from '../../src/main/engine/mining/split.ts';
import { orderTuples } from '../../src/main/engine/mining/tuples.ts';
import { loadDescriptors } from '../../src/main/engine/retrieval/extract.ts';
import { DiffusionSolver } from '../../src/main/engine/retrieval/diffusion.ts';
import { mutualGraph, normaliseGraph } from '../../src/main/engine/retrieval/graph.ts';
import { ExactIndex, exactNeighbours } from '../../src/main/engine/retrieval/neighbours.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../support/synthetic-library.ts';
import { JOINED, manifoldDescriptors } from './descriptors.ts';
import { line, median, ms } from './report.ts';

const QUERIES = 2000;
const ASKED_EPOCH = 3;
const ASKED_MANIFOLD = 120;
const ANCHORS = 1500;

/** One epoch of mining on a large library, and mining on a manifold, against what was asked for and against the bare products. */
export async function mining(folder: string): Promise<void> {
  const { library, network } = syntheticLibrary(join(folder, 'large'), {
    photos: 100_000,
    clusters: 500,
    dim: 512,
    pairsPerPhoto: 30,
    seed: 1,
  });
  const set = loadDescriptors(library, network, SYNTHETIC_PIXELS);
  const { training } = splitPlaces(library, 0);
  const floor = new ExactIndex({ data: set.data.subarray(0, 20_000 * set.dim), rows: 20_000, dim: set.dim });
  const queries = { data: set.data.subarray(0, QUERIES * set.dim), rows: QUERIES, dim: set.dim };
  const product = await median(() => floor.search(queries, 1), 3);
  await floor.release();
  for (const [what, positives, links] of [
    ['epoch of m3', 'm3', false],
    ['epoch of m1', 'm1', false],
    ['run of m3 with suspicion', 'm3', true],
  ] as const) {
    const parameters = { ...DEFAULT_MINING, positives, queries: QUERIES };
    const seconds = await median(async () => {
      // All that an epoch does after extraction, reading the descriptors and storing the tuples among it.
      const descriptors = loadDescriptors(library, network, SYNTHETIC_PIXELS);
      const split = splitPlaces(library, 0);
      const mined = await mineTuples(library, descriptors, split.training, parameters, 1, { links });
      storeMiningRun(library, mined, { networkId: network.id, set: 'x', setName: 'x', size: 320, seed: 1, parameters });
    }, 3);
    line(
      `${what}: ${QUERIES} of ${training.size} photos`,
      `${seconds.toFixed(2)} s`,
      `asked for: ${ASKED_EPOCH} s`,
      ASKED_EPOCH / seconds,
    );
    line('', '', `its products alone: ${product.toFixed(2)} s`, product / seconds);
  }
  const order = await median(
    () => orderTuples(library, { run: 1, filter: { shared: { min: 50 } }, sort: 'suspicion' }),
    5,
  );
  line(`order of a run of ${QUERIES}`, ms(order), '', null);
  library.close();

  const vectors = manifoldDescriptors(20_000, 512, 400, 3, JOINED);
  const began = performance.now();
  const mined = await mineManifold(vectors, { ...DEFAULT_MANIFOLD, anchors: 'all', maxAnchors: vectors.rows });
  const all = (performance.now() - began) / 1000;
  const graph = normaliseGraph(mutualGraph(await exactNeighbours(vectors, vectors, DEFAULT_MANIFOLD.k), 3));
  const began15 = performance.now();
  const peaks = await mineManifold(vectors, { ...DEFAULT_MANIFOLD, anchors: 'maxima', maxAnchors: ANCHORS });
  const maxima = (performance.now() - began15) / 1000;
  line(
    `manifold, ${peaks.anchors} local maxima`,
    `${maxima.toFixed(1)} s`,
    `asked for: ${ASKED_MANIFOLD} s`,
    ASKED_MANIFOLD / maxima,
  );
  line(
    `manifold, all ${mined.anchors} anchors`,
    `${all.toFixed(1)} s`,
    `asked for ${ANCHORS} anchors: ${ASKED_MANIFOLD} s`,
    ASKED_MANIFOLD / all,
  );
  const solver = await DiffusionSolver.create(graph);
  const options = { alpha: 0.99, iterations: 20, tolerance: 1e-10 };
  const anchors = Array.from({ length: 64 }, (_, i) => ({ ids: [i * 300], values: [1] }));
  const together = await median(() => solver.conjugateGradients(anchors, options, () => undefined), 5);
  const alone = await median(() => anchors.forEach((a) => solver.conjugateGradients([a], options, () => undefined)), 3);
  line('gradients of 64 anchors', ms(together / 64), `one by one ${ms(alone / 64)}`, alone / together);
}

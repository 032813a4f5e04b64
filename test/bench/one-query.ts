/**
 * `npm run bench -- one`: one query alone. Conjugate gradients on a graph of 20,000 against scipy's on the same matrix, spectral ranking of
 * 100,000 rows of 500, and a pair of photos with 1,000 local features each, as `covis rank --local` verifies them.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { ByteIndex } from '../../src/main/engine/retrieval/byte-index.ts';
import { DiffusionSolver, queryVector } from '../../src/main/engine/retrieval/diffusion.ts';
import { edgeCount, mutualGraph, normaliseGraph } from '../../src/main/engine/retrieval/graph.ts';
import { exactNeighbours } from '../../src/main/engine/retrieval/neighbours.ts';
import { takeRows } from '../../src/main/engine/retrieval/rank.ts';
import { verify, type LocalFeatures } from '../../src/main/engine/retrieval/spatial.ts';
import { CURVED, manifoldDescriptors } from './descriptors.ts';
import { line, median, ms } from './report.ts';

const ROWS = 20_000;
const DIM = 64;
const QUERIES = 24;
const CARRIED = 10;
const CG = { alpha: 0.99, iterations: 20, tolerance: 0 };
const SPECTRAL = { rows: 100_000, rank: 500 };
const FEATURES = { count: 1000, dim: 256 };

/** @param folder scratch. */
export async function oneQuery(folder: string): Promise<void> {
  await cg(folder);
  const r = random(3);
  const made = (rows: number, dim: number) => {
    const data = Float32Array.from({ length: rows * dim }, () => r.next() - 0.5);
    return { data, rows, dim };
  };
  const index = new ByteIndex(made(SPECTRAL.rows, SPECTRAL.rank));
  const z = made(1, SPECTRAL.rank).data;
  const fsr = await median(() => Promise.resolve(index.search(z, 100)), 31);
  line(
    `spectral ranking of ${SPECTRAL.rows} x r=${SPECTRAL.rank}, one query`,
    `${ms(fsr)}, ${(index.bytes / 1e6).toFixed(0)} MB`,
    'asked for: 1 ms',
    0.001 / fsr,
  );
  const a = localFeatures(made);
  const b = moved(a, r);
  const pair = await median(() => Promise.resolve(verify(a, b)), 15);
  line(
    `verifying a pair of ${FEATURES.count} features of ${FEATURES.dim}, ${verify(a, b).inliers} inliers`,
    ms(pair),
    'asked for: 50 ms',
    0.05 / pair,
  );
}

type Made = (rows: number, dim: number) => { readonly data: Float32Array };

function localFeatures(made: Made): LocalFeatures {
  const descriptors = made(FEATURES.count, FEATURES.dim).data;
  const positions = made(FEATURES.count, 2).data.map((v) => 800 * (v + 0.5));
  return { ...FEATURES, positions, descriptors };
}

/** The same photo moved, half of whose features are others. */
function moved(a: LocalFeatures, r: { next(): number }): LocalFeatures {
  const descriptors = Float32Array.from(a.descriptors, (v, i) =>
    i < a.descriptors.length / 2 ? v + 0.1 * (r.next() - 0.5) : r.next() - 0.5,
  );
  return { ...FEATURES, descriptors, positions: Float32Array.from(a.positions, (v) => 1.1 * v + 20) };
}

async function cg(folder: string): Promise<void> {
  const x = manifoldDescriptors(ROWS, DIM, 20, 1, CURVED);
  const graph = mutualGraph(await exactNeighbours(x, x, 50), 3);
  const s = normaliseGraph(graph);
  const asked = takeRows(
    x,
    Array.from({ length: QUERIES }, (_, i) => 800 * i),
  );
  const near = await exactNeighbours(x, asked, CARRIED);
  const ys = Array.from({ length: QUERIES }, (_, i) => {
    const [from, to] = [i * CARRIED, (i + 1) * CARRIED];
    return queryVector([{ ids: near.ids.subarray(from, to), cosines: near.scores.subarray(from, to) }], CARRIED, 3);
  });
  const [ids, weights] = [new Uint32Array(QUERIES * CARRIED), new Float64Array(QUERIES * CARRIED)];
  ys.forEach((y, i) => {
    ids.set(Array.from(y.ids), i * CARRIED);
    weights.set(Array.from(y.values), i * CARRIED);
  });
  const solver = await DiffusionSolver.create(s);
  let ours = new Float64Array(ROWS);
  const one = await median(() => solver.conjugateGradients(ys.slice(0, 1), CG, (_, f) => (ours = f.slice())), 25);
  // As the baseline of retrieval.ts reads it; neighbours are not measured here.
  for (const [name, data, shape] of [
    ['x', x.data.subarray(0, 200 * DIM), [200, DIM]],
    ['starts', s.starts, [s.starts.length]],
    ['columns', s.columns, [s.columns.length]],
    ['values', s.values, [s.values.length]],
    ['ids', ids, [ids.length]],
    ['weights', weights, [weights.length]],
    ['ours', ours, [ROWS]],
  ] as const)
    writeNpy(join(folder, `${name}.npy`), data, [...shape]);
  const run = spawnSync('/usr/bin/python3', [join(import.meta.dirname, 'retrieval_baseline.py'), folder, `${ROWS}`], {
    encoding: 'utf8',
  });
  const b = JSON.parse(run.stdout.trim() || '{}') as { cg?: number; difference?: number };
  line(
    `CG diffusion of one query, ${edgeCount(graph)} edges, 20 iterations`,
    ms(one),
    b.cg === undefined ? 'scipy: apt-get install -y python3-scipy' : `scipy cg ${ms(b.cg)}`,
    b.cg === undefined ? null : b.cg / one,
  );
  if (b.difference !== undefined) console.log(`  relative difference of scores ${b.difference.toExponential(1)}`);
}

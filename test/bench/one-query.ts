/**
 * `npm run bench -- one`: one query alone. Conjugate gradients on a graph of 20,000 against scipy's on the same matrix, spectral ranking on
 * a graph of 100,000 with 500 eigenvectors, and a pair of photos with 1,000 local features each, as `covis rank --local` verifies them.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { ByteIndex } from '../../src/main/engine/retrieval/byte-index.ts';
import { DiffusionSolver, queryVector } from '../../src/main/engine/retrieval/diffusion.ts';
import { edgeCount, mutualGraph, normaliseGraph } from '../../src/main/engine/retrieval/graph.ts';
import { exactNeighbours, type Neighbours } from '../../src/main/engine/retrieval/neighbours.ts';
import { takeRows, type Matrix } from '../../src/main/engine/retrieval/rank.ts';
import { leadingEigenpairs, spectralEmbedding, spectralQuery } from '../../src/main/engine/retrieval/spectral.ts';
import { verify, type LocalFeatures } from '../../src/main/engine/retrieval/spatial.ts';
import { CURVED, manifoldDescriptors } from './descriptors.ts';
import { line, median, ms } from './report.ts';

const ROWS = 20_000;
const DIM = 64;
const QUERIES = 24;
const CARRIED = 10;
const CG = { alpha: 0.99, iterations: 20, tolerance: 0 };
const SPECTRAL = { rows: 100_000, rank: 500, objects: 20, asked: 64, top: 100 };
const FEATURES = { count: 1000, dim: 256 };

/** @param folder scratch. */
export async function oneQuery(folder: string): Promise<void> {
  await cg(folder);
  const r = random(3);
  const made = (rows: number, dim: number) => {
    const data = Float32Array.from({ length: rows * dim }, () => r.next() - 0.5);
    return { data, rows, dim };
  };
  await spectral(folder);
  spectralWithoutOrder(made(SPECTRAL.rows, SPECTRAL.rank), made(1, SPECTRAL.rank).data);
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

/** Spectral ranking of a graph, as the method fsr ranks: each query alone, against numpy's product with all rows of the same embedding. */
async function spectral(folder: string): Promise<void> {
  const { rows, rank, objects, asked, top } = SPECTRAL;
  const x = manifoldDescriptors(rows, DIM, objects, 1, CURVED);
  const s = normaliseGraph(mutualGraph(await exactNeighbours(x, x, 50), 3));
  const eigen = await leadingEigenpairs(s, rank, undefined, 1e-3);
  const embedding = spectralEmbedding(eigen, 0.99);
  const ids = Array.from({ length: asked }, (_, i) => Math.floor((i * rows) / asked));
  const near = await exactNeighbours(x, takeRows(x, ids), CARRIED);
  const zs = ids.map((_, i) => {
    const [from, to] = [i * CARRIED, (i + 1) * CARRIED];
    return spectralQuery(
      eigen,
      queryVector([{ ids: near.ids.subarray(from, to), cosines: near.scores.subarray(from, to) }], CARRIED, 3),
    );
  });
  const began = performance.now();
  const index = new ByteIndex(embedding);
  const built = (performance.now() - began) / 1000;
  zs.forEach((z) => index.search(z, top));
  let looked = 0;
  const found: Neighbours[] = [];
  const times = zs.map((z) => {
    const start = performance.now();
    found.push(index.search(z, top));
    looked += index.looked / rows / asked;
    return (performance.now() - start) / 1000;
  });
  times.sort((a, b) => a - b);
  writeNpy(join(folder, 'embedding.npy'), embedding.data, [rows, rank]);
  writeNpy(join(folder, 'zs.npy'), Float32Array.from(zs.flatMap((z) => [...z])), [asked, rank]);
  writeNpy(join(folder, 'scores.npy'), Float32Array.from(found.flatMap((f) => [...f.scores])), [asked, top]);
  const b = baseline<{ numpy?: number; difference?: number }>(folder, 'spectral', 'numpy');
  const at = (share: number): number => times[Math.floor(share * (asked - 1))]!;
  line(
    `spectral ranking of a graph of ${rows}, r=${rank}, one query`,
    `${ms(at(0.5))}, 90 % ${ms(at(0.9))}`,
    b.numpy === undefined ? 'numpy: apt-get install -y python3-scipy' : `numpy, all rows ${ms(b.numpy)}`,
    b.numpy === undefined ? null : b.numpy / at(0.5),
  );
  console.log(
    `  asked for: 1 ms, ratio ${(0.001 / at(0.5)).toFixed(2)}; looks at ${(100 * looked).toFixed(1)} % of the rows, ${(index.bytes / 1e6).toFixed(0)} MB built in ${built.toFixed(1)} s${b.difference === undefined ? '' : `; the ${top} best scores differ from numpy's by at most ${b.difference.toExponential(1)} of the best`}`,
  );
}

/** Rows without any order: all of them are looked at. */
function spectralWithoutOrder(rows: Matrix, z: Float32Array): void {
  const index = new ByteIndex(rows);
  const times = Array.from({ length: 31 }, () => {
    const start = performance.now();
    index.search(z, SPECTRAL.top);
    return (performance.now() - start) / 1000;
  });
  const one = times.sort((a, b) => a - b)[15]!;
  line(
    `the same of numbers drawn at random`,
    `${ms(one)}, looks at ${((100 * index.looked) / rows.rows).toFixed(0)} %`,
    'asked for: 1 ms',
    0.001 / one,
  );
}

/**
 * What retrieval_baseline.py says; nothing where it cannot run. Its libraries compute with all threads and with one, which is often faster
 * on a machine that has other work: the better one counts.
 */
function baseline<T extends object>(folder: string, argument: string, seconds: keyof T): Partial<T> {
  const script = join(import.meta.dirname, 'retrieval_baseline.py');
  const said = [{}, { OPENBLAS_NUM_THREADS: '1' }].map((threads) => {
    const env = { ...process.env, ...threads };
    const run = spawnSync('/usr/bin/python3', [script, folder, argument], { encoding: 'utf8', env });
    return JSON.parse(run.stdout.trim() || '{}') as Partial<T>;
  });
  return said.sort((x, y) => Number(x[seconds] ?? Infinity) - Number(y[seconds] ?? Infinity))[0]!;
}

type Made = (rows: number, dim: number) => Matrix;

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
  const b = baseline<{ cg: number; difference: number }>(folder, `${ROWS}`, 'cg');
  line(
    `CG diffusion of one query, ${edgeCount(graph)} edges, 20 iterations`,
    ms(one),
    b.cg === undefined ? 'scipy: apt-get install -y python3-scipy' : `scipy cg ${ms(b.cg)}`,
    b.cg === undefined ? null : b.cg / one,
  );
  if (b.difference !== undefined) console.log(`  relative difference of scores ${b.difference.toExponential(1)}`);
}

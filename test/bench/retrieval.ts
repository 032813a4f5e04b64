/** Neighbours against faiss, diffusion against scipy, hybrid against plain gradients, and a million descriptors. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { ApproximateIndex, DEFAULT_HNSW } from '../../src/main/engine/retrieval/approximate.ts';
import { DiffusionPool } from '../../src/main/engine/retrieval/diffusion-pool.ts';
import { DiffusionSolver, queryVector, type SparseVector } from '../../src/main/engine/retrieval/diffusion.ts';
import { edgeCount, normaliseGraph, mutualGraph } from '../../src/main/engine/retrieval/graph.ts';
import { GraphCache } from '../../src/main/engine/retrieval/graph-cache.ts';
import { rankingParameters } from '../../src/main/engine/retrieval/methods/parameters.ts';
import { exactNeighbours, ExactIndex } from '../../src/main/engine/retrieval/neighbours.ts';
import { takeRows, type Matrix } from '../../src/main/engine/retrieval/rank.ts';
import { leadingEigenpairs, spectralEmbedding, spectralQuery } from '../../src/main/engine/retrieval/spectral.ts';
import { measureTradeoff } from '../../src/main/engine/retrieval/tradeoff.ts';
import { CURVED, JOINED, manifoldDescriptors } from './descriptors.ts';
import { line, median, ms } from './report.ts';

const ROWS = 20_000;
const DIM = 512;
const K = 50;
const QUERIES = 64;
const RANK = 500;
const CG = { alpha: 0.99, iterations: 20, tolerance: 0 };
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

async function carried(x: Matrix, q: Matrix): Promise<SparseVector[]> {
  const near = await exactNeighbours(x, q, 10);
  return Array.from({ length: q.rows }, (_, i) =>
    queryVector(
      [{ ids: near.ids.subarray(i * 10, i * 10 + 10), cosines: near.scores.subarray(i * 10, i * 10 + 10) }],
      10,
      3,
    ),
  );
}

/** @param folder scratch. */
export async function retrieval(folder: string): Promise<void> {
  const x = manifoldDescriptors(ROWS, DIM, 20, 1, CURVED);
  const r = random(5);
  const q = takeRows(
    x,
    Array.from({ length: QUERIES }, () => r.below(ROWS)),
  );
  writeNpy(join(folder, 'x.npy'), x.data, [ROWS, DIM]);

  const knn = await median(() => exactNeighbours(x, x, K), 3);
  const graph = mutualGraph(await exactNeighbours(x, x, K), 3);
  const s = normaliseGraph(graph);
  const ys = await carried(x, q);
  const ids = new Uint32Array(QUERIES * 10);
  const values = new Float64Array(QUERIES * 10);
  ys.forEach((y, i) => {
    ids.set(Array.from(y.ids), i * 10);
    values.set(Array.from(y.values), i * 10);
  });
  for (const [name, data] of Object.entries({
    starts: s.starts,
    columns: s.columns,
    values: s.values,
    ids,
    weights: values,
  }))
    writeNpy(join(folder, `${name}.npy`), data, [data.length]);
  const pool = await DiffusionPool.create(s);
  const answers: Float64Array[] = [];
  const cg = await median(() => pool.run('cg', ys, CG, (i, f) => (answers[i] = f.slice())), 3);
  const bytes = pool.bytes;
  await pool.close();
  const single = await DiffusionSolver.create(s);
  const one = await median(() => single.conjugateGradients(ys.slice(0, 1), CG, () => undefined), 5);
  writeNpy(join(folder, 'ours.npy'), answers[0]!, [ROWS]);

  const baseline = spawnSync('/usr/bin/python3', [join(import.meta.dirname, 'retrieval_baseline.py'), folder], {
    encoding: 'utf8',
  });
  const b = JSON.parse(baseline.stdout.trim() || '{}') as { knn?: number; cg?: number; difference?: number };
  if (baseline.status !== 0)
    console.log(
      `baselines: ${baseline.stderr.trim().split('\n').at(-1)} (apt-get install -y python3-faiss python3-scipy)`,
    );
  line(
    `kNN of ${ROWS} x ${DIM}, k=${K}`,
    `${knn.toFixed(2)} s, ${mb(x.data.byteLength)}`,
    b.knn === undefined ? 'faiss missing' : `faiss IndexFlatIP ${b.knn.toFixed(2)} s`,
    b.knn === undefined ? null : b.knn / knn,
  );
  line(
    `CG diffusion, ${edgeCount(graph)} edges, 20 iterations`,
    `${ms(cg / QUERIES)} a query, ${mb(bytes)}`,
    b.cg === undefined ? 'scipy missing' : `scipy cg ${ms(b.cg)}`,
    b.cg === undefined ? null : b.cg / (cg / QUERIES),
  );
  if (b.difference !== undefined)
    console.log(
      `  largest relative difference of scores: ${b.difference.toExponential(1)}; one query alone ${ms(one)}`,
    );

  const began = performance.now();
  const e = await leadingEigenpairs(s, RANK, undefined, 1e-3);
  const offline = (performance.now() - began) / 1000;
  const embedding = spectralEmbedding(e, 0.99);
  const index = new ExactIndex(embedding);
  const z = new Float32Array(QUERIES * e.rank);
  const online = await median(async () => {
    ys.forEach((y, i) => z.set(spectralQuery(e, y), i * e.rank));
    await index.search({ data: z, rows: QUERIES, dim: e.rank }, 100);
  }, 5);
  const alone = await median(() => index.search({ data: spectralQuery(e, ys[0]!), rows: 1, dim: e.rank }, 100), 9);
  await index.release();
  line(
    `spectral ranking, ${ROWS} x r=${RANK}`,
    `${ms(online / QUERIES)} a query, ${mb(embedding.data.byteLength)}`,
    'the limit asked for is 1 ms',
    1 / (1000 * (online / QUERIES)),
  );
  console.log(
    `  one query alone ${ms(alone)}; eigenvectors ${offline.toFixed(1)} s, residual ${e.residual.toExponential(1)}`,
  );

  for (const [name, data] of [
    ['clusters joined by a few photos', manifoldDescriptors(ROWS, DIM, 40, 2, JOINED)],
    ['long surfaces', x],
  ] as const) {
    const t = await measureTradeoff(
      data,
      rankingParameters('hybrid', { k: K }),
      1e-3,
      new GraphCache(data),
      silentContext(),
    );
    const plain = t.points[0]!;
    const best = t.points.reduce((a, c) => (c.msPerQuery < a.msPerQuery ? c : a));
    line(
      `hybrid to ranking error 1e-3, ${name}`,
      `${best.msPerQuery.toFixed(2)} ms, r=${best.rank}, ${best.iterations} it., ${mb(best.bytes)}`,
      `gradients ${plain.msPerQuery.toFixed(2)} ms, ${plain.iterations} it., ${mb(plain.bytes)}`,
      plain.msPerQuery / best.msPerQuery,
    );
  }
}

/** A million descriptors: index built, saved, opened again, searched. */
export async function million(folder: string): Promise<void> {
  const rows = 1_000_000;
  const dim = 256;
  const x = manifoldDescriptors(rows, dim, 4000, 3, CURVED);
  const began = performance.now();
  const built = ApproximateIndex.build(x, DEFAULT_HNSW);
  const seconds = (performance.now() - began) / 1000;
  const file = join(folder, 'million.usearch');
  built.save(file);
  const start = performance.now();
  const index = ApproximateIndex.open(file, x);
  const opened = performance.now() - start;
  const recall = await index.recall(10, 500);
  const r = random(9);
  const q = takeRows(
    x,
    Array.from({ length: 500 }, () => r.below(rows)),
  );
  const one = Array.from({ length: 200 }, (_, i) => takeRows(q, [i]));
  one.forEach((v) => index.search(v, 10));
  const single = await median(() => one.forEach((v) => index.search(v, 10)), 3);
  line(
    `approximate search in ${rows} x ${dim}`,
    `${ms(single / one.length)} a query`,
    `recall@10 ${recall.toFixed(4)}, the limit asked for is 5 ms`,
    5 / ((1000 * single) / one.length),
  );
  console.log(
    `  built in ${seconds.toFixed(0)} s, index ${mb(statSync(file).size)}, opened in ${opened.toFixed(0)} ms, process ${mb(process.memoryUsage().rss)}`,
  );
}

import { existsSync } from 'node:fs';
import type { Method } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { ApproximateIndex } from './approximate.ts';
import { DiffusionPool } from './diffusion-pool.ts';
import { queryVector, type SparseVector } from './diffusion.ts';
import { augmentDatabase, DEFAULT_REFINEMENT, expand, refine } from './expansion.ts';
import { edgeCount, mutualGraph, neighbourCount, normaliseGraph, type SparseGraph } from './graph.ts';
import { ExactIndex, exactNeighbours, type Neighbours } from './neighbours.ts';
import { offlineDiffusion, offlineScores, truncatedScores, type OfflineDiffusion } from './offline.ts';
import { row, takeRows, topByScore, type Matrix } from './rank.ts';
import { poolingMatrix, poolScores, rowsByImage, summedRegions } from './regions.ts';
import { leadingEigenpairs, spectralEmbedding, spectralQuery, type Eigenpairs } from './spectral.ts';

/** Spectral ranking leaves out all eigenvectors but the first, which costs far more than this. */
const SPECTRAL_RESIDUAL = 1e-3;
/** What hybrid diffusion answers in closed form should be as exact as what it iterates. */
export const HYBRID_RESIDUAL = 1e-7;

/** How the recall of the approximate index is measured. */
const RECALL_AT = 10;
const RECALL_SAMPLE = 50;

/** Methods that walk the graph of the database. */
const ON_GRAPH: ReadonlySet<Method> = new Set(['cg', 'iterative', 'jacobi', 'truncated', 'fsr', 'hybrid', 'offline']);
/** Methods that can rank images by their regions. */
const REGIONAL: ReadonlySet<Method> = new Set(['cosine', 'cg', 'iterative', 'jacobi', 'truncated', 'fsr', 'hybrid']);

/** Parameters as methods.md names them; defaults are its own. */
export interface RankParameters {
  readonly method: Method;
  /** Neighbours of a node in the graph, itself included. */
  readonly k: number;
  /** Neighbours of a query that carry it into the graph. */
  readonly kq: number;
  readonly gamma: number;
  /** α of the diffusion. */
  readonly alpha: number;
  readonly iterations: number;
  readonly tolerance: number;
  /** Eigenpairs of fsr and hybrid. */
  readonly rank: number;
  /** Neighbours that expand a query or a database vector. */
  readonly expansion: number;
  /** Exponent of the similarity in alpha-qe and alpha-dba. */
  readonly exponent: number;
  /** Neighbours kept for each node by offline diffusion. */
  readonly truncation: number;
  /** Nodes kept for each query by truncated diffusion, photos re-ranked by superglobal. */
  readonly shortlist: number;
}

/** Defaults of a method: those of methods.md for global descriptors, or for regions. */
export function defaultParameters(method: Method, regional = false): RankParameters {
  return {
    method,
    k: regional ? 200 : 50,
    kq: regional ? 200 : 10,
    gamma: 3,
    alpha: 0.99,
    iterations: method === 'iterative' || method === 'jacobi' ? 1000 : 20,
    tolerance: 1e-6,
    rank: method === 'hybrid' ? 40 : 500,
    expansion: 10,
    exponent: 3,
    truncation: 1000,
    shortlist: method === 'superglobal' ? DEFAULT_REFINEMENT.shortlist : 10_000,
  };
}

/** Defaults for a library of any size: as {@link defaultParameters}, with fewer neighbours where there are few photos. */
export function libraryParameters(method: Method, database: Database): RankParameters {
  const p = defaultParameters(method, database.owners !== undefined);
  const k = neighbourCount(database.vectors.rows, p.k);
  return { ...p, k, kq: Math.min(p.kq, k) };
}

/** The parameters that a method reads, for reports. */
export function usedParameters(p: RankParameters): Record<string, number> {
  const graph = { k: p.k, kq: p.kq, gamma: p.gamma, alpha: p.alpha };
  const solver = { iterations: p.iterations, tolerance: p.tolerance };
  switch (p.method) {
    case 'cosine':
    case 'ann':
      return {};
    case 'aqe':
    case 'dba':
      return { neighbours: p.expansion };
    case 'alpha-qe':
    case 'alpha-dba':
      return { neighbours: p.expansion, alpha: p.exponent };
    case 'superglobal':
      return { shortlist: p.shortlist, neighbours: DEFAULT_REFINEMENT.neighbours, beta: DEFAULT_REFINEMENT.beta };
    case 'fsr':
      return { ...graph, rank: p.rank };
    case 'hybrid':
      return { ...graph, ...solver, rank: p.rank };
    case 'offline':
      return { ...graph, ...solver, truncation: p.truncation };
    case 'truncated':
      return { ...graph, ...solver, shortlist: p.shortlist };
    default:
      return { ...graph, ...solver };
  }
}

/** @throws CovisError `INPUT_INVALID` naming the parameter and the values that it takes. */
export function checkParameters(p: RankParameters): void {
  const whole = (name: string, v: number, least: number): void => {
    if (!Number.isInteger(v) || v < least)
      throw new CovisError('INPUT_INVALID', `${name} takes a whole number of at least ${least}, not ${v}`);
  };
  whole('--k', p.k, 1);
  whole('--kq', p.kq, 1);
  whole('--iterations', p.iterations, 0);
  whole('--rank', p.rank, p.method === 'fsr' ? 1 : 0);
  whole('--neighbours', p.expansion, 1);
  whole('--trunc', p.truncation, 1);
  whole('--shortlist', p.shortlist, 1);
  if (!(p.alpha > 0 && p.alpha < 1))
    throw new CovisError('INPUT_INVALID', `--alpha of a diffusion lies between 0 and 1, not at ${p.alpha}`);
  if (!(p.gamma > 0)) throw new CovisError('INPUT_INVALID', `--gamma is above 0, not ${p.gamma}`);
  if (!(p.tolerance >= 0)) throw new CovisError('INPUT_INVALID', `--tolerance is at least 0, not ${p.tolerance}`);
  if (!(p.exponent >= 0)) throw new CovisError('INPUT_INVALID', `The exponent is at least 0, not ${p.exponent}`);
}

/** What is ranked: unit vectors, one an image, or several an image when `owners` says whose region each is. */
export interface Database {
  readonly vectors: Matrix;
  readonly owners?: Uint32Array | undefined;
  /** Images; rows when there are no owners. */
  readonly images: number;
}

/** Queries alike. */
export interface Queries {
  readonly vectors: Matrix;
  readonly owners?: Uint32Array | undefined;
  readonly count: number;
}

export interface Ranking extends Neighbours {
  /** Queries that no neighbour of positive similarity carries into the graph; they are ranked by cosine. */
  readonly outside: number;
}

/** Facts about a prepared method. */
export interface PreparedFacts {
  readonly nodes: number;
  readonly edges: number;
  readonly offlineMs: number;
  /** Bytes of what a search touches: vectors, graph, eigenvectors. */
  readonly bytes: number;
  readonly eigenResidual: number | null;
  /** Share of the exact ten nearest that `ann` finds, over a sample of the database. */
  readonly recall: number | null;
}

/** Offline results that several methods share, so that comparing them computes the graph once. */
export class GraphCache {
  readonly #lists = new Map<number, Promise<Neighbours>>();
  readonly #graphs = new Map<string, Promise<{ a: SparseGraph; s: SparseGraph }>>();
  readonly #eigen = new Map<string, Promise<Eigenpairs>>();
  readonly #vectors: Matrix;

  constructor(vectors: Matrix) {
    this.#vectors = vectors;
  }

  neighbours(k: number, task?: TaskContext): Promise<Neighbours> {
    return remember(this.#lists, k, () => {
      task?.step('Finding neighbours', this.#vectors.rows, 'descriptors');
      return exactNeighbours(this.#vectors, this.#vectors, k, task);
    });
  }

  graph(k: number, gamma: number, task?: TaskContext): Promise<{ a: SparseGraph; s: SparseGraph }> {
    return remember(this.#graphs, `${k} ${gamma}`, async () => {
      const a = mutualGraph(await this.neighbours(k, task), gamma);
      return { a, s: normaliseGraph(a) };
    });
  }

  /** @param tolerance largest residual of a pair. */
  eigenpairs(k: number, gamma: number, rank: number, tolerance: number, task?: TaskContext): Promise<Eigenpairs> {
    return remember(this.#eigen, `${k} ${gamma} ${rank} ${tolerance}`, async () =>
      leadingEigenpairs((await this.graph(k, gamma, task)).s, Math.min(rank, this.#vectors.rows), task, tolerance),
    );
  }
}

/** Remembers what a key gave, unless it failed. */
function remember<K, V>(map: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
    value.catch(() => map.delete(key));
  }
  return value;
}

/** A method with its offline part done, ready for queries. Close it when done. */
export class Ranker {
  readonly parameters: RankParameters;
  readonly facts: PreparedFacts;
  readonly #database: Database;
  readonly #index: ExactIndex;
  readonly #parts: Parts;

  private constructor(database: Database, parameters: RankParameters, index: ExactIndex, parts: Parts, ms: number) {
    this.#database = database;
    this.parameters = parameters;
    this.#index = index;
    this.#parts = parts;
    const { vectors } = database;
    this.facts = {
      nodes: vectors.rows,
      edges: parts.graph === undefined ? 0 : edgeCount(parts.graph),
      offlineMs: ms,
      bytes:
        vectors.data.byteLength +
        (parts.pool?.bytes ?? 0) +
        (parts.embedding?.data.byteLength ?? 0) +
        (parts.offline === undefined ? 0 : 8 * parts.offline.ids.length),
      eigenResidual: parts.eigen?.residual ?? null,
      recall: parts.recall ?? null,
    };
  }

  /**
   * Does what a method needs before queries: augmentation, graph, eigenvectors, an index.
   * @param cache shared between methods on the same vectors. @param indexFile where `ann` keeps its index.
   * @throws CovisError `INPUT_INVALID` for parameters outside their range, `STATE_EMPTY` for an empty database, `CANCELLED`.
   */
  static async prepare(
    database: Database,
    parameters: RankParameters,
    task?: TaskContext,
    cache = new GraphCache(database.vectors),
    indexFile?: string,
  ): Promise<Ranker> {
    checkParameters(parameters);
    const { method } = parameters;
    const { vectors } = database;
    if (vectors.rows === 0) throw new CovisError('STATE_EMPTY', 'The database has no descriptors');
    if (database.owners !== undefined && !REGIONAL.has(method))
      throw new CovisError('INPUT_INVALID', `The method ${method} ranks global descriptors, not regions`, {
        hint: `With regions use ${[...REGIONAL].join(', ')}.`,
      });
    const began = performance.now();
    const parts: Parts = {};
    if (database.owners !== undefined) parts.pooling = poolingMatrix(vectors, database.owners, database.images);
    let searched = vectors;
    if (method === 'dba' || method === 'alpha-dba') {
      task?.step('Augmenting the database', vectors.rows, 'descriptors');
      const alpha = method === 'dba' ? 0 : parameters.exponent;
      searched = await augmentDatabase(vectors, parameters.expansion, alpha, task);
    }
    if (method === 'ann') {
      const known = indexFile !== undefined && existsSync(indexFile);
      parts.approximate = known
        ? ApproximateIndex.open(indexFile, vectors)
        : ApproximateIndex.build(vectors, undefined, task);
      if (!known && indexFile !== undefined) parts.approximate.save(indexFile);
      parts.recall = await parts.approximate.recall(RECALL_AT, RECALL_SAMPLE);
    }
    if (method === 'truncated' && database.owners !== undefined)
      parts.whole = summedRegions(vectors, database.owners, database.images);
    if (ON_GRAPH.has(method)) await prepareGraph(vectors, parameters, parts, cache, task);
    return new Ranker(database, parameters, new ExactIndex(searched), parts, performance.now() - began);
  }

  /** Ranks images for each query. @throws CovisError `INPUT_INVALID` when dimensions differ, `CANCELLED`. */
  async rank(queries: Queries, top: number, task?: TaskContext): Promise<Ranking> {
    const { method } = this.parameters;
    task?.step('Ranking', queries.count, 'queries');
    if (this.#parts.graph !== undefined) return this.#diffuse(queries, top, task);
    if (this.#database.owners !== undefined || queries.owners !== undefined)
      return { ...(await this.#crossMatch(queries, top)), outside: 0 };
    const { vectors } = queries;
    if (method === 'ann') return { ...this.#parts.approximate!.search(vectors, top), outside: 0 };
    if (method === 'aqe' || method === 'alpha-qe') {
      const n = this.parameters.expansion;
      const lists = await this.#index.search(vectors, n);
      const alpha = method === 'aqe' ? 0 : this.parameters.exponent;
      const expanded = expand(vectors, this.#database.vectors, lists, n, alpha);
      return { ...(await this.#index.search(expanded, top, task)), outside: 0 };
    }
    if (method === 'superglobal') return { ...(await this.#refined(vectors, top, task)), outside: 0 };
    return { ...(await this.#index.search(vectors, top, task)), outside: 0 };
  }

  async #refined(vectors: Matrix, top: number, task?: TaskContext): Promise<Neighbours> {
    const size = Math.min(this.parameters.shortlist, this.#database.vectors.rows);
    const plain = await this.#index.search(vectors, Math.max(top, size));
    const out = empty(vectors.rows, Math.min(top, plain.k));
    for (let q = 0; q < vectors.rows; q += 1) {
      task?.check();
      const list = plain.ids.subarray(q * plain.k, (q + 1) * plain.k);
      const better = refine(row(vectors, q), this.#database.vectors, list.subarray(0, size), {
        ...DEFAULT_REFINEMENT,
        shortlist: size,
      });
      // What was not refined keeps its order and its similarity behind the shortlist.
      for (let j = 0; j < out.k; j += 1) {
        out.ids[q * out.k + j] = j < size ? better.ids[j]! : list[j]!;
        out.scores[q * out.k + j] = j < size ? better.scores[j]! : plain.scores[q * plain.k + j]!;
      }
      task?.progress(q + 1);
    }
    return out;
  }

  /** Regional search without a graph: each query region takes its best match in an image, and these are summed. */
  async #crossMatch(queries: Queries, top: number): Promise<Neighbours> {
    const { owners, images, vectors } = this.#database;
    const out = empty(queries.count, Math.min(top, images));
    const groups = rowsByImage(queries.owners ?? identity(queries.count), queries.count);
    for (let q = 0; q < queries.count; q += 1) {
      const all = await this.#index.search(takeRows(queries.vectors, groups[q]!), vectors.rows);
      const scores = new Float64Array(images);
      for (let r = 0; r < groups[q]!.length; r += 1) {
        const best = new Float64Array(images).fill(-1);
        for (let j = 0; j < all.k; j += 1) {
          const id = all.ids[r * all.k + j]!;
          const image = owners === undefined ? id : owners[id]!;
          best[image] = Math.max(best[image]!, all.scores[r * all.k + j]!);
        }
        best.forEach((v, i) => (scores[i]! += v / groups[q]!.length));
      }
      put(out, q, scores);
    }
    return out;
  }

  async #diffuse(queries: Queries, top: number, task?: TaskContext): Promise<Ranking> {
    const { parameters: p } = this;
    const { images } = this.#database;
    const parts = this.#parts;
    const near = await this.#index.search(queries.vectors, p.kq);
    const groups = rowsByImage(queries.owners ?? identity(queries.count), queries.count);
    const carried = groups.map((rows) =>
      queryVector(
        rows.map((r) => ({
          ids: near.ids.subarray(r * near.k, (r + 1) * near.k),
          cosines: near.scores.subarray(r * near.k, (r + 1) * near.k),
        })),
        p.kq,
        p.gamma,
      ),
    );
    const inside = carried.flatMap((y, q) => (y.ids.length > 0 ? [q] : []));
    const out = empty(queries.count, Math.min(top, images));
    const give = (q: number, scores: Float64Array): void =>
      put(out, inside[q]!, parts.pooling === undefined ? scores : poolScores(parts.pooling, scores));
    const ys = inside.map((q) => carried[q]!);
    if (parts.embedding !== undefined) await this.#spectral(ys, inside, out);
    else if (parts.offline !== undefined) ys.forEach((y, i) => give(i, offlineScores(parts.offline!, y)));
    else if (p.method === 'truncated') {
      const position = new Int32Array(this.#database.vectors.rows).fill(-1);
      const keep = await this.#shortlists(queries, inside);
      ys.forEach((y, i) => {
        task?.check();
        give(i, truncatedScores(parts.graph!, keep[i]!, y, p, position));
        task?.progress(i + 1);
      });
    } else await parts.pool!.run(p.method as 'cg' | 'iterative' | 'jacobi' | 'hybrid', ys, p, give, task);
    const outside = queries.count - inside.length;
    if (outside > 0) await this.#byCosine(queries, groups, carried, out);
    return { ...out, outside };
  }

  /** Rows that truncated diffusion keeps for each query: the nearest, or all regions of the nearest images (methods.md 4.5). */
  async #shortlists(queries: Queries, inside: readonly number[]): Promise<ArrayLike<number>[]> {
    const { owners, images } = this.#database;
    const { whole } = this.#parts;
    const { shortlist } = this.parameters;
    if (whole === undefined || owners === undefined) {
      const lists = await this.#index.search(takeRows(queries.vectors, inside), shortlist);
      return inside.map((_, i) => lists.ids.subarray(i * lists.k, (i + 1) * lists.k));
    }
    const rows = rowsByImage(owners, images);
    const asked = summedRegions(queries.vectors, queries.owners ?? identity(queries.count), queries.count);
    const lists = await exactNeighbours(whole, takeRows(asked, inside), shortlist);
    return inside.map((_, i) =>
      Array.from(lists.ids.subarray(i * lists.k, (i + 1) * lists.k)).flatMap((id) => rows[id]!),
    );
  }

  /** Spectral ranking is search by inner product among the rows of the embedding. */
  async #spectral(ys: readonly SparseVector[], inside: readonly number[], out: Neighbours): Promise<void> {
    const { eigen, embedding, spectral } = this.#parts;
    const z = new Float32Array(ys.length * eigen!.rank);
    ys.forEach((y, i) => z.set(spectralQuery(eigen!, y), i * eigen!.rank));
    const found = await spectral!.search({ data: z, rows: ys.length, dim: embedding!.dim }, out.k);
    inside.forEach((q, i) => {
      out.ids.set(found.ids.subarray(i * found.k, (i + 1) * found.k), q * out.k);
      out.scores.set(found.scores.subarray(i * found.k, (i + 1) * found.k), q * out.k);
    });
  }

  async #byCosine(
    queries: Queries,
    groups: readonly (readonly number[])[],
    carried: readonly SparseVector[],
    out: Neighbours,
  ): Promise<void> {
    for (const [q, y] of carried.entries()) {
      if (y.ids.length > 0) continue;
      const rows = groups[q]!;
      const plain = await this.#crossMatch(
        { vectors: takeRows(queries.vectors, rows), owners: new Uint32Array(rows.length), count: 1 },
        out.k,
      );
      out.ids.set(plain.ids, q * out.k);
      out.scores.set(plain.scores, q * out.k);
    }
  }

  async close(): Promise<void> {
    await this.#index.release();
    await this.#parts.spectral?.release();
    await this.#parts.pool?.close();
  }
}

interface Parts {
  graph?: SparseGraph;
  pool?: DiffusionPool;
  eigen?: Eigenpairs;
  embedding?: Matrix;
  spectral?: ExactIndex;
  offline?: OfflineDiffusion;
  approximate?: ApproximateIndex;
  recall?: number;
  /** One vector an image, the sum of its regions, by which truncation chooses images. */
  whole?: Matrix;
  pooling?: SparseVector[];
}

async function prepareGraph(
  vectors: Matrix,
  p: RankParameters,
  parts: Parts,
  cache: GraphCache,
  task: TaskContext | undefined,
): Promise<void> {
  const { a, s } = await cache.graph(p.k, p.gamma, task);
  parts.graph = a;
  switch (p.method) {
    case 'fsr':
      parts.eigen = await cache.eigenpairs(p.k, p.gamma, p.rank, SPECTRAL_RESIDUAL, task);
      parts.embedding = spectralEmbedding(parts.eigen, p.alpha, parts.pooling);
      parts.spectral = new ExactIndex(parts.embedding);
      break;
    case 'offline': {
      const lists = await cache.neighbours(Math.min(p.truncation, vectors.rows), task);
      task?.step('Diffusing from every descriptor', vectors.rows, 'descriptors');
      parts.offline = offlineDiffusion(s, lists, p, task);
      break;
    }
    case 'truncated':
      break;
    case 'hybrid':
      if (p.rank > 0) parts.eigen = await cache.eigenpairs(p.k, p.gamma, p.rank, HYBRID_RESIDUAL, task);
      parts.pool = await DiffusionPool.create(s, parts.eigen);
      break;
    default:
      parts.pool = await DiffusionPool.create(s);
  }
}

function identity(n: number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => i);
}

function empty(queries: number, k: number): Neighbours {
  return { k, ids: new Uint32Array(queries * k), scores: new Float32Array(queries * k) };
}

function put(out: Neighbours, q: number, scores: Float64Array): void {
  topByScore(scores, out.k).forEach((id, j) => {
    out.ids[q * out.k + j] = id;
    out.scores[q * out.k + j] = scores[id]!;
  });
}

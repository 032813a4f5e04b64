/**
 * Vectors beyond memory: a folder with rows in half precision and usearch's graphs, a shard each, that is opened without being read.
 * Memory grows with a shard while it is built, and with what queries touch while it is searched.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { SHARD_ROWS } from '../../../shared/jobs/index-vectors.ts';
import { fillWith, writeFolder } from '../formats/beside.ts';
import { parseJson } from '../formats/json-text.ts';
import { fillNpy } from '../formats/npy.ts';
import { NpyRows } from '../formats/npy-rows.ts';
import { readRegular } from '../formats/regular.ts';
import { refuseExisting, type Placing } from '../formats/target.ts';
import { random } from '../library/random.ts';
import type { TaskContext } from '../queue/context.ts';
import { addRows, candidates, DEFAULT_HNSW, emptyGraph, openGraph, scoreBest, type Graph } from './approximate.ts';
import { Cosines } from './cosines.ts';
import type { Neighbours } from './neighbours.ts';
import { dot, normaliseRows, row, topByScore, type Matrix } from './rank.ts';

const MANIFEST = 'index.json';
const ROWS = 'rows.npy';
const MANIFEST_BYTES = 1 << 20;
/** Rows that are in memory at a time. */
const BLOCK = 1 << 15;
const RECALL_AT = 10;
const RECALL_SAMPLE = 50;
const MAX_SHARDS = 10_000;

const manifest = z.strictObject({
  format: z.literal('covis-index'),
  version: z.literal(1),
  rows: z.int().min(1),
  dim: z
    .int()
    .min(1)
    .max(1 << 20),
  shardRows: z.int().min(1),
  /** Bytes of each shard's graph. */
  graphs: z.array(z.int().min(1)).min(1).max(MAX_SHARDS),
  /** Share of the exact ten nearest that are found, over so many rows drawn as queries. */
  recallAt10: z.number().min(0).max(1),
  recallSample: z.int().min(1),
});
type Manifest = z.output<typeof manifest>;

const graphName = (shard: number): string => `shard-${String(shard).padStart(5, '0')}.usearch`;

/** The shards' files in a folder, also of an index that had more of them. */
function graphsOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((f) => /^shard-\d{5}\.usearch$/.test(f)) : [];
}

/** What was built. */
export interface BuiltIndex {
  readonly rows: number;
  readonly dim: number;
  readonly shards: number;
  readonly bytes: number;
  readonly recallAt10: number;
}

/** True for a folder that {@link buildIndexFolder} wrote. */
export function isIndexFolder(folder: string): boolean {
  return existsSync(join(folder, MANIFEST)) && existsSync(join(folder, ROWS));
}

/**
 * The shape of an index before it is built. @throws CovisError `STATE_EMPTY` without rows, `INPUT_INVALID` for more shards than there may be.
 */
export function indexShape(source: NpyRows, shardRows: number): { rows: number; dim: number; shards: number } {
  const { rows, dim, file } = source;
  if (rows === 0)
    throw new CovisError('STATE_EMPTY', 'The database has no descriptors', { file, hint: 'Give one with rows.' });
  const shards = Math.ceil(rows / shardRows);
  if (shards > MAX_SHARDS)
    throw new CovisError('INPUT_INVALID', `${rows} rows would make ${shards} shards; ${MAX_SHARDS} are the most`, {
      hint: 'Take more rows for a shard: --shard-rows.',
    });
  return { rows, dim, shards };
}

/** Rows of a file as unit vectors, block by block. @throws CovisError `INPUT_*` naming the first without a direction, `CANCELLED`. */
function* unitRows(
  source: NpyRows,
  from: number,
  to: number,
  task?: TaskContext,
): Generator<Matrix & { readonly first: number }> {
  for (let at = from; at < to; at += BLOCK) {
    task?.check();
    const count = Math.min(BLOCK, to - at);
    const block = { data: source.read(at, count), rows: count, dim: source.dim };
    yield { ...normaliseRows(block, `the database (from row ${at} on)`, source.file), first: at };
  }
}

/**
 * Builds the graph of one shard and saves it.
 * @param rows of the shard: the first, and the one behind the last. @param threads one gives the same bytes every time.
 */
export function saveGraph(
  source: NpyRows,
  [begin, end]: readonly [number, number],
  path: string,
  task?: TaskContext,
  threads?: number,
): void {
  const graph = emptyGraph(source.dim, DEFAULT_HNSW);
  for (const b of unitRows(source, begin, end, task)) {
    addRows(graph, b, b.first - begin, undefined, threads);
    task?.progress(b.first + b.rows);
  }
  graph.index.save(path);
}

/** How an index is put together. */
export interface Building extends Placing {
  readonly shardRows?: number | undefined;
  /** Writes a shard's graph that was built before; left out, it is built. */
  readonly graph?: ((shard: number, path: string) => void) | undefined;
}

/**
 * Writes an index of the rows of a `.npy`, which are normalised. Only one block of rows and one shard's graph are in memory.
 * @throws CovisError `INPUT_*` naming the file, or the first row without a direction; `STATE_CONFLICT` for files that are there, without
 * `force`; `CANCELLED`, after which nothing is left.
 */
export function buildIndexFolder(
  file: string,
  folder: string,
  { shardRows = SHARD_ROWS, graph: built, ...how }: Building,
  task?: TaskContext,
): BuiltIndex {
  refuseIndex(folder, how);
  const source = new NpyRows(file);
  try {
    const { rows, dim, shards } = indexShape(source, shardRows);
    return writeFolder(
      folder,
      how,
      (staging) => {
        task?.step('Writing descriptors', rows, 'descriptors');
        const halves = function* (): Generator<Float16Array> {
          for (const b of unitRows(source, 0, rows, task)) {
            yield Float16Array.from(b.data);
            task?.progress(b.first + b.rows);
          }
        };
        fillNpy(join(staging, ROWS), '<f2', [rows, dim], halves());
        task?.step(built === undefined ? 'Building the index' : 'Taking up graphs', rows, 'descriptors');
        const graphs: number[] = [];
        for (let shard = 0; shard < shards; shard += 1) {
          const path = join(staging, graphName(shard));
          const own = [shard * shardRows, Math.min(rows, (shard + 1) * shardRows)] as const;
          if (built === undefined) saveGraph(source, own, path, task);
          else built(shard, path);
          task?.progress(own[1]);
          graphs.push(statSync(path).size);
        }
        const head: Omit<Manifest, 'recallAt10' | 'recallSample'> = {
          format: 'covis-index',
          version: 1,
          rows,
          dim,
          shardRows,
          graphs,
        };
        const index = IndexFolder.of(staging, head);
        try {
          const sample = Math.min(RECALL_SAMPLE, rows);
          const recallAt10 = index.recall(RECALL_AT, sample, task);
          const whole: Manifest = { ...head, recallAt10, recallSample: sample };
          fillWith(join(staging, MANIFEST), `${JSON.stringify(whole, undefined, 2)}\n`);
          return { rows, dim, shards, bytes: index.bytes, recallAt10 };
        } finally {
          index.close();
        }
      },
      graphsOf(folder),
    );
  } finally {
    source.close();
  }
}

/** @throws CovisError `STATE_CONFLICT` for an index that is there, without `force`. */
export function refuseIndex(folder: string, how: Placing): void {
  refuseExisting(
    [MANIFEST, ROWS].map((f) => join(folder, f)),
    how,
  );
}

/** A shard's graph, which is mapped when it is first asked for, and the rows of which it is. */
interface Shard {
  readonly graph: () => Graph;
  readonly first: number;
  readonly rows: number;
}

/** An index that lies on the disk. Close it when done. */
export class IndexFolder {
  readonly rows: number;
  readonly dim: number;
  /** Of rows and graphs, on the disk. */
  readonly bytes: number;
  readonly shards: number;
  readonly #rows: NpyRows;
  readonly #shards: readonly Shard[];

  private constructor(rows: NpyRows, shards: readonly Shard[], m: Pick<Manifest, 'graphs'>) {
    this.rows = rows.rows;
    this.dim = rows.dim;
    this.shards = m.graphs.length;
    this.bytes = 2 * rows.rows * rows.dim + m.graphs.reduce((a, b) => a + b, 0);
    this.#rows = rows;
    this.#shards = shards;
  }

  /**
   * Reads headers and looks at the size of every part. Graphs are mapped by {@link mapGraphs}, or by the first search: usearch then reads
   * where each node begins and which row it is, and what is wrong within a file of the right size is found there.
   * @param only numbers of the shards that are opened, all where left out.
   * @throws CovisError `INPUT_*` naming the file that is missing, damaged, or of another size than the index says.
   */
  static open(
    folder: string,
    only?: (shard: number) => boolean,
  ): { readonly index: IndexFolder; readonly recallAt10: number } {
    const file = join(folder, MANIFEST);
    if (!existsSync(file))
      throw new CovisError('INPUT_MISSING', 'This folder holds no index of descriptors', {
        file: folder,
        hint: 'Make one: covis index build DESCRIPTORS.npy FOLDER',
      });
    const text = readRegular(file, MANIFEST_BYTES, 'index').toString('utf8');
    const read = manifest.safeParse(parseJson(text, { file }));
    if (!read.success)
      throw new CovisError('INPUT_CORRUPT', 'This is no index that this version of Covis wrote', {
        file,
        hint: 'Build it again: covis index build',
      });
    return { index: IndexFolder.of(folder, read.data, only), recallAt10: read.data.recallAt10 };
  }

  /** As {@link open}, where the manifest is at hand. */
  static of(
    folder: string,
    m: Omit<Manifest, 'recallAt10' | 'recallSample'>,
    only: (shard: number) => boolean = () => true,
  ): IndexFolder {
    const rows = new NpyRows(join(folder, ROWS));
    try {
      const shards = Math.ceil(m.rows / m.shardRows);
      if (rows.rows !== m.rows || rows.dim !== m.dim || m.graphs.length !== shards)
        throw new CovisError('INPUT_CORRUPT', 'The parts of this index are not of one another', {
          file: folder,
          hint: 'Build it again: covis index build',
        });
      const opened = m.graphs.flatMap((bytes, shard): Shard[] => {
        const file = join(folder, graphName(shard));
        const size = statSync(file, { throwIfNoEntry: false })?.size;
        if (size !== bytes)
          throw new CovisError(
            size === undefined ? 'INPUT_MISSING' : 'INPUT_CORRUPT',
            size === undefined
              ? 'A part of this index is missing'
              : `This part of the index had ${bytes} bytes and has ${size}`,
            { file, hint: 'Build it again: covis index build' },
          );
        if (!only(shard)) return [];
        const first = shard * m.shardRows;
        const count = Math.min(m.shardRows, m.rows - first);
        let mapped: Graph | undefined;
        return [{ graph: () => (mapped ??= openGraph(file, count, m.dim)), first, rows: count }];
      });
      return new IndexFolder(rows, opened, m);
    } catch (error) {
      rows.close();
      throw error;
    }
  }

  /** Maps the graphs of the shards that are open. @throws CovisError `INPUT_*` naming the graph that is damaged. */
  mapGraphs(): void {
    for (const { graph } of this.#shards) graph();
  }

  /** Rows by number, in their order, as they lie on the disk. */
  rowsOf(ids: ArrayLike<number>): Matrix {
    const data = new Float32Array(ids.length * this.dim);
    for (let i = 0; i < ids.length; i += 1) data.set(this.#rows.read(ids[i]!, 1), i * this.dim);
    return { data, rows: ids.length, dim: this.dim };
  }

  /**
   * The `k` best rows for each query as the graphs that are open find them, with exact scores from the rows on the disk (half precision).
   * Where fewer shards are open than there are, places that no row takes have the score -Infinity.
   * @param queries unit vectors. @param threads of one shard's search.
   * @throws CovisError `INPUT_INVALID` when dimensions differ, as {@link mapGraphs} the first time, `CANCELLED`.
   */
  search(queries: Matrix, k: number, task?: TaskContext, threads?: number): Neighbours {
    if (queries.dim !== this.dim)
      throw new CovisError(
        'INPUT_INVALID',
        `The queries have ${queries.dim} dimensions and the database has ${this.dim}: they must come from the same network`,
      );
    const kept = Math.min(k, this.rows);
    const out = {
      k: kept,
      ids: new Uint32Array(queries.rows * kept),
      scores: new Float32Array(queries.rows * kept).fill(-Infinity),
    };
    if (kept === 0 || queries.rows === 0) return out;
    const found = Array.from({ length: queries.rows }, (): number[] => []);
    this.#shards.forEach(({ graph, first, rows }) => {
      task?.check();
      candidates(graph(), rows, queries, Math.min(kept, rows), DEFAULT_HNSW, threads).forEach((ids, q) => {
        for (const id of Array.from(ids)) found[q]!.push(first + id);
      });
    });
    found.forEach((ids, q) => {
      const asked = row(queries, q);
      scoreBest(out, q, ids, (id) => dot(asked, this.#rows.read(id, 1)));
      task?.progress(q + 1);
    });
    return out;
  }

  /** The share of the exact `k` nearest that are found, over `sample` rows drawn by `seed` as queries. All rows are read once. */
  recall(k: number, sample: number, task?: TaskContext, seed = 0): number {
    const r = random(seed);
    const data = new Float32Array(sample * this.dim);
    for (let i = 0; i < sample; i += 1) data.set(this.#rows.read(r.below(this.rows), 1), i * this.dim);
    const queries = { data, rows: sample, dim: this.dim };
    const exact = this.#exact(queries, Math.min(k, this.rows), task);
    const found = this.search(queries, k);
    let hits = 0;
    for (let q = 0; q < sample; q += 1) {
      const truth = new Set(exact[q]);
      for (let j = 0; j < found.k; j += 1) if (truth.has(found.ids[q * found.k + j]!)) hits += 1;
    }
    return hits / (sample * Math.min(k, this.rows));
  }

  #exact(queries: Matrix, k: number, task?: TaskContext): number[][] {
    const best = Array.from({ length: queries.rows }, (): { id: number; score: number }[] => []);
    task?.step('Measuring recall', this.rows, 'descriptors');
    for (let first = 0; first < this.rows; first += BLOCK) {
      task?.check();
      const rows = Math.min(BLOCK, this.rows - first);
      const cosines = Cosines.now({ data: this.#rows.read(first, rows), rows, dim: this.dim });
      best.forEach((b, q) => {
        const scores = cosines.with(row(queries, q));
        for (const id of topByScore(scores, Math.min(k, rows))) b.push({ id: first + id, score: scores[id]! });
        b.sort((x, y) => y.score - x.score || x.id - y.id);
        b.length = Math.min(b.length, k);
      });
      task?.progress(first + rows);
    }
    return best.map((b) => b.map(({ id }) => id));
  }

  close(): void {
    this.#rows.close();
  }
}

import { closeSync, openSync } from 'node:fs';
import { STRATEGY_BITS, type TupleInfo } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { writeAll, writeBeside } from '../formats/beside.ts';
import type { Placing } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { subsetOf } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { currentPhoto } from '../library/photos.ts';
import { allPhotos, idByHash } from '../library/tables/photo.ts';
import { miningRun } from '../mining/runs.ts';
import { readTuples } from '../mining/tuples.ts';
import { damaged } from './exports/exporter.ts';
import { photoNames } from './photo-names.ts';

const PAGE = 500;

/** Tuples of a run, some hundred at a time. @throws CovisError `STATE_EMPTY`, `CANCELLED`. */
export function* pages(library: Library, run: number, task: TaskContext): Generator<TupleInfo[]> {
  const { tuples } = miningRun(library, run);
  if (tuples === 0) throw new CovisError('STATE_EMPTY', `Mining run ${run} has no tuples`);
  task.step('Writing tuples', tuples, 'tuples');
  const inside = insideSubset(library);
  let kept = 0;
  for (let from = 0; from < tuples; from += PAGE) {
    task.check();
    const count = Math.min(PAGE, tuples - from);
    const all = readTuples(
      library,
      run,
      Uint32Array.from({ length: count }, (_, i) => from + i),
    );
    const page = inside === undefined ? all : all.filter(inside);
    kept += page.length;
    yield page;
    task.progress(from + count);
  }
  if (kept === 0)
    throw new CovisError('STATE_EMPTY', `No tuple of mining run ${run} has all of its photos in the collection`, {
      hint: 'Mine on it first: covis mine LIB --collection NAME@VERSION',
    });
  if (kept < tuples)
    task.warn(
      `${tuples - kept} of ${tuples} tuples of mining run ${run} have photos outside of the collection and are left out`,
    );
}

/** Whether all photos of a tuple are in what the library is narrowed to; undefined where it is not narrowed. */
function insideSubset(library: Library): ((t: TupleInfo) => boolean) | undefined {
  const subset = subsetOf(library);
  if (subset === undefined) return undefined;
  const id = idByHash(library);
  const has = (hash: string): boolean => subset.photos.has(id.one(hash));
  return (t) =>
    [t.query, t.positive, ...t.negatives.map((n) => n.photo), ...t.alternatives.map((a) => a.photo)].every(has);
}

/** Names and paths by content hash; what a run repeats is looked up once per page. */
export function lookup(library: Library): { name: (hash: string) => string; path: (hash: string) => string } {
  const names = photoNames(library);
  const id = idByHash(library);
  return {
    name: (hash) => names.name(id.one(hash)),
    path: (hash) => {
      try {
        return currentPhoto(library, id.one(hash));
      } catch (error) {
        // A photo that is gone has no path; anything else is no reason to leave one out.
        if (error instanceof CovisError && error.code === 'INPUT_MISSING') return '';
        throw error;
      }
    },
  };
}

/** Lines that are written at once. */
const BLOCK_CHARS = 1 << 16;

/** Writes text line by line, whole or not at all. @returns how many. */
export function writeLines(file: string, lines: Iterable<string>, how: Placing): number {
  let written = 0;
  writeBeside(file, how, (temporary) => {
    written = fillLines(temporary, lines);
  });
  return written;
}

/** Fills a file with lines. @returns how many. */
export function fillLines(temporary: string, lines: Iterable<string>): number {
  const fd = openSync(temporary, 'w');
  let written = 0;
  let waiting = '';
  try {
    for (const l of lines) {
      waiting += `${l}\n`;
      written += 1;
      if (waiting.length < BLOCK_CHARS) continue;
      writeAll(fd, Buffer.from(waiting));
      waiting = '';
    }
    writeAll(fd, Buffer.from(waiting));
  } finally {
    closeSync(fd);
  }
  return written;
}

/** Columns of the tables and their Parquet types. */
export const COLUMNS = [
  ['run', 'INT32'],
  ['tuple', 'INT32'],
  ['role', 'STRING'],
  ['position', 'INT32'],
  ['query', 'STRING'],
  ['photo', 'STRING'],
  ['query_cluster', 'STRING'],
  ['photo_cluster', 'STRING'],
  ['similarity', 'DOUBLE'],
  ['shared_points', 'INT32'],
  ['overlap', 'DOUBLE'],
  ['scale_change', 'DOUBLE'],
  ['weight', 'DOUBLE'],
  ['suspicion', 'DOUBLE'],
  ['verdict', 'STRING'],
  ['replacement', 'STRING'],
  ['note', 'STRING'],
  ['query_path', 'STRING'],
  ['photo_path', 'STRING'],
] as const;
export type Cell = string | number | null;

/** One row for the positive of a tuple and one for each negative; for pools one for each positive. */
export function rows(t: TupleInfo, run: number, of: ReturnType<typeof lookup>): Cell[][] {
  const query = of.name(t.query);
  const queryPath = of.path(t.query);
  const start = (role: string, position: number, photo: string, cluster: string): Cell[] => [
    run,
    t.index,
    role,
    position,
    query,
    of.name(photo),
    t.clusterName,
    cluster,
  ];
  const pool = (t.strategies & STRATEGY_BITS.manifold) !== 0 && t.alternatives.length > 0;
  const positives = pool
    ? t.alternatives
    : [
        {
          photo: t.positive,
          similarity: t.positiveSimilarity,
          shared: t.shared,
          overlap: t.overlap,
          scale: t.scale,
          weight: null,
        },
      ];
  return [
    ...positives.map((p, i) => [
      ...start('positive', i, p.photo, pool ? '' : t.clusterName),
      p.similarity,
      p.shared,
      p.overlap,
      p.scale,
      p.weight,
      t.suspicion,
      i === 0 ? t.verdict : null,
      i === 0 && t.replacement !== null ? of.name(t.replacement) : null,
      i === 0 ? t.note : null,
      queryPath,
      of.path(p.photo),
    ]),
    ...t.negatives.map((n, i) => [
      ...start('negative', i, n.photo, n.clusterName),
      n.similarity,
      n.shared,
      null,
      null,
      null,
      t.suspicion,
      n.verdict,
      null,
      null,
      queryPath,
      of.path(n.photo),
    ]),
  ];
}

/** Checks that photos are named as the library names them. */
export function nameCheck(library: Library, file: string): (name: string) => void {
  const names = photoNames(library);
  const known = new Set(allPhotos(library).map(({ id }) => names.name(id)));
  return (name) => {
    if (!known.has(name)) throw damaged(file, `it names ${name.slice(0, 200)}, which is no photo of the library`);
  };
}

const WHOLE = new Set<string>(COLUMNS.flatMap(([name, type]) => (type === 'INT32' ? [name] : [])));
const REAL = new Set<string>(COLUMNS.flatMap(([name, type]) => (type === 'DOUBLE' ? [name] : [])));
const ALWAYS = new Set(['run', 'tuple', 'role', 'position', 'query', 'photo']);

/** Checks one row of a table that was read back, as text or as values. */
export function rowCheck(library: Library, file: string): (row: Readonly<Record<string, unknown>>) => void {
  const named = nameCheck(library, file);
  return (row) => {
    for (const [column] of COLUMNS) {
      const value = row[column];
      if (value === undefined || value === null || value === '') {
        if (value === undefined || ALWAYS.has(column)) throw damaged(file, `a row has no ${column}`);
        continue;
      }
      const number = Number(value);
      if (WHOLE.has(column) ? !Number.isInteger(number) : REAL.has(column) && !Number.isFinite(number))
        throw damaged(file, `${column} is ${String(value).slice(0, 60)}, not a number`);
    }
    if (row['role'] !== 'positive' && row['role'] !== 'negative')
      throw damaged(file, `a role is ${String(row['role']).slice(0, 60)}`);
    named(row['query'] as string);
    named(row['photo'] as string);
  };
}

import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import { STRATEGY_BITS, type TupleInfo, type TupleStrategy } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { photoPath } from '../library/photos.ts';
import { judgements } from '../mining/decisions.ts';
import { miningRun } from '../mining/runs.ts';
import { readTuples } from '../mining/tuples.ts';
import { photoNames } from './photo-names.ts';
import type { ExportReport } from './retrieval-sfm.ts';
import { idByHash } from '../library/tables/photo.ts';

const PAGE = 500;

/** Strategies that would take a positive, by name. */
export function strategyNames(bits: number): TupleStrategy[] {
  return (Object.keys(STRATEGY_BITS) as TupleStrategy[]).filter((s) => (bits & STRATEGY_BITS[s]) !== 0);
}

function* pages(library: Library, run: number, task: TaskContext): Generator<TupleInfo[]> {
  const { tuples } = miningRun(library, run);
  if (tuples === 0) throw new CovisError('STATE_EMPTY', `Mining run ${run} has no tuples`);
  task.step('Writing tuples', tuples, 'tuples');
  for (let from = 0; from < tuples; from += PAGE) {
    task.check();
    const count = Math.min(PAGE, tuples - from);
    yield readTuples(
      library,
      run,
      Uint32Array.from({ length: count }, (_, i) => from + i),
    );
    task.progress(from + count);
  }
}

/** Names and paths by content hash; what a run repeats is looked up once per page. */
function lookup(library: Library): { name: (hash: string) => string; path: (hash: string) => string } {
  const names = photoNames(library);
  const id = idByHash(library);
  return {
    name: (hash) => names.name(id.one(hash)),
    path: (hash) => {
      try {
        return photoPath(library, id.one(hash));
      } catch {
        return '';
      }
    },
  };
}

/** A tuple as one line of JSON; photo names are `<scene>/<path below it>`. The contract of `covis mine --out`. */
export interface TupleLine {
  readonly query: string;
  readonly positive: string;
  readonly negatives: readonly string[];
  readonly sharedPoints: number;
  readonly overlap: number;
  readonly scaleChange: number | null;
  readonly similarities: { readonly positive: number; readonly negatives: readonly number[] };
  readonly [more: string]: unknown;
}

function line(t: TupleInfo, run: number, name: (hash: string) => string): TupleLine {
  return {
    query: name(t.query),
    positive: name(t.positive),
    negatives: t.negatives.map((n) => name(n.photo)),
    sharedPoints: t.shared,
    overlap: t.overlap,
    scaleChange: t.scale,
    similarities: { positive: t.positiveSimilarity, negatives: t.negatives.map((n) => n.similarity) },
    run,
    tuple: t.index,
    cluster: t.clusterName,
    negativeClusters: t.negatives.map((n) => n.clusterName),
    strategies: strategyNames(t.strategies),
    suspicion: t.suspicion,
    verdict: t.verdict,
    ...(t.replacement === null ? {} : { replacement: name(t.replacement) }),
    ...(t.note === null ? {} : { note: t.note }),
    ...(t.negatives.some((n) => n.verdict !== null) ? { negativeVerdicts: t.negatives.map((n) => n.verdict) } : {}),
    ...((t.strategies & STRATEGY_BITS.manifold) === 0
      ? {}
      : { positives: t.alternatives.map((a) => ({ photo: name(a.photo), weight: a.weight })) }),
  };
}

/** Writes text line by line through a temporary file. @returns how many. */
async function writeLines(file: string, lines: Iterable<string>): Promise<number> {
  mkdirSync(dirname(file), { recursive: true });
  const stream = createWriteStream(`${file}.tmp`);
  let written = 0;
  try {
    for (const l of lines) {
      if (!stream.write(`${l}\n`)) await once(stream, 'drain');
      written += 1;
    }
    stream.end();
    await once(stream, 'finish');
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    stream.destroy();
    rmSync(`${file}.tmp`, { force: true });
    throw error;
  }
  return written;
}

/** Tuples of a run as JSON Lines. @throws CovisError `STATE_EMPTY`, `CANCELLED`. */
export async function writeTupleLines(library: Library, run: number, file: string, task: TaskContext): Promise<number> {
  const { name } = lookup(library);
  return writeLines(
    file,
    (function* () {
      for (const page of pages(library, run, task)) for (const t of page) yield JSON.stringify(line(t, run, name));
    })(),
  );
}

const COLUMNS = [
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
type Cell = string | number | null;

/** One row for the positive of a tuple and one for each negative; for pools one for each positive. */
function rows(t: TupleInfo, run: number, of: ReturnType<typeof lookup>): Cell[][] {
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

/** Quotes a cell where it has to be (RFC 4180). */
function cell(v: Cell): string {
  const text = v === null ? '' : String(v);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Pairs of a run as CSV with a head line. */
export async function writeTupleCsv(library: Library, run: number, file: string, task: TaskContext): Promise<number> {
  const of = lookup(library);
  const written = await writeLines(
    file,
    (function* () {
      yield COLUMNS.map(([name]) => name).join(',');
      for (const page of pages(library, run, task))
        for (const t of page) for (const r of rows(t, run, of)) yield r.map(cell).join(',');
    })(),
  );
  return written - 1;
}

/** The same rows as Parquet, a row group a page of tuples. */
export async function writeTupleParquet(
  library: Library,
  run: number,
  file: string,
  task: TaskContext,
): Promise<number> {
  mkdirSync(dirname(file), { recursive: true });
  const of = lookup(library);
  const columns = (
    data: readonly Cell[][],
  ): { name: string; type: (typeof COLUMNS)[number][1]; data: Cell[]; nullable: boolean }[] =>
    COLUMNS.map(([name, type], c) => ({ name, type, data: data.map((r) => r[c]!), nullable: true }));
  const writer = new ParquetWriter({
    writer: fileWriter(`${file}.tmp`),
    schema: schemaFromColumnData({ columnData: columns([]) }),
    createdBy: 'covis',
  });
  let written = 0;
  try {
    let waiting: Cell[][] = [];
    const flush = async (): Promise<void> => {
      if (waiting.length > 0) await writer.write({ columnData: columns(waiting), rowGroupSize: waiting.length });
      written += waiting.length;
      waiting = [];
    };
    for (const page of pages(library, run, task)) {
      for (const t of page) waiting.push(...rows(t, run, of));
      if (waiting.length > 20_000) await flush();
    }
    await flush();
    await writer.finish();
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    rmSync(`${file}.tmp`, { force: true });
    throw error;
  }
  return written;
}

/**
 * Pairs of query and positive for hloc: `pairs.txt`, two names a line, without what people refused.
 * @throws CovisError `INPUT_INVALID` for names with white space, which that format cannot hold.
 */
export async function writeHlocPairs(
  library: Library,
  run: number,
  out: string,
  task: TaskContext,
): Promise<ExportReport> {
  const of = lookup(library);
  const id = idByHash(library);
  const decided = judgements(library);
  const name = (hash: string): string => {
    const n = of.name(hash);
    if (/\s/.test(n))
      throw new CovisError('INPUT_INVALID', 'hloc separates names by spaces, and this photo has one in its name', {
        file: of.path(hash),
        hint: 'Rename the photo and import again.',
      });
    return n;
  };
  const file = join(out, 'pairs.txt');
  const seen = new Set<string>();
  const items = await writeLines(
    file,
    (function* () {
      for (const page of pages(library, run, task)) {
        for (const t of page) {
          const positives = [
            t.replacement ?? t.positive,
            ...((t.strategies & STRATEGY_BITS.manifold) === 0 ? [] : t.alternatives.map((a) => a.photo)),
          ];
          for (const p of positives) {
            if (!decided.mayMatch(id.one(t.query), id.one(p))) continue;
            const pair = `${name(t.query)} ${name(p)}`;
            if (seen.has(pair)) continue;
            seen.add(pair);
            yield pair;
          }
        }
      }
    })(),
  );
  return { what: 'pairs', items, files: [file] };
}

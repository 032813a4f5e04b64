/**
 * `npm run bench -- beyond`: descriptors beyond memory. A million of 256 dimensions (`COVIS_BENCH_ROWS` for another number) are built into a
 * folder, against usearch alone with the same rows in memory, and searched by a process of their own. As many such shards as make ten
 * million rows, as links to one, are then opened.
 */
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fillNpy, writeNpy } from '../../src/main/engine/formats/npy.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { addRows, DEFAULT_HNSW, emptyGraph } from '../../src/main/engine/retrieval/approximate.ts';
import { buildIndexFolder } from '../../src/main/engine/retrieval/index-folder.ts';
import { takeRows } from '../../src/main/engine/retrieval/rank.ts';
import type { Searched } from './beyond-search.ts';
import { CURVED, manifoldDescriptors } from './descriptors.ts';
import { line } from './report.ts';

const DIM = 256;
const MANY = 10_000_000;
const QUERIES = 500;

/** A process that opens an index and asks. */
function searched(folder: string, queries: string, threads: number): Searched {
  const r = spawnSync(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, 'beyond-search.ts'),
      folder,
      queries,
      `${threads}`,
    ],
    { encoding: 'utf8', env: { ...process.env, MALLOC_ARENA_MAX: '2' } },
  );
  if (r.status !== 0) throw new Error(r.stderr);
  return JSON.parse(r.stdout) as Searched;
}

/** @param folder for some gigabytes. */
export function beyond(folder: string): void {
  const rows = Number(process.env['COVIS_BENCH_ROWS'] ?? 1_000_000);
  const shards = Math.max(1, Math.round(MANY / rows));
  const source = join(folder, 'rows.npy');
  const x = manifoldDescriptors(rows, DIM, Math.max(10, rows / 250), 3, CURVED);
  writeNpy(source, x.data, [rows, DIM]);
  const r = random(9);
  const asked = takeRows(
    x,
    Array.from({ length: QUERIES }, () => r.below(rows)),
  );
  const queries = join(folder, 'queries.npy');
  writeNpy(queries, asked.data, [QUERIES, DIM]);
  let began = performance.now();
  addRows(emptyGraph(DIM, DEFAULT_HNSW), x, 0);
  const alone = (performance.now() - began) / 1000;
  const index = join(folder, 'index');
  began = performance.now();
  const built = buildIndexFolder(source, index, {});
  const seconds = (performance.now() - began) / 1000;
  line(
    `index of ${rows} x ${DIM} in a folder`,
    `${seconds.toFixed(0)} s`,
    `usearch alone, in memory, ${alone.toFixed(0)} s`,
    alone / seconds,
  );
  const s = searched(index, queries, 1);
  line(
    `one query of it, recall@10 ${built.recallAt10.toFixed(3)}`,
    `${s.median.toFixed(2)} ms, 99 % ${s.most.toFixed(2)} ms`,
    'asked for: 5 ms at 0.95',
    5 / s.median,
  );
  console.log(
    `  opened in ${s.openMs.toFixed(0)} ms, graphs mapped in ${s.mapMs.toFixed(0)} ms; the process holds ${s.own.toFixed(0)} MB of its own and ${s.mapped.toFixed(0)} MB of mapped files, which the system takes back when it needs them; before opening ${s.before.toFixed(0)} MB`,
  );
  const many = join(folder, 'many');
  mkdirSync(many);
  const head = JSON.parse(readFileSync(join(index, 'index.json'), 'utf8')) as { graphs: number[] };
  const graphs = Array.from({ length: shards }, (_, i) => {
    linkSync(join(index, 'shard-00000.usearch'), join(many, `shard-${String(i).padStart(5, '0')}.usearch`));
    return head.graphs[0]!;
  });
  const rest = { ...head, rows: shards * rows, shardRows: rows, graphs };
  writeFileSync(join(many, 'index.json'), JSON.stringify(rest));
  // The first shard's rows are there, the others are holes: opening reads none, and scores of theirs would be 0.
  const all = join(many, 'rows.npy');
  fillNpy(all, '<f2', [0, DIM], []);
  rmSync(all);
  fillNpy(all, '<f2', [shards * rows, DIM], halves(x.data));
  truncateSync(all, 128 + 2 * DIM * shards * rows);
  const m = searched(many, queries, 2);
  console.log(
    `  ${shards * rows} rows in ${shards} shards: opened in ${m.openMs.toFixed(0)} ms, graphs mapped in ${m.mapMs.toFixed(0)} ms (${m.own.toFixed(0)} MB of its own, before ${m.before.toFixed(0)} MB), a query ${m.median.toFixed(2)} ms with ${m.atOnce} shards at once`,
  );
}

function* halves(data: Float32Array): Generator<Float16Array> {
  for (let at = 0; at < data.length; at += 1 << 22) yield Float16Array.from(data.subarray(at, at + (1 << 22)));
}

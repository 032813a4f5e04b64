/** A process that opens an index beyond memory, asks it query by query, and says as JSON what that took. */
import { readFileSync } from 'node:fs';
import { readDescriptorFile } from '../../src/main/engine/retrieval/descriptor-files.ts';
import { IndexPool } from '../../src/main/engine/retrieval/index-pool.ts';
import { takeRows } from '../../src/main/engine/retrieval/rank.ts';

/** Times in milliseconds, sizes in MB. */
export interface Searched {
  readonly openMs: number;
  /** Of mapping graphs, after opening. */
  readonly mapMs: number;
  readonly median: number;
  readonly most: number;
  readonly before: number;
  readonly own: number;
  readonly mapped: number;
  readonly atOnce: number;
}

function resident(): { own: number; mapped: number } {
  const status = readFileSync('/proc/self/status', 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1000;
  return { own: of('RssAnon'), mapped: of('RssFile') };
}
const [folder, file, threads] = process.argv.slice(2);
const { vectors } = await readDescriptorFile(file!, undefined, 'queries');
const first = resident();
const began = performance.now();
const pool = await IndexPool.open(folder!, Number(threads));
const openMs = performance.now() - began;
const mapping = performance.now();
await pool.mapGraphs();
const mapMs = performance.now() - mapping;
const times: number[] = [];
for (let q = 0; q < vectors.rows; q += 1) {
  const one = takeRows(vectors, [q]);
  const start = performance.now();
  await pool.search(one, 10);
  times.push(performance.now() - start);
}
const { own, mapped } = resident();
times.sort((a, b) => a - b);
const at = (share: number): number => times[Math.floor(share * (times.length - 1))]!;
const said: Searched = {
  openMs,
  mapMs,
  median: at(0.5),
  most: at(0.99),
  before: first.own + first.mapped,
  own,
  mapped,
  atOnce: pool.atOnce,
};
await pool.close();
process.stdout.write(JSON.stringify(said));

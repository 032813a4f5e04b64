/**
 * A process that uses a library without pause: `node write-on.ts LIBRARY` stores descriptor sets, takes the last but one away again, and
 * notes a row of each in the database, until it is ended. It says `writing` when it has begun, and how many it stored at its end.
 */
import { Library } from '../../src/main/engine/library/library.ts';
import { removeSet, storeSet } from '../../src/main/engine/retrieval/vector-sets.ts';

const library = Library.open(process.argv[2]!);
const hashes = Array.from({ length: 200 }, (_, i) => i.toString(16).padStart(32, '0'));
const stored: string[] = [];
let count = 0;
let over = false;
process.on('SIGTERM', () => (over = true));

async function write(): Promise<void> {
  while (!over) {
    const data = Float32Array.from({ length: 200 * 64 }, () => Math.random());
    stored.push(
      storeSet(library, {
        name: `set ${count}`,
        vectors: { data, rows: 200, dim: 64 },
        hashes,
        regional: false,
        half: false,
      }),
    );
    if (stored.length > 2) removeSet(library, stored.shift()!);
    count += 1;
    if (count === 3) process.stdout.write('writing\n');
    await new Promise((done) => setTimeout(done, 5));
  }
  library.close();
  process.stdout.write(`stored ${count}\n`);
}
await write();

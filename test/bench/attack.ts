/** `npm run bench -- attack`: how long a page waits while two hundred clients of ill will ask at the same moment, against a page left alone. */
import { join } from 'node:path';
import { select, text } from '../../src/main/engine/library/rows.ts';
import { serveLibrary } from '../e2e/serve.ts';
import { endure } from '../support/attack/good-client.ts';
import { syntheticLibrary } from '../support/synthetic-library.ts';

const ROUNDS = 3;

/** @param folder for the library that is attacked. */
export async function attack(folder: string): Promise<void> {
  const path = join(folder, 'attacked');
  const { library } = syntheticLibrary(path, { photos: 150, clusters: 3, dim: 4, pairsPerPhoto: 4, seed: 1 });
  const photos = select(library.db, 'SELECT hash FROM photo ORDER BY id', text).all();
  library.close();
  const { server, url } = await serveLibrary(path, { group: true });
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const { times, memory, decided } = await endure(url, server.pid!, photos);
      const sorted = times.toSorted((a, b) => a - b);
      const at = (q: number): string => `${sorted[Math.floor(q * (sorted.length - 1))]!.toFixed(0)} ms`;
      process.stdout.write(
        `attack ${round}: ${times.length} answers, median ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)}; ${(memory / 1e6).toFixed(0)} MB; ${decided} x 10,000 judgements kept\n`,
      );
    }
  } finally {
    process.kill(-server.pid!, 'SIGKILL');
  }
}

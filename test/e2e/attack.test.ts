import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Library } from '../../src/main/engine/library/library.ts';
import { decisionLog } from '../../src/main/engine/mining/decisions.ts';
import { text, select } from '../../src/main/engine/library/rows.ts';
import { endure } from '../support/attack/good-client.ts';
import { syntheticLibrary } from '../support/synthetic-library.ts';
import { serveLibrary, type Served } from './serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'covis-attack-'));
const library = join(folder, 'library');
let photos: string[] = [];
let served: Served;
beforeAll(async () => {
  const made = syntheticLibrary(library, { photos: 150, clusters: 3, dim: 4, pairsPerPhoto: 4, seed: 1 }).library;
  photos = select(made.db, 'SELECT hash FROM photo ORDER BY id', text).all();
  made.close();
  served = await serveLibrary(library, { group: true });
});
afterAll(() => {
  process.kill(-served.server.pid!, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('two hundred clients of ill will end nothing, get in nowhere, and take no more than 500 MB, while a page is answered', async () => {
  const { times, failed, memory, gotIn, decided } = await endure(served.url, served.server.pid!, photos);
  expect(served.server.exitCode).toBeNull();
  expect({ gotIn, failed }).toEqual({ gotIn: [], failed: [] });
  // One answer after another for four seconds; how long each takes is measured by `npm run bench -- attack`.
  expect(times.length).toBeGreaterThan(20);
  expect(memory / 1e6).toBeLessThan(500);
  // What was answered as done is done, whole.
  expect(decided).toBeGreaterThan(0);
  const made = Library.open(library, 'sound');
  const storms = decisionLog(made, 0, 100).filter((a) => a.label === 'A storm');
  const each = made.db.prepare('SELECT COUNT(*) FROM decision GROUP BY action_id').pluck().all();
  made.close();
  expect(storms.length).toBeGreaterThanOrEqual(decided);
  expect(new Set(each)).toEqual(new Set([10_000]));
}, 60_000);

/**
 * Does jobs of libraries and dies at one of them: `node die-at-work.ts ORDERS`, a JSON list of {@link Order}. Says `done` with a line of JSON for
 * each that it has done. One process does what the one before died at, and the next one until it dies: starting takes longer than working.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { armed, killedAfter, names, photographed } from './kill-points.ts';

export interface Order {
  readonly library: string;
  readonly kind: string;
  readonly params: Record<string, unknown>;
  /** Dies at this point, or after so many milliseconds; does the job to its end where neither is given. */
  readonly at?: number;
  readonly after?: number;
  /** Copies the library into this folder at every so-manieth point, as it would be found if the process died there. */
  readonly images?: { readonly folder: string; readonly every: number; readonly first: number };
}

const { withLibrary } = await import('../../src/main/cli/program/library.ts');
const { runJob } = await import('../../src/main/cli/program/job.ts');
const { onSwept } = await import('../../src/main/engine/library/sweep.ts');
const { listTrainingRuns } = await import('../../src/main/engine/training/runs.ts');

const swept: string[] = [];
onSwept((line) => swept.push(line));

for (const { library: path, kind, params, at, after, images } of JSON.parse(process.argv[2]!) as Order[]) {
  swept.length = 0;
  const began = performance.now();
  armed(at ?? Number.POSITIVE_INFINITY);
  if (after !== undefined) killedAfter(after);
  if (images !== undefined) mkdirSync(images.folder);
  photographed(
    images === undefined
      ? undefined
      : (point) => {
          if (point % images.every !== images.first % images.every) return;
          // By another program: closing a database's file here would give its locks back.
          spawnSync('cp', ['-r', path, join(images.folder, String(point))]);
        },
  );
  let failed: string | undefined;
  try {
    await withLibrary(path, true, async (library) => {
      // A run that can be taken up is.
      const cut = kind === 'train' ? listTrainingRuns(library).find((r) => r.resumable)?.id : undefined;
      await runJob(library, kind as 'train', (cut === undefined ? params : { resume: cut }) as never);
    });
  } catch (error) {
    failed = error instanceof Error ? error.stack : String(error);
  }
  const ms = performance.now() - began;
  const points = names.length;
  process.stdout.write(
    `${JSON.stringify({ done: kind, failed, ms, points, swept: swept.join(' '), names: process.env['COVIS_POINTS'] === '1' ? [...names] : [] })}\n`,
  );
}

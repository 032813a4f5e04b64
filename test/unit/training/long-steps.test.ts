/** A training whose steps take longer than a command has to end: TensorFlow.js in plain JavaScript, which hears nothing meanwhile. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainingRunInfo } from '../../../src/shared/domain.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { withLibrary } from '../../support/planned.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const LONG = 500_000;
const folder = temporaryFolder();
const original = join(folder, 'original');
const ASKED = [
  '--network',
  'tiny',
  '--backend',
  'tfjs-cpu',
  '--size',
  '64',
  '--epochs',
  '1',
  '--batch',
  '1',
  '--count',
  '1',
];

beforeAll(async () => (await smallLibrary(original)).close(), LONG);

interface Ended {
  readonly code: number | null;
  readonly said: string;
  readonly run: TrainingRunInfo | undefined;
  /** Steps of the optimiser in the checkpoint that was left. */
  readonly steps: number;
}

/** Trains, and sends signals while the second step is under way, more than a second between them. */
async function interrupted(name: string, signals: readonly NodeJS.Signals[]): Promise<Ended> {
  const library = join(folder, name);
  cpSync(original, library, { recursive: true });
  const checkpoint = join(library, 'runs', '1.checkpoint');
  const steps = (): number =>
    existsSync(checkpoint) ? Number(/"steps":(\d+)/.exec(readFileSync(checkpoint, 'latin1'))?.[1] ?? -1) : -1;
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), 'train', library, ...ASKED], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  const end = once(child, 'exit') as Promise<[number | null]>;
  // Written at once though the last one, of the tuples that were mined, is seconds old.
  await expect.poll(() => steps() === 1 || child.exitCode !== null, { timeout: LONG, interval: 20 }).toBe(true);
  for (const signal of signals) {
    child.kill(signal);
    await Promise.race([end, new Promise((r) => setTimeout(r, 1300))]);
  }
  const [code] = await end;
  const run = (await withLibrary(library, (l) => listTrainingRuns(l)))[0];
  return { code, said, run, steps: steps() };
}

describe('a training in a step that takes long', () => {
  it(
    'finishes it after Ctrl C and leaves it in a checkpoint, which is said',
    async () => {
      const { code, said, run, steps } = await interrupted('once', ['SIGINT']);
      expect(said).toContain(
        'covis: Finishing the step under way, so that the run goes on from there. Ctrl C again ends at once.',
      );
      expect(said).toContain('--resume 1');
      // Not as if all of it had been done.
      expect(said).toMatch(/^Training, epoch 1 of 1: 2 of \d+ tuples, /m);
      expect(said).not.toContain('Ended in the middle');
      expect(code, said).toBe(130);
      expect(run).toMatchObject({ state: 'stopped', resumable: true });
      expect(steps).toBe(2);
    },
    LONG,
  );

  it(
    'has left the one before in a checkpoint when it is ended at once',
    async () => {
      const { code, said, run, steps } = await interrupted('twice', ['SIGINT', 'SIGINT']);
      expect(said).toContain('covis: Ended in the middle of its work. What was finished is kept.');
      expect(code, said).toBe(130);
      expect(run).toMatchObject({ resumable: true });
      expect(steps).toBe(1);
    },
    LONG,
  );
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { withLibrary } from '../../support/planned.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const LONG = 240_000;
const folder = temporaryFolder();
const original = join(folder, 'original');
const LAUNCHER = join(ROOT, 'bin', 'covis.mjs');
/** Without a launcher, which gives a person's SIGTERM little time. */
const ALONE = join(ROOT, 'src', 'main', 'cli', 'index.ts');
const ASKED = ['--backend', 'cpu', '--epochs', '5', '--tuples', '16', '--batch', '2', '--size', '96'];
const quiet = ['--disable-warning=ExperimentalWarning'];

/** What training gave, without times. */
function numbers(said: string): unknown {
  const { network, epochs } = JSON.parse(said) as { network: string; epochs: readonly { seconds: number }[] };
  return { network, epochs: epochs.map(({ seconds: _, ...facts }) => facts) };
}
const covis = (...args: readonly string[]): string => {
  const r = spawnSync(process.execPath, [...quiet, LAUNCHER, ...args], { encoding: 'utf8' });
  expect(r.status, r.stderr).toBe(0);
  return r.stdout;
};
let undisturbed: unknown;

beforeAll(async () => {
  (await smallLibrary(original)).close();
  const whole = join(folder, 'whole');
  cpSync(original, whole, { recursive: true });
  undisturbed = numbers(covis('train', whole, ...ASKED, '--json'));
}, LONG);

describe('a training that a scheduler tells to end', () => {
  it.each([
    ['SIGUSR1', LAUNCHER],
    ['SIGTERM', ALONE],
  ] as const)(
    'by %s ends with 75 and a checkpoint, and goes on to the numbers of one that nobody disturbed',
    async (signal, script) => {
      const library = join(folder, signal);
      cpSync(original, library, { recursive: true });
      const child = spawn(process.execPath, [...quiet, script, 'train', library, ...ASKED], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      let sent = false;
      child.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        if (sent || !/^Training, epoch 1/m.test(said)) return;
        sent = true;
        child.kill(signal);
      });
      const [code] = (await once(child, 'exit')) as [number | null];
      expect(code, said).toBe(75);
      expect(said).toContain(`covis train ${library} --resume 1`);
      expect(await withLibrary(library, (l) => listTrainingRuns(l))).toMatchObject([
        { state: 'stopped', resumable: true },
      ]);
      expect(numbers(covis('train', library, '--resume', '1', '--json'))).toEqual(undisturbed);
    },
    LONG,
  );
});

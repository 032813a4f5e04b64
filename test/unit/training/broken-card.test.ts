/** Training on a card that is lost, has too little memory, or ends the process: a driver between WebGPU and Mesa's rasteriser does that. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainingParameters } from '../../../src/shared/domain.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { resolveNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { resume, train } from '../../../src/main/engine/training/train.ts';
import { breakableCard } from '../../support/card/card.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const card = breakableCard(folder);
const name = `a card that breaks${card === undefined ? ' [needs Linux, cc and mesa-vulkan-drivers]' : ''}`;
const PARAMETERS: TrainingParameters = {
  ...DEFAULT_TRAINING,
  backend: 'webgpu',
  epochs: 1,
  queriesPerEpoch: 8,
  batch: 2,
  size: 96,
  mining: { ...DEFAULT_TRAINING.mining, count: 1 },
};
const original = join(folder, 'original');
let network = 0;
beforeAll(async () => {
  const library = await smallLibrary(original);
  network = (await resolveNetwork(library, 'tiny', 'embedded')).id;
  library.close();
});

interface Said {
  readonly said: readonly string[];
  readonly warned: readonly string[];
  readonly device?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** The process in which one measures a card; undefined where it does not. */
function measuring(pid: number): string | undefined {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid), '-f', 'measure-step'], { encoding: 'utf8' });
  return stdout.trim() === '' ? undefined : stdout.trim();
}

/**
 * Trains in a process that has that card. @param lostAt loses it when a line of progress is that. @param quit ends it so while it measures the
 * card.
 */
async function trained(
  own: string,
  parameters: Partial<TrainingParameters>,
  environment: NodeJS.ProcessEnv,
  lostAt?: string,
  quit?: NodeJS.Signals,
): Promise<Said & { readonly signal: string | null }> {
  const path = join(folder, own);
  if (!existsSync(path)) cpSync(original, path, { recursive: true });
  const told = [
    join(ROOT, 'test/support/card/train-on-card.ts'),
    path,
    String(network),
    JSON.stringify({ ...PARAMETERS, ...parameters }),
  ];
  const env = { ...process.env, ...card, COVIS_SETTINGS: join(folder, `${own}-settings`, 's.json'), ...environment };
  const child = spawn(process.execPath, told, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString();
    if (lostAt !== undefined && text.split('\n').includes(lostAt)) writeFileSync(environment['CARD_LOST']!, '');
  });
  const looking =
    quit === undefined
      ? undefined
      : setInterval(() => {
          if (measuring(child.pid!) !== undefined) child.kill(quit);
        }, 50);
  const signal = await new Promise<string | null>((end) => child.on('close', (_, s) => end(s)));
  clearInterval(looking);
  const lines = text.trim().split('\n');
  const last = lines.at(-1)!;
  const ended = last.startsWith('{') ? (JSON.parse(last) as Omit<Said, 'said' | 'warned'>) : {};
  const warned = lines.filter((l) => l.startsWith('warning ')).map((l) => l.slice('warning '.length));
  return { said: lines, warned, signal, ...ended };
}

describe.skipIf(card === undefined)(name, () => {
  it('is lost within an epoch: a sentence, and the run goes on where it stood', { timeout: 300_000 }, async () => {
    const { error } = await trained('lost', {}, { CARD_LOST: join(folder, 'lost-now') }, 'done 4');
    expect(error).toMatchObject({
      code: 'EXTERNAL_FAILED',
      message: expect.stringMatching(
        /^The device of webgpu \(ONNX Runtime, WebGPU: breakable-card\) is gone: /i,
      ) as string,
      hint: expect.stringContaining('--resume 1') as string,
    });
    const library = Library.open(join(folder, 'lost'));
    expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'failed', resumable: true });
    const done = await resume(library, 1, silentContext(), { backend: 'cpu' });
    expect(done.tuples).toBe(8);
    library.close();
    // The steps of both are those of one processor, to what single precision leaves.
    const path = join(folder, 'whole');
    cpSync(original, path, { recursive: true });
    const other = Library.open(path);
    const start = await resolveNetwork(other, 'tiny', 'embedded');
    const whole = await train(other, start, { ...PARAMETERS, backend: 'cpu' }, silentContext());
    expect(Math.abs(done.epochs[0]!.loss - whole.epochs[0]!.loss)).toBeLessThan(1e-4 * whole.epochs[0]!.loss);
    other.close();
  });

  it('has too little memory: that is said, not what becomes of it', { timeout: 300_000 }, async () => {
    const { error } = await trained('small', {}, { CARD_BYTES: '20000000' });
    expect(error).toMatchObject({
      code: 'EXTERNAL_FAILED',
      message: expect.stringMatching(/^Memory ran out on webgpu \(/) as string,
      hint: expect.stringMatching(/--backend cpu/) as string,
    });
  });

  it('fails while auto measures: said, not taken, and tried again', { timeout: 300_000 }, async () => {
    const gone = join(folder, 'gone');
    writeFileSync(gone, '');
    const first = await trained('auto', { backend: 'auto' }, { CARD_LOST: gone });
    expect(first.warned).toEqual([expect.stringMatching(/^webgpu cannot be used: .*lost/)]);
    expect(first.device).toMatch(
      /^ONNX Runtime, CPU, the fastest here: cpu [\d.]+ ms a step of 3 photos, webgpu failed$/,
    );
    const again = await trained('auto', { backend: 'auto' }, {});
    expect(again.warned).toEqual([]);
    expect(again.device).toMatch(/webgpu [\d.]+ ms/);
    // What was measured is of that driver.
    const settings = join(folder, 'auto-settings', 'back-ends.json');
    const kept = (): number => Number(spawnSync('grep', ['-c', '"backend"', settings], { encoding: 'utf8' }).stdout);
    const before = kept();
    await trained('auto', { backend: 'auto' }, {});
    expect(kept()).toBe(before);
    await trained('auto', { backend: 'auto' }, { CARD_VERSION: '2.0' });
    expect(kept()).toBe(2 * before);
  });

  it('ends the process that measures it: said, tried once more, and the third training knows', async () => {
    const environment = { CARD_LOST: join(folder, 'gone'), CARD_CRASH: '1' };
    writeFileSync(environment.CARD_LOST, '');
    // What trains goes on with the processor.
    for (const _ of [1, 2]) {
      const one = await trained('crash', { backend: 'auto' }, environment);
      expect(one.signal).toBeNull();
      expect(one.warned).toEqual(['webgpu cannot be used: its driver ended the process that measured it (SIGABRT)']);
      expect(one.device).toMatch(
        /^ONNX Runtime, CPU, the fastest here: cpu [\d.]+ ms a step of 3 photos, webgpu failed$/,
      );
    }
    const third = await trained('crash', { backend: 'auto' }, environment);
    expect(third.warned).toEqual([
      expect.stringMatching(
        /^webgpu cannot be used: its driver ended 2 processes that measured it\. To have it measured again, delete /,
      ),
    ]);
    expect(third.device).toContain('webgpu failed');
    const note = readdirSync(join(folder, 'crash-settings')).filter((f) => f.endsWith('.ended'));
    expect(note).toHaveLength(1);
    expect(third.warned[0]).toContain(note[0]);
  }, 300_000);

  it('is passed over for no quit of a person, however often and by whatever signal', { timeout: 300_000 }, async () => {
    for (const signal of ['SIGTERM', 'SIGKILL', 'SIGKILL', 'SIGINT'] as const) {
      const quit = await trained('quit', { backend: 'auto' }, {}, undefined, signal);
      expect([quit.signal, quit.said]).toEqual([signal, ['']]);
    }
    const files = existsSync(join(folder, 'quit-settings')) ? readdirSync(join(folder, 'quit-settings')) : [];
    expect(files.filter((f) => f.endsWith('.ended'))).toEqual([]);
    const after = await trained('quit', { backend: 'auto' }, {});
    expect(after.warned).toEqual([]);
    expect(after.device).toMatch(/webgpu [\d.]+ ms/);
  });
});

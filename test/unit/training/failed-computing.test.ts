import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { TrainingParameters } from '../../../src/shared/domain.ts';
import { CovisError, type ErrorShape } from '../../../src/shared/errors.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { resolveNetwork, type NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { Runner, type DeviceTensor } from '../../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { checkpointFile, readCheckpoint } from '../../../src/main/engine/training/checkpoint.ts';
import { computed, withCommand } from '../../../src/main/engine/training/computing-failed.ts';
import { parametersOf } from '../../../src/main/engine/training/training-graph.ts';
import { loadNetwork } from '../../../src/main/engine/network/networks.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { resume, train } from '../../../src/main/engine/training/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWithAdapter, ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const PARAMETERS: TrainingParameters = {
  ...DEFAULT_TRAINING,
  backend: 'cpu',
  epochs: 1,
  queriesPerEpoch: 8,
  batch: 2,
  size: 96,
};
const prlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
let library: Library;
let tiny: NetworkRow;
beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
  tiny = await resolveNetwork(library, 'tiny', 'embedded');
});

it.runIf(prlimit)(
  'memory that runs out ends in a sentence and a checkpoint, and less of it goes on',
  { timeout: 120_000 },
  async () => {
    const parameters = JSON.stringify({ ...PARAMETERS, size: 640, mining: { ...PARAMETERS.mining, count: 1 } });
    const script = join(ROOT, 'test/support/train-until-exhausted.ts');
    const told = [script, library.path, String(tiny.id), parameters, '40'];
    // What is freed goes back at once, so that the limit is met by maps of a photo and not by a few bytes, of which nobody asks whether they are there.
    const env = { ...process.env, MALLOC_TRIM_THRESHOLD_: `${2 << 20}`, MALLOC_TOP_PAD_: `${1 << 20}` };
    const { stdout } = spawnSync(process.execPath, told, { encoding: 'utf8', env });
    const said = JSON.parse(stdout) as ErrorShape;
    const [run] = listTrainingRuns(library);
    expect(said.code).toBe('EXTERNAL_FAILED');
    expect(said.message).toMatch(/^Memory ran out on cpu \(ONNX Runtime, CPU\): /);
    expect(said.hint).toContain(`--resume ${run!.id}`);
    expect(run).toMatchObject({ state: 'failed', resumable: true });
    const done = await resume(library, run!.id, silentContext(), { memory: 2 ** 30 });
    expect(done.tuples).toBe(8);
    expect(done.epochs).toHaveLength(1);
  },
);

it('what nobody explains is said in the words of who threw it, and what is explained stays as it is', async () => {
  const on = { backend: 'webgpu', device: 'a card' } as const;
  const after = (message: string): Promise<unknown> =>
    computed(on, () => Promise.reject(new Error(message))).catch((e: unknown) => (e as Error).message);
  expect(await after('std::bad_alloc')).toBe('Memory ran out on webgpu (a card): std::bad_alloc');
  expect(await after('\nWebGPU device lost (3)\nat x')).toBe(
    'The device of webgpu (a card) is gone: WebGPU device lost (3)',
  );
  // What Dawn says of a buffer for which it got no memory.
  const buffer = 'WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.';
  expect(await after(buffer)).toBe(`Memory ran out on webgpu (a card): ${buffer}`);
  expect(await after('odd')).toBe('webgpu (a card) could not go on: odd');
  // A graph that is opened when no memory is left.
  const thread = new Error('env.cc:251 pthread_create failed, error code: 12 error msg: Cannot allocate memory\n');
  const opened = new CovisError('INPUT_UNSUPPORTED', `ONNX Runtime cannot run this network: ${thread.message}`, {
    cause: thread,
  });
  await expect(computed(on, () => Promise.reject(opened))).rejects.toMatchObject({
    code: 'EXTERNAL_FAILED',
    message: `Memory ran out on webgpu (a card): ${thread.message.trim()}`,
  });
  const foreign = new CovisError('INPUT_UNSUPPORTED', 'cannot run', { cause: new Error('no such operator') });
  await expect(computed(on, () => Promise.reject(foreign))).rejects.toBe(foreign);
  const known = new CovisError('INPUT_INVALID', 'as it is');
  await expect(computed(on, () => Promise.reject(known))).rejects.toBe(known);
});

const adapter = await webGpuAdapter();
describeWithAdapter(adapter, 'a device that is lost', () => {
  it(
    'in the middle of an epoch: the run goes on from its last step on the processor',
    { timeout: 300_000 },
    async () => {
      let armed = false;
      const run = Runner.prototype.runOnDevice;
      // Within the third step: all that the device holds is taken away, as it is when a device is lost; what follows is the runtime's own doing.
      Runner.prototype.runOnDevice = function (this: Runner, feeds) {
        if (armed) for (const t of Object.values(feeds)) if ('dispose' in t) (t as DeviceTensor).dispose();
        return run.call(this, feeds);
      };
      const watched = {
        ...silentContext(),
        progress: (n: number) => (armed ||= training && n === 6),
        step: (name: string) => (training = name.startsWith('Training')),
      };
      let training = false;
      let error: unknown;
      try {
        error = await train(library, tiny, { ...PARAMETERS, backend: 'webgpu' }, watched, { checkpointEvery: 0 }).catch(
          (e: unknown) => e,
        );
      } finally {
        Runner.prototype.runOnDevice = run;
      }
      const [failed] = listTrainingRuns(library);
      expect(error).toMatchObject({
        code: 'EXTERNAL_FAILED',
        message: expect.stringMatching(/^webgpu \(|device/) as string,
      });
      expect((error as CovisError).hint).toContain(`--resume ${failed!.id}`);
      expect(failed).toMatchObject({ state: 'failed', resumable: true });
      const lengths = parametersOf(loadNetwork(library, tiny).graph).map((p) => p.data.length);
      const { position } = readCheckpoint(checkpointFile(library, failed!.id), [...lengths, ...lengths, ...lengths]);
      expect([position.epoch, position.done, position.steps]).toEqual([1, 4, 2]);
      const done = await resume(library, failed!.id, silentContext(), { backend: 'cpu' });
      expect(done).toMatchObject({ backend: 'cpu', tuples: 8 });
      expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'done', device: 'ONNX Runtime, CPU' });
    },
  );
});

it('names the command that takes a run up before a hint that ends in a command of its own', () => {
  const damaged = new CovisError('INPUT_INVALID', 'It is damaged', { file: 'x', hint: 'See with: covis check /L' });
  expect(withCommand(damaged, 3)).toMatchObject({
    code: 'INPUT_INVALID',
    file: 'x',
    hint: 'The run is taken up with covis train LIBRARY --resume 3. See with: covis check /L',
  });
  const plain = new CovisError('INPUT_INVALID', 'It is damaged');
  expect(withCommand(plain, 3).hint).toBe('The run is taken up with covis train LIBRARY --resume 3.');
});

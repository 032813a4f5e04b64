import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainingParameters } from '../../../src/shared/domain.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { InputMaker } from '../../../src/main/engine/inputs/inputs.ts';
import { currentPhoto } from '../../../src/main/engine/library/photos.ts';
import { ensureDefaultNetwork, loadNetwork, storeNetwork } from '../../../src/main/engine/network/networks.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { Round, type RoundStep, type RoundTuple } from '../../../src/main/engine/training/round.ts';
import {
  checkpointFile,
  readCheckpoint,
  writeCheckpoint,
  type Checkpoint,
} from '../../../src/main/engine/training/checkpoint.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import type { TrainingResult } from '../../../src/main/engine/training/run.ts';
import { resume, train } from '../../../src/main/engine/training/train.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const PARAMETERS: TrainingParameters = {
  ...DEFAULT_TRAINING,
  backend: 'cpu',
  epochs: 2,
  minings: 2,
  queriesPerEpoch: 20,
  batch: 2,
  size: 96,
};
const numbers = (r: TrainingResult): unknown => ({
  network: r.network.uid,
  tuples: r.tuples,
  epochs: r.epochs.map(({ seconds: _, ...facts }) => facts),
});
let whole: unknown;
const original = join(folder, 'original');

beforeAll(async () => {
  const library = await smallLibrary(original);
  library.close();
  cpSync(original, join(folder, 'whole'), { recursive: true });
  const copy = Library.open(join(folder, 'whole'));
  whole = numbers(await train(copy, ensureDefaultNetwork(copy), PARAMETERS, silentContext()));
  expect(existsSync(checkpointFile(copy, 1))).toBe(false);
  copy.close();
});

/** Trains in another process and kills it when it says `line` for the n-th time. */
async function killedAt(path: string, line: RegExp, n: number, parameters = PARAMETERS): Promise<void> {
  const library = Library.open(path);
  const { id } = ensureDefaultNetwork(library);
  library.close();
  const child = spawn(
    process.execPath,
    [join(ROOT, 'test/support/train-until-killed.ts'), path, String(id), JSON.stringify(parameters)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let seen = 0;
  let text = '';
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString();
    const lines = text.split('\n');
    text = lines.pop()!;
    for (const l of lines) if (line.test(l) && (seen += 1) === n) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.on('close', (_, s) => resolve(s)));
  expect(signal).toBe('SIGKILL');
}

describe('a run that was killed', () => {
  it.each([
    ['in the middle of the first epoch', /^done 5$/, 1],
    ['in the second round', /^done 7$/, 2],
    ['while the first epoch is measured', /^step Measuring epoch 1/, 1],
    ['in the last round', /^done 9$/, 4],
  ])('%s ends with the same numbers', { timeout: 120_000 }, async (when, line, n) => {
    const path = join(folder, when.replaceAll(' ', '-'));
    cpSync(original, path, { recursive: true });
    await killedAt(path, line, n);
    const library = Library.open(path);
    expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'failed', resumable: true });
    const result = await resume(library, 1, silentContext());
    expect(numbers(result)).toEqual(whole);
    expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'done', resumable: false, result: result.network.uid });
    await expect(resume(library, 1, silentContext())).rejects.toThrow(/is done/);
    const rounds = library.db.prepare('SELECT COUNT(*) FROM mining_run').pluck().get();
    expect(rounds).toBe(4);
    library.close();
  });

  it(
    'goes on after a person stopped it, with gradient descent and its momentum, too',
    { timeout: 60_000 },
    async () => {
      const parameters: TrainingParameters = {
        ...PARAMETERS,
        optimiser: 'sgd',
        scaling: 'tuples',
        learningRate: 1e-3,
        seed: 3,
      };
      const library = Library.open(join(folder, 'whole'));
      const start = ensureDefaultNetwork(library);
      const uninterrupted = await train(library, start, { ...parameters, name: 'same' }, silentContext());
      let name = '';
      let done = 0;
      const stopping = {
        ...silentContext(),
        step: (step: string) => (name = step),
        progress: (n: number) => (done = n),
        check: () => {
          if (name.startsWith('Training, epoch 2') && done >= 3) throw cancelled();
        },
      };
      await expect(
        train(library, start, { ...parameters, name: 'same' }, stopping, { checkpointEvery: 0 }),
      ).rejects.toThrow();
      const [stopped] = listTrainingRuns(library);
      expect(stopped).toMatchObject({ state: 'stopped', resumable: true });
      const result = await resume(library, stopped!.id, silentContext());
      expect(result.epochs.map((e) => e.loss)).toEqual(uninterrupted.epochs.map((e) => e.loss));
      expect(result.epochs.map((e) => e.map)).toEqual(uninterrupted.epochs.map((e) => e.map));
      library.close();
    },
  );
});

describe('checkpoints', () => {
  const file = join(folder, 'one.checkpoint');
  const checkpoint = (value: number): Checkpoint => ({
    position: {
      epoch: 2,
      round: 1,
      done: 4,
      tuples: [{ a: value }],
      sums: { loss: 0.5 },
      steps: 3,
      trained: 9,
      seconds: 1,
    },
    arrays: [Float32Array.of(value, 2, 3), Float32Array.of(4)],
    optimiserSteps: 7,
  });

  it.runIf(process.platform === 'linux')('leave the last one as it was when the disk is full', () => {
    writeCheckpoint(file, checkpoint(1));
    symlinkSync('/dev/full', `${file}.tmp`);
    expect(() => writeCheckpoint(file, checkpoint(2))).toThrow(/disk is full/);
    expect(existsSync(`${file}.tmp`)).toBe(false);
    expect(readCheckpoint(file, [3, 1])).toEqual(checkpoint(1));
    writeCheckpoint(file, checkpoint(3));
    expect(readCheckpoint(file, [3, 1])).toEqual(checkpoint(3));
  });

  it('refuse what is cut short, of another network, or no checkpoint', () => {
    writeCheckpoint(file, checkpoint(1));
    expect(() => readCheckpoint(file, [3, 2])).toThrow(/damaged, or of another network/);
    truncateSync(file, readFileSync(file).length - 2);
    expect(() => readCheckpoint(file, [3, 1])).toThrow(/damaged/);
    const huge = Buffer.concat([Buffer.from('COVISCK1'), Buffer.from('ffffffffffffff7f', 'hex'), Buffer.alloc(20)]);
    writeFileSync(file, huge);
    expect(() => readCheckpoint(file, [3, 1])).toThrow(/damaged/);
    rmSync(file);
    expect(() => readCheckpoint(file, [3, 1])).toThrow(/no checkpoint/);
  });
});

describe('bad input in training', () => {
  let library: Library;
  beforeAll(() => {
    cpSync(original, join(folder, 'bad'), { recursive: true });
    library = Library.open(join(folder, 'bad'));
  });
  afterAll(() => library.close());

  it('a photo that cannot be read any more, a query that is its own positive: left out, counted, said once', async () => {
    const photos = library.db.prepare('SELECT id FROM photo ORDER BY id').pluck().all() as number[];
    const copy = join(folder, 'photos');
    cpSync(join(ROOT, 'resources/sample'), copy, { recursive: true });
    library.db.prepare('UPDATE scene SET images = replace(images, ?, ?)').run(join(ROOT, 'resources/sample'), copy);
    writeFileSync(currentPhoto(library, photos[1]!), 'no image');
    rmSync(currentPhoto(library, photos[2]!));
    const network = loadNetwork(library, ensureDefaultNetwork(library));
    const executor = await openExecutor(network.graph, 'cpu');
    const maker = await InputMaker.create(network.spec, 96, library);
    const tuple = (query: number, other: number, negative: number): RoundTuple =>
      ({
        pair: { query: photos[query], other: photos[other] },
        negatives: [{ photo: photos[negative] }],
      }) as unknown as RoundTuple;
    const warnings: string[] = [];
    const tuples = [
      tuple(0, 3, 30),
      tuple(0, 1, 30),
      tuple(1, 3, 30),
      tuple(3, 0, 2),
      tuple(3, 3, 30),
      tuple(4, 4, 40),
      tuple(4, 5, 40),
    ];
    const round = new Round(
      executor,
      await executor.optimiser({ optimiser: 'adam', dampening: 0 }),
      maker,
      network.spec,
      { ...PARAMETERS, batch: 3 },
      {
        tuples,
        rate: 1e-6,
        seed: 0,
        task: { ...silentContext(), warn: (w) => warnings.push(w) },
        told: new Set(),
      },
    );
    const steps: RoundStep[] = [];
    await round.run(0, (s) => void steps.push(s));
    expect(steps.map((s) => [s.done, s.trained, s.skipped])).toEqual([
      [3, 1, 2],
      [6, 0, 3],
      [7, 1, 0],
    ]);
    expect(steps.every((s) => Number.isFinite(s.loss))).toBe(true);
    expect(warnings).toHaveLength(4);
    expect(warnings.filter((w) => w.includes('tuples with it are left out'))).toHaveLength(2);
    await executor.release();
    await maker.release();
  });

  it(
    'weights that are no numbers are refused, and a rate that leads astray ends the run with its checkpoint intact',
    { timeout: 60_000 },
    async () => {
      const network = loadNetwork(library, ensureDefaultNetwork(library));
      const initializers = new Map(network.graph.initializers);
      const [name] = [...initializers.keys()].filter((k) => k.endsWith('pointwise/weight'));
      const weight = initializers.get(name!)!;
      initializers.set(name!, {
        ...weight,
        data: (weight.data as Float32Array).map((v, i) => (i === 5 ? Number.NaN : v)),
      });
      const spoiled = storeNetwork(
        library,
        { ...network.graph, initializers },
        { ...network.spec, name: 'spoiled' },
        null,
      );
      await expect(train(library, spoiled, PARAMETERS, silentContext())).rejects.toThrow(
        `Tensor ${name} of spoiled holds values that are not numbers`,
      );
      const astray = { ...PARAMETERS, optimiser: 'sgd' as const, learningRate: 1e30 };
      await expect(train(library, network, astray, silentContext(), { checkpointEvery: 0 })).rejects.toThrow(
        /Lower|no longer/,
      );
      const [run] = listTrainingRuns(library);
      expect(run).toMatchObject({ state: 'failed', resumable: true });
    },
  );
});

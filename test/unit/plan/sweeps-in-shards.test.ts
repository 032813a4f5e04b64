import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { threads } from '../../../src/main/engine/environment/threads.ts';
import { listExperiments } from '../../../src/main/engine/library/experiments.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { collectPlan } from '../../../src/main/engine/plan/collect.ts';
import { readPlan, shardFiles, type Plan } from '../../../src/main/engine/plan/folder.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { planAsked, threadsOfShards } from '../../../src/main/engine/work/plan.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { thrown, withLibrary } from '../../support/planned.ts';
import { smallLibrary } from '../../support/small-library.ts';

const LONG = 300_000;
const folder = temporaryFolder();
const [empty, alone] = [join(folder, 'empty'), join(folder, 'alone')];
const TRAINING = { backend: 'cpu', epochs: 1, queriesPerEpoch: 4, batch: 2, size: 64, mining: { count: 2 } } as const;
/** GiB. */
const LITTLE = 0.25;
const LADDER = { poolings: ['mac'] as ['mac'], seeds: 1 };
let copies = 0;

function copy(): string {
  const to = join(folder, `library${(copies += 1)}`);
  cpSync(empty, to, { recursive: true });
  return to;
}

/** What a library holds of its runs, but for times. */
function held(library: Library) {
  const rows = (sql: string): unknown[] => library.db.prepare(sql).raw().all();
  return {
    runs: listTrainingRuns(library).map(({ created: _, epochs, ...run }) => ({
      ...run,
      epochs: epochs.map(({ seconds: __, ...facts }) => facts),
    })),
    networks: rows('SELECT uid, parent, bytes, parameters, embedded FROM network ORDER BY id'),
    specs: rows('SELECT spec FROM network ORDER BY id').map((r) => JSON.parse(String((r as unknown[])[0])) as unknown),
    minings: rows(
      'SELECT id, network_id, set_key, set_name, seed, size, parameters, tuples, queries, mean_negative_distance, training_id, epoch FROM mining_run ORDER BY id',
    ),
    tuples: rows('SELECT * FROM tuple ORDER BY run_id, tuple_index'),
    reports: listExperiments(library).map(({ kind, report }) => ({ kind, report })),
  };
}

const ask = (library: string, given: Readonly<Record<string, unknown>>): Promise<Plan> =>
  withLibrary(library, (l) => planAsked(l, { ...given, out: `${library}-plan` } as never, silentContext()));
async function doAll(plan: Plan): Promise<void> {
  for (let i = plan.file.stages[0]!.shards.length; i > 0; i -= 1)
    await doShard(plan.folder, 'train', i, silentContext());
}
const resultOf = (plan: Plan, shard: number): Buffer => readFileSync(shardFiles(plan.folder, 'train', shard).result);

/** A task that is told to end at the n-th unit of a step. */
function endingAt(step: string, n: number): TaskContext {
  let [name, done] = ['', 0];
  return {
    ...silentContext(),
    step: (said) => ([name, done] = [said, 0]),
    progress: (now) => (done = now),
    check: () => {
      if (name.includes(step) && done >= n) throw cancelled();
    },
  };
}

beforeAll(async () => {
  (await smallLibrary(empty)).close();
  cpSync(empty, alone, { recursive: true });
  await withLibrary(alone, (l) => WORK.ladder.run(l, { ...TRAINING, ladder: LADDER }, silentContext()));
}, LONG);

describe('a ladder in shards', () => {
  it(
    'is a rung a shard, and leaves in the library what one machine does, also where tasks are told to end',
    async () => {
      const library = copy();
      const plan = await ask(library, { work: 'ladder', ...TRAINING, ...LADDER });
      expect(plan.file.stages.map((s) => [s.name, s.shards.length])).toEqual([['train', 5]]);
      // Within an epoch, while it is measured, and once more after it went on.
      for (const [step, n] of [
        ['Training, epoch 1', 2],
        ['Training, epoch 1', 3],
        ['Measuring epoch 1', 1],
      ] as const) {
        expect((await thrown(doShard(plan.folder, 'train', 2, endingAt(step, n)))).code).toBe('CANCELLED');
        expect(existsSync(join(shardFiles(plan.folder, 'train', 2).work, 'library', 'runs', '1.checkpoint'))).toBe(
          true,
        );
        expect(existsSync(shardFiles(plan.folder, 'train', 2).failed)).toBe(false);
      }
      await doAll(plan);
      expect(await withLibrary(library, (l) => collectPlan(l, readPlan(plan.folder), silentContext()))).toMatchObject({
        added: 4,
        done: 5,
        failed: 0,
      });
      expect(await withLibrary(library, held)).toEqual(await withLibrary(alone, held));
      // Nothing is left of what shards worked in.
      expect(readdirSync(join(plan.folder, 'work', 'train'))).toEqual([]);
      // Collected twice is collected once; planned again, nothing is trained again.
      await withLibrary(library, async (l) => {
        expect(collectPlan(l, readPlan(plan.folder), silentContext())).toMatchObject({ before: true, added: 0 });
        expect(listTrainingRuns(l).length).toBe(4);
      });
    },
    LONG,
  );
});

describe('a ladder by a protocol in shards', () => {
  it(
    'asks the same photos as one machine, with the same intervals, and keeps within the memory that it may take',
    async () => {
      const single = copy();
      await withLibrary(single, (l) =>
        WORK.ladder.run(
          l,
          { ...TRAINING, queriesPerEpoch: 2, memory: LITTLE, ladder: { ...LADDER, protocol: 'new-photos' } },
          silentContext(),
        ),
      );
      const library = copy();
      const plan = await ask(library, {
        work: 'ladder',
        ...TRAINING,
        queriesPerEpoch: 2,
        ...LADDER,
        protocol: 'new-photos',
        memory: LITTLE,
      });
      const steps: string[] = [];
      await doShard(plan.folder, 'train', 2, { ...silentContext(), step: (said) => steps.push(said) });
      expect(steps.filter((s) => s.includes('of the 256 MiB of memory')).length).toBe(1);
      await doAll(plan);
      await withLibrary(library, (l) => collectPlan(l, readPlan(plan.folder), silentContext()));
      const [collected, whole] = [await withLibrary(library, held), await withLibrary(single, held)];
      expect(collected).toEqual(whole);
      expect(collected.reports).toMatchObject([{ kind: 'ladder', report: { protocol: 'new-photos' } }]);
    },
    2 * LONG,
  );
});

describe('trainings in shards', () => {
  it(
    'are a seed a shard: the networks of as many commands, and the default stays',
    async () => {
      const library = copy();
      const plan = await ask(library, { work: 'seeds', ...TRAINING, seed: 7, seeds: 2 });
      await doAll(plan);
      const whole = resultOf(plan, 1);
      const added = await withLibrary(library, (l) => collectPlan(l, readPlan(plan.folder), silentContext()));
      expect(added).toMatchObject({ added: 2, work: 'seeds' });
      const single = copy();
      const networks = await withLibrary(single, async (l) => {
        const out: string[] = [];
        for (const seed of [7, 8])
          out.push(((await WORK.train.run(l, { ...TRAINING, seed }, silentContext())) as { network: string }).network);
        return out;
      });
      await withLibrary(library, (l) => {
        const runs = listTrainingRuns(l).reverse();
        expect(runs.map((r) => r.result)).toEqual(networks);
        expect(runs.map((r) => [r.parameters.seed, r.networkName])).toEqual(
          [7, 8].map((s) => [s, runs[0]!.networkName]),
        );
        expect(l.db.prepare('SELECT COUNT(*) FROM network_choice').pluck().get()).toBe(0);
      });
      // Two tasks at once on one shard: each has a library of its own, and the bytes are the same.
      const twice = await ask(copy(), { work: 'seeds', ...TRAINING, seed: 7, seeds: 1 });
      await Promise.all([1, 2].map(() => doShard(twice.folder, 'train', 1, silentContext())));
      expect(resultOf(twice, 1)).toEqual(whole);
    },
    LONG,
  );

  it(
    'take as many threads as the plan says, whatever there are where they are done',
    async () => {
      const asked = { work: 'seeds', ...TRAINING, seed: 7, seeds: 1 };
      const plan = await ask(copy(), { ...asked, threads: 3 });
      expect(plan.file.threads).toBe(3);
      const seen = new Set<number>();
      vi.stubEnv('COVIS_THREADS', '1');
      try {
        await doShard(plan.folder, 'train', 1, { ...silentContext(), step: () => seen.add(threads()) });
        expect(threads()).toBe(1);
      } finally {
        vi.unstubAllEnvs();
      }
      expect([...seen]).toEqual([3]);
      // Where nobody says: those of this machine, of Slurm's task, or a part of this machine's.
      expect((await ask(copy(), asked)).file.threads).toBe(threads());
      const of = (executor: 'local' | 'slurm', more: object) => threadsOfShards({ work: 'seeds', executor, ...more });
      expect([of('slurm', { cpus: 4 }), of('slurm', {}), of('local', { atOnce: 1 })]).toEqual([4, 1, threads()]);
      expect(of('slurm', { cpus: 4, shardThreads: 2 })).toBe(2);
      expect(threadsOfShards({ work: 'extract', executor: 'slurm', cpus: 4 })).toBe(undefined);
    },
    LONG,
  );

  it('are a recipe a shard, and are asked only for what they take', async () => {
    const library = copy();
    const plan = await ask(library, { work: 'presets', presets: ['small', 'pami18-gem-vgg'], epochs: 1 });
    expect(plan.file.stages[0]!.shards.length).toBe(2);
    for (const [given, why] of [
      [{ work: 'seeds', poolings: ['mac'] }, 'poolings does not go with seeds'],
      [{ work: 'ladder', shards: 3 }, 'shards does not go with ladder: one rung is one shard'],
      [{ work: 'extract', epochs: 3 }, 'epochs does not go with extract'],
    ] as const)
      expect((await thrown(ask(library, given))).message).toBe(why);
  });
});

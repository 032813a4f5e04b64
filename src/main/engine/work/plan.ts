import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { PlannedWork } from '../../../shared/facts/planned.ts';
import { PRESET_NAMES, type PresetName } from '../../../shared/facts/training.ts';
import type { JobParams } from '../../../shared/jobs/index.ts';
import { collectJob } from '../../../shared/jobs/collect.ts';
import { planJob } from '../../../shared/jobs/plan.ts';
import { askedOf, wordsOf, type Asked } from '../../../shared/jobs/planned-works.ts';
import { submitJob } from '../../../shared/jobs/submit.ts';
import { libraryDomainNetworks } from '../domains/domain-networks.ts';
import { notAStudent } from '../evaluation/teacher.ts';
import { threads } from '../environment/threads.ts';
import { narrowed } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { collectNoted } from '../plan/collect.ts';
import { resolveNetwork } from '../network/networks.ts';
import { readPlan, type Plan } from '../plan/folder.ts';
import { suitableAtOnce } from '../plan/local.ts';
import { makePlan, type Planning } from '../plan/make.ts';
import { hasSlurm, refuseOptions } from '../plan/slurm.ts';
import { allShards, goOnAlone, submitSlurm } from '../plan/steer.ts';
import { PLAN_WORKS, type GivenByWork } from '../plan/works/index.ts';
import type { PlannedRun } from '../plan/works/runs.ts';
import { loadSet } from '../retrieval/vector-sets.ts';
import { askedSize, bytesOf } from './asked.ts';
import type { TaskContext } from '../queue/context.ts';
import { ladderBeginning } from './ladder.ts';
import { beginningOf } from './train.ts';
import { work } from './work.ts';

const SEEDS = 3;

const planned = ({ folder, file }: Plan) => ({
  uid: file.uid,
  work: file.work,
  folder,
  title: file.title,
  ...(file.threads === undefined ? {} : { threads: file.threads }),
  items: file.stages
    .filter((s) => (wordsOf(file.work).counted ?? s.name) === s.name)
    .reduce((n, s) => n + s.shards.reduce((m, shard) => m + shard.items, 0), 0),
  stages: file.stages.map((s) => ({ name: s.name, shards: s.shards.length })),
});

/** What a person asks for, with how it is cut. */
type Told = Readonly<Record<string, unknown>> & Planning & { readonly work: PlannedWork };

/** Makes of what a person asks for what is cut: networks and recipes are those that the command on one machine would take. */
const GIVEN: {
  readonly [W in PlannedWork]: (library: Library, asked: Asked<W>, task: TaskContext) => Promise<GivenByWork[W]>;
} = {
  extract: (_, asked) => Promise.resolve(asked),
  edges: (_, asked) => Promise.resolve(asked),
  matches: (_, asked) => Promise.resolve(asked),
  neighbours: (_, asked) => Promise.resolve(asked),
  diffusion: (_, asked) => Promise.resolve(asked),
  index: (_, asked) => Promise.resolve(asked),
  cluster: (_, asked) => Promise.resolve(asked),
  teacher: async (library, { network, set, size, ...asked }) => {
    if (set === undefined) {
      const row = await resolveNetwork(library, network, 'default');
      return { ...asked, network: row, size: askedSize(size, row) };
    }
    const own = await loadSet(library, set);
    if (own.owners !== undefined || own.network === undefined || own.size === undefined) throw notAStudent();
    return { ...asked, network: own.network, size: own.size };
  },
  domains: async (library, { network, fineTuned, edges, ...asked }) => ({
    ...asked,
    networks: await libraryDomainNetworks(library, { pretrained: network, fineTuned, edges }),
  }),
  ladder: async (library, { poolings = ['mac', 'gem'], seeds = SEEDS, protocol, memory, ...asked }) => {
    const { start, base, parts } = await ladderBeginning(library, asked, protocol);
    return { start, base, options: { poolings, seeds, ...defined({ protocol, parts }) }, memory: bytesOf(memory) };
  },
  seeds: (library, { seeds = SEEDS, ...asked }, task) =>
    runsOf(
      library,
      asked,
      task,
      Array.from({ length: seeds }, (_, k) => ({ seed: (asked.seed ?? 0) + k })),
    ),
  presets: (library, { presets, ...asked }, task) => {
    const all = presets ?? PRESET_NAMES.filter((name) => name !== 'small-edges');
    return runsOf(
      library,
      asked,
      task,
      [...new Set(all)].map((preset) => ({ preset })),
    );
  },
};

function runsOf(
  library: Library,
  { memory, ...asked }: Omit<Asked<'seeds'>, 'seeds'>,
  task: TaskContext,
  each: readonly { readonly seed?: number; readonly preset?: PresetName }[],
): Promise<PlannedRun[]> {
  return narrowed(library, asked.collection, async () => {
    const runs: PlannedRun[] = [];
    for (const own of each)
      runs.push({
        ...(await beginningOf(library, { ...asked, ...own }, task)),
        askedSize: asked.size,
        memory: bytesOf(memory),
      });
    return runs;
  });
}

/** Cuts what a person asked for. @param path to `makePlan`, or to what only sketches it. @throws CovisError `INPUT_INVALID` for what does not go with the work. */
export async function planAsked(
  library: Library,
  told: Told,
  task: TaskContext,
  make: typeof makePlan = makePlan,
): Promise<Plan> {
  const { work: kind, shards, out, threads } = told;
  const given = GIVEN[kind] as (l: Library, a: Asked<PlannedWork>, t: TaskContext) => Promise<GivenByWork[PlannedWork]>;
  return make(library, kind, await given(library, askedOf(kind, told), task), { shards, out, threads }, task);
}

export const planWork = work(planJob, async (library, p, task) =>
  planned(await planAsked(library, { ...p, threads: p.shardThreads }, task)),
);

/** Threads of one shard where they are many: as it is said, as Slurm is asked for, or a part of this machine's. */
export function threadsOfShards({
  work: kind,
  executor,
  shardThreads,
  cpus,
  atOnce = suitableAtOnce(),
}: Pick<JobParams<'submit'>, 'work' | 'executor' | 'shardThreads' | 'cpus' | 'atOnce'>): number | undefined {
  if (shardThreads !== undefined || PLAN_WORKS[kind].roundedByThreads !== true) return shardThreads;
  return executor === 'slurm' ? (cpus ?? 1) : Math.max(1, Math.floor(threads() / atOnce));
}

export const submitWork = work(submitJob, async (library, p, task) => {
  const { partition, account, time, mem, cpus, gres, arrayLimit, sbatch, covis } = p;
  const options = { partition, account, time, mem, cpus, gres, arrayLimit, sbatch, covis };
  // Before hours of nothing.
  if (p.executor === 'slurm') {
    refuseOptions(options);
    if (!hasSlurm())
      throw new CovisError('EXTERNAL_FAILED', 'This machine has no sbatch, by which work is given to Slurm', {
        hint: 'Submit on a machine of the cluster, or do the shards here: --executor local.',
      });
  }
  const plan = await planAsked(library, { ...p, threads: threadsOfShards(p) }, task);
  const arrays = p.executor === 'slurm' ? submitSlurm(plan, allShards(plan), options) : [];
  if (p.executor === 'local') goOnAlone(plan, p.atOnce);
  task.changed('plans');
  return { ...planned(plan), jobs: arrays.map((a) => a.id) };
});

export const collectWork = work(collectJob, (library, p, task) => collectNoted(library, readPlan(p.plan), task));

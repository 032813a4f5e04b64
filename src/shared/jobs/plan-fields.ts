/** What plans take: which work, how it is cut, who does it. */
import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { EXECUTORS, PLANNED_WORKS } from '../facts/planned.ts';
import { folder, THREADS } from '../fields.ts';
import { PLANNED, plannedFields } from './planned-works.ts';

export const plannedWork = z.enum(PLANNED_WORKS).meta({
  label: 'Work',
  help: 'what is cut into shards',
  names: Object.fromEntries(PLANNED_WORKS.map((w) => [w, PLANNED[w].title])),
});
export const planFolder = folder.meta({ help: 'the folder of a plan' });

export const planning = {
  ...plannedFields,
  shards: z.int().min(1).max(100_000).optional().meta({
    label: 'Shards',
    help: 'parts that are done by themselves',
    otherwise: 'as many as suit: one for every 4,000 photos, or one for every run',
  }),
  shardThreads: THREADS.optional().meta({
    label: 'Threads of a shard',
    help: 'threads that each shard takes, wherever it is done: sums of trainings are rounded by how many there are',
    otherwise: 'of trainings those of Slurm, or a share of this machine; else what is there',
    advanced: true,
  }),
  out: folder.optional().meta({
    help: 'a new folder for the plan, which all machines see under this path',
    otherwise: 'in LIB.plans, beside the library',
  }),
};

export const executor = z.enum(EXECUTORS).meta({
  label: 'Done by',
  help: 'who does the shards: processes of this machine, or a cluster',
  names: { local: 'This machine', slurm: 'Slurm' },
});

export const slurm = {
  partition: z.string().min(1).max(200).optional().meta({ label: 'Partition', help: 'of Slurm', value: 'name' }),
  account: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ label: 'Account', help: 'of Slurm', value: 'name', advanced: true }),
  time: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ label: 'Time', help: 'longest time of a task, as Slurm writes it: 2:00:00', value: 'time' }),
  mem: z.string().min(1).max(64).optional().meta({ label: 'Memory', help: 'memory of a task: 8G', value: 'size' }),
  cpus: z.int().min(1).max(1024).optional().meta({ label: 'Processors', help: 'processors of a task' }),
  gres: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ label: 'Resources', help: 'as Slurm writes them: gpu:1', value: 'list', advanced: true }),
  arrayLimit: z.int().min(1).max(100_000).optional().meta({
    label: 'Tasks at a time',
    help: 'most tasks of an array that run at the same time',
    advanced: true,
  }),
  sbatch: z.string().min(1).max(2000).optional().meta({
    help: 'further options for sbatch, in one text: "--constraint=avx512 --qos=long"',
    value: 'options',
    page: false,
  }),
  covis: z.string().min(1).max(4096).optional().meta({
    help: 'how Covis is started on a node, as a shell takes it',
    otherwise: 'as it was started here',
    value: 'command',
    page: false,
  }),
};

export const atOnce = z.int().min(1).max(1024).optional().meta({
  label: 'Processes at a time',
  help: 'on this machine: shards that are done at the same time',
  otherwise: 'one for every two threads',
  advanced: true,
});

const { covis: _as, ...again } = slurm;

/** What can be said of shards that are done again; what is not said is as they were submitted. */
export const retrying = {
  failed: z
    .boolean()
    .default(false)
    .meta({ label: 'Only what failed', help: 'only what failed or was lost', advanced: true }),
  executor: executor.optional().meta({ otherwise: 'as it was submitted' }),
  atOnce,
  ...again,
};

/** What planning gives. */
export const planned = z.object({
  uid: z.string(),
  work: plannedWork,
  folder: z.string(),
  title: z.string(),
  /** Units of all shards. */
  items: count,
  /** Threads that each shard takes, where the plan says so. */
  threads: count.optional(),
  stages: z.array(z.object({ name: z.string(), shards: count })),
});

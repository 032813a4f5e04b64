/** What stands in the files of a plan. They lie where others may write, so that everything is bounded and nothing is believed. */
import { z } from 'zod';
import { EXECUTORS, PLANNED_WORKS } from '../../../shared/facts/planned.ts';
import type { Facts } from '../../../shared/facts/facts.ts';

/** Changes when files of plans do. */
export const FORMAT = 2;
export const MOST_SHARDS = 100_000;
/** Photos, runs or pairs of one shard. */
export const MOST_ITEMS = 10_000_000;
/** What is asked of one shard, in bytes. */
const MOST_CONTENT = 512 << 20;
const MOST_STAGES = 16;
const MOST_WARNINGS = 100;
const LONGEST = 2000;

export const digest = z.string().regex(/^[0-9a-f]{64}$/);
export const planUid = z.string().regex(/^[0-9a-f]{16}$/);
export const photoHash = z.string().regex(/^[0-9a-f]{32}$/);
export const stageName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const place = z
  .string()
  .min(1)
  .max(4096)
  .refine((p) => !p.includes('\0'), 'holds a zero byte');
const code = {
  version: z.string().min(1).max(64),
  commit: z
    .string()
    .regex(/^[0-9a-f]{40,64}$/)
    .nullable(),
};
const whole = z.int().min(0);

const stage = z.strictObject({
  name: stageName,
  /** Stages that must be done before. */
  after: z.array(stageName).max(MOST_STAGES),
  /** Shards in the order of the stage's table: what is asked of one by its digest and length there, and how many units it has. */
  shards: z
    .array(
      z.strictObject({
        sha256: digest,
        bytes: z.int().min(1).max(MOST_CONTENT),
        items: z.int().min(1).max(MOST_ITEMS),
      }),
    )
    .min(1)
    .max(MOST_SHARDS),
});

/** `plan.json`. */
export const planFile = z
  .strictObject({
    format: z.literal(FORMAT),
    uid: planUid,
    ...code,
    created: time,
    work: z.enum(PLANNED_WORKS),
    title: z.string().min(1).max(200),
    /** Where the library was when it was planned; it alone says whether this is its plan. */
    library: place,
    params: z.record(z.string().max(64), z.unknown()),
    /** Threads that every shard takes; left out where numbers do not depend on them, and each takes what is there. */
    threads: z.int().min(1).max(1024).optional(),
    /** Files of the plan that all shards read, by what they are: the network. */
    files: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), z.strictObject({ sha256: digest, bytes: whole })),
    /** All inputs by their content. */
    inputs: z.strictObject({ count: whole, sha256: digest }),
    stages: z.array(stage).min(1).max(MOST_STAGES),
  })
  .refine(({ stages }) => new Set(stages.map((s) => s.name)).size === stages.length, 'names a stage twice')
  .refine(
    ({ stages }) => stages.every((s, i) => s.after.every((a) => stages.slice(0, i).some((b) => b.name === a))),
    'has a stage after one that does not come before it',
  );
export type PlanFile = Facts<typeof planFile>;
export type PlanStage = PlanFile['stages'][number];

/** A file of a photo, with what told at its import that it is unchanged. */
const photoFile = z.strictObject({
  path: place,
  bytes: whole.nullable(),
  modified: z.number().nullable(),
  changed: z.number().nullable(),
});
/** A photo by its content, and where it was imported from. */
export const plannedPhoto = z.strictObject({ hash: photoHash, files: z.array(photoFile).min(1).max(1000) });
export type PlannedPhoto = Facts<typeof plannedPhoto>;

/** `NNNN.done`: written last. */
export const doneFile = z.strictObject({
  format: z.literal(FORMAT),
  /** Digests of the plan, of what was asked and of what came of it. */
  plan: digest,
  shard: digest,
  sha256: digest,
  bytes: whole,
  ...code,
  items: whole,
  done: whole,
  failed: whole,
  warnings: z.array(z.string().max(LONGEST)).max(MOST_WARNINGS),
  seconds: z.number().min(0),
  /** Seconds of its parts, as of epochs: what a result itself does not hold, so that it is the same however long it took. */
  times: z.array(z.number().min(0)).max(1000).optional(),
  /** Most memory that the process had, in bytes. */
  peak: whole,
  host: z.string().max(256),
  device: z.string().max(256),
  finished: time,
});
export type DoneFile = Facts<typeof doneFile>;

/** `NNNN.failed` and `stopped.json`: why a shard, or the whole plan, did not go on. */
export const failedFile = z.strictObject({
  message: z.string().min(1).max(LONGEST),
  file: z.string().max(4096).optional(),
  hint: z.string().max(LONGEST).optional(),
  host: z.string().max(256),
  when: time,
});
export type FailedFile = Facts<typeof failedFile>;

/** `NNNN.running`: who is at it. */
export const runningFile = z.strictObject({
  host: z.string().max(256),
  pid: z.int().min(1),
  started: z.string().max(256),
  since: time,
});
export type RunningFile = Facts<typeof runningFile>;

const slurmOptions = {
  partition: z.string().max(200).optional(),
  account: z.string().max(200).optional(),
  time: z.string().max(64).optional(),
  mem: z.string().max(64).optional(),
  cpus: z.int().min(1).max(1024).optional(),
  gres: z.string().max(200).optional(),
  arrayLimit: z.int().min(1).max(MOST_SHARDS).optional(),
  sbatch: z.string().max(LONGEST).optional(),
  covis: z.string().max(4096).optional(),
};
/** `submitted.json`: who was told to do it, and how, so that what failed can be asked for again in the same way. */
export const submittedFile = z.strictObject({
  executor: z.enum(EXECUTORS),
  when: time,
  atOnce: z.int().min(1).max(1024).optional(),
  /** The process that looks after local shards. */
  supervisor: runningFile.optional(),
  slurm: z.strictObject(slurmOptions).optional(),
  /** Of a scheduler: its number for an array, the stage, and what is added to a task's number. */
  arrays: z
    .array(
      z.strictObject({
        id: z.string().regex(/^\d{1,20}$/),
        stage: stageName.or(z.literal('collect')),
        offset: z.int().min(0).max(MOST_SHARDS),
        tasks: z.string().max(100_000),
      }),
    )
    .max(10_000),
});
export type SubmittedFile = Facts<typeof submittedFile>;
export type SlurmOptions = NonNullable<SubmittedFile['slurm']>;

export const MOST_SAID = { warnings: MOST_WARNINGS, characters: LONGEST } as const;

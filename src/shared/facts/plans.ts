/** Facts of plans: work that is cut into shards, which other machines or processes do. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

/** What can be planned. */
export const PLANNED_WORKS = [
  'extract',
  'ladder',
  'seeds',
  'presets',
  'edges',
  'matches',
  'neighbours',
  'diffusion',
  'index',
  'domains',
  'teacher',
  'cluster',
] as const;
export type PlannedWork = (typeof PLANNED_WORKS)[number];

/** Who does the shards: processes of this machine, or a cluster's scheduler. */
export const EXECUTORS = ['local', 'slurm'] as const;
export type Executor = (typeof EXECUTORS)[number];

/**
 * How a shard stands. `lost`: it was under way and is no longer, without a result or a word, as where its machine died. `open`: nobody was
 * told to do it yet.
 */
export const SHARD_STATES = ['done', 'running', 'waiting', 'failed', 'lost', 'open'] as const;
export const shardState = z.enum(SHARD_STATES);
export type ShardState = Facts<typeof shardState>;

/** How a plan stands. `ready`: all shards are done, and nobody collected them yet. */
export const planState = z.enum(['open', 'running', 'failed', 'cancelled', 'stopped', 'ready', 'collected', 'missing']);
export type PlanState = Facts<typeof planState>;

export const shardCounts = z.object(
  Object.fromEntries(SHARD_STATES.map((s) => [s, count])) as Record<ShardState, typeof count>,
);
export type ShardCounts = Facts<typeof shardCounts>;

export const stageStatus = z.object({
  name: z.string(),
  shards: count,
  counts: shardCounts,
});

/** A shard that failed or was lost, with its sentence. */
export const shardFault = z.object({
  stage: z.string(),
  shard: count,
  state: shardState,
  message: z.string(),
  host: z.string().nullable(),
});

export const planStatus = z.object({
  /** Names the plan in its library. */
  uid: z.string(),
  folder: z.string(),
  title: z.string(),
  work: z.string(),
  created: z.string(),
  state: planState,
  /** Why nothing goes on, where that is so. */
  message: z.string().nullable(),
  executor: z.enum(EXECUTORS).nullable(),
  stages: z.array(stageStatus),
  /** The first of those that failed. */
  faults: z.array(shardFault),
  /** Units that the finished shards hold, and those that could not be done. */
  items: z.object({ planned: count, done: count, failed: count }),
  /** When the scheduler was asked last, where one has it. */
  asked: z.string().nullable(),
});
export type PlanStatus = Facts<typeof planStatus>;

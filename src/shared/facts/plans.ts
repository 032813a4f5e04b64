/** Facts of plans: work that is cut into shards, which other machines or processes do. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';
import { EXECUTORS, SHARD_STATES, type ShardState } from './planned.ts';

export const shardState = z.enum(SHARD_STATES);

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

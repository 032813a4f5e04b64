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
export type ShardState = (typeof SHARD_STATES)[number];

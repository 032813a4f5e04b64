import type { PlannedWork } from '../../../../shared/facts/plans.ts';
import type { Library } from '../../library/library.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { Plan } from '../folder.ts';

/** One shard as it is planned: its content as JSON, and how many units it has. */
export interface CutShard {
  readonly content: unknown;
  readonly items: number;
}

/** Work that was cut. */
export interface Cut {
  readonly title: string;
  /** What all shards are told. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Files of the library that go into the plan, by what they are there. */
  readonly files: Readonly<Record<string, string>>;
  /** All inputs by content. */
  readonly inputs: { readonly count: number; readonly sha256: string };
  readonly stages: readonly {
    readonly name: string;
    readonly after: readonly string[];
    readonly shards: Iterable<CutShard>;
  }[];
}

/** What came of a shard. */
export interface Outcome {
  readonly bytes: Uint8Array;
  /** Units that could be done; the rest is counted as failed. */
  readonly done: number;
}

/** What came of a plan's shards. */
export interface Results {
  /** Result of a shard, its digest checked. */
  readonly of: (stage: string, shard: number) => Buffer;
  /** Runs in the transaction that makes the results part of the library. */
  readonly also: () => void;
}

/** One kind of work that can be cut: how it is cut, how a shard is done, how results become part of the library. */
export interface PlanWork<G> {
  readonly work: PlannedWork;
  /** @param shards how many are wanted; undefined for what suits. @throws CovisError `STATE_EMPTY` where nothing is to be done. */
  readonly cut: (library: Library, given: G, shards: number | undefined) => Promise<Cut>;
  /** Does one shard with nothing but the plan's files and what they name. */
  readonly shard: (plan: Plan, stage: string, shard: number, task: TaskContext) => Promise<Outcome>;
  /** @returns how many units are new in the library. */
  readonly collect: (library: Library, plan: Plan, results: Results, task: TaskContext) => number;
}

/** Cuts a list into parts of sizes that differ by one at most, in order. */
export function* parts<T>(all: readonly T[], count: number): Generator<readonly T[]> {
  for (let i = 0; i < count; i += 1)
    yield all.slice(Math.floor((i * all.length) / count), Math.floor(((i + 1) * all.length) / count));
}

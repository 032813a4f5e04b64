import { CovisError } from '../../../../shared/errors.ts';
import type { PlannedWork } from '../../../../shared/facts/planned.ts';
import type { Library } from '../../library/library.ts';
import type { TaskContext } from '../../queue/context.ts';
import { MOST_SHARDS, type DoneFile } from '../facts.ts';
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
  /** Files that go into the plan, by what they are there: copies of one of the library, or what is written for the plan. */
  readonly files: Readonly<Record<string, string | ((to: string) => Promise<void>)>>;
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
  /** Seconds of its parts, where somebody wants to know. */
  readonly times?: readonly number[];
  /** Called once the result is written: what the shard kept in case it had to go on can go. */
  readonly written?: () => void;
}

/** What came of a plan's shards. */
export interface Results {
  /** Result of a shard, its digest checked. */
  readonly of: (stage: string, shard: number) => Buffer;
  /** What a shard said of itself. */
  readonly said: (stage: string, shard: number) => DoneFile;
  /** Runs in the transaction that makes the results part of the library. */
  readonly also: () => void;
}

/** One kind of work that can be cut: how it is cut, how a shard is done, how results become part of the library. What a unit of it is, is said in shared/jobs/planned-works.ts. */
export interface PlanWork<G> {
  readonly work: PlannedWork;
  /** True where a shard that was told to end goes on from there when it is begun again: who runs it may begin it again by himself. */
  readonly resumable: boolean;
  /** True where sums are rounded by how many threads there are, so that all shards have to take as many. */
  readonly roundedByThreads?: boolean;
  /** What the library is told before work of it is cut, as the command on one machine tells it; not where a plan is only sketched. */
  readonly begin?: (library: Library, given: G, task: TaskContext) => Promise<void>;
  /** @param shards how many are wanted; undefined for what suits. @throws CovisError `STATE_EMPTY` where nothing is to be done. */
  readonly cut: (library: Library, given: G, shards: number | undefined, task: TaskContext) => Promise<Cut>;
  /**
   * Does one shard with nothing but the plan's files and what they name. What comes of it depends on nothing else: the same bytes wherever,
   * how often and in how many pieces it is done.
   */
  readonly shard: (plan: Plan, stage: string, shard: number, task: TaskContext) => Promise<Outcome>;
  /** Makes all results part of the library in one transaction, in which {@link Results.also} runs. @returns how many units are new there. */
  readonly collect: (library: Library, plan: Plan, results: Results, task: TaskContext) => number;
}

/** Cuts a list into parts of sizes that differ by one at most, in order. */
export function* parts<T>(all: readonly T[], count: number): Generator<readonly T[]> {
  for (let i = 0; i < count; i += 1)
    yield all.slice(Math.floor((i * all.length) / count), Math.floor(((i + 1) * all.length) / count));
}

/** How many shards a number of units is cut into. @throws CovisError `INPUT_INVALID` for more shards than units. */
export function shardCount(units: number, asked: number | undefined, suitable: number, what: string): number {
  if (asked !== undefined && asked > units)
    throw new CovisError('INPUT_INVALID', `${units} ${what} cannot be cut into ${asked} shards`, {
      hint: `Take at most ${units}.`,
    });
  return Math.min(MOST_SHARDS, asked ?? Math.ceil(units / suitable));
}

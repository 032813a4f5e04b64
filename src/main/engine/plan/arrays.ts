/** Shards as arrays of a scheduler, which numbers the tasks of one array up to a limit. */

/** One array: a task's number and `offset` are its shard. */
export interface ShardArray {
  readonly offset: number;
  /** As sbatch takes them: `1-1000`, `3,7-9`. */
  readonly tasks: string;
  readonly count: number;
}

/** Most tasks of one array, where the scheduler allows more. */
export const MOST_TASKS = 1000;

/** Numbers as ranges: `1-3,7`. @param sorted and each once. */
export function ranges(sorted: readonly number[]): string {
  const out: string[] = [];
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === sorted[end]! + 1) end += 1;
    out.push(end === i ? String(sorted[i]) : `${sorted[i]}-${sorted[end]}`);
    i = end + 1;
  }
  return out.join(',');
}

/** The numbers of {@link ranges}. */
export function numbersOf(tasks: string): number[] {
  return tasks.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    if (!Number.isInteger(first) || !Number.isInteger(last) || last - first >= MOST_TASKS) return [];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** Arrays that have these shards. @param shards from 1 on, sorted. @param most tasks of one, and the highest number of a task. */
export function arraysOf(shards: readonly number[], most: number): ShardArray[] {
  const blocks = Map.groupBy(shards, (n) => Math.floor((n - 1) / most));
  return Array.from(blocks, ([block, some]) => {
    const offset = block * most;
    return { offset, tasks: ranges(some.map((n) => n - offset)), count: some.length };
  });
}

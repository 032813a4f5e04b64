/** How benchmarks time and print. */

/** Runs of a timed piece of work; the median counts. */
export const REPEATS = 9;

/** Seconds, after one run that does not count. */
export async function median(work: () => Promise<unknown> | unknown, repeats = REPEATS): Promise<number> {
  await work();
  const times: number[] = [];
  for (let i = 0; i < repeats; i += 1) {
    const began = performance.now();
    await work();
    times.push((performance.now() - began) / 1000);
  }
  return times.sort((a, b) => a - b)[repeats >> 1]!;
}

/** One row of the report. @param ratio above 1 when Covis is faster. */
export function line(what: string, ours: string, baseline: string, ratio: number | null): void {
  console.log(
    `${what.padEnd(40)} ${ours.padEnd(26)} ${baseline.padEnd(34)} ${ratio === null ? '' : `ratio ${ratio.toFixed(2)}`}`,
  );
}

export const ms = (s: number): string => `${(1000 * s).toFixed(2)} ms`;

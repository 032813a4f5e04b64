/** What bounds a number of a form. */
export interface Bounds {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly step?: number | undefined;
}

/**
 * The number `steps` steps on, inside its bounds. Without a step, whole numbers go by one and others by a digit of their size
 * (0.7 to 0.8, 1e-5 to 2e-5); an empty field starts at its lower bound.
 */
export function stepped(value: number | null, steps: number, { min, max, step }: Bounds): number {
  const start = value ?? (min !== undefined && Number.isFinite(min) ? min : 0);
  const by = step ?? (Number.isInteger(start) ? 1 : 10 ** Math.floor(Math.log10(Math.abs(start))));
  const next = value === null ? start : start + steps * by;
  const tidy = Number(next.toPrecision(12));
  return Math.min(max ?? Infinity, Math.max(min ?? -Infinity, tidy));
}

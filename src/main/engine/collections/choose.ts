/** Choosing photos that stand for all: pure functions on unit descriptors. Ties go to the lower row, so that results are the same anywhere. */
import type { TaskContext } from '../queue/context.ts';
import { random } from '../library/random.ts';
import { silentContext } from '../queue/context.ts';
import { exactNeighbours } from '../retrieval/neighbours.ts';
import type { Matrix } from '../retrieval/rank.ts';
import type { Cosines } from '../retrieval/cosines.ts';

/** How well the first so many chosen rows stand for all. */
export interface CoverPoint {
  readonly n: number;
  /** Mean over all rows of the cosine with the nearest chosen one. */
  readonly mean: number;
  /** Smallest of them. */
  readonly least: number;
}

export interface Chosen {
  /** Rows in the order in which they were chosen; kept ones first. */
  readonly rows: readonly number[];
  readonly curve: readonly CoverPoint[];
}

export interface ChooseOptions {
  /** How many, kept ones with them. */
  readonly n: number;
  /** Rows that are chosen already. */
  readonly keep?: readonly number[];
  /** What a row is worth, above 0 and up to 1; all 1 where left out. */
  readonly worth?: ArrayLike<number> | undefined;
  readonly seed?: number | undefined;
  readonly task?: TaskContext | undefined;
}

/** Notes coverage as rows are taken. */
class Cover {
  readonly rows: number[] = [];
  readonly curve: CoverPoint[] = [];
  readonly taken: Uint8Array;
  readonly cosines: Cosines;

  constructor(cosines: Cosines) {
    this.cosines = cosines;
    this.taken = new Uint8Array(cosines.rows);
    cosines.forget();
  }

  take(row: number): void {
    this.cosines.take(row);
    this.taken[row] = 1;
    this.rows.push(row);
    const { best } = this.cosines;
    let [sum, least] = [0, Infinity];
    for (let i = 0; i < best.length; i += 1) {
      const b = Math.min(1, best[i]!);
      sum += b;
      if (b < least) least = b;
    }
    this.curve.push({ n: this.rows.length, mean: sum / best.length, least });
  }

  get done(): Chosen {
    return { rows: this.rows, curve: this.curve };
  }
}

/** Distance of two unit vectors of a cosine: √(2 − 2c). */
export function distanceOf(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * cosine));
}

/** Coverage of rows that were chosen elsewhere, in their order. */
export function coverage(cosines: Cosines, rows: readonly number[], task: TaskContext = silentContext()): Chosen {
  const cover = new Cover(cosines);
  for (const r of rows) {
    task.check();
    cover.take(r);
  }
  return cover.done;
}

/** The row nearest to the mean of all; with a seed one at random. */
function first(m: Matrix, cosines: Cosines, worth: ArrayLike<number> | undefined, seed: number | undefined): number {
  if (seed !== undefined) return random(seed).below(m.rows);
  const mean = new Float64Array(m.dim);
  for (let i = 0; i < m.rows; i += 1)
    for (let k = 0, at = i * m.dim; k < m.dim; k += 1) mean[k]! += m.data[at + k]! / m.rows;
  const near = cosines.with(mean);
  let best = 0;
  const value = (i: number): number => (worth?.[i] ?? 1) * (1 + near[i]!);
  for (let i = 1; i < m.rows; i += 1) if (value(i) > value(best)) best = i;
  return best;
}

/**
 * Greedy k-center, farthest first (Gonzalez 1985): always the row whose worth times its distance to the nearest chosen one is largest.
 * Without worth its radius is at most twice the smallest possible. It begins at the kept rows, else at the row nearest to the mean (a
 * random one with a seed).
 */
export function kCenter(m: Matrix, cosines: Cosines, o: ChooseOptions): Chosen {
  const cover = new Cover(cosines);
  const n = Math.min(o.n, m.rows);
  const start = o.keep?.length ? undefined : first(m, cosines, o.worth, o.seed);
  for (const r of o.keep ?? []) cover.take(r);
  if (start !== undefined && n > 0) cover.take(start);
  while (cover.rows.length < n) {
    o.task?.check();
    const { best } = cosines;
    let [farthest, most] = [-1, -1];
    for (let i = 0; i < m.rows; i += 1) {
      if (cover.taken[i] === 1) continue;
      // Without worth the order of cosines is that of distances, and needs no root.
      const d = o.worth === undefined ? 1 - Math.min(1, best[i]!) : o.worth[i]! * distanceOf(best[i]!);
      if (d > most) [farthest, most] = [i, d];
    }
    cover.take(farthest);
    o.task?.progress(cover.rows.length);
  }
  return cover.done;
}

/** Pairs times dimensions up to which every row is a candidate of {@link facilityLocation}; beyond, so many are drawn that this is spent. */
const FACILITY_PRODUCTS = 5e10;

/** How many candidates {@link facilityLocation} looks at: all, or so many that it takes seconds, but four for each that is chosen. */
export function facilityCandidates(rows: number, dim: number, n: number): number {
  return Math.min(rows, Math.max(4 * n, Math.floor(FACILITY_PRODUCTS / (rows * dim))));
}

/**
 * Facility location: maximises the sum over all rows of 1 + the cosine with the nearest chosen one by lazy greedy (Minoux 1978), which
 * gives what plain greedy gives: at least 1 − 1/e of the largest sum (Nemhauser, Wolsey and Fisher 1978) when every row is a candidate and
 * all are worth the same. Worth multiplies a candidate's gain.
 * @param most candidates; where there are more rows, they are drawn with the seed.
 */
export function facilityLocation(
  m: Matrix,
  cosines: Cosines,
  o: ChooseOptions,
  most = facilityCandidates(m.rows, m.dim, o.n),
): Chosen & { readonly candidates: number } {
  const cover = new Cover(cosines);
  for (const r of o.keep ?? []) cover.take(r);
  const free = Uint32Array.from({ length: m.rows }, (_, i) => i).filter((i) => cover.taken[i] === 0);
  const drawn =
    free.length <= most
      ? free
      : Uint32Array.from(
          random(o.seed ?? 0)
            .shuffled([...free])
            .slice(0, most),
        ).sort();
  const gainOf = (i: number): number => (o.worth?.[i] ?? 1) * cosines.gain(i);
  const heap = new Bounds(m.rows);
  o.task?.step('Looking at candidates', drawn.length, 'photos');
  for (const [k, i] of drawn.entries()) {
    o.task?.check();
    heap.push(i, gainOf(i));
    o.task?.progress(k + 1);
  }
  const n = Math.min(o.n, (o.keep?.length ?? 0) + drawn.length);
  o.task?.step('Choosing', n, 'photos');
  const seen = new Int32Array(m.rows).fill(cover.rows.length);
  while (cover.rows.length < n) {
    o.task?.check();
    const top = heap.pop();
    // A gain only shrinks as others are chosen: what was found earlier bounds it from above.
    if (seen[top] === cover.rows.length) {
      cover.take(top);
      o.task?.progress(cover.rows.length);
    } else {
      seen[top] = cover.rows.length;
      heap.push(top, gainOf(top));
    }
  }
  return { ...cover.done, candidates: drawn.length };
}

/** A heap of rows by value, largest first, equal ones by row. */
class Bounds {
  readonly #rows: number[] = [];
  readonly #values: Float64Array;

  constructor(rows: number) {
    this.#values = new Float64Array(rows);
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#values[a]!, this.#values[b]!];
    return x > y || (x === y && a < b);
  }

  push(row: number, value: number): void {
    this.#values[row] = value;
    const h = this.#rows;
    let at = h.push(row) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#before(row, h[above]!)) break;
      h[at] = h[above]!;
      at = above;
    }
    h[at] = row;
  }

  pop(): number {
    const h = this.#rows;
    const top = h[0]!;
    const last = h.pop()!;
    if (h.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= h.length) break;
      if (child + 1 < h.length && this.#before(h[child + 1]!, h[child]!)) child += 1;
      if (!this.#before(h[child]!, last)) break;
      h[at] = h[child]!;
      at = child;
    }
    h[at] = last;
    return top;
  }
}

/** Neighbours whose cosines make a row's density. */
export const TYPICAL_NEIGHBOURS = 20;

/**
 * Typical rows: in the order of worth times density, a row's mean cosine with its twenty nearest others (1 added, so that it is positive);
 * one that is among the twenty of a chosen row waits until no other is left, so that not all come from the densest place.
 */
export async function typical(m: Matrix, cosines: Cosines, o: ChooseOptions): Promise<Chosen> {
  const k = Math.min(TYPICAL_NEIGHBOURS, m.rows - 1);
  const near = await exactNeighbours(m, m, k + 1, o.task);
  const others = Array.from({ length: m.rows }, (_, i) => neighboursOf(near, i, k));
  const density = others.map((list, i) => (o.worth?.[i] ?? 1) * (1 + mean(list.map((j) => j.cosine))));
  const order = density.map((_, i) => i).sort((a, b) => density[b]! - density[a]! || a - b);
  const cover = new Cover(cosines);
  const n = Math.min(o.n, m.rows);
  const waits = new Uint8Array(m.rows);
  const take = (i: number): void => {
    cover.take(i);
    for (const j of others[i]!) waits[j.row] = 1;
  };
  for (const i of o.keep ?? []) take(i);
  for (const patient of [false, true])
    for (const i of order) {
      if (cover.rows.length >= n) break;
      if (cover.taken[i] === 0 && (patient || waits[i] === 0)) take(i);
    }
  return cover.done;
}

function neighboursOf(
  near: { readonly k: number; readonly ids: Uint32Array; readonly scores: Float32Array },
  i: number,
  k: number,
): { readonly row: number; readonly cosine: number }[] {
  const list: { row: number; cosine: number }[] = [];
  for (let j = 0; j < near.k && list.length < k; j += 1) {
    const at = i * near.k + j;
    if (near.ids[at] !== i) list.push({ row: near.ids[at]!, cosine: near.scores[at]! });
  }
  return list;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

/**
 * Rows at random without replacement, with chances in the proportion of their worth (Efraimidis and Spirakis 2006: the largest u^(1/w)).
 * @returns rows in the order in which they were drawn, kept ones first.
 */
export function drawn(rows: readonly number[], o: ChooseOptions): number[] {
  const r = random(o.seed ?? 0);
  const kept = new Set(o.keep);
  const keys = new Map<number, number>();
  for (const i of rows) keys.set(i, Math.log(1 - r.next()) / (o.worth?.[i] ?? 1));
  const free = rows.filter((i) => !kept.has(i)).sort((a, b) => keys.get(b)! - keys.get(a)! || a - b);
  return [...kept, ...free].slice(0, Math.max(o.n, kept.size));
}

/** How many of each stratum are chosen. */
export type Shares = 'equal' | 'proportional';

/**
 * Shares of n places among strata. Proportional: by their sizes, what is left over to the largest remainders. Equal: as many of each,
 * strata that have fewer give the rest to the others. None gets more than it has; ties go to the earlier stratum.
 * @param least what each has already.
 */
export function quotas(sizes: readonly number[], n: number, shares: Shares, least?: readonly number[]): number[] {
  const out = sizes.map((_, i) => least?.[i] ?? 0);
  const total = sizes.reduce((a, b) => a + b, 0);
  // One at a time to the stratum that lacks most of its share: floors first, then the largest remainders.
  const lacks = (i: number): number => (shares === 'equal' ? 0 : (n * sizes[i]!) / total) - out[i]!;
  for (let given = out.reduce((a, b) => a + b, 0); given < Math.min(n, total); given += 1) {
    let next = -1;
    for (let i = 0; i < sizes.length; i += 1) if (out[i]! < sizes[i]! && (next < 0 || lacks(i) > lacks(next))) next = i;
    out[next]! += 1;
  }
  return out;
}

/**
 * Some of each stratum: those of the highest worth where it is said, else at random. Strata in the order of their keys.
 * @param keys the stratum of each row.
 */
export function stratified(keys: readonly string[], shares: Shares, o: ChooseOptions): number[] {
  const strata = [...Map.groupBy(keys.keys(), (i) => keys[i]!)].sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = new Set(o.keep);
  const counts = quotas(
    strata.map(([, rows]) => rows.length),
    o.n,
    shares,
    strata.map(([, rows]) => rows.filter((i) => kept.has(i)).length),
  );
  const shuffled = new Map(drawn([...keys.keys()], { n: keys.length, seed: o.seed }).map((row, at) => [row, at]));
  const chosen = strata.flatMap(([, rows], s) => {
    const free = rows
      .filter((i) => !kept.has(i))
      .sort((a, b) => (o.worth?.[b] ?? 0) - (o.worth?.[a] ?? 0) || shuffled.get(a)! - shuffled.get(b)!);
    return free.slice(0, counts[s]! - (rows.length - free.length));
  });
  return [...kept, ...chosen];
}

/**
 * Cells of time and place: whole numbers of `hours` since 1970, and squares of `km` (rows of latitude, divided by the length of their
 * circle). What is not known is a cell of its own.
 */
export function cellOf(
  photo: { readonly taken: number | null; readonly latitude: number | null; readonly longitude: number | null },
  hours: number,
  km: number,
): string {
  const time = photo.taken === null ? '-' : String(Math.floor(photo.taken / (3600 * hours)));
  if (photo.latitude === null || photo.longitude === null) return `${time} -`;
  const KM_A_DEGREE = 111.195;
  const north = Math.floor((photo.latitude * KM_A_DEGREE) / km);
  const middle = ((north + 0.5) * km) / KM_A_DEGREE;
  const around = Math.max(1e-6, Math.cos((Math.PI * Math.min(90, Math.abs(middle))) / 180));
  const east = Math.floor((photo.longitude * KM_A_DEGREE * around) / km);
  return `${time} ${north} ${east}`;
}

/**
 * The knee of a curve: where it is highest above the line from its first to its last point, both axes from 0 to 1 (Satopää et al. 2011).
 * @returns n; undefined for fewer than three points or a curve that does not rise above its line.
 */
export function knee(curve: readonly CoverPoint[]): number | undefined {
  const [a, b] = [curve[0], curve.at(-1)];
  if (a === undefined || b === undefined || curve.length < 3 || b.mean <= a.mean) return undefined;
  let [at, most] = [undefined as number | undefined, 1e-9];
  for (const p of curve) {
    const above = (p.mean - a.mean) / (b.mean - a.mean) - (p.n - a.n) / (b.n - a.n);
    if (above > most) [at, most] = [p.n, above];
  }
  return at;
}

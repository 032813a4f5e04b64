/**
 * Three protocols that are never mixed, drawn by geometry alone: every photo of the own collection asks, photos of known places that were held
 * out ask, photos of held-out places ask. Pure functions on arrays; photos are rows.
 */
import type { ProtocolState } from '../../../shared/facts/adapt.ts';
import type { AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import { random } from '../library/random.ts';
import { rankByScore, row, similarities, type Matrix } from '../retrieval/rank.ts';
import { averagePrecision, weightedAveragePrecision } from './average-precision.ts';

/** What geometry says of photos, by rows in ascending order of their ids. */
export interface Geometry {
  readonly ids: Uint32Array;
  /** Photos of one number show one object as far as is known: a place, with others that a person joined to it. */
  readonly group: Int32Array;
  /** Near duplicates have one number, the row of the one that stands for them; others their own row. They are held out together. */
  readonly same: Uint32Array;
  /** 1 where a photo is in a cluster. */
  readonly modelled: Uint8Array;
  /** 1 where nobody knows what a photo shows: of a folder of many places, in no cluster. */
  readonly unknown: Uint8Array;
  /** Seconds since 1970; NaN where it is not known. */
  readonly taken: Float64Array;
  /** Pairs of rows, a < b, that are relevant to each other. */
  readonly a: Uint32Array;
  readonly b: Uint32Array;
  /** [pairs]: how sure geometry is of each, above 0 and up to 1; all the same where it is left out. */
  readonly sure?: Float64Array;
  /** Groups that may be one object, both ways: photos were verified to match across them. */
  readonly maybe: ReadonlyMap<number, ReadonlySet<number>>;
  /** Single rows that a person refused as different, both ways. */
  readonly unsure: ReadonlyMap<number, ReadonlySet<number>>;
}

/** Photos that may be learned from, and those that ask. */
export interface Fold {
  /** [rows]: 1 where everything may be known of the photo. */
  readonly known: Uint8Array;
  /** Rows that ask all other photos. */
  readonly asking: Uint32Array;
}

/** How folds are drawn. */
export interface Drawing {
  readonly protocol: AdaptProtocol;
  /** The photos of a place, or the places, are cut into so many parts, of which each fold holds one out. */
  readonly parts: number;
  readonly seed: number;
}

/** Of a place one photo asks, and two are left that a pair is learned from. */
const FEWEST_PHOTOS = 3;
/** Two of them are held out at most: training needs two, one for the negatives of the other. */
const FEWEST_PLACES = 4;
/** Parts that photos of a place, or places, are cut into where nothing speaks for another number. */
export const USUAL_PARTS = 3;
/** Below this many places resampling them says nothing. */
export const PLACES_FOR_INTERVAL = 4;

/** Relevant rows of each row. */
export class Relevant {
  readonly #offsets: Uint32Array;
  readonly #others: Uint32Array;
  readonly #sure: Float64Array;

  constructor({ ids, a, b, sure }: Pick<Geometry, 'ids' | 'a' | 'b' | 'sure'>) {
    const offsets = new Uint32Array(ids.length + 1);
    for (let i = 0; i < a.length; i += 1) {
      offsets[a[i]! + 1]! += 1;
      offsets[b[i]! + 1]! += 1;
    }
    for (let i = 0; i < ids.length; i += 1) offsets[i + 1]! += offsets[i]!;
    const at = offsets.slice();
    const others = new Uint32Array(2 * a.length);
    const weights = new Float64Array(2 * a.length);
    for (let i = 0; i < a.length; i += 1) {
      const weight = sure?.[i] ?? 1;
      for (const [x, y] of [
        [a[i]!, b[i]!],
        [b[i]!, a[i]!],
      ] as const) {
        others[at[x]!] = y;
        weights[at[x]!++] = weight;
      }
    }
    this.#offsets = offsets;
    this.#others = others;
    this.#sure = weights;
  }

  of(photo: number): Uint32Array {
    return this.#others.subarray(this.#offsets[photo]!, this.#offsets[photo + 1]!);
  }

  /** How sure geometry is of each of {@link of}. */
  sureOf(photo: number): Float64Array {
    return this.#sure.subarray(this.#offsets[photo]!, this.#offsets[photo + 1]!);
  }

  has(photo: number): boolean {
    return this.#offsets[photo + 1]! > this.#offsets[photo]!;
  }
}

/** Rows with a relevant one, by group, groups ascending. */
function connected(g: Geometry, relevant: Relevant): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let i = 0; i < g.ids.length; i += 1) {
    if (!relevant.has(i)) continue;
    const list = groups.get(g.group[i]!);
    if (list === undefined) groups.set(g.group[i]!, [i]);
    else list.push(i);
  }
  return new Map([...groups].sort(([x], [y]) => x - y));
}

/**
 * Draws fold number `fold` (0, 1, …). Folds of one round, as many as there are parts, hold out every photo or place
 * once, but for those of which two must be left to learn from; the next round draws anew. Photos of a place are held out by the time they
 * were taken, the latest first, where all have one; by the seed elsewhere. What may be the same object as a held-out place is neither known nor asked.
 */
export function drawFold(g: Geometry, { protocol, parts, seed }: Drawing, fold: number): Fold {
  const relevant = new Relevant(g);
  const groups = connected(g, relevant);
  const known = new Uint8Array(g.ids.length).fill(1);
  const round = Math.floor(fold / parts);
  const part = fold % parts;
  const r = random(seed * 1009 + round);
  const asking: number[] = [];
  if (protocol === 'own') for (const rows of groups.values()) asking.push(...rows);
  else if (protocol === 'new-photos') {
    for (const rows of groups.values()) {
      const single = unlike(g, rows);
      const shuffled = r.shuffled(single);
      if (single.length < FEWEST_PHOTOS) continue;
      const latest = byTime(single, g.taken) ?? shuffled;
      const held = new Set(partOf(latest, parts, part));
      asking.push(...rows.filter((i) => held.has(g.same[i]!)));
      for (const i of known.keys()) if (held.has(g.same[i]!)) known[i] = 0;
    }
  } else {
    const places = r.shuffled([...groups.keys()]);
    const held = new Set(places.length < FEWEST_PLACES ? [] : partOf(places, parts, part));
    for (const place of held) asking.push(...groups.get(place)!);
    for (let i = 0; i < known.length; i += 1) {
      const own = g.group[i]!;
      if (held.has(own) || [...(g.maybe.get(own) ?? [])].some((o) => held.has(o))) known[i] = 0;
    }
  }
  return { known, asking: Uint32Array.from(asking).sort() };
}

/** The rows that stand for these, near duplicates once. */
function unlike(g: Geometry, rows: readonly number[]): number[] {
  return [...new Set(rows.map((i) => g.same[i]!))];
}

/** Latest first; undefined where a time is missing or all are the same. */
function byTime(rows: readonly number[], taken: Float64Array): number[] | undefined {
  const times = rows.map((i) => taken[i]!);
  if (!times.every(Number.isFinite) || new Set(times).size < 2) return undefined;
  return [...rows].sort((x, y) => taken[y]! - taken[x]! || y - x);
}

/** Part number `part` of `parts` about equal ones; of few items so many that two are left. */
function partOf<T>(items: readonly T[], parts: number, part: number): T[] {
  const at = (p: number): number => Math.floor((p * items.length) / parts);
  return items.slice(at(part), at(part + 1)).slice(0, items.length - 2);
}

/** What of a query's answers counts: 1 right, 0 wrong, -1 unknown, which is passed over as if it were not there. */
export type Verdicts = Int8Array;

/** Verdicts on all photos as answers to one: relevant ones are right; itself, the rest of its place and what may be of it are unknown. */
export function verdictsOf(g: Geometry, relevant: Relevant, query: number): Verdicts {
  const own = g.group[query]!;
  const maybe = g.maybe.get(own);
  const unsure = g.unsure.get(query);
  const out = new Int8Array(g.ids.length);
  for (let i = 0; i < out.length; i += 1) {
    const of = g.group[i]!;
    if (of === own || g.unknown[i] === 1 || maybe?.has(of) === true || unsure?.has(i) === true) out[i] = -1;
  }
  for (const i of relevant.of(query)) out[i] = 1;
  out[query] = -1;
  return out;
}

/** Descriptors of the rows; rows without one are ranked nowhere and cannot ask. */
export interface Described {
  readonly x: Matrix;
  /** [rows]: 1 where there is one. */
  readonly has: Uint8Array;
}

/** One photo that asked: what came back, and its average precision. */
export interface Answer {
  readonly query: number;
  readonly ap: number;
  /** How sure geometry is of what this photo is about, in the mean of its relevant ones; left out where it does not say. */
  readonly weight?: number;
  /** The first rows that came back, itself left out, with what they are. */
  readonly first: readonly { readonly row: number; readonly verdict: number }[];
}

/**
 * Asks with rows that have a descriptor. Trapezoidal average precision; what is unknown is taken out of the ranking first. Where geometry says how
 * sure it is, relevant photos count by it.
 */
export function ask(g: Geometry, asking: ArrayLike<number>, { x, has }: Described, top = 0): Answer[] {
  return askRanked(g, asking, has, (query) => rankByScore(similarities(x, row(x, query))), top);
}

/**
 * As {@link ask}, by a ranking of any method.
 * @param has [rows]: 1 where a row can be ranked. @param ranked rows from best to worst for a row that asks, each once; rows that it leaves out count as
 * not found.
 */
export function askRanked(
  g: Geometry,
  asking: ArrayLike<number>,
  has: Uint8Array,
  ranked: (query: number) => ArrayLike<number>,
  top = 0,
): Answer[] {
  const relevant = new Relevant(g);
  const out: Answer[] = [];
  for (const query of Array.from(asking)) {
    if (has[query] !== 1 || !relevant.has(query)) continue;
    const verdicts = verdictsOf(g, relevant, query);
    const others = relevant.of(query);
    const sure = relevant.sureOf(query);
    const sureOf = new Map(Array.from(others, (other, k) => [other, sure[k]!]));
    const ranks: number[] = [];
    const weights: number[] = [];
    const first: { row: number; verdict: number }[] = [];
    const found = new Set<number>();
    let counted = 0;
    for (const i of Array.from(ranked(query))) {
      if (has[i] !== 1) continue;
      if (i !== query && first.length < top) first.push({ row: i, verdict: verdicts[i]! });
      if (verdicts[i] === -1) continue;
      if (verdicts[i] === 1) {
        ranks.push(counted);
        weights.push(sureOf.get(i)!);
        found.add(i);
      }
      counted += 1;
    }
    if (g.sure === undefined) out.push({ query, ap: averagePrecision(ranks, others.length), first });
    else {
      const missing = Array.from(others).flatMap((other, k) => (found.has(other) ? [] : [sure[k]!]));
      const weight = sure.reduce((sum, w) => sum + w, 0) / others.length;
      out.push({ query, ap: weightedAveragePrecision(ranks, weights, missing), weight, first });
    }
  }
  return out;
}

/** The mean of average precisions, each by how sure geometry is; null of none. */
export function meanOfAnswers(answers: readonly Pick<Answer, 'ap' | 'weight'>[]): number | null {
  let [sum, all] = [0, 0];
  for (const { ap, weight = 1 } of answers) {
    sum += weight * ap;
    all += weight;
  }
  return all === 0 ? null : sum / all;
}

/** Which of the three can be measured, and what is missing for the others. */
export function protocolStates(g: Geometry): ProtocolState[] {
  const relevant = new Relevant(g);
  const groups = [...connected(g, relevant).values()];
  const photos = groups.reduce((n, rows) => n + rows.length, 0);
  const large = groups.filter((rows) => unlike(g, rows).length >= FEWEST_PHOTOS);
  const inLarge = large.reduce((n, rows) => n + rows.length, 0);
  const objects = new Set(Array.from(g.group).filter((_, i) => g.unknown[i] !== 1)).size;
  const there = `${many(g.ids.length, 'photo')} of ${many(objects, 'place')}, ${many(groups.length, 'place')} with photos that share enough points`;
  const state = (
    protocol: AdaptProtocol,
    possible: boolean,
    queries: number,
    places: number,
    needs: string,
  ): ProtocolState => ({
    protocol,
    possible,
    queries,
    places,
    missing: possible ? null : `${needs}; there are ${there}`,
  });
  return [
    state(
      'own',
      groups.length >= 1 && objects >= 2,
      photos,
      groups.length,
      'It takes two places, one of them with two photos that share enough points',
    ),
    state(
      'new-photos',
      large.length >= 1 && objects >= 2,
      inLarge,
      large.length,
      `It takes two places, one of them with ${FEWEST_PHOTOS} photos that share enough points: one that asks and two that are learned from`,
    ),
    state(
      'new-places',
      groups.length >= FEWEST_PLACES,
      photos,
      groups.length,
      `It takes ${FEWEST_PLACES} places with photos that share enough points: two to learn from and two that are held out`,
    ),
  ];
}

const many = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

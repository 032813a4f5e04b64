/** Which photos are near duplicates of which, and which of them stands for the others: pure functions. */
import { bitsOf, lookWords } from '../library/looks.ts';
import type { Fold } from '../library/fold-log.ts';

/** Least share of the points of the one that sees more, which two photos have in common when they were taken within so many seconds. */
export const FOLD_OVERLAP = 0.6;
export const FOLD_SECONDS = 30;
/** The same where it is not known when one of them was taken. */
export const FOLD_OVERLAP_UNTIMED = 0.75;
/** Largest scale change, largest turn of the camera in degrees, and fewest points in common. */
export const FOLD_SCALE = 1.15;
export const FOLD_TURN = 5;
export const FOLD_SHARED = 50;

/** A photo as folding knows it. */
export interface FoldPhoto {
  readonly id: number;
  /** Of the best shot. */
  readonly score: number;
  /** Perceptual hash; null where it was not computed. */
  readonly look: string | null;
}

/** Two photos of a model. */
export interface FoldPair {
  readonly a: number;
  readonly b: number;
  readonly shared: number;
  /** Points that each sees. */
  readonly seenA: number;
  readonly seenB: number;
  /** Scale change, and by how many degrees the camera turned; null where they are not known. */
  readonly scale: number | null;
  readonly turn: number | null;
  /** Seconds since 1970; null where it is not known. */
  readonly takenA: number | null;
  readonly takenB: number | null;
}

/** Degrees between two rotations as unit quaternions. */
export function turnOf(a: readonly number[], b: readonly number[]): number {
  const dot = Math.abs(a.reduce((sum, v, i) => sum + v * b[i]!, 0));
  const length = Math.hypot(...a) * Math.hypot(...b);
  return (360 / Math.PI) * Math.acos(Math.min(1, dot / length));
}

/** True where geometry says that two photos show the same from the same place, about the same time. */
export function sameView(p: FoldPair): boolean {
  if (p.shared < FOLD_SHARED || p.scale === null || !(p.scale > 0)) return false;
  if (Math.max(p.scale, 1 / p.scale) > FOLD_SCALE || p.turn === null || p.turn > FOLD_TURN) return false;
  const overlap = p.shared / Math.max(1, p.seenA, p.seenB);
  if (p.takenA === null || p.takenB === null) return overlap >= FOLD_OVERLAP_UNTIMED;
  return Math.abs(p.takenA - p.takenB) <= FOLD_SECONDS && overlap >= FOLD_OVERLAP;
}

/** A photo under its head, and why; by geometry where both hold. */
export interface Folded {
  readonly head: number;
  readonly why: 'looks' | 'geometry' | null;
}

/**
 * Proposes folds. Photos are gone through from the highest score to the lowest (the lower id of equal ones); one that is not folded yet
 * takes every free photo that is linked to it directly, so that nothing is folded under what only a chain of others connects it with.
 * What a person said comes first and is kept: folded photos stay where they are, heads and what others were folded under by hand
 * come before all others and are folded under nothing, those that stand alone neither fold nor are folded.
 * @param alike groups of photos that may look the same. @param bits in which hashes of two may differ.
 */
export function proposeFolds(
  photos: readonly FoldPhoto[],
  alike: readonly (readonly number[])[],
  bits: number,
  pairs: readonly FoldPair[],
  said: ReadonlyMap<number, Fold>,
): Map<number, Folded> {
  const byId = new Map(photos.map((p) => [p.id, p]));
  const person = [...said].filter(([, f]) => f.by === 'person');
  const folds = new Map<number, Folded>();
  const heads = new Set<number>();
  const alone = new Set<number>();
  for (const [photo, f] of person) {
    if (f.state === 'alone') alone.add(photo);
    else if (f.state === 'head') heads.add(photo);
    else {
      folds.set(photo, { head: f.head!, why: null });
      heads.add(f.head!);
    }
  }
  const linked = new Map<number, number[]>();
  const link = (a: number, b: number): void => {
    const list = linked.get(a);
    if (list === undefined) linked.set(a, [b]);
    else list.push(b);
  };
  for (const p of pairs)
    if (sameView(p)) {
      link(p.a, p.b);
      link(p.b, p.a);
    }
  const groupOf = new Map(alike.flatMap((g) => g.map((id) => [id, g] as const)));
  const free = (id: number): boolean => byId.has(id) && !folds.has(id) && !heads.has(id) && !alone.has(id);
  const order = photos.toSorted(
    (a, b) => Number(heads.has(b.id)) - Number(heads.has(a.id)) || b.score - a.score || a.id - b.id,
  );
  for (const p of order) {
    if (folds.has(p.id) || alone.has(p.id)) continue;
    for (const id of linked.get(p.id) ?? [])
      if (id !== p.id && free(id)) folds.set(id, { head: p.id, why: 'geometry' });
    for (const id of groupOf.get(p.id) ?? [])
      if (id !== p.id && free(id) && looksAlike(p.look, byId.get(id)!.look, bits))
        folds.set(id, { head: p.id, why: 'looks' });
    // It stands for others now, and is not to be taken by one that comes later.
    heads.add(p.id);
  }
  return folds;
}

function looksAlike(a: string | null, b: string | null, bits: number): boolean {
  if (a === null || b === null) return false;
  // Photos of one tone: the group says that their colours are alike.
  if (a.length > 16 || b.length > 16) return a.length === b.length;
  const [x, y] = [lookWords(a), lookWords(b)];
  return bitsOf(x[0] ^ y[0]) + bitsOf(x[1] ^ y[1]) <= bits;
}

import type { AugmentationStrengths, NetworkSpec } from '../../../shared/domain.ts';
import { mirrorEdgeMap, type EdgeMap } from '../edges/edge-map.ts';
import { changed, drawChange, type Change } from '../inputs/change.ts';
import { edgeInput, type InputMaker, type NetworkInput } from '../inputs/inputs.ts';
import { DisjointSets } from '../library/disjoint-sets.ts';
import { random } from '../library/random.ts';
import type { Tuple } from '../mining/mine.ts';

/** Queries are binarised at a threshold drawn from 0 to this (methods.md 2.4). */
const MOST_BINARISED = 0.2;

/** What is done to the edge maps of one round of tuples (methods.md 2.4). */
export interface Augmentation {
  readonly mirrored: (photo: number) => boolean;
  /** Threshold that tuple `i`'s query is binarised at; undefined for half of them. */
  readonly threshold: (i: number) => number | undefined;
}

/**
 * Draws mirroring and binarisation for tuples that are trained on together. A query and its positive are mirrored together or not at
 * all, and so is everything that such pairs connect, so that a photo of several pairs is seen one way; other photos fall alone.
 */
export function drawAugmentation(tuples: readonly Pick<Tuple, 'pair' | 'negatives'>[], seed: number): Augmentation {
  const joined = new DisjointSets();
  for (const t of tuples) joined.join(t.pair.query, t.pair.other);
  const r = random(seed);
  const flips = new Map<number, boolean>();
  for (const t of tuples)
    for (const photo of [t.pair.query, t.pair.other, ...t.negatives.map((n) => n.photo)]) {
      const group = joined.find(photo);
      if (!flips.has(group)) flips.set(group, r.next() < 0.5);
    }
  const thresholds = tuples.map(() => (r.next() < 0.5 ? r.next() * MOST_BINARISED : undefined));
  return { mirrored: (photo) => flips.get(joined.find(photo)) ?? false, threshold: (i) => thresholds[i] };
}

/** The map as a drawing might be: what is above the threshold at the map's largest value, nothing else (methods.md 2.4). */
export function binarise({ width, height, data }: EdgeMap, threshold: number): EdgeMap {
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  return { width, height, data: data.map((v) => (v > threshold ? most : 0)) };
}

/** What is done to the photos of a round of tuples: of each tuple to each of its photos, query first; drawn of the seed alone, wherever a run goes on. */
export function drawChanges(
  tuples: readonly Pick<Tuple, 'negatives'>[],
  strengths: AugmentationStrengths,
  seed: number,
): readonly (readonly Change[])[] {
  const r = random(seed);
  return tuples.map((t) => Array.from({ length: 2 + t.negatives.length }, () => drawChange(r, strengths)));
}

/** Inputs of a tuple's photos, query first: photos as they are or changed, edge maps augmented. */
export async function tupleInputs(
  maker: InputMaker,
  spec: NetworkSpec,
  tuple: Pick<Tuple, 'pair' | 'negatives'>,
  at: number,
  augmentation: Augmentation | undefined,
  changes?: readonly Change[],
): Promise<NetworkInput[]> {
  const ids = [tuple.pair.query, tuple.pair.other, ...tuple.negatives.map((n) => n.photo)];
  if (changes !== undefined)
    return Promise.all(ids.map((id, k) => maker.ofChangedPhoto(id, (pixels) => changed(pixels, changes[k]!))));
  return Promise.all(
    ids.map(async (id, k) => {
      if (spec.edges === undefined || augmentation === undefined) return (await maker.ofPhoto(id))[0]!;
      let map = (await maker.mapsOfPhoto(id))[0]!;
      const threshold = k === 0 ? augmentation.threshold(at) : undefined;
      if (threshold !== undefined) map = binarise(map, threshold);
      return edgeInput(augmentation.mirrored(id) ? mirrorEdgeMap(map) : map, 0, spec);
    }),
  );
}

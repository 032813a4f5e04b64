import type { Library } from '../library/library.ts';
import type { Judgements } from './decisions.ts';
import { integer, select } from '../library/rows.ts';
import { placeOfPhotos } from '../library/tables/photo.ts';

/**
 * Which photos may be negatives of each other: those of different groups. A group is a place, joined with others of which a person
 * said that they show the same object. A photo without a 3D model is joined alone, not with its whole folder.
 */
export interface Separation {
  readonly groupOf: (photo: number) => number;
  /** True where the photos show different objects as far as is known, and nobody refused the pair. */
  readonly foreign: (query: number, other: number) => boolean;
  readonly groups: number;
  /** True where a person said that the photos of two places show one object, maybe through others; for mining that knows no places. */
  readonly joined: (query: number, other: number) => boolean;
}

export function separation(library: Library, judgements: Judgements): Separation {
  const photos = [...placeOfPhotos(library)];
  const last = photos.reduce((m, [id]) => Math.max(m, id), 0);
  const place = new Int32Array(last + 1);
  for (const [id, p] of photos) place[id] = p;
  const modelled = new Set(select(library.db, 'SELECT DISTINCT place FROM cluster', integer).all());
  const parent = new Map<number, number>();
  const find = (x: number): number => {
    let root = x;
    while ((parent.get(root) ?? root) !== root) root = parent.get(root)!;
    return root;
  };
  /** Photos of no model that a person joined with something, by photo: the others' photos. */
  const joined: [number, number][] = [];
  for (const [a, b] of judgements.sameObject) {
    if (modelled.has(place[a]!) && modelled.has(place[b]!)) {
      const [x, y] = [find(place[a]!), find(place[b]!)];
      parent.set(Math.max(x, y), Math.min(x, y));
    } else joined.push([a, b]);
  }
  const also = new Map<number, Set<number>>();
  const add = (photo: number, group: number): void => {
    const set = also.get(photo);
    if (set === undefined) also.set(photo, new Set([group]));
    else set.add(group);
  };
  for (const [a, b] of joined) {
    if (!modelled.has(place[a]!)) add(a, find(place[b]!));
    if (!modelled.has(place[b]!)) add(b, find(place[a]!));
  }
  const groupOf = (photo: number): number => find(place[photo] ?? 0);
  const plain = parent.size === 0 && also.size === 0;
  const same = (query: number, other: number): boolean => {
    const [g, h] = [groupOf(query), groupOf(other)];
    return g === h || also.get(other)?.has(g) === true || also.get(query)?.has(h) === true;
  };
  return {
    groupOf: plain ? (photo) => place[photo] ?? 0 : groupOf,
    foreign: (query, other) => {
      if (plain) return place[query] !== place[other] && judgements.mayDiffer(query, other);
      return !same(query, other) && judgements.mayDiffer(query, other);
    },
    joined: (query, other) => !plain && place[query] !== place[other] && same(query, other),
    groups: new Set(photos.map(([, p]) => find(p))).size,
  };
}

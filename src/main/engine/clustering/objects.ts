import { DisjointSets } from '../library/disjoint-sets.ts';
import { eccentricity, groupRegions, type Region, type Sides } from './regions.ts';

/** Two photos that match, and where: the place of the matches in each. */
export interface RegionPair {
  readonly a: number;
  readonly b: number;
  readonly inliers: number;
  readonly regions: readonly [Region, Region];
}

/**
 * Why a verified pair does not join its photos. `lone`: few matches, and no third photo matches both. `common`: what they share is seen in many
 * photos that are otherwise unrelated. `elsewhere`: one of the photos shows something else in the first place. `either`: a photo shows two things
 * alike, so that it is in neither.
 */
export const APART = ['lone', 'common', 'elsewhere', 'either'] as const;
export type Apart = (typeof APART)[number];

/** An object of which more than this share of its photos belong elsewhere is a common thing: a table, a logo. */
const COMMON = 0.5;
/** Objects that share this part of the smaller one's photos, and two at least, are parts of one. */
const PARTS = 0.5;
const FEWEST_SHARED = 2;
/** A photo belongs to an object that shows in it this many times as much as the next one. */
const CLEARLY = 1.5;
/** Towards the corners of a photo a cell counts less: one minus this times the squared eccentricity, and so much at least. */
const CENTRE = 2;
const CORNER = 0.05;

/**
 * Tells repeated structure from places, by what geometry alone says. Matches of a photo fall into regions ({@link groupRegions}); regions that
 * match each other across photos are an object (link communities, Ahn et al. 2010), and a photo can show several. It belongs to the one that it
 * shows most of, near its middle, and wholly; an object whose photos mostly belong elsewhere is a common thing and joins nothing. What counts against
 * an object is how many other objects its photos show: the inverse document frequency of words, of regions.
 * Photos that show one object alone are never affected, however many they are.
 * @param sides of a photo, in the frame of its regions. @param sure matches of which no third photo is asked.
 * @returns for each pair why it is apart; null where it joins.
 */
export function tellApart(
  pairs: readonly RegionPair[],
  sides: (photo: number) => Sides,
  sure: number,
): (Apart | null)[] {
  const linked = witnessed(pairs, sure);
  const nodes = regionNodes(pairs);
  const joined = new DisjointSets();
  pairs.forEach((_, k) => {
    if (linked[k]!) joined.join(nodes[2 * k]!, nodes[2 * k + 1]!);
  });
  /** The object that a pair is of; undefined where its ends are of two. */
  const objectOf = pairs.map((_, k) => {
    const [x, y] = [joined.find(nodes[2 * k]!), joined.find(nodes[2 * k + 1]!)];
    return x === y ? x : undefined;
  });
  const objects = standing(pairs, objectOf);
  const homes = homesOf(pairs, objectOf, objects, sides);
  return pairs.map(({ a, b }, k) => {
    const object = objectOf[k];
    if (object === undefined) return 'lone';
    const [x, y] = [homes.of(a), homes.of(b)];
    if (!objects.has(object)) {
      // A pair, or a photo with those that match it alone: who has no other place is at home with it.
      if (x === 'either' || y === 'either') return 'either';
      return x !== undefined && y !== undefined && x !== y ? 'elsewhere' : null;
    }
    if (homes.common.has(object)) return 'common';
    if (x === 'either' || y === 'either') return 'either';
    return x === y && x === homes.whole(object) ? null : 'elsewhere';
  });
}

/** Pairs with many matches, or with a third photo that matches both. */
function witnessed(pairs: readonly RegionPair[], sure: number): boolean[] {
  const near = new Map<number, Set<number>>();
  const add = (x: number, y: number): void => {
    const set = near.get(x);
    if (set === undefined) near.set(x, new Set([y]));
    else set.add(y);
  };
  for (const { a, b } of pairs) {
    add(a, b);
    add(b, a);
  }
  return pairs.map(({ a, b, inliers }) => {
    if (inliers >= sure) return true;
    const [small, large] =
      near.get(a)!.size < near.get(b)!.size ? [near.get(a)!, near.get(b)!] : [near.get(b)!, near.get(a)!];
    return [...small].some((c) => large.has(c));
  });
}

/** [2 pairs]: numbers of regions, of the one and of the other photo of each pair; alike where they are one region of one photo. */
function regionNodes(pairs: readonly RegionPair[]): Int32Array {
  const ends = new Map<number, number[]>();
  pairs.forEach(({ a, b }, k) => {
    for (const [photo, end] of [
      [a, 2 * k],
      [b, 2 * k + 1],
    ] as const) {
      const list = ends.get(photo);
      if (list === undefined) ends.set(photo, [end]);
      else list.push(end);
    }
  });
  const nodes = new Int32Array(2 * pairs.length);
  let first = 0;
  for (const list of ends.values()) {
    list.sort((x, y) => pairs[y >> 1]!.inliers - pairs[x >> 1]!.inliers || x - y);
    const groups = groupRegions(list.map((end) => pairs[end >> 1]!.regions[end & 1]!));
    list.forEach((end, i) => (nodes[end] = first + groups[i]!));
    first += list.length;
  }
  return nodes;
}

/** Objects with their photos: three at least, and not all of one photo's making, without which no pair would be left. */
function standing(
  pairs: readonly RegionPair[],
  objectOf: readonly (number | undefined)[],
): ReadonlyMap<number, ReadonlySet<number>> {
  const degree = new Map<number, Map<number, number>>();
  const size = new Map<number, number>();
  pairs.forEach(({ a, b }, k) => {
    const object = objectOf[k];
    if (object === undefined) return;
    size.set(object, (size.get(object) ?? 0) + 1);
    const own = degree.get(object) ?? new Map<number, number>();
    degree.set(object, own);
    for (const photo of [a, b]) own.set(photo, (own.get(photo) ?? 0) + 1);
  });
  const out = new Map<number, Set<number>>();
  for (const [object, own] of degree) {
    if (own.size > 2 && Math.max(...own.values()) < size.get(object)!) out.set(object, new Set(own.keys()));
  }
  return out;
}

interface Homes {
  /** The whole that a photo belongs to; `either` where two show alike in it, undefined where it shows none. */
  readonly of: (photo: number) => number | 'either' | undefined;
  /** The whole that an object is a part of. */
  readonly whole: (object: number) => number;
  readonly common: ReadonlySet<number>;
}

function homesOf(
  pairs: readonly RegionPair[],
  objectOf: readonly (number | undefined)[],
  objects: ReadonlyMap<number, ReadonlySet<number>>,
  sides: (photo: number) => Sides,
): Homes {
  const shows = new Map<number, number[]>();
  for (const [object, photos] of objects) {
    for (const photo of photos) {
      const list = shows.get(photo);
      if (list === undefined) shows.set(photo, [object]);
      else list.push(object);
    }
  }
  const weight = new Map(
    [...objects].map(([object, photos]) => {
      const others = new Set([...photos].flatMap((p) => shows.get(p)!));
      // Itself is among them.
      return [object, 1 - Math.min(others.size - 1, photos.size) / (photos.size + 1)] as const;
    }),
  );
  const evidence = evidenceOf(pairs, objectOf, objects, sides);
  const ranked = new Map<number, { readonly object: number; readonly e: number }[]>();
  for (const [photo, list] of shows) {
    ranked.set(
      photo,
      list
        .map((object) => ({ object, e: evidence(photo, object) * weight.get(object)! }))
        .sort((x, y) => y.e - x.e || x.object - y.object),
    );
  }
  const common = new Set<number>();
  for (const [object, photos] of objects) {
    const away = [...photos].filter((p) => ranked.get(p)![0]!.object !== object).length;
    if (away > COMMON * photos.size) common.add(object);
  }
  const wholes = partsJoined(ranked, objects, common);
  const homes = new Map<number, number | 'either'>();
  for (const [photo, list] of ranked) {
    const home = list[0]!;
    if (common.has(home.object)) continue;
    const whole = wholes.find(home.object);
    const next = list.find((o) => wholes.find(o.object) !== whole);
    homes.set(photo, next !== undefined && CLEARLY * next.e > home.e ? 'either' : whole);
  }
  return { of: (photo) => homes.get(photo), whole: (object) => wholes.find(object), common };
}

/** Objects that are seen together in several photos are parts of one thing: two faces of a package, two buildings of a square. */
function partsJoined(
  ranked: ReadonlyMap<number, readonly { readonly object: number }[]>,
  objects: ReadonlyMap<number, ReadonlySet<number>>,
  common: ReadonlySet<number>,
): DisjointSets {
  const shared = new Map<string, { readonly x: number; readonly y: number; n: number }>();
  for (const list of ranked.values()) {
    const home = list[0]!.object;
    if (common.has(home)) continue;
    for (const { object } of list.slice(1)) {
      if (common.has(object)) continue;
      const [x, y] = home < object ? [home, object] : [object, home];
      const own = shared.get(`${x} ${y}`);
      if (own === undefined) shared.set(`${x} ${y}`, { x, y, n: 1 });
      else own.n += 1;
    }
  }
  const wholes = new DisjointSets();
  for (const { x, y, n } of shared.values()) {
    if (n >= FEWEST_SHARED && n >= PARTS * Math.min(objects.get(x)!.size, objects.get(y)!.size)) wholes.join(x, y);
  }
  return wholes;
}

/**
 * How much of an object a photo shows: cells in which it matches others of it, less towards the corners, times how much of what those others show
 * of it is matched in the median.
 */
function evidenceOf(
  pairs: readonly RegionPair[],
  objectOf: readonly (number | undefined)[],
  objects: ReadonlyMap<number, ReadonlySet<number>>,
  sides: (photo: number) => Sides,
): (photo: number, object: number) => number {
  const key = (photo: number, object: number): string => `${photo} ${object}`;
  const cells = new Map<string, Set<number>>();
  const each = (f: (photo: number, object: number, k: number, side: 0 | 1) => void): void =>
    pairs.forEach(({ a, b }, k) => {
      const object = objectOf[k];
      if (object === undefined || !objects.has(object)) return;
      f(a, object, k, 0);
      f(b, object, k, 1);
    });
  each((photo, object, k, side) => {
    const own = cells.get(key(photo, object)) ?? new Set<number>();
    cells.set(key(photo, object), own);
    for (const c of pairs[k]!.regions[side].cells) own.add(c);
  });
  const whole = new Map<string, number[]>();
  each((photo, object, k, side) => {
    const pair = pairs[k]!;
    const other = side === 0 ? pair.b : pair.a;
    const share = pair.regions[side === 0 ? 1 : 0].cells.length / cells.get(key(other, object))!.size;
    const list = whole.get(key(photo, object));
    if (list === undefined) whole.set(key(photo, object), [share]);
    else list.push(share);
  });
  return (photo, object) => {
    const area = [...cells.get(key(photo, object))!].reduce(
      (s, c) => s + Math.max(CORNER, 1 - CENTRE * eccentricity(c, sides(photo))),
      0,
    );
    return area * median(whole.get(key(photo, object))!);
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

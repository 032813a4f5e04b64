/**
 * Which part of a photo a match is about. A photo can match others for several reasons: its object, the table below it, a poster in the
 * background. Each lies somewhere else in the photo, so that the places of the matches tell the reasons apart.
 */

/** The long side of a photo is cut into so many cells. */
const CELLS = 12;
/** Regions whose parts overlap by this much on average are one. */
const OVERLAP = 0.6;
/** So many regions of a photo are compared with each other; the others join those, so that the work stays linear in pairs. */
const COMPARED = 256;

/** Cells of a photo in which it matches another, ascending, and how many keypoints each has. */
export interface Region {
  readonly cells: Uint8Array;
  readonly mass: Uint16Array;
}

/** Sides of a photo in pixels, of the frame in which its keypoints are. */
export type Sides = readonly [width: number, height: number];

/**
 * The region of keypoints; those at one place count once.
 * @param xy [n, 2] pixels.
 */
export function regionOf(xy: ArrayLike<number>, sides: Sides): Region {
  const side = Math.max(...sides) / CELLS;
  const places = new Set<number>();
  const mass = new Map<number, number>();
  const cell = (v: number): number => Math.max(0, Math.min(CELLS - 1, Math.floor(v / side)));
  for (let i = 0; i < xy.length; i += 2) {
    const [x, y] = [Math.round(xy[i]!), Math.round(xy[i + 1]!)];
    const place = y * 65_536 + x;
    if (places.has(place)) continue;
    places.add(place);
    const c = cell(y) * CELLS + cell(x);
    mass.set(c, (mass.get(c) ?? 0) + 1);
  }
  const cells = Uint8Array.from(mass.keys()).sort();
  return { cells, mass: Uint16Array.from(cells, (c) => mass.get(c)!) };
}

/** How far the middle of a cell is from the middle of the photo, squared; 1 in its corners. */
export function eccentricity(cell: number, [width, height]: Sides): number {
  const side = Math.max(width, height) / CELLS;
  const x = ((cell % CELLS) + 0.5) * side - width / 2;
  const y = (Math.floor(cell / CELLS) + 0.5) * side - height / 2;
  return Math.min(1, (x * x + y * y) / ((width * width + height * height) / 4));
}

/** The share of the one's keypoints that lie in cells of the other, of the one that has more of it: 1 for a detail of a whole. */
export function overlapOf(a: Region, b: Region): number {
  let [i, j, inB, inA] = [0, 0, 0, 0];
  while (i < a.cells.length && j < b.cells.length) {
    if (a.cells[i]! < b.cells[j]!) i += 1;
    else if (a.cells[i]! > b.cells[j]!) j += 1;
    else {
      inB += a.mass[i]!;
      inA += b.mass[j]!;
      i += 1;
      j += 1;
    }
  }
  const sum = (r: Region): number =>
    Math.max(
      1,
      r.mass.reduce((s, m) => s + m, 0),
    );
  return Math.max(inB / sum(a), inA / sum(b));
}

/**
 * Regions of one photo that are about the same part of it: average linkage by {@link overlapOf}. A match that spans two parts does not
 * make them one, as it would if the nearest ones counted.
 * @param regions those with most matches first. @returns the group of each, numbered from 0.
 */
export function groupRegions(regions: readonly Region[]): Int32Array {
  const n = Math.min(regions.length, COMPARED);
  const similarity = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < i; j += 1) {
      const s = overlapOf(regions[i]!, regions[j]!);
      similarity[i * n + j] = s;
      similarity[j * n + i] = s;
    }
  }
  const groups = averageLinkage(similarity, n, OVERLAP);
  const out = new Int32Array(regions.length);
  out.set(groups);
  let next = n === 0 ? 0 : Math.max(...groups) + 1;
  for (let i = n; i < regions.length; i += 1) {
    let best = -1;
    let most = OVERLAP;
    for (let j = 0; j < n; j += 1) {
      const s = overlapOf(regions[i]!, regions[j]!);
      if (s >= most && (best < 0 || s > most)) [best, most] = [j, s];
    }
    out[i] = best < 0 ? next++ : groups[best]!;
  }
  return out;
}

/**
 * Groups by average linkage, cut at a similarity, by chains of nearest neighbours (Murtagh 1983): quadratic, and the same as joining the most
 * similar two again and again.
 * @param similarity [n, n], symmetric; it is overwritten. @returns the group of each, numbered by first appearance.
 */
export function averageLinkage(similarity: Float64Array, n: number, least: number): Int32Array {
  const size = new Float64Array(n).fill(1);
  const alive = new Uint8Array(n).fill(1);
  const parent = Int32Array.from({ length: n }, (_, i) => i);
  const find = (i: number): number => {
    let root = i;
    while (parent[root] !== root) root = parent[root]!;
    return root;
  };
  const chain: number[] = [];
  let first = 0;
  for (let left = n; left > 1;) {
    if (chain.length === 0) {
      while (alive[first] === 0) first += 1;
      chain.push(first);
    }
    const at = chain.at(-1)!;
    const before = chain.at(-2);
    // Where it is as near as any, the one that was come from: chains end.
    let next = before ?? -1;
    let most = before === undefined ? Number.NEGATIVE_INFINITY : similarity[at * n + before]!;
    for (let j = 0; j < n; j += 1) {
      if (j === at || alive[j] === 0) continue;
      const s = similarity[at * n + j]!;
      if (s > most) [next, most] = [j, s];
    }
    if (next !== before) {
      chain.push(next);
      continue;
    }
    chain.length -= 2;
    const [keep, gone] = at < next ? [at, next] : [next, at];
    for (let j = 0; j < n; j += 1) {
      if (alive[j] === 0 || j === keep || j === gone) continue;
      const s =
        (size[keep]! * similarity[keep * n + j]! + size[gone]! * similarity[gone * n + j]!) /
        (size[keep]! + size[gone]!);
      similarity[keep * n + j] = s;
      similarity[j * n + keep] = s;
    }
    size[keep]! += size[gone]!;
    alive[gone] = 0;
    left -= 1;
    if (most >= least) parent[find(gone)] = find(keep);
  }
  const names = new Map<number, number>();
  return Int32Array.from({ length: n }, (_, i) => {
    const root = find(i);
    if (!names.has(root)) names.set(root, names.size);
    return names.get(root)!;
  });
}

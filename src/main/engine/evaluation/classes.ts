import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { leftOut, listPhotos, photoFolders } from '../library/photo-files.ts';
import { random, type Random } from '../library/random.ts';
import type { NetworkRow } from '../network/networks.ts';
import { exactNeighbours } from '../retrieval/neighbours.ts';
import { row, type Matrix } from '../retrieval/rank.ts';
import { Describer } from '../retrieval/search.ts';

/** Ranks at which the CUB protocol asks for a photo of the same class (methods.md 5.5). */
const RECALL_AT = [1, 2, 4, 8] as const;
const KMEANS_ITERATIONS = 100;
/** Of one start NMI varies by some hundredths. */
export const KMEANS_STARTS = 10;
/** Dimensions between two looks at whether a distance is too large already. */
const STRIDE = 32;

/** What the CUB protocol says of descriptors. */
export interface ClassReport {
  readonly photos: number;
  readonly classes: number;
  readonly dim: number;
  /** Share of photos with one of their class among the K nearest others. */
  readonly recallAtK: Readonly<Record<string, number>>;
  /** Of a k-means clustering with as many clusters as classes: I(clusters; classes) over the mean of their entropies. */
  readonly nmi: number;
  /** Starts of k-means, of which the best by its own measure was taken. */
  readonly starts: number;
}

/** Recall@K, leaving each photo out of its own ranking. */
export async function recallAtK(vectors: Matrix, labels: ArrayLike<number>): Promise<Record<string, number>> {
  const most = RECALL_AT.at(-1)!;
  const lists = await exactNeighbours(vectors, vectors, most + 1);
  const hits = RECALL_AT.map(() => 0);
  for (let i = 0; i < vectors.rows; i += 1) {
    const others = Array.from(lists.ids.subarray(i * lists.k, (i + 1) * lists.k)).filter((j) => j !== i);
    const first = others.slice(0, most).findIndex((j) => labels[j] === labels[i]);
    RECALL_AT.forEach((k, at) => {
      if (first >= 0 && first < k) hits[at]! += 1;
    });
  }
  return Object.fromEntries(RECALL_AT.map((k, at) => [String(k), hits[at]! / Math.max(1, vectors.rows)]));
}

/** Normalised mutual information of two labellings: 2 I(a; b) / (H(a) + H(b)), natural logarithm; 1 where both are constant. */
export function normalisedMutualInformation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  const joint = new Map<string, number>();
  const [inA, inB] = [new Map<number, number>(), new Map<number, number>()];
  for (let i = 0; i < n; i += 1) {
    const key = `${a[i]} ${b[i]}`;
    joint.set(key, (joint.get(key) ?? 0) + 1);
    inA.set(a[i]!, (inA.get(a[i]!) ?? 0) + 1);
    inB.set(b[i]!, (inB.get(b[i]!) ?? 0) + 1);
  }
  const entropy = (m: Map<unknown, number>): number =>
    [...m.values()].reduce((h, c) => h - (c / n) * Math.log(c / n), 0);
  const total = entropy(inA) + entropy(inB);
  return total === 0 ? 1 : (2 * (total - entropy(joint))) / total;
}

/** A clustering and the sum of squared distances to its means. */
interface Clustering {
  readonly of: Int32Array;
  readonly inertia: number;
}

/**
 * Lloyd's k-means from k-means++ seeds: of several starts the one whose rows are nearest to their means, the earlier of equals.
 * @returns the cluster of each row.
 */
export function kMeans(vectors: Matrix, k: number, seed: number, starts = KMEANS_STARTS): Int32Array {
  const r = random(seed);
  let best = oneStart(vectors, k, r);
  for (let t = 1; t < starts; t += 1) {
    const next = oneStart(vectors, k, r);
    if (next.inertia < best.inertia) best = next;
  }
  return best.of;
}

function oneStart(vectors: Matrix, k: number, r: Random): Clustering {
  const { rows, dim } = vectors;
  const centres = new Float64Array(k * dim);
  const nearest = new Float64Array(rows).fill(Infinity);
  /** Squared distance, or what is known of it when it is beyond `most`. */
  const distance = (i: number, c: number, most = Infinity): number => {
    const [v, m] = [i * dim, c * dim];
    let sum = 0;
    for (let d = 0; d < dim && sum <= most;) {
      for (const end = Math.min(dim, d + STRIDE); d < end; d += 1) {
        const by = vectors.data[v + d]! - centres[m + d]!;
        sum += by * by;
      }
    }
    return sum;
  };
  for (let c = 0, chosen = r.below(rows); c < k; c += 1) {
    centres.set(row(vectors, chosen), c * dim);
    let total = 0;
    for (let i = 0; i < rows; i += 1) total += nearest[i] = Math.min(nearest[i]!, distance(i, c, nearest[i]));
    let left = r.next() * total;
    for (chosen = 0; chosen < rows - 1 && left >= nearest[chosen]!; chosen += 1) left -= nearest[chosen]!;
  }
  const of = new Int32Array(rows).fill(-1);
  const counts = new Float64Array(k);
  const sums = new Float64Array(k * dim);
  for (let t = 0; t < KMEANS_ITERATIONS; t += 1) {
    let moved = false;
    for (let i = 0; i < rows; i += 1) {
      // Where it was is most likely where it is: others are soon seen to be further away.
      let best = Math.max(0, of[i]!);
      let least = distance(i, best);
      for (let c = 0; c < k; c += 1) {
        const d = distance(i, c, least);
        if (d < least || (d === least && c < best)) [least, best] = [d, c];
      }
      if (of[i] !== best) moved = true;
      of[i] = best;
    }
    if (!moved) break;
    counts.fill(0);
    sums.fill(0);
    for (let i = 0; i < rows; i += 1) {
      counts[of[i]!]! += 1;
      const v = row(vectors, i);
      for (let d = 0; d < dim; d += 1) sums[of[i]! * dim + d]! += v[d]!;
    }
    // A cluster that lost all its rows keeps its centre.
    for (let c = 0; c < k; c += 1)
      if (counts[c]! > 0) for (let d = 0; d < dim; d += 1) centres[c * dim + d] = sums[c * dim + d]! / counts[c]!;
  }
  let inertia = 0;
  for (let i = 0; i < rows; i += 1) inertia += distance(i, of[i]!);
  return { of, inertia };
}

/**
 * The CUB protocol (methods.md 5.5) on a folder with a subfolder for each class: Recall@1, 2, 4, 8 and NMI of the network's descriptors.
 * The photos need not be in the library.
 * @throws CovisError `INPUT_INVALID` with fewer than two classes, `INPUT_CORRUPT` naming a photo, `CANCELLED`.
 */
export async function evaluateClasses(
  library: Library,
  network: NetworkRow,
  folder: string,
  size: number,
  seed: number,
  task: TaskContext,
): Promise<ClassReport> {
  // A name in two normal forms of Unicode is one class.
  const byName = new Map<string, string[]>();
  for (const own of photoFolders(folder)) {
    const listing = listPhotos(join(folder, own));
    for (const said of leftOut(listing, own)) task.warn(said);
    const photos = listing.photos.map((p) => join(own, p));
    const name = own.normalize('NFC');
    if (photos.length > 0) byName.set(name, [...(byName.get(name) ?? []), ...photos]);
  }
  const classes = Array.from(byName, ([name, photos]) => ({ name, photos })).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (classes.length < 2)
    throw new CovisError(
      'INPUT_INVALID',
      'A folder of classes has a subfolder of photos for each of at least two classes',
      {
        file: folder,
        hint: 'Put the photos of each class into a folder of its own below this one.',
      },
    );
  const files = classes.flatMap((c, label) => c.photos.map((p) => ({ file: join(folder, p), label })));
  task.step('Describing photos', files.length, 'photos');
  const describer = await Describer.create(library, network, size);
  const data = new Float32Array(files.length * network.spec.dim);
  try {
    for (const [i, { file }] of files.entries()) {
      task.check();
      data.set(await describer.describe(file), i * network.spec.dim);
      task.progress(i + 1);
    }
  } finally {
    await describer.release();
  }
  task.step('Measuring', 0, '');
  const vectors: Matrix = { data, rows: files.length, dim: network.spec.dim };
  const labels = files.map((f) => f.label);
  return {
    photos: files.length,
    classes: classes.length,
    dim: network.spec.dim,
    recallAtK: await recallAtK(vectors, labels),
    nmi: normalisedMutualInformation(kMeans(vectors, classes.length, seed), labels),
    starts: KMEANS_STARTS,
  };
}

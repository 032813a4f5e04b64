import { DESCRIPTOR_BYTES } from '../features/sift.ts';
import type { TaskContext } from '../queue/context.ts';
import { random, type Random } from '../library/random.ts';

const DIM = DESCRIPTOR_BYTES;
const ROUNDS = 8;
/** Below so many descriptors a node is not divided further. */
const LEAST = 4;

/**
 * A tree of visual words (hierarchical k-means, Nister and Stewenius 2006): node n has its children at
 * `first[n] .. first[n] + count[n]`, its centre in row n of `centres`; leaves carry a word, others -1.
 */
export interface Vocabulary {
  readonly centres: Float32Array;
  readonly first: Uint32Array;
  readonly count: Uint32Array;
  readonly word: Int32Array;
  readonly words: number;
}

/** Branching and depth for about so many words. */
export function shapeOf(words: number): { branch: number; depth: number } {
  const depth = Math.max(1, Math.round(Math.log(words) / Math.log(10)));
  return { branch: Math.max(2, Math.round(words ** (1 / depth))), depth };
}

/**
 * Trains a vocabulary. The same descriptors and seed give the same words.
 * @param descriptors [n, 128] RootSIFT bytes. @param words wanted; fewer where the descriptors do not fill them.
 */
export function trainVocabulary(descriptors: Uint8Array, words: number, seed: number, task?: TaskContext): Vocabulary {
  const n = descriptors.length / DIM;
  const { branch, depth } = shapeOf(Math.min(words, Math.max(2, n)));
  const r = random(seed);
  // Grown as flat numbers: a million words are half a gigabyte.
  let centres = new Float32Array(DIM * 1024);
  let nodes = 1;
  const first: number[] = [0];
  const count: number[] = [0];
  const level: number[] = [0];
  let members: Uint32Array[] = [Uint32Array.from({ length: n }, (_, i) => i)];
  task?.step('Training the vocabulary', depth * n, 'descriptors');
  let done = 0;
  // Level by level, so that the children of a node lie side by side; the list grows while it is gone through.
  for (const at of first.keys()) {
    const own = members[at]!;
    members[at] = new Uint32Array(0);
    if (level[at]! < depth && own.length >= Math.max(LEAST, branch)) {
      task?.check();
      const { means, label } = kMeans(descriptors, own, branch, r);
      first[at] = first.length;
      count[at] = means.length / DIM;
      const sizes = new Uint32Array(count[at]!);
      for (const l of label) sizes[l]! += 1;
      const parts = Array.from(sizes, (s) => new Uint32Array(s));
      const fill = new Uint32Array(sizes.length);
      own.forEach((d, i) => (parts[label[i]!]![fill[label[i]!]!++] = d));
      parts.forEach((part, c) => {
        if ((nodes + 1) * DIM > centres.length) {
          const larger = new Float32Array(2 * centres.length);
          larger.set(centres);
          centres = larger;
        }
        centres.set(means.subarray(c * DIM, (c + 1) * DIM), DIM * nodes++);
        first.push(0);
        count.push(0);
        level.push(level[at]! + 1);
        members.push(part);
      });
      done += own.length;
      task?.progress(Math.min(done, depth * n));
    }
  }
  members = [];
  let next = 0;
  const word = Int32Array.from(count, (c) => (c === 0 ? next++ : -1));
  return {
    centres: centres.slice(0, nodes * DIM),
    first: Uint32Array.from(first),
    count: Uint32Array.from(count),
    word,
    words: next,
  };
}

/** Lloyd's iterations from distinct descriptors, fewer where there are fewer; empty means are dropped. */
function kMeans(
  descriptors: Uint8Array,
  members: Uint32Array,
  k: number,
  r: Random,
): { means: Float32Array; label: Uint32Array } {
  let means = Float32Array.from(distinct(descriptors, members, k, r));
  const label = new Uint32Array(members.length);
  for (let round = 0; round < ROUNDS; round += 1) {
    const clusters = means.length / DIM;
    const offsets = halfSquares(means);
    let moved = 0;
    members.forEach((d, i) => {
      const best = nearest(descriptors, d * DIM, means, 0, clusters, offsets);
      if (label[i] !== best) moved += 1;
      label[i] = best;
    });
    const sums = new Float64Array(clusters * DIM);
    const sizes = new Uint32Array(clusters);
    members.forEach((d, i) => {
      const c = label[i]!;
      sizes[c]! += 1;
      for (let j = 0; j < DIM; j += 1) sums[c * DIM + j]! += descriptors[d * DIM + j]!;
    });
    const place = new Int32Array(clusters).fill(-1);
    let kept = 0;
    sizes.forEach((s, c) => s > 0 && (place[c] = kept++));
    const next = new Float32Array(kept * DIM);
    sizes.forEach((s, c) => {
      if (s === 0) return;
      for (let j = 0; j < DIM; j += 1) next[place[c]! * DIM + j] = sums[c * DIM + j]! / s;
    });
    label.set(label.map((l) => place[l]!));
    means = next;
    if (moved <= members.length / 200) break;
  }
  return { means, label };
}

/** Up to `k` descriptors of which no two are equal, drawn without replacement. */
function distinct(descriptors: Uint8Array, members: Uint32Array, k: number, r: Random): Uint8Array {
  const left = members.slice();
  const seen = new Set<string>();
  const out = new Uint8Array(k * DIM);
  for (let n = left.length; n > 0 && seen.size < k; n -= 1) {
    const at = r.below(n);
    const descriptor = descriptors.subarray(left[at]! * DIM, (left[at]! + 1) * DIM);
    left[at] = left[n - 1]!;
    const key = String.fromCharCode(...descriptor);
    if (seen.has(key)) continue;
    out.set(descriptor, seen.size * DIM);
    seen.add(key);
  }
  return out.subarray(0, seen.size * DIM);
}

function halfSquares(centres: Float32Array): Float32Array {
  return Float32Array.from({ length: centres.length / DIM }, (_, c) => {
    let s = 0;
    for (let j = 0; j < DIM; j += 1) s += centres[c * DIM + j]! ** 2;
    return s / 2;
  });
}

/** Index of the nearest of centres `from .. from + k`, relative to `from`; the smaller of equals. */
function nearest(
  descriptors: Uint8Array,
  at: number,
  centres: Float32Array,
  from: number,
  k: number,
  offsets: Float32Array,
): number {
  let best = 0;
  let bestScore = -Infinity;
  for (let c = 0; c < k; c += 1) {
    const base = (from + c) * DIM;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let j = 0; j < DIM; j += 4) {
      s0 += descriptors[at + j]! * centres[base + j]!;
      s1 += descriptors[at + j + 1]! * centres[base + j + 1]!;
      s2 += descriptors[at + j + 2]! * centres[base + j + 2]!;
      s3 += descriptors[at + j + 3]! * centres[base + j + 3]!;
    }
    const score = s0 + s1 + s2 + s3 - offsets[from + c]!;
    if (score > bestScore) {
      bestScore = score;
      best = c;
    }
  }
  return best;
}

/** Assigns descriptors to words by walking down the tree. */
export class Quantiser {
  readonly vocabulary: Vocabulary;
  readonly #offsets: Float32Array;

  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    this.#offsets = halfSquares(vocabulary.centres);
  }

  /** Word of each of [n, 128] descriptors. */
  words(descriptors: Uint8Array): Uint32Array {
    const { centres, first, count, word } = this.vocabulary;
    const out = new Uint32Array(descriptors.length / DIM);
    for (let i = 0; i < out.length; i += 1) {
      let node = 0;
      while (count[node]! > 0)
        node = first[node]! + nearest(descriptors, i * DIM, centres, first[node]!, count[node]!, this.#offsets);
      out[i] = word[node]!;
    }
    return out;
  }
}

/** Words of every image: those of image i are `words[offsets[i] .. offsets[i + 1]]`, one a feature. */
export interface WordLists {
  readonly offsets: Uint32Array;
  readonly words: Uint32Array;
}

/** A sparse vector over words, ascending, of unit length. */
export interface WordVector {
  readonly words: Uint32Array;
  readonly weights: Float32Array;
}

/**
 * An inverted file with tf-idf weights (Sivic and Zisserman 2003). Bursts, a word many times in one image, count as the square root of
 * their number (Jegou et al. 2009). Scores are cosines.
 */
export class InvertedFile {
  readonly images: number;
  readonly words: number;
  readonly idf: Float32Array;
  readonly #starts: Uint32Array;
  readonly #image: Uint32Array;
  readonly #weight: Float32Array;

  constructor(lists: WordLists, words: number) {
    this.images = lists.offsets.length - 1;
    this.words = words;
    const document = new Uint32Array(words);
    const vectors: { words: Uint32Array; counts: Float32Array }[] = [];
    for (let i = 0; i < this.images; i += 1) {
      const v = counted(lists.words.subarray(lists.offsets[i], lists.offsets[i + 1]));
      for (const w of v.words) document[w]! += 1;
      vectors.push(v);
    }
    this.idf = Float32Array.from(document, (n) => (n === 0 ? 0 : Math.log(this.images / n)));
    this.#starts = new Uint32Array(words + 1);
    for (let w = 0; w < words; w += 1) this.#starts[w + 1] = this.#starts[w]! + document[w]!;
    const fill = this.#starts.slice(0, words);
    this.#image = new Uint32Array(this.#starts[words]!);
    this.#weight = new Float32Array(this.#starts[words]!);
    vectors.forEach((v, i) => {
      const { words: own, weights } = this.#weighted(v);
      own.forEach((w, k) => {
        const at = fill[w]!++;
        this.#image[at] = i;
        this.#weight[at] = weights[k]!;
      });
    });
  }

  #weighted({ words, counts }: { words: Uint32Array; counts: Float32Array }): WordVector {
    const weights = Float32Array.from(words, (w, k) => Math.sqrt(counts[k]!) * this.idf[w]!);
    const norm = Math.sqrt(weights.reduce((s, x) => s + x * x, 0));
    return { words, weights: norm > 0 ? weights.map((x) => x / norm) : weights };
  }

  /** The vector of an image's words. */
  vector(words: Uint32Array): WordVector {
    return this.#weighted(counted(words));
  }

  /** Mean of vectors, of unit length: what average query expansion asks with. */
  mean(vectors: readonly WordVector[]): WordVector {
    const sum = new Map<number, number>();
    for (const v of vectors) v.words.forEach((w, k) => sum.set(w, (sum.get(w) ?? 0) + v.weights[k]!));
    const words = Uint32Array.from([...sum.keys()]).sort();
    const weights = Float32Array.from(words, (w) => sum.get(w)!);
    const norm = Math.sqrt(weights.reduce((s, x) => s + x * x, 0)) || 1;
    return { words, weights: weights.map((x) => x / norm) };
  }

  /** Cosine of every image to the query; reads only the lists of the query's words. */
  scores(query: WordVector): Float32Array {
    const out = new Float32Array(this.images);
    query.words.forEach((w, k) => {
      const q = query.weights[k]!;
      for (let at = this.#starts[w]!; at < this.#starts[w + 1]!; at += 1)
        out[this.#image[at]!]! += q * this.#weight[at]!;
    });
    return out;
  }
}

function counted(words: Uint32Array): { words: Uint32Array; counts: Float32Array } {
  const sorted = words.slice().sort();
  const own: number[] = [];
  const counts: number[] = [];
  for (const w of sorted) {
    if (own.at(-1) === w) counts[counts.length - 1]! += 1;
    else {
      own.push(w);
      counts.push(1);
    }
  }
  return { words: Uint32Array.from(own), counts: Float32Array.from(counts) };
}

/** The `top` images of the highest scores, best first; equal scores by image. Images of score 0 come last and in order. */
export function bestImages(scores: Float32Array, top: number): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, i) => i);
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.subarray(0, top);
}

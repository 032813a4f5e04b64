import type { Library } from '../library/library.ts';
import { DEFAULT_MINING, positiveCandidates } from '../mining/candidates.ts';
import type { Split } from '../mining/split.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { takeRows, type Matrix } from '../retrieval/rank.ts';
import { learnWhitening, type Whitening } from '../retrieval/whitening.ts';

/** What whitening is learned from: descriptors of training photos, and rows of matching pairs. */
export interface WhiteningSample {
  readonly vectors: Matrix;
  readonly queries: readonly number[];
  readonly positives: readonly number[];
}

/** The training places' m3 pairs and the descriptors of their photos. */
export function whiteningSample(
  library: Library,
  split: Pick<Split, 'training'>,
  descriptors: DescriptorSet,
  mining = DEFAULT_MINING,
): WhiteningSample {
  const candidates = positiveCandidates(library, mining, split.training);
  const ids: number[] = [];
  descriptors.ids.forEach((id, i) => {
    if (split.training.has(id)) ids.push(i);
  });
  const local = new Map(ids.map((r, i) => [descriptors.ids[r]!, i]));
  const queries: number[] = [];
  const positives: number[] = [];
  for (const list of candidates.values()) {
    for (const p of list) {
      const q = local.get(p.query);
      const o = local.get(p.other);
      if (q === undefined || o === undefined) continue;
      queries.push(q);
      positives.push(o);
    }
  }
  const all: Matrix = { data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim };
  return { vectors: takeRows(all, ids), queries, positives };
}

/** Whitening learned on the training places' m3 pairs; undefined when there are none. */
export function trainingWhitening(library: Library, split: Split, descriptors: DescriptorSet): Whitening | undefined {
  const { vectors, queries, positives } = whiteningSample(library, split, descriptors);
  return queries.length === 0 ? undefined : learnWhitening(vectors, queries, positives);
}

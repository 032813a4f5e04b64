/** Tuples, runs, decisions and manifolds as they cross between the engine and its faces. Part of `domain.ts`, which hands it on. */

/** Ways to choose a positive (methods.md 1.2): closest descriptor, most shared points, random with enough overlap. */
export const POSITIVE_STRATEGIES = ['m1', 'm2', 'm3'] as const;
export type PositiveStrategy = (typeof POSITIVE_STRATEGIES)[number];

/** Ways to choose negatives (methods.md 1.3): the hardest, the hardest with one a place, any. */
export const NEGATIVE_STRATEGIES = ['hardest', 'one-per-cluster', 'random'] as const;
export type NegativeStrategy = (typeof NEGATIVE_STRATEGIES)[number];

/** Who would take a positive: bits of {@link TupleInfo.strategies}. */
export const STRATEGY_BITS = { m1: 1, m2: 2, m3: 4, given: 8, manifold: 16 } as const;
export type TupleStrategy = keyof typeof STRATEGY_BITS;

/** What people say of a tuple's positive or of one of its negatives. */
export const VERDICTS = ['accept', 'reject', 'same-object', 'swap', 'none'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface TupleNegative {
  readonly photo: string;
  readonly cluster: string;
  readonly clusterName: string;
  readonly similarity: number;
  /** Where it stood when the pool was sorted by similarity, from 1; null where it was drawn at random. */
  readonly rank: number | null;
  /** Nearest neighbours that it has in common with the query, as a fraction of all; null where not computed. */
  readonly links: number | null;
  /** Each is among the other's nearest neighbours. */
  readonly mutual: boolean;
  /** Shared 3D points, which a negative should not have. */
  readonly shared: number;
  readonly verdict: Verdict | null;
}

/** A positive that another strategy would take, or one of a manifold pool. */
export interface TupleAlternative {
  readonly photo: string;
  readonly strategies: number;
  readonly shared: number;
  readonly overlap: number;
  readonly scale: number | null;
  readonly similarity: number;
  /** Manifold similarity: its weight in training. */
  readonly weight: number | null;
}

export interface TupleInfo {
  /** Position in the run. */
  readonly index: number;
  readonly query: string;
  readonly positive: string;
  /** Empty where query and positive are in no common cluster. */
  readonly cluster: string;
  readonly clusterName: string;
  readonly shared: number;
  readonly overlap: number;
  readonly scale: number | null;
  readonly positiveSimilarity: number;
  /** {@link STRATEGY_BITS} of all who would take this positive. */
  readonly strategies: number;
  readonly disagreement: number;
  /** 0 to 1: how much speaks for a label error. */
  readonly suspicion: number;
  readonly negatives: readonly TupleNegative[];
  readonly alternatives: readonly TupleAlternative[];
  readonly verdict: Verdict | null;
  /** What the positive was swapped for. */
  readonly replacement: string | null;
  readonly note: string | null;
}

/** Orders of a list of tuples. */
export const TUPLE_SORTS = ['mined', 'suspicion', 'hardest', 'easiest', 'positive', 'shared'] as const;
export type TupleSort = (typeof TUPLE_SORTS)[number];

/** A list of tuples as it was when it was asked for: decisions made since do not move its rows. */
export interface TupleList {
  readonly list: string;
  readonly total: number;
}

/** How far the review of a run is. */
export interface ReviewProgress {
  readonly tuples: number;
  readonly reviewed: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly swapped: number;
  readonly sameObject: number;
  /** What undo and redo would do; null where there is nothing. */
  readonly undo: string | null;
  readonly redo: string | null;
}

export interface MiningRunInfo {
  readonly id: number;
  readonly created: string;
  /** Network of the descriptors; null for imported ones. */
  readonly network: string | null;
  readonly set: string;
  readonly setName: string;
  readonly seed: number;
  readonly size: number | null;
  readonly tuples: number;
  readonly queries: number;
  readonly parameters: MiningParameters | ManifoldParameters;
  readonly meanNegativeDistance: number;
  readonly training: number | null;
  readonly epoch: number | null;
}

/** Mining by geometry. */
export interface MiningParameters {
  readonly positives: PositiveStrategy;
  readonly negatives: NegativeStrategy;
  /** Negatives of a tuple. */
  readonly count: number;
  readonly minShared: number;
  readonly minOverlap: number;
  readonly maxScale: number;
  /** Photos of the model with the nearest cameras, among which m1 and m2 choose. */
  readonly cameraPool: number;
  /** Photos among which negatives are sought. */
  readonly pool: number;
  /** Tuples of a run. */
  readonly queries: number;
  /** Share of a cluster's photos that may be queries. */
  readonly queryFraction: number;
  /** At most so many queries of a cluster; 0 for no limit. */
  readonly queriesPerCluster: number;
}

/** Mining on manifolds (methods.md 5). */
export interface ManifoldParameters {
  readonly positives: 'manifold';
  /** Neighbours in the graph, the photo itself included. */
  readonly k: number;
  readonly gamma: number;
  readonly alpha: number;
  readonly iterations: number;
  readonly tolerance: number;
  /** Positives are within this manifold rank and beyond it in the Euclidean one. */
  readonly positivesK: number;
  /** Negatives are within this Euclidean rank and beyond it in the manifold one; at most half the collection. */
  readonly negativesK: number;
  /** Largest pools. */
  readonly kept: number;
  /** Local maxima of importance in the largest component, or every photo. */
  readonly anchors: 'maxima' | 'all';
  readonly maxAnchors: number;
  /** How important a photo is: its degree in the graph, or the same by a thousand steps of power iteration. */
  readonly importance: 'degree' | 'power';
}

/** Formats that other tools open. */
export const EXPORT_FORMATS = ['retrieval-sfm', 'gnd', 'hloc-pairs', 'csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** What changed from one mining run to another. */
export interface RunComparison {
  readonly a: number;
  readonly b: number;
  /** Pairs of query and positive in both, only in b, only in a. */
  readonly kept: number;
  readonly fresh: number;
  readonly gone: number;
  /** Queries in both, and of these those whose hardest negative is more or less similar in b. */
  readonly queries: number;
  readonly harder: number;
  readonly easier: number;
  readonly meanNegativeDistance: readonly [number, number];
  /** Queries whose hardest negative moved most, by index of their tuple in a and in b. */
  readonly moved: readonly {
    readonly query: string;
    readonly indexA: number;
    readonly indexB: number;
    readonly before: number;
    readonly after: number;
    readonly negativeBefore: string;
    readonly negativeAfter: string;
  }[];
  /** Tuples of b whose pair a does not have, by index. */
  readonly freshTuples: readonly number[];
}

/** A photo around another one in the manifold explorer. */
export interface ManifoldNeighbour {
  readonly photo: string;
  /** Ranks from 1, the asking photo being the first in both. */
  readonly euclideanRank: number;
  readonly manifoldRank: number | null;
  readonly similarity: number;
  readonly manifold: number;
  readonly role: 'positive' | 'negative' | null;
  readonly relation: 'same-place' | 'other' | 'unknown';
  readonly clusterName: string;
}

/** What the manifold explorer shows of a photo. */
export interface ManifoldView {
  readonly photo: string;
  readonly set: string;
  readonly setName: string;
  readonly parameters: { readonly k: number; readonly positivesK: number; readonly negativesK: number };
  readonly euclidean: readonly ManifoldNeighbour[];
  readonly manifold: readonly ManifoldNeighbour[];
  readonly positives: readonly ManifoldNeighbour[];
  readonly negatives: readonly ManifoldNeighbour[];
  /** The graph around the photo: steps away from it, and edges by position in `nodes`. */
  readonly nodes: readonly { readonly photo: string; readonly steps: number }[];
  readonly edges: readonly { readonly a: number; readonly b: number; readonly weight: number }[];
}

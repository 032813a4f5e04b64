/** What crosses between the engine and its faces: plain, serialisable facts. No behaviour. */
import type { NetworkInfo } from './network.ts';
import type { LadderReport } from './training.ts';

export * from './mining.ts';
export * from './network.ts';
export * from './training.ts';

export interface PhotoInfo {
  readonly id: string;
  readonly name: string;
  readonly scene: string;
  /** Pixels as displayed, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly clusters: readonly { readonly id: string; readonly name: string }[];
  readonly exif: PhotoFacts;
}

/** What a camera wrote into a photo; null where it did not. */
export interface PhotoFacts {
  /** Seconds since 1970 in the camera's own time zone. */
  readonly taken: number | null;
  /** Degrees, north and east positive. */
  readonly latitude: number | null;
  readonly longitude: number | null;
  /** Focal length in pixels of the photo. */
  readonly focal: number | null;
  readonly camera: string | null;
}

export interface ClusterInfo {
  readonly id: string;
  readonly name: string;
  readonly scene: string;
  /** Clusters of one place are never each other's negatives. */
  readonly place: number;
  readonly photos: number;
  readonly missing: number;
  readonly points: number;
  readonly observations: number;
  /** Pixels; null where the model does not say. */
  readonly meanReprojectionError: number | null;
  /** The photo that sees most points. */
  readonly cover: string | null;
  /** Pairs of photos that share at least one point, or that a list gave. */
  readonly pairs: number;
  /** A person took it out of mining and measuring. */
  readonly excluded: boolean;
}

/** One camera of a cluster; `position` and `rotation` are world_from_cam, columns right, down, forward. */
export interface ClusterView {
  readonly index: number;
  readonly photo: string | null;
  readonly name: string;
  readonly position: readonly [number, number, number];
  /** Row-major 3x3 of cam_from_world. */
  readonly rotation: readonly number[];
  /** Focal length over image width, and height over width, in the sensor frame. */
  readonly focal: number;
  readonly aspect: number;
  /** EXIF orientation, 1 to 8. */
  readonly orientation: number;
  readonly pointsSeen: number;
}

export interface ClusterDetail extends ClusterInfo {
  /** False for clusters that came as a list of pairs, without cameras and points; their views have no pose then. */
  readonly modelled: boolean;
  readonly views: readonly ClusterView[];
  /** Other clusters of the same place, and why. */
  readonly samePlace: readonly { readonly id: string; readonly name: string }[];
}

export interface CovisibleView {
  readonly index: number;
  readonly shared: number;
  /** Shared points over the points of the asking view. */
  readonly overlap: number;
  readonly scale: number;
}

export interface EvaluationResult {
  readonly protocol: string;
  readonly queries: number;
  readonly database: number;
  readonly map: number;
  readonly mapWhitened: number | null;
}

export interface EvaluationInfo extends EvaluationResult {
  readonly id: number;
  readonly created: string;
  readonly network: string;
  readonly networkName: string;
  readonly size: number;
}

/** Every way to rank a database; the first is what all others are compared with. */
export const METHODS = [
  'cosine',
  'ann',
  'aqe',
  'alpha-qe',
  'dba',
  'alpha-dba',
  'superglobal',
  'cg',
  'iterative',
  'jacobi',
  'truncated',
  'fsr',
  'hybrid',
  'offline',
] as const;
export type Method = (typeof METHODS)[number];

/** What a search can rank by: descriptors, or visual words with spatial verification. */
export const SEARCH_METHODS = [...METHODS, 'bow'] as const;
export type SearchMethod = (typeof SEARCH_METHODS)[number];

/** Protocols of methods.md 6 that need a ground truth. */
export const PROTOCOLS = [
  'oxford',
  'easy',
  'medium',
  'hard',
  'holidays',
  'instre',
  'ukbench',
  'recall',
  'acc',
] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** A ground truth of the library. */
export interface TruthInfo {
  readonly id: string;
  readonly name: string;
  readonly images: number;
  readonly queries: number;
  readonly created: string;
  /** Protocols that its labels allow. */
  readonly protocols: readonly string[];
}

/** Descriptors that can be searched: a network's, or imported ones. */
export interface SetInfo {
  /** `NETWORK-SIZE` of a network's own descriptors, a content hash otherwise. */
  readonly key: string;
  readonly name: string;
  readonly network: string | null;
  readonly size: number | null;
  readonly regional: boolean;
  readonly dim: number;
  readonly rows: number;
  readonly photos: number;
  readonly half: boolean;
  readonly created: string;
  /** Why it does not fit the library or its source any more; null while it does. */
  readonly stale: string | null;
}

/** An edge network measured on drawings (methods.md 2.8); the contract of `covis sketches --json`. */
export interface SketchReport {
  readonly layout: string;
  readonly name: string;
  readonly network: string;
  readonly method: string;
  readonly photos: number;
  readonly sketches: number;
  /** True where whitening was learned on the target set's own training pairs. */
  readonly supervised: boolean;
  readonly trainingPairs: number;
  readonly map: number;
  /** Share of drawings with a right photo among the first 1, 5, 10. */
  readonly accuracyAt: Readonly<Record<string, number>>;
  readonly perQuery: readonly { readonly sketch: string; readonly ap: number; readonly first: number | null }[];
}

/** What an edge network sees: the filter as it stands and how much of the library it describes. */
export interface EdgeNetworkInfo {
  readonly network: string;
  readonly name: string;
  readonly detector: string;
  readonly filter: {
    readonly gain: number;
    readonly exponent: number;
    readonly slope: number;
    readonly threshold: number;
  };
  /** Photos with descriptors, of all of the library. */
  readonly described: number;
  readonly photos: number;
}

/** Reports of experiments outside a library's own photos, kept with it. */
export type ExperimentInfo = { readonly id: number; readonly created: string } & (
  | { readonly kind: 'domains'; readonly folder: string; readonly report: DomainReport }
  | { readonly kind: 'sketches'; readonly folder: string; readonly report: SketchReport }
  | { readonly kind: 'ladder'; readonly folder: string; readonly report: LadderReport }
);

/** One kind of descriptor in an experiment on domains: accuracies as fractions, means over seeds and their deviations. */
export interface DomainMethod {
  readonly name: string;
  /** Learned on the first, tested on the second: `A>C`. */
  readonly single: Readonly<Record<string, number>>;
  readonly singleStd: Readonly<Record<string, number>>;
  /** Learned on all others, tested on this one. */
  readonly leaveOneOut: Readonly<Record<string, number>>;
  readonly leaveOneOutStd: Readonly<Record<string, number>>;
  /** Mean of the leave-one-out accuracies. */
  readonly mean: number;
  readonly std: number;
}

/** The two tables of domain generalisation (methods.md 3); the contract of `covis domains --json`. */
export interface DomainReport {
  readonly domains: readonly string[];
  /** How the tables name the domains, in the same order. */
  readonly labels: readonly string[];
  readonly classes: readonly string[];
  /** Images used, by class and domain. */
  readonly photosPerClass: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Accuracy of guessing. */
  readonly chance: number;
  /** Domains that went through the sketch path. */
  readonly drawn: readonly string[];
  readonly seeds: number;
  readonly networks: { readonly pretrained: string; readonly fineTuned: string; readonly edges: string };
  readonly unreadable: number;
  readonly methods: readonly DomainMethod[];
}

/** One query of a measurement. */
export interface QueryScoreInfo {
  readonly query: string;
  readonly index: number;
  readonly ap: number;
  readonly positives: number;
  readonly found: number;
  readonly first: number | null;
  /** The photo that asks, where the library has it. */
  readonly photo?: string | null;
}

/** One method of the comparison of teacher and student. */
export interface TeacherComparison {
  readonly method: string;
  /** True for bags of words, false for networks. */
  readonly teacher: boolean;
  readonly map: number;
  /** The measurement that has its queries. */
  readonly measurement: number;
}

/** What clustering a folder of photos gave; the contract of `covis cluster --json`. */
export interface ClusteringReport {
  readonly clusters: readonly {
    readonly id: string;
    readonly name: string;
    readonly photos: readonly string[];
    readonly points: number;
  }[];
  readonly unclustered: readonly string[];
  readonly steps: readonly { readonly name: string; readonly seconds: number }[];
  readonly photos: number;
  /** Pairs that were looked at, those that geometry confirms, and the scenes that they make. */
  readonly pairs: number;
  readonly verified: number;
  readonly scenes: number;
}

/** Photos that are the same, or look it; the largest first. */
export interface DuplicateGroup {
  readonly photos: readonly {
    readonly photo: string;
    readonly name: string;
    /** Every file of this content. */
    readonly files: readonly string[];
    readonly width: number;
    readonly height: number;
    readonly bytes: number;
  }[];
}

/** When and where a photo was taken; null where it does not say. */
export interface PhotoFactsRow {
  readonly photo: string;
  readonly taken: number | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly aspect: number;
  readonly cluster: string | null;
}

/** A photo whose local features match another's. */
export interface MatchedPhoto {
  readonly photo: string;
  readonly name: string;
  readonly matches: number;
  /** Matches that geometry confirms. */
  readonly inliers: number;
  /** Width over height as displayed. */
  readonly aspect: number;
}

/** Two methods on the same queries: the difference of means with its interval, and how likely chance gives as much. */
export interface PairedTest {
  readonly queries: number;
  /** Mean of b − a. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided p-value of the sign-flip permutation test. */
  readonly p: number;
  readonly wins: number;
  readonly losses: number;
}

/** A cell of the matrix of measurements. */
export interface MeasurementInfo {
  readonly id: number;
  readonly created: string;
  readonly setKey: string;
  readonly setName: string;
  readonly method: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly truth: string;
  readonly protocol: string;
  readonly map: number;
  readonly low: number;
  readonly high: number;
  readonly queries: number;
}

export interface MeasurementDetail extends MeasurementInfo {
  /** The protocol in words, with the kind of AP. */
  readonly text: string;
  readonly mpAtK: Readonly<Record<string, number>>;
  readonly recallAtK: Readonly<Record<string, number>> | null;
  readonly ukbench: number | null;
  readonly skipped: number;
  /** Points [recall, precision], averaged over queries. */
  readonly curve: readonly (readonly [number, number])[];
  readonly perQuery: readonly QueryScoreInfo[];
  readonly msPerQuery: number;
  readonly offlineMs: number;
}

/** Hybrid diffusion at one rank: the fewest iterations that reach the target ranking error. */
export interface TradeoffPoint {
  readonly rank: number;
  readonly iterations: number;
  readonly msPerQuery: number;
  /** Graph, vectors and eigenvectors in memory. */
  readonly bytes: number;
  /** Share of pairs of photos that are ordered otherwise than by the converged scores, mean over queries. */
  readonly rankingError: number;
  /** Length of the scores' difference from the converged ones over their length. */
  readonly scoreError: number;
  /** The ranking error without any iteration. */
  readonly spectralError: number;
}

export interface TradeoffReport {
  readonly nodes: number;
  readonly edges: number;
  readonly target: number;
  readonly eigenResidual: number;
  readonly points: readonly TradeoffPoint[];
}

/** A map of descriptors: positions from 0 to 1, and what photos can be coloured by. */
export interface DescriptorMap {
  readonly set: string;
  readonly photos: readonly string[];
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Fields of each photo: text is coloured by category, numbers by a scale. */
  readonly fields: readonly { readonly name: string; readonly values: readonly (string | number | null)[] }[];
}

/** Why two photos match: what each place of either adds to the similarity. Grids are row-major and sum to it. */
export interface Explanation {
  readonly similarity: number;
  readonly query: HeatGrid;
  readonly hit: HeatGrid;
}
export interface HeatGrid {
  readonly width: number;
  readonly height: number;
  readonly values: readonly number[];
}

export interface SearchHit {
  readonly photo: string;
  readonly name: string;
  readonly clusters: readonly { readonly id: string; readonly name: string }[];
  readonly score: number;
  /** Against a library photo as query: shares enough points, the same place, or another place. */
  readonly relation: 'positive' | 'same-place' | 'other' | 'unknown' | 'query';
  readonly shared: number | null;
  /** The region that matches best, as displayed, in fractions; for regional sets. */
  readonly box?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Width over height as displayed. */
  readonly aspect: number;
  /** Matches that one affine map explains; for bags of words. */
  readonly inliers?: number;
}

export type JobKind =
  | 'import'
  | 'extract'
  | 'mine'
  | 'train'
  | 'evaluate'
  | 'run'
  | 'regions'
  | 'vectors'
  | 'measure'
  | 'map'
  | 'tradeoff'
  | 'export'
  | 'teacher'
  | 'cluster'
  | 'duplicates'
  | 'domains'
  | 'sketches'
  | 'network'
  | 'whiten'
  | 'ladder';
export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

export interface JobProgress {
  /** What is being done now, as a short phrase. */
  readonly step: string;
  readonly done: number;
  /** 0 where the amount is not known. */
  readonly total: number;
  readonly unit: string;
  /** Units per second, smoothed; 0 until measured. */
  readonly rate: number;
  /** Seconds left; null until it can be told. */
  readonly left: number | null;
}

export interface JobInfo {
  readonly id: number;
  readonly kind: JobKind;
  readonly title: string;
  readonly state: JobState;
  readonly created: string;
  readonly started: string | null;
  readonly finished: string | null;
  readonly progress: JobProgress | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly file?: string;
    readonly offset?: number;
    readonly hint?: string;
  } | null;
  readonly warnings: readonly string[];
  readonly result: unknown;
}

export interface LibraryInfo {
  readonly path: string;
  readonly name: string;
  readonly photos: number;
  readonly scenes: number;
  readonly clusters: number;
  readonly points: number;
  readonly pairs: number;
  readonly networks: readonly NetworkInfo[];
  readonly device: string;
  readonly version: string;
}

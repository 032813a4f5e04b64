/** What crosses between the engine and its faces: plain, serialisable facts. No behaviour. */
import type { MiningParameters } from './mining.ts';

export * from './mining.ts';

/**
 * Ways from a feature map to a vector (methods.md 1.5): maximum, mean, generalised mean with one exponent or one per channel, and the
 * sum over R-MAC's regions, each pooled by maximum or by GeM.
 */
export const POOLINGS = ['mac', 'spoc', 'gem', 'gemmp', 'rmac', 'rgem'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** How pixels become the network's input: (value * scale - mean) / std per channel, values 0..255, NCHW. */
export interface Preprocess {
  readonly order: 'RGB' | 'BGR';
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** What a network is; kept inside its ONNX file under the metadata key `covis`. */
export interface NetworkSpec {
  readonly name: string;
  readonly dim: number;
  readonly preprocess: Preprocess;
  /** Where the backbone came from, as a sentence. */
  readonly origin: string;
  readonly licence: string;
  /** The value of the backbone's graph that is pooled. */
  readonly features: string;
  /** How that is pooled; GeM where nothing is said. */
  readonly pooling?: Pooling | undefined;
  /** Factors of the image's size at which the graph itself describes and combines (methods.md 1.7); one scale where nothing is said. */
  readonly scales?: readonly number[] | undefined;
  /** What the whitening at the network's end was learned from; absent where there is none. */
  readonly whitening?: WhiteningFacts | undefined;
  /** Made by an experiment on training, not to be worked with: lists leave it out. */
  readonly experiment?: boolean | undefined;
  /** Present for networks that take edge maps instead of photos. */
  readonly edges?: EdgeSpec | undefined;
}

/** How a whitening was made (methods.md 1.8). */
export interface WhiteningFacts {
  /** Learned from matching pairs, or by principal components of all descriptors. */
  readonly method: 'learned' | 'pca';
  /** Matching pairs; 0 for PCA. */
  readonly pairs: number;
  readonly descriptors: number;
  /** Dimensions before it. */
  readonly from: number;
  /** Share of the mean variance added to every direction; 0 where there were enough samples. */
  readonly shrinkage: number;
  /** Long side in pixels of the images that it was learned on. */
  readonly size: number;
  /** Seed of the split whose training places it was learned on. */
  readonly seed: number;
}

/** How an edge network wants its maps (methods.md 2.1, 2.6). */
export interface EdgeSpec {
  /** The detector that it was made for: `classical`, the embedded one's name, or a content hash. */
  readonly detector: string;
  /** Factors of the long side; descriptors of all scales are summed. */
  readonly scales: readonly number[];
  /** Mirror images are summed, too. */
  readonly mirror: boolean;
  /** Zero pixels added on every side. */
  readonly padding: number;
}

/** A network of the library. `id` is a content hash. */
export interface NetworkInfo extends NetworkSpec {
  readonly id: string;
  readonly parent: string | null;
  readonly created: string;
  readonly bytes: number;
  readonly parameters: number;
  readonly embedded: boolean;
}

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

export interface EpochInfo {
  readonly epoch: number;
  readonly loss: number;
  /** Mean distance of the mined negatives to their query before the epoch. */
  readonly negativeDistance: number;
  /** Fraction of negatives inside the margin: those that still teach. */
  readonly activeNegatives: number;
  readonly map: number | null;
  /** GeM's exponent, the mean of them where there are several; null where there is none. */
  readonly p: number | null;
  readonly seconds: number;
  /** Tuples left out because a photo could not be read. */
  readonly skipped: number;
}

export interface TrainingRunInfo {
  readonly id: number;
  readonly created: string;
  readonly state: 'running' | 'done' | 'stopped' | 'failed';
  readonly network: string;
  readonly networkName: string;
  readonly result: string | null;
  readonly parameters: TrainingParameters;
  readonly epochs: readonly EpochInfo[];
  readonly mapBefore: number | null;
  /** What really computed. */
  readonly device: string;
  /** Ended before its last epoch and left a checkpoint to go on from. */
  readonly resumable: boolean;
}

/** What computes loss and gradients. `tfjs-cpu` is TensorFlow.js in plain JavaScript: very slow, there to check the others. */
export const BACKENDS = [
  'auto',
  'cpu',
  'webgpu',
  'cuda',
  'directml',
  'coreml',
  'tensorflow',
  'tfjs-webgpu',
  'tfjs-cpu',
] as const;
export type Backend = (typeof BACKENDS)[number];

/** How the learning rate falls: by e^-rate each epoch, or divided at given epochs (methods.md 1.6). */
export type Decay =
  | { readonly kind: 'exponential'; readonly rate: number }
  | { readonly kind: 'steps'; readonly epochs: readonly number[]; readonly factor: number };

export interface TrainingParameters {
  /** The recipe that the rest started from. */
  readonly preset: string;
  /** What the trained network is to be called; chosen if null. */
  readonly name: string | null;
  /** The result belongs to an experiment; lists of networks leave it out. */
  readonly experiment: boolean;
  readonly backend: Backend;
  readonly epochs: number;
  readonly loss: 'contrastive' | 'triplet';
  readonly optimiser: 'adam' | 'sgd';
  readonly decay: Decay;
  /**
   * What the summed gradient of a step is divided by (methods.md 1.4): nothing, the tuples of the step, or the pairs of its tuples.
   * Adam hardly feels it, gradient descent does.
   */
  readonly scaling: 'sum' | 'tuples' | 'pairs';
  /** Gradient descent takes this share of each gradient away before it enters the momentum. */
  readonly dampening: number;
  /** Tuples of one step of the optimiser. */
  readonly batch: number;
  /** Mining run whose manifold pools are trained on instead of geometry; null to mine each epoch. */
  readonly pools: number | null;
  readonly queriesPerEpoch: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly margin: number;
  readonly size: number;
  readonly seed: number;
  /** Times an epoch that tuples are mined anew, each time for its share of the queries. */
  readonly minings: number;
  readonly mining: MiningParameters;
}

/** A recipe as pages list it. */
export interface PresetInfo {
  readonly name: string;
  readonly title: string;
  /** The backbone that it was published with; null for recipes of any network. */
  readonly backbone: string | null;
  readonly pooling: Pooling | null;
  readonly parameters: TrainingParameters;
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

/** One component of the talk's ladder and what it brings: mAP of the geometry protocol over seeds. */
export interface LadderRung {
  readonly component: string;
  readonly pooling: 'mac' | 'gem';
  readonly whitening: boolean;
  readonly map: { readonly mean: number; readonly std: number; readonly values: readonly number[] };
}

/** Component contributions on a library (methods.md 1.10). */
export interface LadderReport {
  readonly network: string;
  readonly preset: string;
  readonly epochs: number;
  /** Tuples of an epoch. */
  readonly tuples: number;
  readonly size: number;
  readonly seeds: number;
  readonly firstSeed: number;
  /** By pooling, in the order of the talk. */
  readonly rungs: readonly LadderRung[];
}

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

/** Facts of training: parameters, runs, recipes, the ladder. */
import type { Pooling } from './network.ts';
import type { MiningParameters } from './mining.ts';

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

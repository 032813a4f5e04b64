/** Facts of networks: what they take, how they pool, what they end in. */

/**
 * Ways from a feature map to a vector (methods.md 1.5): maximum, mean, generalised mean with one exponent or one per channel, and the
 * sum over R-MAC's regions, each pooled by maximum or by GeM.
 */
export const POOLINGS = ['mac', 'spoc', 'gem', 'gemmp', 'rmac', 'rgem'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** What poolings are called, also in names of networks. */
export const POOLING_NAMES: Readonly<Record<Pooling, string>> = {
  mac: 'MAC',
  spoc: 'SPoC',
  gem: 'GeM',
  gemmp: 'GeM per channel',
  rmac: 'R-MAC',
  rgem: 'R-GeM',
};

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

/** A network that Covis knows of outside any library. */
export interface CatalogueEntry {
  /** What `--network` and `covis networks add` take. */
  readonly id: string;
  readonly name: string;
  /** Part of Covis, in this person's store, or to be downloaded into it. */
  readonly state: 'embedded' | 'here' | 'downloadable';
  readonly bytes: number;
  readonly sha256: string;
  readonly licence: string;
  /** Bytes of a download that was cut short, from which it goes on. */
  readonly came: number;
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

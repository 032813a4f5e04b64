/** Facts of networks: what they take, how they pool, what they end in. */
import { z } from 'zod';
import { adaptFigure, learnedPart } from './adapt.ts';
import { count, type Facts } from './facts.ts';
import { POOLINGS } from './poolings.ts';

/** How pixels become the network's input: (value * scale - mean) / std per channel, values 0..255, NCHW. */
export const preprocess = z.object({
  order: z.enum(['RGB', 'BGR']),
  scale: z.number(),
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number(), z.number(), z.number()]),
});
export type Preprocess = Facts<typeof preprocess>;

/** How a whitening was made (methods.md 1.8). */
export const whiteningFacts = z.object({
  /** Learned from matching pairs, or by principal components of all descriptors. */
  method: z.enum(['learned', 'pca']),
  /** Matching pairs; 0 for PCA. */
  pairs: count,
  descriptors: count,
  /** Dimensions before it. */
  from: z.number(),
  /** Share of the mean variance added to every direction; 0 where there were enough samples. */
  shrinkage: z.number(),
  /** Long side in pixels of the images that it was learned on. */
  size: z.int(),
  /** Seed of the split whose training places it was learned on. */
  seed: z.int(),
  /** The part of the library that it was learned on, where that is not the training places of the seed. */
  learn: learnedPart.optional(),
});
export type WhiteningFacts = Facts<typeof whiteningFacts>;

/** How an edge network wants its maps (methods.md 2.1, 2.6). */
export const edgeSpec = z.object({
  /** The detector that it was made for: `classical`, the embedded one's name, or a content hash. */
  detector: z.string(),
  /** Factors of the long side; descriptors of all scales are summed. */
  scales: z.array(z.number()),
  /** Mirror images are summed, too. */
  mirror: z.boolean(),
  /** Zero pixels added on every side. */
  padding: z.int(),
});
export type EdgeSpec = Facts<typeof edgeSpec>;

/** What of a foreign network was taken, and what was left out. */
export const takenFacts = z.object({
  /** A feature map that is pooled, or the network's own vector. */
  kind: z.enum(['map', 'vector']),
  /** Nodes that are kept, of all that the file has. */
  kept: count,
  nodes: count,
  /** Operators that were left out, each once. */
  dropped: z.array(z.string()),
  /** Numbers of the weights that were left out, and of all. */
  droppedWeights: count,
  weights: count,
  /** Why this and not another part, as a sentence without its full stop. */
  why: z.string(),
});
export type TakenFacts = Facts<typeof takenFacts>;

/** Ways of a photo into the one size that a network takes. */
export const FITS = ['pad', 'crop'] as const;
export type Fit = (typeof FITS)[number];

/** Which images a network takes, where it is not all sizes together. */
export const inputFacts = z.object({
  /** The one size that it takes, in pixels; any where it is not said. */
  height: z.int().optional(),
  width: z.int().optional(),
  /** How a photo becomes that size: whole with a margin of the mean colour, or filling it, cut at two sides. */
  fit: z.enum(FITS).optional(),
  /** Sides are whole multiples of it. */
  multiple: z.int().optional(),
  /** It takes one image at a time. */
  alone: z.boolean().optional(),
});
export type InputFacts = Facts<typeof inputFacts>;

/** What a network is; kept inside its ONNX file under the metadata key `covis`. */
export const networkSpec = z.object({
  name: z.string(),
  dim: count,
  preprocess,
  /** Where the backbone came from, as a sentence. */
  origin: z.string(),
  licence: z.string(),
  /** The value of the backbone's graph that is pooled. */
  features: z.string(),
  /** How that is pooled; GeM where nothing is said. */
  pooling: z.enum(POOLINGS).optional(),
  /** Factors of the image's size at which the graph itself describes and combines (methods.md 1.7); one scale where nothing is said. */
  scales: z.array(z.number()).optional(),
  /** What the whitening at the network's end was learned from; absent where there is none. */
  whitening: whiteningFacts.optional(),
  /** Long side in pixels of the photos that it was adapted to, taken where nobody says another; left out for the usual one. */
  size: z.int().optional(),
  /** Made by an experiment on training, not to be worked with: lists leave it out. */
  experiment: z.boolean().optional(),
  /** Present for networks that take edge maps instead of photos. */
  edges: edgeSpec.optional(),
  /** What was taken of the file that it came from; absent for networks made before that was noted. */
  taken: takenFacts.optional(),
  /** Sizes that it is bound to; absent where it takes any. */
  input: inputFacts.optional(),
  /** Operators between its weights and its output that not every network has: what cannot be differentiated among them cannot be trained. */
  operators: z.array(z.string()).optional(),
});
export type NetworkSpec = Facts<typeof networkSpec>;

/** A network of the library. `id` is a content hash. */
export const networkInfo = networkSpec.extend({
  id: z.string(),
  parent: z.string().nullable(),
  created: z.string(),
  bytes: count,
  parameters: count,
  embedded: z.boolean(),
  /** The operator that stands in the way of training it; null where none does. */
  obstacle: z.string().nullable(),
});
export type NetworkInfo = Facts<typeof networkInfo>;

/** What a library takes where nobody names a network, and why. */
export const defaultNetwork = z.object({
  takes: z.enum(['photos', 'edges']),
  network: z.string(),
  name: z.string(),
  reason: z.string(),
  /** When that was decided; null where nothing was. */
  since: z.string().nullable(),
});
export type DefaultNetwork = Facts<typeof defaultNetwork>;

/** What a training run did to the library's default. */
export const defaultDecision = z.object({
  /** The default since then. */
  network: z.string(),
  name: z.string(),
  changed: z.boolean(),
  /** As a sentence without its full stop. */
  reason: z.string(),
  /** The default before and the trained network by the protocol that was asked for; null where nothing could be measured. */
  figure: adaptFigure.nullable().default(null),
});
export type DefaultDecision = Facts<typeof defaultDecision>;

/** A network that Covis knows of outside any library. */
export const catalogueEntry = z.object({
  /** What `--network` and `covis networks add` take. */
  id: z.string(),
  name: z.string(),
  /** Part of Covis, in this person's store, or to be downloaded into it. */
  state: z.enum(['embedded', 'here', 'downloadable']),
  bytes: count,
  sha256: z.string(),
  licence: z.string(),
  /** Bytes of a download that was cut short, from which it goes on. */
  came: count,
  /** A library can begin with it, or training start from it. */
  start: z.boolean(),
  /** The package of npm that carries it, as name@version; null where it lies at an address. */
  package: z.string().nullable(),
  /** Bytes that are fetched for it: a package holds more than the network. */
  fetched: count,
});
export type CatalogueEntry = Facts<typeof catalogueEntry>;

/** What an edge network sees: the filter as it stands and how much of the library it describes. */
export const edgeNetworkInfo = z.object({
  network: z.string(),
  name: z.string(),
  detector: z.string(),
  filter: z.object({
    gain: z.number(),
    exponent: z.number(),
    slope: z.number(),
    threshold: z.number(),
  }),
  /** Photos with descriptors, of all of the library. */
  described: count,
  photos: count,
});
export type EdgeNetworkInfo = Facts<typeof edgeNetworkInfo>;

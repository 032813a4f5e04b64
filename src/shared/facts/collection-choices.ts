/** Facts of choosing: folds of near duplicates, photos that stand for all, photos to judge. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

const weight = z.number().min(0).max(1);
/** How much each part counts for the best shot; they need not sum to one. */
export const bestShotWeights = z.strictObject({
  resolution: weight.default(0.3).meta({ label: 'Resolution', help: 'weight of the resolution for the best shot' }),
  sharpness: weight.default(0.4).meta({ label: 'Sharpness', help: 'weight of the sharpness' }),
  clipping: weight.default(0.15).meta({ label: 'Clipping', help: 'weight of few black and white pixels' }),
  blockiness: weight.default(0.15).meta({ label: 'Blocks', help: 'weight of few blocks of JPEG' }),
});
export type BestShotWeights = Facts<typeof bestShotWeights>;

const part = z.number().nullable();
/** Bits of 64 in which perceptual hashes of near duplicates may differ. */
export const FOLD_BITS = 6;
/** How folds of near duplicates are proposed. */
export const foldOptions = z.strictObject({
  bits: z.int().min(0).max(16).default(FOLD_BITS).meta({
    label: 'Alike up to',
    help: 'bits of 64 in which perceptual hashes may differ',
    unit: 'bits',
  }),
  geometry: z.boolean().default(true).meta({ label: 'Ask the models, too', help: 'do not ask models, only looks' }),
  weights: bestShotWeights.prefault({}).meta({ label: 'The best shot of a group' }),
});

/** A photo of a group of near duplicates. */
export const foldedPhoto = z.object({
  photo: z.string(),
  name: z.string(),
  /** Pixels as displayed. */
  width: count,
  height: count,
  /** Of the best shot, 0 to 1, and its parts; null where they were not measured. */
  score: z.number(),
  parts: z.object({ resolution: part, sharpness: part, clipping: part, blockiness: part }),
  /** Why it is folded: it looks the same, or the model knows the same points from the same place. Null for heads and what a person folded. */
  why: z.enum(['looks', 'geometry']).nullable(),
});
export type FoldedPhoto = Facts<typeof foldedPhoto>;

/** Near duplicates and the photo that stands for them. */
export const foldGroup = z.object({
  head: foldedPhoto,
  /** Best first; pages are told of the first hundred. */
  under: z.array(foldedPhoto),
  /** How many are under it. */
  folds: count,
  /** A person chose the head, or folded one of them by hand. */
  chosen: z.boolean(),
});
export type FoldGroup = Facts<typeof foldGroup>;

/** What proposing folds would do, or did. */
export const foldReport = z.object({
  groups: z.array(foldGroup),
  /** Groups in all. */
  total: count,
  /** Photos that are folded, in all. */
  folded: count,
  /** Photos whose fold changed; none while it is only a proposal. */
  changed: count,
  notes: z.array(z.string()),
});
export type FoldReport = Facts<typeof foldReport>;

/** How n photos are chosen. */
export const CHOICES = ['k-center', 'facility', 'typical', 'random', 'stratified', 'grid'] as const;

/** One point of a curve of coverage. */
export const coverPoint = z.object({
  n: count,
  /** Mean cosine with the nearest chosen photo. */
  mean: z.number(),
  /** Coverage radius: distance of the photo that is farthest from any chosen one, √(2 − 2 cosine). */
  radius: z.number(),
});
export type CoverPointFact = Facts<typeof coverPoint>;

/** What choosing n photos gave. */
export const choiceReport = z.object({
  /** Content hashes in the order in which they were chosen; kept ones first. */
  photos: z.array(z.string()),
  /** Photos that were chosen among. */
  among: count,
  /** Descriptor set by which they were compared; null where none was needed. */
  set: z.string().nullable(),
  /** Of facility location: photos that could be chosen. */
  candidates: count.nullable(),
  /** Null without descriptors. */
  radius: z.number().nullable(),
  mean: z.number().nullable(),
  /** At most 200 of its points; empty without descriptors. */
  curve: z.array(coverPoint),
  /** Where the curve bends: more photos gain less from there. Null where it does not. */
  knee: count.nullable(),
  /** Chosen photos and all photos by place, largest first. */
  places: z.array(z.object({ place: z.string(), chosen: count, photos: count })),
  /** Number of the action that added them to a collection; null where none was named or all were in. */
  action: count.nullable(),
  notes: z.array(z.string()),
});
export type ChoiceReport = Facts<typeof choiceReport>;

/** Photos to be judged next. */
export const nextPhotos = z.object({
  photos: z.array(z.string()),
  /** By what they were found: the classifier, the difference of likeness, or likeness alone before there are both kinds of exemplars. */
  how: z.enum(['classifier', 'difference', 'likeness']),
  positive: count,
  negative: count,
});
export type NextPhotos = Facts<typeof nextPhotos>;

/** What strata are told apart by. */
export const STRATA = ['place', 'scene', 'cluster', 'camera', 'year', 'month', 'orientation'] as const;

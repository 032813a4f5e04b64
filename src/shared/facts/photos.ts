/** Facts of photos: what a camera wrote, what they look like twice, what matches them. */
import { z } from 'zod';
import { clusterLabel } from './clusters.ts';
import { count, type Facts } from './facts.ts';

/** What a camera wrote into a photo; null where it did not. */
export const photoFacts = z.object({
  /** Seconds since 1970 in the camera's own time zone. */
  taken: z.number().nullable(),
  /** Degrees, north and east positive. */
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  /** Focal length in pixels of the photo. */
  focal: z.number().nullable(),
  camera: z.string().nullable(),
});
export type PhotoFacts = Facts<typeof photoFacts>;

export const photoInfo = z.object({
  id: z.string(),
  name: z.string(),
  scene: z.string(),
  /** There is no file of it any more: it was taken out of its folder, or another photo took its place. */
  gone: z.boolean().optional(),
  /** Photo that it is folded under as a near duplicate, and how many are folded under it; left out where neither is. */
  foldedUnder: z.string().optional(),
  folds: count.optional(),
  /** Pixels as displayed, after EXIF orientation. */
  width: count,
  height: count,
  clusters: z.array(clusterLabel),
  exif: photoFacts,
});
export type PhotoInfo = Facts<typeof photoInfo>;

/** When and where a photo was taken; null where it does not say. */
export const photoFactsRow = z.object({
  photo: z.string(),
  taken: z.number().nullable(),
  latitude: z.number().nullable(),
  longitude: z.number().nullable(),
  aspect: z.number(),
  cluster: z.string().nullable(),
});
export type PhotoFactsRow = Facts<typeof photoFactsRow>;

/** Photos that are the same, or look it; the largest first. */
export const duplicateGroup = z.object({
  photos: z.array(
    z.object({
      photo: z.string(),
      name: z.string(),
      /** Every file of this content. */
      files: z.array(z.string()),
      width: count,
      height: count,
      bytes: count,
    }),
  ),
});
export type DuplicateGroup = Facts<typeof duplicateGroup>;

/** A photo whose local features match another's. */
export const matchedPhoto = z.object({
  photo: z.string(),
  name: z.string(),
  matches: count,
  /** Matches that geometry confirms. */
  inliers: count,
  /** Width over height as displayed. */
  aspect: z.number(),
});
export type MatchedPhoto = Facts<typeof matchedPhoto>;

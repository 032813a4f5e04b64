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
  /** Those in force. */
  clusters: z.array(clusterLabel),
  /** Those that a person excluded. */
  excluded: z.exactOptional(z.array(clusterLabel)),
  exif: photoFacts,
});
export type PhotoInfo = Facts<typeof photoInfo>;

/** From the first second up to, not including, the other; seconds since 1970 in the camera's own time zone. */
const seconds = z.int().min(-1e12).max(1e12);
export const timeSpan = z.strictObject({ from: seconds, to: seconds });
export type TimeSpan = Facts<typeof timeSpan>;

const degrees = z.number().min(-720).max(720);
/** A part of the map in degrees; its north and its east are not in it. */
export const mapBox = z.strictObject({ south: degrees, west: degrees, north: degrees, east: degrees });
export type MapBox = Facts<typeof mapBox>;

/** When and where the photos of a library were taken, summed up. */
export const photoOverview = z.object({
  photos: count,
  /** Photos that do not say when, or where. */
  undated: count,
  unplaced: count,
  /** Photos that are folded under another. */
  folded: count,
  /** Bars over the whole time of the photos. */
  bins: z.array(z.object({ from: z.int(), to: z.int(), label: z.string(), count })),
  /** Photos with a place within the time asked for, and what they span; null for none. */
  located: count,
  extent: mapBox.nullable(),
});
export type PhotoOverview = Facts<typeof photoOverview>;
export type TimeBin = PhotoOverview['bins'][number];

/** Photos of nearly one place. */
export const photoPlace = z.object({
  /** The middle of them, in degrees. */
  latitude: z.number(),
  longitude: z.number(),
  photos: count,
  /** What they were taken in. */
  box: mapBox,
});
export type PhotoPlace = Facts<typeof photoPlace>;

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
      /** Photo that it is folded under, where it is. */
      under: z.string().optional(),
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

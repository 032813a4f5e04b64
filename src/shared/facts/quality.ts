/** Facts of photos' quality: what a job measured once of each. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';
import { QUALITY_FIELDS, QUALITY_NAMES } from './quality-fields.ts';

export const qualityField = z.enum(QUALITY_FIELDS).meta({
  label: 'Field',
  names: QUALITY_NAMES,
});

export const photoQuality = z.object({
  /** Deviation of the Laplacian in the sharpest quarter of the photo at 512 px, in steps of 256. */
  sharpness: z.number(),
  /** Mean luma, 0 to 1. */
  brightness: z.number(),
  /** Shares of pixels that are black, and white. */
  dark: z.number(),
  bright: z.number(),
  /** Bits of the luma's histogram, 0 to 8. */
  entropy: z.number(),
  /** Hasler and Süsstrunk 2003. */
  colourfulness: z.number(),
  /** Steps at the borders of JPEG's blocks beyond those within, 0 to 1. */
  blockiness: z.number(),
});
export type PhotoQuality = Facts<typeof photoQuality>;

/** Counts of a field's values in bins of equal width; a value on a border is in the upper bin, the largest in the last. */
export const qualityHistogram = z.object({
  field: qualityField,
  /** Smallest and largest value; null where none is known. */
  least: z.number().nullable(),
  most: z.number().nullable(),
  counts: z.array(count),
  /** Photos whose value is known, and is not. */
  measured: count,
  missing: count,
});
export type QualityHistogram = Facts<typeof qualityHistogram>;

/** Facts of descriptors: the sets that can be searched, and their map. */
import { z } from 'zod';
import { PRECISIONS } from './backends.ts';
import { count, type Facts } from './facts.ts';

/** Descriptors that can be searched: a network's, or imported ones. */
export const setInfo = z.object({
  /** `NETWORK-SIZE` of a network's own descriptors, a content hash otherwise. */
  key: z.string(),
  name: z.string(),
  network: z.string().nullable(),
  size: z.int().nullable(),
  regional: z.boolean(),
  dim: count,
  rows: count,
  photos: count,
  half: z.boolean(),
  created: z.string(),
  /** In what a network of Covis computed them; left out for those of other programs. */
  precision: z.enum(PRECISIONS).optional(),
  /** Why it does not fit the library or its source any more; null while it does. */
  stale: z.string().nullable(),
});
export type SetInfo = Facts<typeof setInfo>;

/** A map of descriptors. Its positions and the values of its fields are fetched as bytes (`asset/map/<id>/points`, `asset/map/<id>/<field>`). */
export const descriptorMap = z.object({
  set: z.string(),
  /** Changes with the content. */
  id: z.string(),
  photos: count,
  /** What photos can be coloured by: values that have names, as categories, or numbers on a scale. */
  fields: z.array(z.object({ name: z.string(), names: z.array(z.string()).nullable() })),
});
export type DescriptorMap = Facts<typeof descriptorMap>;

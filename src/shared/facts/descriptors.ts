/** Facts of descriptors: the sets that can be searched, and their map. */
import { z } from 'zod';
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
  /** Why it does not fit the library or its source any more; null while it does. */
  stale: z.string().nullable(),
});
export type SetInfo = Facts<typeof setInfo>;

/** A map of descriptors: positions from 0 to 1, and what photos can be coloured by. */
export const descriptorMap = z.object({
  set: z.string(),
  photos: z.array(z.string()),
  x: z.array(z.number()),
  y: z.array(z.number()),
  /** Fields of each photo: text is coloured by category, numbers by a scale. */
  fields: z.array(
    z.object({
      name: z.string(),
      values: z.array(z.union([z.string(), z.number()]).nullable()),
    }),
  ),
});
export type DescriptorMap = Facts<typeof descriptorMap>;

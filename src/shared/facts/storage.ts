/** Facts of what a library takes on its disk. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';
import { REMOVABLE, STAYS } from './removable.ts';

/** One thing of a kind: the descriptors of one network at one size, the checkpoint of one run. */
export const storageItem = z.object({
  id: z.string(),
  name: z.string(),
  bytes: count,
  files: count,
  /** When the newest of its files was written; null where it has none. */
  written: z.string().nullable(),
  /** Why it stays unless it is forced; null where it goes with its kind. */
  kept: z.string().nullable(),
  /** It stays whatever is said. */
  firm: z.boolean(),
  /** Content hash of the network that it goes with; null for what goes with none. */
  network: z.string().nullable(),
});
export type StorageItem = Facts<typeof storageItem>;

export const storagePart = z.object({
  kind: z.enum([...REMOVABLE, ...STAYS]),
  title: z.string(),
  /** What it is made of. */
  from: z.string(),
  /** How it comes back once it was removed, or why it does not. */
  again: z.string(),
  removable: z.boolean(),
  derived: z.boolean(),
  bytes: count,
  files: count,
  /** Bytes that go when the kind is removed without more being said. */
  goes: count,
  items: z.array(storageItem),
});
export type StoragePart = Facts<typeof storagePart>;

export const storageReport = z.object({
  parts: z.array(storagePart),
  /** Titles of kinds that were not counted, because that takes looking at many files; `bytes` is without them. */
  uncounted: z.array(z.string()),
  bytes: count,
  /** The database: of its bytes, those that are free within it and that compacting gives back. */
  database: z.object({ bytes: count, free: count }),
  /** Free on the library's disk for this account. */
  free: count,
  /** Why most kinds cannot be removed now: a job that runs; null where none does. */
  busy: z.string().nullable(),
  /** What lies outside the library and belongs to no one of them. Nothing here removes it. */
  elsewhere: z.array(z.object({ name: z.string(), bytes: count, about: z.string() })),
});
export type StorageReport = Facts<typeof storageReport>;

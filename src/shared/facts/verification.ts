/** What verifying a folder found. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

/** Names alone; sizes too, as far as they are known; every byte. */
export const VERIFY_LEVELS = ['presence', 'size', 'full'] as const;
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

export const verifyReport = z.object({
  folder: z.string(),
  /** A bag, a folder with a list of digests, or WebDataset's shards with their index alone. */
  kind: z.enum(['bag', 'folder', 'shards']),
  level: z.enum(VERIFY_LEVELS),
  /** Lists that it was verified by. */
  manifests: z.array(z.string()),
  /** Files that the lists name. */
  files: count,
  /** Bytes of those that are there; 0 where only names were looked at. */
  bytes: count,
  /** Files whose size is known from the tables beside the lists: lists of digests hold none. */
  sized: count,
  /** Named and not there; `fetch` where a bag says that it is to be fetched from elsewhere. */
  missing: z.array(z.object({ path: z.string(), fetch: z.boolean() })),
  changed: z.array(z.string()),
  /** There and in no list. */
  extra: z.array(z.string()),
  /** Missing, and there under another name. */
  moved: z.array(z.object({ from: z.string(), to: z.string() })),
  unreadable: z.array(z.string()),
  /** What else is wrong, a sentence each. */
  problems: z.array(z.string()),
  repaired: z.array(z.string()),
  /** Changed files that were left as they are, because nobody said to write over them. */
  kept: z.array(z.string()),
  ok: z.boolean(),
});
export type VerifyReport = Facts<typeof verifyReport>;

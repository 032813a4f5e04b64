/** What a backup says of itself: every file that it holds, with its digest. */
import { existsSync, lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { count } from '../../../shared/facts/facts.ts';
import { BACKUP_MANIFEST as MANIFEST } from '../formats/target.ts';

export { MANIFEST };
/** The folder of a backup that is the library. */
export const CONTENT = 'library';
/** A list of a million files takes a fifth of it. */
const MOST_BYTES = 1 << 30;

const entry = z.strictObject({
  path: z
    .string()
    .min(1)
    .max(1000)
    .refine(
      (p) => !p.includes('\\') && !p.includes('\0') && p.split('/').every((s) => s !== '' && s !== '.' && s !== '..'),
      {
        error: 'a path below the library',
      },
    ),
  bytes: count,
  /** Milliseconds. */
  modified: z.number(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
export type BackupEntry = z.infer<typeof entry>;

const manifest = z.object({
  format: z.literal(1),
  covis: z.string(),
  created: z.string(),
  /** Where the library lay. */
  library: z.string(),
  without: z.array(z.string()),
  files: z.array(entry),
});
export type Manifest = z.infer<typeof manifest>;

/**
 * What a folder says of itself as a backup; undefined for one that is none.
 * @throws CovisError `INPUT_CORRUPT` for a list that is damaged, `INPUT_UNSUPPORTED` for one of a newer Covis.
 */
export function readManifest(folder: string): Manifest | undefined {
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) return undefined;
  const damaged = (cause?: unknown): CovisError =>
    new CovisError('INPUT_CORRUPT', 'The list of files of this backup is damaged', {
      file,
      cause,
      hint: `Take another backup. What lies in ${join(folder, CONTENT)} can be copied by hand, and looked at with covis check --full.`,
    });
  if (!lstatSync(file).isFile() || statSync(file).size > MOST_BYTES) throw damaged();
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw damaged(cause);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > 1)
    throw new CovisError('INPUT_UNSUPPORTED', 'This backup was made by a newer Covis', {
      file,
      hint: 'Restore it with that one, or update this one.',
    });
  const parsed = manifest.safeParse(value);
  if (!parsed.success) throw damaged(parsed.error);
  const names = new Set(parsed.data.files.map((f) => f.path));
  if (names.size !== parsed.data.files.length || !names.has('library.db')) throw damaged();
  return parsed.data;
}

export function writeManifest(folder: string, m: Manifest): void {
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(m)}\n`, { flush: true });
}

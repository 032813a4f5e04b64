/** Thumbnails are made when they are asked for, and those that were made longest ago go when there are too many. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { THUMBNAILS_MB } from '../../../shared/facts/kept.ts';
import { logFailure, logger } from '../environment/log.ts';
import { readSettings } from '../environment/settings.ts';
import { bytesOf, filesIn } from './storage.ts';

/** How full the bound is left, so that not every thumbnail makes another one go. */
const LEFT = 0.9;
/** Which share of the bound is written before it is looked at again. */
const LOOK_EVERY = 0.05;

const written = new Map<string, number>();
const running = new Set<string>();

/**
 * Lets the oldest files of a folder go until what is left takes at most nine tenths of a bound that it is over.
 * @returns bytes that went.
 */
export async function trimFolder(folder: string, most: number): Promise<number> {
  const files = (await filesIn(folder)).filter((f) => !f.path.endsWith('.tmp'));
  let total = bytesOf(files);
  if (total <= most) return 0;
  let went = 0;
  for (const f of files.sort((a, b) => a.modified - b.modified)) {
    if (total <= LEFT * most) break;
    await rm(f.path, { force: true });
    total -= f.bytes;
    went += f.bytes;
  }
  return went;
}

/** Notes that a thumbnail was written. Now and then, and at the first one of a process, the bound is looked at beside the work. */
export function thumbnailWritten(root: string, bytes: number): void {
  const most = (readBound() ?? THUMBNAILS_MB) * 1e6;
  const before = written.get(root);
  const sum = (before ?? 0) + bytes;
  written.set(root, sum);
  if ((before !== undefined && sum < LOOK_EVERY * most) || running.has(root)) return;
  written.set(root, 0);
  running.add(root);
  void trimFolder(join(root, 'thumbnails'), most)
    .catch((error: unknown) => logFailure(logger('thumbnails'), 'Old thumbnails could not be let go', error))
    .finally(() => running.delete(root));
}

const SETTINGS_MS = 10_000;
let bound: { readonly at: number; readonly mb: number | undefined } | undefined;

/** The setting, read at most every ten seconds. */
function readBound(): number | undefined {
  const now = performance.now();
  if (bound === undefined || now - bound.at > SETTINGS_MS) bound = { at: now, mb: readSettings().thumbnailsMb };
  return bound.mb;
}

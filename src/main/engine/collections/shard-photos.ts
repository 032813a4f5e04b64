/** Photos that lie inside the shards of an export (Parquet, WebDataset), put into a folder as files: each by its digest alone. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { writeWhole } from '../formats/beside.ts';
import { Budget } from '../formats/budget.ts';
import { bytesText, freeBytes } from '../formats/disk.ts';
import { withRegular } from '../formats/regular.ts';
import { outsideLibraries } from '../formats/target.ts';
import type { TaskContext } from '../queue/context.ts';
import { digestFile } from './exports/digests.ts';
import { refuseOutside, type OpenedExport } from './import.ts';
import { ofShard, type InShard, type ShardFile } from './shard.ts';
import { photosOfParquet } from './shard-parquet.ts';
import { photosOfTar } from './shard-tar.ts';

const KINDS = [
  { folder: 'parquet', ending: '.parquet', photos: photosOfParquet },
  { folder: 'webdataset', ending: '.tar', photos: photosOfTar },
] as const;

/** Shards of an export that hold its photos, of one format; none where it has none. @throws CovisError for links that lead out of it. */
export function shardsOf({ folder: root, bag }: Pick<OpenedExport, 'folder' | 'bag'>): {
  readonly files: readonly string[];
  readonly photos: (shard: ShardFile) => Generator<InShard>;
} {
  for (const { folder, ending, photos } of KINDS) {
    const at = join(root, ...(bag ? ['data'] : []), folder);
    if (!existsSync(at)) continue;
    refuseOutside(root, at);
    const files = readdirSync(at)
      .filter((n) => n.endsWith(ending))
      .sort()
      .map((n) => join(at, n));
    for (const file of files) refuseOutside(root, file);
    if (files.length > 0) return { files, photos };
  }
  return { files: [], photos: photosOfTar };
}

/** Where photos of an export are put that lie inside its shards, unless a person says otherwise: beside it. */
export function besideExport(folder: string): string {
  return `${folder} photos`;
}

/**
 * Writes photos of an export's shards as files below `photos/` of a folder; those that are there already stay. Every photo in the shards has
 * to be one of the table, once: what is more, or another, is refused before it takes memory or room.
 * @param wanted SHA-256 of the photos that are written.
 * @throws CovisError `INPUT_INVALID` and `INPUT_CORRUPT` naming the shard, `STATE_CONFLICT` for another file in a photo's place, `DISK_FULL`,
 * `CANCELLED`.
 */
export async function unpackPhotos(
  opened: OpenedExport,
  into: string,
  wanted: ReadonlySet<string>,
  task: TaskContext,
): Promise<void> {
  const out = outsideLibraries(into);
  const { files, photos } = shardsOf(opened);
  const places = new Map<string, string>();
  const lacking = new Set<string>();
  const bySize = new Map<number, number>();
  let room = 0;
  for (const [i, e] of opened.content.entries.entries()) {
    const { sha256, bytes } = opened.files[i]!;
    places.set(sha256, join(out, ...e.path.split('/')));
    bySize.set(bytes, (bySize.get(bytes) ?? 0) + 1);
    if (!wanted.has(e.sha256) || (await isThere(places.get(sha256)!, sha256))) continue;
    lacking.add(sha256);
    room += bytes;
  }
  if (lacking.size === 0) return;
  const free = freeBytes(out);
  if (free !== undefined && room > free)
    throw new CovisError(
      'DISK_FULL',
      `The disk is full for these photos: ${bytesText(room)} are needed, ${bytesText(free)} are free`,
      { file: out, hint: 'Make room on it, or name another folder with --unpack.' },
    );
  const total = lacking.size;
  task.step('Unpacking photos', total, 'photos');
  const seen = new Set<string>();
  for (const file of files) {
    if (lacking.size === 0) break;
    withRegular(file, ({ fd, stats: { size } }) => {
      const budget = new Budget(file, size);
      for (const p of photos({ file, fd, size, most: places.size, budget })) {
        task.check();
        budget.time();
        const left = bySize.get(p.bytes) ?? 0;
        if (left === 0) throw stranger(file, p);
        const bytes = Buffer.allocUnsafe(p.bytes);
        for (let done = 0; done < p.bytes;) {
          const n = readSync(fd, bytes, done, p.bytes - done, p.at + done);
          if (n === 0) throw ofShard('INPUT_CORRUPT', file, `This file is cut short in ${p.name}`);
          done += n;
        }
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        const place = places.get(sha256);
        if (place === undefined) throw stranger(file, p);
        if (seen.has(sha256))
          throw ofShard('INPUT_INVALID', file, `${p.name} of this file is in these shards a second time`);
        seen.add(sha256);
        bySize.set(p.bytes, left - 1);
        if (!lacking.delete(sha256)) continue;
        writeWhole(place, bytes, {});
        task.progress(total - lacking.size);
      }
    });
  }
  if (lacking.size > 0)
    throw new CovisError('INPUT_CORRUPT', `${lacking.size} of ${total} photos are not in the shards of this export`, {
      file: dirname(files[0] ?? opened.folder),
      hint: 'Shards are missing or changed: covis collection verify says which.',
    });
}

function stranger(file: string, { name, bytes }: InShard): CovisError {
  return ofShard(
    'INPUT_CORRUPT',
    file,
    `${name} of this file (${bytesText(bytes)}) is no photo of its table, or is changed`,
  );
}

/** @throws CovisError `STATE_CONFLICT` where something else lies there. */
async function isThere(place: string, sha256: string): Promise<boolean> {
  const there = statSync(place, { throwIfNoEntry: false });
  if (there === undefined) return false;
  if (there.isFile() && (await digestFile(place)).sha256 === sha256) return true;
  throw new CovisError('STATE_CONFLICT', 'Something else lies where this photo is to be unpacked', {
    file: place,
    hint: 'Name another folder with --unpack, or take it away.',
  });
}

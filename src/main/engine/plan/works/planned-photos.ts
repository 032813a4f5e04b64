import { createHash } from 'node:crypto';
import { statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../../shared/errors.ts';
import type { Library } from '../../library/library.ts';
import { hashNow } from '../../library/hash-file.ts';
import { integer, nullable, real, record, select, text } from '../../library/rows.ts';
import type { PlannedPhoto } from '../facts.ts';

/** Photos with their files, by content hash: the order in which a plan has them. @param wanted by id. */
export function plannedPhotos(library: Library, wanted: ReadonlySet<number>): PlannedPhoto[] {
  const out: { hash: string; files: PlannedPhoto['files'][number][] }[] = [];
  const rows = select(
    library.db,
    `SELECT p.id, p.hash, s.images AS folder, f.name, f.bytes, f.modified, f.changed
       FROM photo p JOIN photo_file f ON f.photo_id = p.id JOIN scene s ON s.id = f.scene_id
     ORDER BY p.hash, f.scene_id, f.name`,
    record({
      id: integer,
      hash: text,
      folder: text,
      name: text,
      bytes: nullable(integer),
      modified: nullable(real),
      changed: nullable(real),
    }),
  );
  for (const { id, hash, folder, name, bytes, modified, changed } of rows.iterate()) {
    if (!wanted.has(id)) continue;
    const file = { path: join(folder, name), bytes, modified, changed };
    const last = out.at(-1);
    if (last?.hash === hash) last.files.push(file);
    else out.push({ hash, files: [file] });
  }
  return out;
}

/** All photos of a plan by their content. */
export function inputsOf(photos: readonly PlannedPhoto[]): { readonly count: number; readonly sha256: string } {
  const hash = createHash('sha256');
  for (const p of photos) hash.update(p.hash);
  return { count: photos.length, sha256: hash.digest('hex') };
}

function regularAt(path: string): Stats | undefined {
  const there = statSync(path, { throwIfNoEntry: false });
  return there?.isFile() === true ? there : undefined;
}

const stamp = (s: Stats | undefined): string =>
  s === undefined ? '' : [s.size, s.mtimeMs, s.ctimeMs, s.ino].join(' ');

/** A file that holds the photo now: by size and times as at its import, else by its content. */
function currentFile(photo: PlannedPhoto): string {
  let other: string | undefined;
  for (const { path, bytes, modified, changed } of photo.files) {
    const there = regularAt(path);
    if (there === undefined) continue;
    const same = bytes === there.size && modified === there.mtimeMs && (changed === null || changed === there.ctimeMs);
    if (same || hashNow(path) === photo.hash) return path;
    other ??= path;
  }
  if (other !== undefined)
    throw new CovisError('INPUT_MISSING', 'The file of this photo now holds another photo', {
      file: other,
      hint: 'Import its folder again, which takes up the new photo, or put the old file back.',
    });
  throw new CovisError('INPUT_MISSING', 'This photo cannot be seen from here', {
    file: photo.files[0]!.path,
    hint: 'Photos of a plan have to lie on a disk that every machine has under the same path.',
  });
}

/** What `work` makes of a photo's file; a file that is replaced while it is read gives nothing. @throws CovisError `INPUT_*`. */
export async function ofPlannedPhoto<T>(photo: PlannedPhoto, work: (file: string) => Promise<T>): Promise<T> {
  const file = currentFile(photo);
  const before = stamp(regularAt(file));
  const made = await work(file);
  if (stamp(regularAt(file)) === before) return made;
  throw new CovisError('INPUT_MISSING', 'The file of this photo changes while it is read', {
    file,
    hint: 'Do the shard again when the program that writes it is done.',
  });
}

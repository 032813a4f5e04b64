/** Makes a library of a backup, once all of it is known to be as it was written. */
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { bytesText } from '../formats/disk.ts';
import { bytesOf, roomAt } from '../library/storage.ts';
import type { TaskContext } from '../queue/context.ts';
import { apart } from './backup.ts';
import { CONTENT, MANIFEST, readManifest, type BackupEntry } from './backup-manifest.ts';
import { beginFolder, copyWithDigest, giveWay, syncFiles } from './whole-folder.ts';

const MB = 1e6;
const SHOWN = 3;

/** What was restored. */
export interface RestoreReport {
  readonly library: string;
  readonly files: number;
  readonly bytes: number;
  /** When the backup was taken. */
  readonly created: string;
  /** What the backup was taken without. */
  readonly without: readonly string[];
}

/**
 * Restores a backup into a new or an empty folder.
 * @throws CovisError `NOT_FOUND` for a folder that is no backup, `STATE_CONFLICT` where something lies at the place of the library, `DISK_FULL`,
 * `INPUT_CORRUPT` for files of the backup that are missing or not as they were; nothing is written then.
 */
export async function restoreBackup(backup: string, place: string, task: TaskContext): Promise<RestoreReport> {
  const library = apart(backup, place);
  const manifest = readManifest(backup);
  if (manifest === undefined)
    throw new CovisError('NOT_FOUND', 'This folder is no backup of a library', {
      file: backup,
      hint: `A backup holds ${MANIFEST}; covis backup makes one.`,
    });
  refuseUsed(library);
  const bytes = bytesOf(manifest.files);
  await verify(backup, manifest.files, bytes, task);
  const making = beginFolder(library);
  try {
    const free = roomAt(making.path);
    if (free < bytes)
      throw new CovisError(
        'DISK_FULL',
        `The library takes ${bytesText(bytes)}, and ${bytesText(free)} are free on this disk`,
        {
          file: library,
          hint: 'Make room, or name a place on another disk.',
        },
      );
    const each = counted('Copying', bytes, task);
    for (const f of manifest.files) {
      const { sha256 } = await copyWithDigest(join(backup, CONTENT, f.path), join(making.path, f.path), each);
      if (sha256 !== f.sha256) throw changed(join(backup, CONTENT, f.path));
    }
    task.step('Waiting for the disk', 0, '');
    await syncFiles(manifest.files.map((f) => join(making.path, f.path)));
    task.check();
    making.finish();
  } finally {
    making.release();
  }
  const { created, without } = manifest;
  return { library, files: manifest.files.length, bytes, created, without };
}

function refuseUsed(library: string): void {
  const there = statSync(library, { throwIfNoEntry: false });
  if (there === undefined || (there.isDirectory() && readdirSync(library).length === 0)) return;
  const isLibrary = existsSync(join(library, 'library.db'));
  throw new CovisError(
    'STATE_CONFLICT',
    isLibrary ? 'A library lies here, which is never written over' : 'This place is in use',
    {
      file: library,
      hint: 'Name a new folder. What lies there can be moved away first.',
    },
  );
}

const changed = (file: string): CovisError =>
  new CovisError('INPUT_CORRUPT', 'This file of the backup does not hold what was backed up. Nothing was restored', {
    file,
    hint: 'Restore another backup. What is whole of this one can be copied by hand.',
  });

/** @throws CovisError naming the first files that are missing or not as they were. */
async function verify(backup: string, files: readonly BackupEntry[], bytes: number, task: TaskContext): Promise<void> {
  const each = counted('Verifying', bytes, task);
  const wrong: string[] = [];
  for (const { path, bytes: size, sha256 } of files) {
    task.check();
    await giveWay();
    const file = join(backup, CONTENT, path);
    const there = lstatSync(file, { throwIfNoEntry: false });
    // A link could lead out of the backup.
    const same =
      there?.isFile() === true && there.size === size && (await copyWithDigest(file, null, each)).sha256 === sha256;
    if (!same) wrong.push(path);
  }
  if (wrong.length === 0) return;
  if (wrong.length === 1) throw changed(join(backup, CONTENT, wrong[0]!));
  throw new CovisError(
    'INPUT_CORRUPT',
    `${wrong.length} files of this backup are missing or do not hold what was backed up: ${wrong.slice(0, SHOWN).join(', ')}${wrong.length > SHOWN ? ', …' : ''}. Nothing was restored`,
    { file: backup, hint: 'Restore another backup. What is whole of this one can be copied by hand.' },
  );
}

function counted(step: string, bytes: number, task: TaskContext): (n: number) => void {
  const total = Math.ceil(bytes / MB);
  task.step(step, total, 'MB');
  let done = 0;
  return (n) => {
    task.check();
    done += n;
    task.progress(Math.min(total, Math.floor(done / MB)));
  };
}

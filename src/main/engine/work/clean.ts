/** Removes what a person named. Rows that refer to files go first, so that one that is cut short leaves files that nothing refers to. */
import { rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import { cleanJob } from '../../../shared/jobs/clean.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { CovisError } from '../../../shared/errors.ts';
import { ownFile } from '../library/file-owner.ts';
import { now, type Library } from '../library/library.ts';
import { bytesText } from '../formats/disk.ts';
import { bytesOf, roomAt, freePages, type FileFact } from '../library/storage.ts';
import { forgetStored } from '../library/stored.ts';
import type { TaskContext } from '../queue/context.ts';
import { busyWith } from './storage-networks.ts';
import { databaseBytes, type Kind } from './storage-parts.ts';
import { planCleaning, refuseNeeded, type Going } from './storage.ts';
import { giveWay } from './whole-folder.ts';
import { work } from './work.ts';

/** What no job reads or writes but by making it again. */
const ALWAYS: readonly Kind[] = ['thumbnails', 'copies'];

export const cleanWork = work(cleanJob, async (library, p, task): Promise<JobResult<'clean'>> => {
  task.step('Looking at what there is', 0, '');
  const { going, stays } = await planCleaning(library, p);
  const busy = busyWith(library);
  if (p.yes && busy !== null && (p.vacuum || going.some((g) => !ALWAYS.includes(g.kind))))
    throw new CovisError('STATE_CONFLICT', `${busy}, and may need what would be removed. Nothing was removed`, {
      hint: 'Wait until it is done or end it, then do this again.',
    });
  if (p.yes && p.vacuum) refuseVacuum(library);
  const removed = going.map(({ kind, title, thing }) => ({
    kind,
    name: thing.name === 'All' ? title : thing.name,
    files: thing.files.length,
    bytes: bytesOf(thing.files) + (thing.rows ?? 0),
  }));
  const said = {
    removed,
    stays,
    files: removed.reduce((n, r) => n + r.files, 0),
    bytes: removed.reduce((n, r) => n + r.bytes, 0),
  };
  if (!p.yes) return { done: false, ...said, compacted: null };
  try {
    await removeAll(library, going, p.force, said.files, task);
  } finally {
    for (const what of ['descriptors', 'networks', 'matches', 'training', 'storage']) task.changed(what);
  }
  return { done: true, ...said, compacted: p.vacuum ? await vacuum(library, task) : null };
});

async function removeAll(
  library: Library,
  going: readonly Going[],
  force: boolean,
  total: number,
  task: TaskContext,
): Promise<void> {
  task.step('Removing', total, 'files');
  let done = 0;
  const files = async (of: readonly FileFact[]): Promise<void> => {
    for (const { path } of of) {
      await giveWay();
      task.check();
      rmSync(path, { force: true });
      task.progress((done += 1));
    }
    removeEmpty(library, of);
  };
  for (const { kind, thing } of going) {
    task.check();
    const paths = thing.files.map((f) => f.path);
    if (kind === 'matches') library.transaction(() => library.db.prepare('DELETE FROM photo_match').run());
    else if (kind === 'networks' || kind === 'experiments')
      library.transaction(() => {
        // It may have come into use since it was looked at.
        refuseNeeded(library, thing.id, force);
        library.db.prepare('UPDATE network SET removed = ? WHERE uid = ?').run(now(), thing.id);
      });
    else if (kind === 'descriptors' || kind === 'regions' || kind === 'unfinished') {
      const release = ownDescriptors(library, thing.id);
      try {
        library.transaction(() => {
          if (kind === 'descriptors') library.db.prepare(FORGET_OWN).run(thing.id);
          if (kind === 'regions') library.db.prepare('DELETE FROM vector_set WHERE uid = ?').run(thing.id);
          forgetStored(library, paths);
        });
        await files(thing.files);
      } finally {
        release();
      }
      continue;
    }
    await files(thing.files);
  }
}

const FORGET_OWN = `DELETE FROM descriptor_set WHERE id IN (
  SELECT d.id FROM descriptor_set d JOIN network n ON n.id = d.network_id WHERE n.uid || '-' || d.size = ?)`;

/** @throws CovisError `STATE_CONFLICT` while these descriptors are being computed. */
function ownDescriptors(library: Library, key: string): () => void {
  return ownFile(library.file('descriptors', `${key}.npy.part`), {
    taken: 'These descriptors are being computed',
    hint: 'Wait until that is done, then do this again.',
    refused: 'The folder of descriptors cannot be written to',
  });
}

/** Folders below those of the library that hold nothing any more. */
function removeEmpty(library: Library, of: readonly FileFact[]): void {
  for (const folder of new Set(of.map((f) => dirname(f.path)))) {
    for (let at = folder; dirname(dirname(at)).startsWith(library.path) && at !== library.path; at = dirname(at)) {
      try {
        rmdirSync(at);
      } catch {
        // Something is in it, or it is gone already: either is well.
        break;
      }
    }
  }
}

/** Compacting writes the database anew, once into the temporary folder and once into its journal. @throws CovisError `DISK_FULL`. */
function refuseVacuum(library: Library): void {
  const needed = pageBytes(library) - freePages(library);
  for (const [folder, times] of [
    [library.path, 2],
    [tmpdir(), 1],
  ] as const) {
    const free = roomAt(folder);
    if (free >= times * needed) continue;
    throw new CovisError(
      'DISK_FULL',
      `Compacting the database takes ${bytesText(times * needed)} on this disk for a while, and ${bytesText(free)} are free. Nothing was removed`,
      { file: folder, hint: 'Remove something first without compacting, or make room otherwise.' },
    );
  }
}

function pageBytes(library: Library): number {
  const pragma = (name: string): number => library.db.pragma(name, { simple: true }) as number;
  return pragma('page_count') * pragma('page_size');
}

async function vacuum(library: Library, task: TaskContext): Promise<number> {
  task.check();
  task.step('Compacting the database, which cannot be stopped half-way', 0, '');
  const before = await databaseBytes(library);
  library.db.pragma('wal_checkpoint(TRUNCATE)');
  library.db.exec('VACUUM');
  library.db.pragma('wal_checkpoint(TRUNCATE)');
  return Math.max(0, before - (await databaseBytes(library)));
}

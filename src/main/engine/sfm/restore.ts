/** Arrays of clusters made again from the models that they were imported from, where those are still what they were. */
import { createHash } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';
import { noteStored } from '../library/stored.ts';
import type { TaskContext } from '../queue/context.ts';
import { arraysOf } from './arrays.ts';
import { discoverScenes } from './discover.ts';
import { stageModel } from './staged.ts';
import { locationHash, photosAtHand, readModels } from './read.ts';

const ORIGIN = record({ source: text, root: text, images: text, points: integer, observations: integer });

/**
 * Reads a cluster's model again and puts its arrays where they belong.
 * @throws CovisError `STATE_EMPTY` where the model is gone or another one by now, `INPUT_*` where it cannot be read.
 */
export async function restoreCluster(library: Library, uid: string, task: TaskContext): Promise<void> {
  const origin = select(
    library.db,
    `SELECT c.source, s.root, s.images, c.points, c.observations FROM cluster_all c JOIN scene s ON s.id = c.scene_id WHERE c.uid = ?`,
    ORIGIN,
  ).one(uid);
  const gone = (): CovisError =>
    new CovisError('STATE_EMPTY', 'The model of this cluster is not there any more, or has changed since', {
      file: origin.source,
      hint: 'Put the model back as it was, or import the new one.',
    });
  if (!existsSync(origin.root)) throw gone();
  const staging = library.staging();
  try {
    for (const scene of discoverScenes([origin.root], origin.images))
      for (const location of scene.models.filter((m) => m.path === origin.source)) {
        const hash = await locationHash(scene.name, location);
        const own = (part: number): string =>
          (part === 0 ? hash : createHash('sha256').update(`${hash} ${part}`).digest('hex')).slice(0, 16);
        const photos = await photosAtHand(scene.images, location);
        // The counts below tell whether this is what was imported, with or without that.
        const parts = readModels(location, photos, (m) => task.warn(m), { skipDamaged: true });
        const part = parts.findIndex((_, i) => own(i) === uid);
        if (part < 0) continue;
        const { folder, points, observations } = stageModel(location, uid, parts[part]!, staging);
        if (points !== origin.points || observations !== origin.observations) continue;
        const target = library.file('clusters', uid);
        rmSync(target, { recursive: true, force: true });
        renameSync(folder, target);
        noteStored(library, arraysOf(library, uid));
        return;
      }
    throw gone();
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

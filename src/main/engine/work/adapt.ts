import { CovisError } from '../../../shared/errors.ts';
import { adaptJob } from '../../../shared/jobs/adapt.ts';
import { adaptLibrary } from '../adapt/adapt.ts';
import { undoAdapt } from '../adapt/undo.ts';
import { counts } from '../library/tables/counts.ts';
import { looseFolders } from '../start/steps.ts';
import { bytesOf } from './asked.ts';
import { work } from './work.ts';

export const adaptWork = work(adaptJob, (library, p, task) => {
  if (p.undo) return undoAdapt(library, task);
  const folders = p.photos === undefined ? (counts(library).clusters === 0 ? looseFolders(library) : []) : [p.photos];
  if (folders.length === 0 && counts(library).clusters === 0)
    throw new CovisError('STATE_EMPTY', 'There are no photos to adapt to', {
      hint: 'Name a folder of photos: covis adapt LIB --photos FOLDER',
    });
  return adaptLibrary(library, { ...p, seed: p.seed ?? 0, folders, memory: bytesOf(p.memory) }, task);
});

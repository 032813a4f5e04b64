import { CovisError } from '../../../shared/errors.ts';
import { mapJob } from '../../../shared/jobs/map.ts';
import { layOut, storeMap } from '../retrieval/map.ts';
import { askedSet } from './asked.ts';
import { work } from './work.ts';

export const mapWork = work(mapJob, async (library, p, task) => {
  const set = await askedSet(library, p, task);
  if (set.owners !== undefined)
    throw new CovisError('INPUT_INVALID', 'A map shows one descriptor a photo, and this set has several', {
      hint: 'Choose a set of whole photos.',
    });
  storeMap(library, set.key, set.ids, await layOut(set.vectors, p.seed ?? 0, task));
  task.changed('map');
  return { set: set.key, photos: set.ids.length };
});

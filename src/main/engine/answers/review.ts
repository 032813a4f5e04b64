import type { Turned } from '../../../shared/domain.ts';
import { reviewRoutes } from '../../../shared/routes/review.ts';
import { turnedPhotos } from '../collections/turned.ts';
import { deed } from '../collections/deeds-thread.ts';
import { countAllPhotos } from '../library/tables/photo.ts';
import { historyLine } from '../mining/history-line.ts';
import { reviewProgress } from '../mining/tuples.ts';
import { answers, changed, type EngineContext } from './answers.ts';

async function turn(engine: EngineContext, key: string | undefined, way: 'undo' | 'redo'): Promise<Turned> {
  const turned = await deed(engine.library, turnedPhotos(engine.library, way), way, key);
  if (turned !== null) changed(engine, 'decisions', 'clusters', 'collections');
  return turned;
}

export const review = answers(reviewRoutes, {
  'review.progress': (engine, { run }) => reviewProgress(engine.library, run),
  'review.decide': async (engine, { label, judgements, once: key }) => {
    // Pairs of two places are looked for among all photos.
    const many = judgements.some((j) => j.everyPair === true) ? countAllPhotos(engine.library) : judgements.length;
    const action = await deed(engine.library, many, 'judge', key, label, judgements);
    changed(engine, 'decisions');
    return { action };
  },
  'review.history': (engine) => historyLine(engine.library),
  'review.goTo': async (engine, { action, once: key }) => {
    // Actions of any size may lie on the way.
    const done = await deed(engine.library, Infinity, 'goTo', key, action);
    changed(engine, 'decisions', 'clusters', 'collections', 'photos');
    return done;
  },
  'review.undo': (engine, { once: key }) => turn(engine, key, 'undo'),
  'review.redo': (engine, { once: key }) => turn(engine, key, 'redo'),
});

import type { Turned } from '../../../shared/domain.ts';
import { reviewRoutes } from '../../../shared/routes/review.ts';
import { turnedPhotos } from '../collections/turned.ts';
import { deed } from '../collections/deeds-thread.ts';
import { knownPhotos } from '../library/tables/photo.ts';
import { decide, judgements as judgementsOf } from '../mining/decisions.ts';
import { ofBothPlaces } from '../mining/doubts.ts';
import { historyLine } from '../mining/history-line.ts';
import { once } from '../mining/once.ts';
import { separation } from '../mining/separation.ts';
import { reviewProgress } from '../mining/tuples.ts';
import { answers, changed, type EngineContext } from './answers.ts';

async function turn(engine: EngineContext, key: string | undefined, way: 'undo' | 'redo'): Promise<Turned> {
  const turned = await deed(engine.library, turnedPhotos(engine.library, way), way, key);
  if (turned !== null) changed(engine, 'decisions', 'clusters', 'collections');
  return turned;
}

export const review = answers(reviewRoutes, {
  'review.progress': (engine, { run }) => reviewProgress(engine.library, run),
  'review.decide': (engine, { label, judgements, once: key }) => {
    const { library } = engine;
    const id = knownPhotos(library);
    const action = once(library, key, () => {
      const apart = judgements.some((j) => j.everyPair === true)
        ? separation(library, judgementsOf(library))
        : undefined;
      const all = judgements.flatMap(({ everyPair, ...j }) => {
        const own = {
          ...j,
          query: id(j.query),
          other: id(j.other),
          replacement: j.replacement === undefined ? undefined : id(j.replacement),
        };
        return everyPair === true && apart !== undefined ? ofBothPlaces(library, apart, own) : [own];
      });
      const more = all.length - judgements.length;
      const also = ` and ${more} more ${more === 1 ? 'pair' : 'pairs'} of the same two places`;
      return decide(library, more === 0 ? label : `${label.slice(0, 200 - also.length)}${also}`, all);
    });
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

import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { searchRoutes } from '../../../shared/routes/search.ts';
import type { Crop } from '../library/pixels.ts';
import type { AskedPhoto } from '../search/requests.ts';
import { answers, changed, type EngineContext } from './answers.ts';

interface Asked {
  readonly photo?: string | undefined;
  readonly upload?: string | undefined;
  readonly crop?: Crop | undefined;
}

function photoAsked(engine: EngineContext, p: Asked): AskedPhoto {
  if (p.photo !== undefined) return { photo: p.photo, crop: p.crop };
  const bytes = engine.uploads.get(p.upload ?? '');
  if (bytes === undefined)
    throw new CovisError('NOT_FOUND', 'The photo to search with is no longer here', { hint: 'Drop it again.' });
  return { bytes, crop: p.crop };
}

export const search = answers(searchRoutes, {
  'search.run': async (engine, p) => {
    const { searches } = engine;
    const { path } = engine.library;
    const drawing = p.drawing === undefined ? undefined : engine.uploads.get(p.drawing);
    if (p.drawing !== undefined && drawing === undefined)
      throw new CovisError('NOT_FOUND', 'The drawing is no longer here', { hint: 'Draw another line.' });
    const drawnAlone = drawing !== undefined && p.photo === undefined && p.upload === undefined;
    const answer = await searches.search(
      {
        ...(drawnAlone ? {} : photoAsked(engine, p)),
        drawing,
        photoWeight: p.photoWeight,
        set: p.set,
        network: p.network,
        size: p.size,
        method: p.method ?? 'cosine',
        ranking: defined(p.ranking ?? {}),
        top: p.top,
        truth: p.truth,
        collection: p.collection,
        oneOfFold: p.oneOfFold,
      },
      p.wait,
    );
    // Moves the row of steps on.
    if (engine.desk.searched(path)) changed(engine, 'searched');
    return answer;
  },
  'search.progress': (engine, { wait }) => ({ progress: engine.searches.progress(wait) }),
  'search.stop': (engine, { wait }) => {
    engine.searches.stop(wait);
    return null;
  },
  'search.prepare': (engine, p) => engine.searches.prepare(p),
  'search.explain': (engine, p) => {
    const { searches } = engine;
    return searches.explain({ ...photoAsked(engine, p), hit: p.hit, network: p.network, size: p.size });
  },
  'edges.info': (engine, { network }) => engine.searches.edges({ network }),
});

import { photoRoutes } from '../../../shared/routes/photos.ts';
import { matchedPhotos } from '../clustering/matches.ts';
import { deed } from '../collections/deeds-thread.ts';
import { findPhotos, photoInfo, photosNamed, randomPhotos } from '../library/photos.ts';
import { countPhotos } from '../library/tables/photo.ts';
import { photoOverview, photoPlaces } from '../library/when-and-where.ts';
import { answers } from './answers.ts';

export const photos = answers(photoRoutes, {
  'photos.info': (engine, { id }) => photoInfo(engine.library, id),
  'photos.random': (engine, { count, seed }) => randomPhotos(engine.library, count, seed),
  'photos.find': (engine, { text, limit }) => findPhotos(engine.library, text, limit),
  'photos.named': (engine, { begins }) => ({ photos: photosNamed(engine.library, begins) }),
  'photos.overview': (engine, { taken }) => photoOverview(engine.library, taken),
  'photos.places': (engine, asked) => photoPlaces(engine.library, asked),
  'photos.duplicates': ({ library }, asked) => deed(library, countPhotos(library), 'duplicates', undefined, asked),
  'photos.duplicateIds': async ({ library }, { which, ...asked }) => ({
    photos: await deed(library, countPhotos(library), 'duplicateIds', undefined, asked, which),
  }),
  'matches.of': (engine, { photo }) => matchedPhotos(engine.library, photo),
});

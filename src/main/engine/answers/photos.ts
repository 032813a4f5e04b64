import { photoRoutes } from '../../../shared/routes/photos.ts';
import { matchedPhotos } from '../clustering/matches.ts';
import { duplicateIds, duplicatePage } from '../features/duplicates.ts';
import { findPhotos, photoInfo, photosNamed, randomPhotos } from '../library/photos.ts';
import { photoOverview, photoPlaces } from '../library/when-and-where.ts';
import { answers } from './answers.ts';

export const photos = answers(photoRoutes, {
  'photos.info': (engine, { id }) => photoInfo(engine.library, id),
  'photos.random': (engine, { count, seed }) => randomPhotos(engine.library, count, seed),
  'photos.find': (engine, { text, limit }) => findPhotos(engine.library, text, limit),
  'photos.named': (engine, { begins }) => ({ photos: photosNamed(engine.library, begins) }),
  'photos.overview': (engine, { taken }) => photoOverview(engine.library, taken),
  'photos.places': (engine, asked) => photoPlaces(engine.library, asked),
  'photos.duplicates': (engine, asked) => duplicatePage(engine.library, asked),
  'photos.duplicateIds': (engine, { which, ...asked }) => ({ photos: duplicateIds(engine.library, asked, which) }),
  'matches.of': (engine, { photo }) => matchedPhotos(engine.library, photo),
});

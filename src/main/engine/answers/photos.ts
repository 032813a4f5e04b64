import { photoRoutes } from '../../../shared/routes/photos.ts';
import { matchedPhotos } from '../clustering/matches.ts';
import { duplicateGroups, photoFacts } from '../features/duplicates.ts';
import { findPhotos, photoInfo, randomPhotos } from '../library/photos.ts';
import { answers } from './answers.ts';

export const photos = answers(photoRoutes, {
  'photos.info': (engine, { id }) => photoInfo(engine.library, id),
  'photos.random': (engine, { count, seed }) => randomPhotos(engine.library, count, seed),
  'photos.find': (engine, { text, limit }) => findPhotos(engine.library, text, limit),
  'photos.facts': (engine) => photoFacts(engine.library),
  'photos.duplicates': (engine, { bits }) => duplicateGroups(engine.library, bits),
  'matches.of': (engine, { photo }) => matchedPhotos(engine.library, photo),
});

import { z } from 'zod';
import { duplicateGroup, matchedPhoto, photoFactsRow, photoInfo } from '../facts/photos.ts';
import { id, none, seed } from '../fields.ts';
import { route } from './route.ts';

export const photoRoutes = {
  'photos.info': route({ who: 'page', repeat: 'safe', params: z.strictObject({ id }), result: photoInfo }),
  'photos.random': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ count: z.int().min(1).max(200), seed }),
    result: z.array(photoInfo),
  }),
  /** Photos whose file names have a text in them, whatever the case. */
  'photos.find': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ text: z.string().min(1).max(200), limit: z.int().min(1).max(100) }),
    result: z.array(photoInfo.pick({ id: true, name: true })),
  }),
  'photos.facts': route({ who: 'page', repeat: 'safe', params: none, result: z.array(photoFactsRow) }),
  /** Photos that are the same or look it. @property bits of a perceptual hash that may differ. */
  'photos.duplicates': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ bits: z.int().min(0).max(16) }),
    result: z.array(duplicateGroup),
  }),
  /** Photos whose local features match one's. */
  'matches.of': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ photo: id }),
    result: z.array(matchedPhoto),
  }),
};

import { z } from 'zod';
import {
  duplicateGroup,
  mapBox,
  matchedPhoto,
  photoInfo,
  photoOverview,
  photoPlace,
  timeSpan,
} from '../facts/photos.ts';
import { count } from '../facts/facts.ts';
import { id, seed } from '../fields.ts';
import { route } from './route.ts';

/** Near duplicates: bits of a perceptual hash that may differ; without groups of which all but one photo are folded. */
const near = { bits: z.int().min(0).max(16), open: z.boolean().default(false) };

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
  /** Photos by the beginnings of their ids, in the order asked: null where none begins so, or more than one. */
  'photos.named': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ begins: z.array(id).min(1).max(500) }),
    result: z.object({ photos: z.array(z.string().nullable()) }),
  }),
  /** When and where all photos were taken. @property taken narrows what is said of places. */
  'photos.overview': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ taken: timeSpan.optional() }),
    result: photoOverview,
  }),
  /** Where photos were taken, those near one another as one; as many places at most as a map can show. @property cell in degrees, at least. */
  'photos.places': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ taken: timeSpan.optional(), box: mapBox, cell: z.number().min(1e-7).max(180) }),
    result: z.array(photoPlace),
  }),
  /** Photos that are the same or look it: how many groups there are, and some of them from a position on. */
  'photos.duplicates': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ ...near, from: z.int().min(0).default(0), limit: z.int().min(1).max(200).default(50) }),
    result: z.object({
      /** Groups that are asked for, and those there are. */
      total: count,
      all: count,
      /** Photos of the groups asked for. */
      photos: count,
      groups: z.array(duplicateGroup),
    }),
  }),
  /** Ids of near duplicates in the order of their groups: all, the largest of each, or the others. */
  'photos.duplicateIds': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ ...near, which: z.enum(['all', 'best', 'others']) }),
    result: z.object({ photos: z.array(z.string()) }),
  }),
  /** Photos whose local features match one's. */
  'matches.of': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ photo: id }),
    result: z.array(matchedPhoto),
  }),
};

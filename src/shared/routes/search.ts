import { z } from 'zod';
import { jobProgress } from '../facts/jobs.ts';
import { PROTOCOLS } from '../facts/measurements.ts';
import { edgeNetworkInfo } from '../facts/networks.ts';
import { explanation, SEARCH_METHODS, searchAnswer } from '../facts/search.ts';
import { collection, fraction, id, set, size } from '../fields.ts';
import { ranking } from '../methods/index.ts';
import { rankingFits } from '../methods/parameters.ts';
import { route } from './route.ts';

/** Chosen by who asks. */
const wait = z.string().min(16).max(64);

/** What a search asks with: a photo of the library or an upload, maybe a part of it in fractions. */
const asked = {
  photo: id.optional(),
  upload: id.optional(),
  crop: z.strictObject({ x: fraction, y: fraction, width: fraction, height: fraction }).optional(),
  network: id.optional(),
};

export const searchRoutes = {
  'search.run': route({
    who: 'page',
    repeat: 'safe',
    params: z
      .strictObject({
        ...asked,
        /** An uploaded drawing asks, alone or mixed with the photo. */
        drawing: id.optional(),
        photoWeight: fraction.optional(),
        set: set.optional(),
        size: size.optional(),
        method: z.enum(SEARCH_METHODS).optional(),
        collection: collection.optional(),
        /** Of near duplicates that are folded together only the one that is ranked first. */
        oneOfFold: z.boolean().optional(),
        ranking: ranking.optional(),
        /** Judges the hits by a ground truth, when the photo is one of its queries. */
        truth: z.strictObject({ id, protocol: z.enum(PROTOCOLS) }).optional(),
        top: z.int().min(1).max(5000),
        /** Chosen by who asks, another for each search: by it `search.progress` and `search.stop` know what takes long. */
        wait: wait.optional(),
      })
      .check(rankingFits),
    result: searchAnswer,
  }),
  /** How far a search is that takes long; null where it is answered, or has nothing to say yet. Who does not ask for minutes has given it up. */
  'search.progress': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ wait }),
    result: z.object({ progress: jobProgress.nullable() }),
  }),
  /** Gives a search up that takes long: it is answered with `CANCELLED`. */
  'search.stop': route({ who: 'page', repeat: 'safe', params: z.strictObject({ wait }), result: z.null() }),
  /** Starts the thread that searches, and with `descriptors` has those that a search would ask ready, so that the first one need not wait. */
  'search.prepare': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ descriptors: z.boolean(), network: id.optional() }),
    /** Descriptors stand ready. */
    result: z.object({ ready: z.boolean() }),
  }),
  'search.explain': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ ...asked, hit: id, size: size.optional() }),
    result: explanation,
  }),
  /** The network that drawings go to; null where there is none yet. */
  'edges.info': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({ network: id.optional() }),
    result: edgeNetworkInfo.nullable(),
  }),
};

import { z } from 'zod';
import { clusteringReport } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { collection, folder, seed, words } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** From a folder of photos to places and 3D models. */
export const clusterJob = job({
  kind: 'cluster',
  title: ({ photos }) => `Cluster ${baseName(photos)}`,
  startedBy: 'host',
  params: z.strictObject({
    photos: folder.meta({
      label: 'Photos',
      help: 'a folder of photos; run again with another to let the library grow',
      value: 'photos',
      pick: 'photos',
    }),
    neighbours: z.int().min(1).max(100_000).optional().meta({
      label: 'Neighbours',
      help: 'photos that are matched with each, by visual words',
      otherwise: '20',
    }),
    minInliers: z
      .int()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ label: 'Inliers', help: 'confirmed matches that make a pair', otherwise: '15' }),
    tellApart: z.boolean().default(true).meta({
      label: 'Tell shared things apart',
      help: 'every verified pair joins its photos, also by a table, a logo or a neighbour that photos of several things share',
    }),
    words: words.optional(),
    seed: seed.optional().meta({ help: 'of the vocabulary', otherwise: '0' }),
    collection: collection.optional().meta({
      help: 'of the folder’s photos only those of this version of a collection',
    }),
    /** False stops at verified matches, without COLMAP. */
    reconstruct: z
      .boolean()
      .default(true)
      .meta({ label: 'Build 3D models', help: 'places stay groups of verified matches, without COLMAP' }),
  }),
  result: clusteringReport.extend({ collection: collectionSubset.optional() }),
});

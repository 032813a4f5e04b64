import { z } from 'zod';
import { counted } from '../counted.ts';
import { clusteringReport } from '../domain.ts';
import { collectionSubset } from '../facts/collections.ts';
import { collection, folder, seed, words } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Photos of clusters that a person excluded, as a sentence; none of none. */
export function excludedInWords(photos: number): readonly string[] {
  return photos === 0 ? [] : [`${counted(photos, 'photo is', 'photos are')} in excluded clusters alone`];
}

/** From a folder of photos to places and 3D models. */
export const clusterJob = job({
  kind: 'cluster',
  title: ({ photos }) => `Cluster ${baseName(photos)}`,
  startedBy: 'host',
  brings: () => ['photos', 'matches', 'clusters'],
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
  said: ({ clusters, photos, unclustered, excluded = [] }) =>
    clusters.length > 0
      ? [
          `${counted(clusters.length, 'cluster')} of ${unclustered.length + excluded.length === 0 ? '' : `${photos - unclustered.length - excluded.length} of `}${counted(photos, 'photo')}`,
          ...(unclustered.length === 0
            ? []
            : [
                `${counted(unclustered.length, 'photo is', 'photos are')} in none: ${unclustered.length === 1 ? 'it shares' : 'they share'} too little with others`,
              ]),
          ...excludedInWords(excluded.length),
        ]
      : excluded.length > 0
        ? [`No cluster is in force`, ...excludedInWords(excluded.length)]
        : [
            photos < 2
              ? `No place was found in ${counted(photos, 'photo')}: a place is of several photos that see the same things`
              : `No place was found: no two of ${photos} photos are confirmed to see the same things`,
          ],
});

import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { folder, path } from '../fields.ts';
import { job } from './job.ts';
import { sourcesTitle } from './sources.ts';

/** A name that is not one photo, and the photos that it may be. */
const unclear = z.object({ name: z.string(), among: z.array(z.string()) });

/** Reads 3D models with their photos, folders of photos, and lists of pairs into the library. */
export const importJob = job({
  kind: 'import',
  title: ({ sources, dryRun }) => `${dryRun ? 'Look into' : 'Import'} ${sourcesTitle(sources)}`,
  startedBy: 'host',
  brings: ({ dryRun }) => (dryRun ? [] : ['photos', 'clusters']),
  params: z.strictObject({
    sources: z.array(path).min(1).meta({
      label: 'Sources',
      value: 'source',
      pick: 'models',
      help: 'a folder with images/ and sparse/ (COLMAP), several such folders side by side, a folder of photos; a COLMAP database.db, Bundler .out, .nvm, sfm_data.json, reconstruction.json, transforms.json; a retrieval-SfM .pkl, or pairs.txt of hloc',
    }),
    images: folder.optional().meta({
      label: 'Folder of the photos',
      help: 'where the photos lie, if not in images/ (of a .pkl: in ims/ beside it)',
      pick: 'images',
    }),
    dryRun: z.boolean().default(false).meta({
      label: 'Try it only',
      help: 'read and check everything, say what was found and what would be added and replaced, write nothing to the library',
    }),
    keepBoth: z.boolean().default(false).meta({
      label: 'Keep older models',
      help: 'keep the model that was imported from a place before, where another one lies there now',
    }),
    skipDamaged: z.boolean().default(false).meta({
      label: 'Skip what is damaged',
      help: 'take the rest of a model whose observations or tracks refer to points or images that are not there',
    }),
  }),
  result: z.object({
    photos: count,
    /** Images of models and lists that have their photo. */
    bound: count,
    /** Where photos should be that are not there. */
    missing: z.array(z.string()),
    /** Names that may mean several photos, or one that another name means as well: none was taken. */
    ambiguous: z.array(unclear),
    clusters: count,
    points: count,
    observations: count,
    pairs: count,
    /** What looks like a model or like photos and was not taken. */
    passedOver: z.array(z.object({ path: z.string(), why: z.string() })),
    scenes: z.array(
      z.object({
        name: z.string(),
        path: z.string(),
        images: z.string(),
        photos: count,
        /** True where an earlier import found this scene. */
        known: z.boolean().default(false),
        /** Photos that the library did not have of this scene. */
        added: count.default(0),
        /** Names of photos whose files held another photo at the last import. */
        replaced: z.array(z.string()).default([]),
        /** Names of photos whose files are no more. */
        gone: z.array(z.string()).default([]),
        models: z.array(
          z.object({
            name: z.string(),
            path: z.string(),
            format: z.string(),
            images: count,
            bound: count,
            missing: z.array(z.string()),
            ambiguous: z.array(unclear),
            points: count,
            pairs: count,
            /** Day of the import of the model that this one replaces. */
            replaces: z.string().nullable(),
          }),
        ),
      }),
    ),
    /** True where nothing was written. */
    dryRun: z.boolean(),
    warnings: z.array(z.string()),
  }),
});

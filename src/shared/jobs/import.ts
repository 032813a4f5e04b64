import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { folder, path } from '../fields.ts';
import { job } from './job.ts';
import { sourcesTitle } from './sources.ts';

/** Reads 3D models with their photos, folders of photos, and lists of pairs into the library. */
export const importJob = job({
  kind: 'import',
  title: ({ sources }) => `Import ${sourcesTitle(sources)}`,
  startedBy: 'host',
  params: z.strictObject({
    sources: z.array(path).min(1).meta({
      label: 'Sources',
      value: 'source',
      help: 'a folder with images/ and sparse/ (COLMAP), several such folders side by side, a folder of photos; a COLMAP database.db, Bundler .out, .nvm, sfm_data.json, reconstruction.json, transforms.json; a retrieval-SfM .pkl, or pairs.txt of hloc',
    }),
    images: folder.optional().meta({ help: 'where the photos lie, if not in images/ (of a .pkl: in ims/ beside it)' }),
    skipDamaged: z.boolean().default(false).meta({
      label: 'Skip what is damaged',
      help: 'take the rest of a model whose observations or tracks refer to points or images that are not there',
    }),
  }),
  result: z.object({
    photos: count,
    missing: z.array(z.string()),
    clusters: count,
    points: count,
    observations: count,
    pairs: count,
    warnings: z.array(z.string()),
  }),
});

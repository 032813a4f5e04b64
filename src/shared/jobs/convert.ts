import { counted } from '../counted.ts';
import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { folder, force, path } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** What models can be written as. */
export const WRITTEN_FORMATS = ['colmap-bin', 'colmap-txt', 'nvm', 'bundler'] as const;

/** Writes the models of one program as the files of another (methods.md 9.4 to 9.6). The library has no part in it. */
export const convertJob = job({
  kind: 'convert',
  title: (p) => `Convert ${baseName(p.source)}`,
  startedBy: 'host',
  params: z.strictObject({
    source: path.meta({ label: 'Model', pick: 'models' }),
    to: z.enum(WRITTEN_FORMATS).meta({
      label: 'Format',
      value: 'format',
      names: {
        'colmap-bin': 'COLMAP, binary',
        'colmap-txt': 'COLMAP, text',
        nvm: 'NVM of VisualSFM',
        bundler: 'Bundler .out',
      },
    }),
    out: folder.meta({ label: 'Where to', help: 'where to', pick: 'into', made: 'model' }),
    skipDamaged: z.boolean().default(false).meta({
      label: 'Leave damaged parts out',
      help: 'take the rest of a model whose observations or tracks refer to points or images that are not there',
    }),
    force,
    images: folder.optional().meta({
      label: 'Photos',
      help: 'where the photos lie; Bundler and NVM do not say how large they are',
      pick: 'images',
    }),
  }),
  result: z.object({
    models: z.array(
      z.object({
        name: z.string(),
        folder: z.string(),
        views: count,
        points: count,
        observations: count,
        files: z.array(z.string()),
      }),
    ),
    /** What a model lacked, or what the other format cannot hold. */
    warnings: z.array(z.string()),
  }),
  said: ({ models }) =>
    models.map((m) => `${m.name}: ${counted(m.views, 'image')}, ${counted(m.points, 'point')} in ${m.folder}`),
});

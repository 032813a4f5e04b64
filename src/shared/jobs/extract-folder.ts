import { counted } from '../counted.ts';
import { z } from 'zod';
import { device } from '../facts/backends.ts';
import { count } from '../facts/facts.ts';
import { backend, file, folder, force, network, precision, size } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Describes the photos of a folder with a network of the library. Nothing of the library changes. */
export const extractFolderJob = job({
  kind: 'extract-folder',
  title: (p) => `Describe the photos of ${baseName(p.photos)}`,
  startedBy: 'host',
  params: z.strictObject({
    photos: folder.meta({ label: 'Photos', help: 'the images of this folder, in the library or not', pick: 'photos' }),
    out: file.meta({
      label: 'Where to',
      help: 'a .npy with a row an image, names beside it as .txt',
      pick: 'into',
      made: 'descriptors.npy',
    }),
    network: network.optional(),
    size: size.optional(),
    backend: backend.optional().meta({ advanced: true }),
    precision: precision.optional().meta({ otherwise: 'single, or the setting' }),
    force,
  }),
  result: z.object({
    network: z.string(),
    photos: count,
    /** Described now; the rest was known from an earlier run that was cut short, or is there twice. */
    computed: count,
    /** Images that could not be read. */
    failed: z.array(z.string()),
    dim: count,
    size: z.int(),
    out: z.string(),
    names: z.string(),
    fitted: z.string().optional(),
    device,
  }),
  said: (r) => [
    `${r.out}: ${counted(r.photos, 'descriptor')} of ${counted(r.dim, 'dimension')} at ${r.size} px, ${r.computed} of them computed now`,
    `${r.names}: their names${r.failed.length > 0 ? `; ${counted(r.failed.length, 'image')} could not be read` : ''}`,
    ...(r.fitted === undefined ? [] : [r.fitted]),
  ],
});

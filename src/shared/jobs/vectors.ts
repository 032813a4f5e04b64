import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { namesReport } from '../facts/measurements.ts';
import { file } from '../fields.ts';
import { job } from './job.ts';

/** Takes descriptors of another program into the library. */
export const vectorsJob = job({
  kind: 'vectors',
  title: () => 'Import descriptors',
  startedBy: 'host',
  brings: () => ['descriptors'],
  params: z.strictObject({
    file: file.meta({ label: 'File', help: '.npy with names beside it, .mat, .h5 of hloc, .jsonl', pick: 'vectors' }),
    variable: z
      .string()
      .min(1)
      .max(1000)
      .optional()
      .meta({ label: 'Variable', help: 'variable of a .mat or HDF5 file', value: 'name' }),
    /** The photo of each row. */
    names: z.array(z.string()).optional(),
    namesFile: file.optional().meta({
      label: 'Names',
      help: 'photo of each row, one a line',
      otherwise: 'those in the file, or in a .txt of its name beside it',
      pick: 'names',
    }),
    name: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ label: 'Name', help: 'what to call the set', otherwise: 'the name of the file', value: 'name' }),
    half: z.boolean().default(false).meta({ label: 'Half precision', help: 'keep it as float16' }),
  }),
  result: z.object({
    set: z.string(),
    name: z.string(),
    photos: count,
    rows: count,
    dim: count,
    /** Images that are not one photo of the library. */
    unknown: count,
    ...namesReport.shape,
  }),
});

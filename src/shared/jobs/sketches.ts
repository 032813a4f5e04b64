import { z } from 'zod';
import { METHODS, SKETCH_LAYOUTS, sketchReport } from '../domain.ts';
import { device } from '../facts/backends.ts';
import { backend, file, folder } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Search by drawing, measured (methods.md 2.8). */
export const sketchesJob = job({
  kind: 'sketches',
  title: ({ photos }) => `Drawings of ${baseName(photos)}`,
  startedBy: 'host',
  brings: () => ['shapes'],
  params: z.strictObject({
    photos: folder.meta({
      label: 'Photos',
      help: 'folder of photos; of pairs the folder with train/ and test/',
      value: 'photos',
      pick: 'photos',
    }),
    layout: z.enum(SKETCH_LAYOUTS).default('classes').meta({ label: 'Layout', value: 'layout' }),
    sketches: folder
      .optional()
      .meta({ label: 'Drawings', help: 'the drawings: PNG, SVG, QuickDraw .ndjson', pick: 'sketches' }),
    truth: file.optional().meta({
      label: 'Ground truth',
      help: 'ground truth of flickr15k (gnd_flickr15k_sketch.mat)',
      pick: 'truth',
    }),
    backend: backend.optional().meta({ advanced: true }),
    network: z.string().min(1).max(4096).optional().meta({
      label: 'Network of edges',
      help: 'an ONNX file of an edge network; with --library also a content hash',
      otherwise: 'the embedded one',
      value: 'network',
      page: 'id',
      choose: 'edge network',
    }),
    method: z.enum(METHODS).default('cosine').meta({ label: 'Method', value: 'method' }),
    whiten: z
      .boolean()
      .default(false)
      .meta({ label: 'Whiten', help: 'learn whitening on the training pairs: supervision from the set itself' }),
  }),
  result: sketchReport.extend({ device }),
});

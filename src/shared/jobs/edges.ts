import { counted } from '../counted.ts';
import { z } from 'zod';
import { PIXELS } from '../facts/pixels.ts';
import { device } from '../facts/backends.ts';
import { count } from '../facts/facts.ts';
import { backend, folder, force } from '../fields.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Detectors that are always there. */
export const CLASSICAL = 'classical';
export const EMBEDDED_DETECTOR = 'covis-edges-1';

/** Writes the edge map of every photo of a folder. The library has no part in it. */
export const edgesJob = job({
  kind: 'edges',
  title: (p) => `Edge maps of ${baseName(p.photos)}`,
  startedBy: 'host',
  params: z.strictObject({
    photos: folder.meta({ label: 'Photos', help: 'the photos', pick: 'photos' }),
    out: folder.meta({
      label: 'Where to',
      help: 'where the maps go, named like the photos',
      pick: 'into',
      made: 'edge maps',
    }),
    force,
    backend: backend.optional().meta({ advanced: true }),
    detector: z.string().min(1).max(4096).optional().meta({
      label: 'Detector',
      help: 'covis-edges-1, classical, or an ONNX file',
      otherwise: EMBEDDED_DETECTOR,
      value: 'detector',
      pick: 'detector',
    }),
    /** As `detector: 'classical'`, for those who choose a file for it. */
    classical: z.boolean().optional().meta({ label: 'Classical edges', help: 'by gradients, without a network' }),
    pixels: z
      .enum(PIXELS)
      .optional()
      .meta({ label: 'Pixels', help: 'what an ONNX file wants', otherwise: 'caffe', value: 'how' }),
    size: z.int().min(16).max(16_384).default(1024).meta({
      label: 'Size',
      help: 'long side of the maps in pixels; smaller photos stay as they are',
      unit: 'px',
    }),
  }),
  result: z.object({
    detector: z.string(),
    device,
    written: count,
    /** Photos that cannot be read. */
    failed: z.array(z.string()),
    seconds: z.number(),
    out: z.string(),
  }),
  said: ({ written, out, failed }) => [
    `${counted(written, 'edge map')} in ${out}${failed.length === 0 ? '' : `; ${counted(failed.length, 'photo')} cannot be read`}`,
  ],
});

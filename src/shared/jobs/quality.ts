import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { job } from './job.ts';

/** Measures sharpness, exposure, entropy, colourfulness and blockiness of every photo that was not measured yet. */
export const qualityJob = job({
  kind: 'quality',
  title: () => 'Measure the quality of photos',
  startedBy: 'page',
  params: z.strictObject({}),
  result: z.object({ photos: count, computed: count, failed: count }),
});

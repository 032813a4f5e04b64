import { z } from 'zod';
import { count } from '../facts/facts.ts';
import { job } from './job.ts';

/** Finds photos that are there more than once, or look it. */
export const duplicatesJob = job({
  kind: 'duplicates',
  title: () => 'Find near duplicates',
  startedBy: 'page',
  brings: () => ['duplicates'],
  params: z.strictObject({}),
  result: z.object({ groups: count }),
});

/** What a scheduler says of a plan, asked at most every fifteen seconds by all who look. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { logFailure, logger } from '../environment/log.ts';
import { MOST_SHARDS } from './facts.ts';
import { partIfSound, writePart, type Plan } from './folder.ts';
import { askSlurm, type QueuedTask } from './slurm.ts';

export const ASK_EVERY_MS = 15_000;

const queueFile = z.strictObject({
  asked: z.string().max(64),
  tasks: z
    .array(
      z.strictObject({
        array: z.string().regex(/^\d{1,20}$/),
        task: z.int().min(0).max(MOST_SHARDS).nullable(),
        state: z.string().max(64),
      }),
    )
    .max(2 * MOST_SHARDS),
});

/** What was heard, and when; undefined where the scheduler could never be asked. */
export interface Heard {
  readonly asked: string;
  readonly tasks: readonly QueuedTask[];
}

/** @param fresh asks now, for whoever is about to act on it. @param ask for tests. */
export function heardOf(plan: Plan, fresh = false, ask: (plan: Plan) => QueuedTask[] = askSlurm): Heard | undefined {
  const file = join(plan.folder, 'queue.json');
  const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const known = partIfSound(file, queueFile);
  if (!fresh && known !== undefined && age >= 0 && age < ASK_EVERY_MS) return known;
  let heard: Heard;
  try {
    heard = { asked: new Date().toISOString(), tasks: ask(plan) };
  } catch (error) {
    if (fresh) throw error;
    // Machines without Slurm's programs see the results all the same.
    logFailure(logger('plan'), 'The scheduler cannot be asked', error);
    return known;
  }
  try {
    writePart(file, `${JSON.stringify(heard)}\n`);
  } catch (error) {
    logFailure(logger('plan'), 'What the scheduler said cannot be kept', error);
  }
  return heard;
}

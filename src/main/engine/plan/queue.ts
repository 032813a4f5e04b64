/** What a scheduler says of a plan, asked at most every fifteen seconds by all who look. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { logFailure, logger } from '../environment/log.ts';
import { MOST_SHARDS } from './facts.ts';
import { partIfSound, writePart, type Plan } from './folder.ts';
import { askSlurm, askSlurmSoon, type QueuedTask } from './slurm.ts';

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

/** Whether the scheduler is asked: now, for whoever is about to act on it; when what is known is old; or never, by who may not wait. */
export type Asking = 'now' | 'old' | 'never';

const fileOf = ({ folder }: Plan): string => join(folder, 'queue.json');

function isYoung(plan: Plan): boolean {
  const age = Date.now() - (statSync(fileOf(plan), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return age >= 0 && age < ASK_EVERY_MS;
}

/** As {@link heardOf} asks, without waiting: what is heard is known to the next who looks. */
export async function hearSoon(plan: Plan, ask: (plan: Plan) => Promise<QueuedTask[]> = askSlurmSoon): Promise<void> {
  if (isYoung(plan)) return;
  try {
    keep(plan, { asked: new Date().toISOString(), tasks: await ask(plan) });
  } catch (error) {
    logFailure(logger('plan'), 'The scheduler cannot be asked', error);
  }
}

function keep(plan: Plan, heard: Heard): void {
  try {
    writePart(fileOf(plan), `${JSON.stringify(heard)}\n`);
  } catch (error) {
    logFailure(logger('plan'), 'What the scheduler said cannot be kept', error);
  }
}

/** @param ask for tests. */
export function heardOf(plan: Plan, asking: Asking, ask: (plan: Plan) => QueuedTask[] = askSlurm): Heard | undefined {
  const known = partIfSound(fileOf(plan), queueFile);
  if (asking === 'never' || (asking === 'old' && known !== undefined && isYoung(plan))) return known;
  let heard: Heard;
  try {
    heard = { asked: new Date().toISOString(), tasks: ask(plan) };
  } catch (error) {
    if (asking === 'now') throw error;
    // Machines without Slurm's programs see the results all the same.
    logFailure(logger('plan'), 'The scheduler cannot be asked', error);
    return known;
  }
  keep(plan, heard);
  return heard;
}

import { ADAPT_PROTOCOL_NAMES } from './facts/adapt-names.ts';
import type { TrainingParameters } from './facts/training.ts';

/** What the mAP of a run's epochs is of: the protocol of the part that it learned on, or places where it learned on no such part. */
export function measuredOn({ learn }: Pick<TrainingParameters, 'learn'>): string {
  return learn === undefined ? 'held-out places' : ADAPT_PROTOCOL_NAMES[learn.protocol];
}

import { useSteps } from '../stores/steps.ts';
import { action } from './action.ts';

/** Of the row of steps over the views. */
export const steps = action({
  id: 'steps',
  label: 'Show or put away the steps',
  group: 'Everywhere',
  offered: ['palette', 'toolbar'],
  run: () => useSteps().show(useSteps().wanted !== true),
  undoneBy: 'steps',
});

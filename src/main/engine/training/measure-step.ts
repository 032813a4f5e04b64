/** The process in which one back end takes a step of training: see `network/elsewhere.ts`. */
import { answer } from '../network/elsewhere.ts';
import type { StepOrder } from './auto.ts';
import { openWithin } from './open-backend.ts';
import { timedStep } from './timed-step.ts';

await answer(({ backend, network, size, photos }: StepOrder) =>
  timedStep(network, size, () => openWithin(network, backend, photos)),
);

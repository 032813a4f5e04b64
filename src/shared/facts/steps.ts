/** The way from photos to a network that finds them again: which steps there are, where a library stands, what the next one takes. */
import { z } from 'zod';
import { count, type Facts } from './facts.ts';

export const STEPS = ['photos', 'places', 'describe', 'mine', 'look', 'train', 'search'] as const;
export type StepName = (typeof STEPS)[number];

/** What a step will take; an estimate. */
export const stepEstimate = z.object({
  /** From and to: the same where it was measured on this machine, else of two cores, fast and slow ones. */
  seconds: z.tuple([z.number(), z.number()]),
  /** On the disk; null where it hardly matters. */
  bytes: count.nullable(),
  /** What is counted besides what the step is called after. */
  includes: z.exactOptional(z.string()),
});
export type StepEstimate = Facts<typeof stepEstimate>;

export const pathStep = z.object({
  name: z.enum(STEPS),
  /** `possible`: may be done now, `blocked`: may not, and `why` says why. */
  state: z.enum(['done', 'possible', 'blocked']),
  /** Where one stands, or why it cannot be done, in a few words. */
  why: z.string(),
  /** Of what is left of it; null for what a person does. */
  estimate: stepEstimate.nullable(),
});
export type PathStep = Facts<typeof pathStep>;

export const pathSteps = z.object({
  steps: z.array(pathStep),
  /** The first step that is possible and not done; null where none is left. */
  next: z.enum(STEPS).nullable(),
});
export type PathSteps = Facts<typeof pathSteps>;

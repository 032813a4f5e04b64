import { z } from 'zod';
import { experimentInfo } from '../facts/experiments.ts';
import { presetInfo, trainingMemoryReport, trainingRunInfo } from '../facts/training.ts';
import { id, none } from '../fields.ts';
import { trainJob } from '../jobs/train.ts';
import { route } from './route.ts';

const asked = trainJob.params.shape;

export const trainingRoutes = {
  'training.runs': route({ who: 'page', repeat: 'safe', params: none, result: z.array(trainingRunInfo) }),
  'training.presets': route({ who: 'page', repeat: 'safe', params: none, result: z.array(presetInfo) }),
  /** What a training would take of memory; null where nobody can tell. */
  'training.memory': route({
    who: 'page',
    repeat: 'safe',
    params: z.strictObject({
      network: id.optional(),
      domain: asked.domain,
      preset: asked.preset,
      size: asked.size,
      backend: asked.backend,
      optimiser: asked.optimiser,
      mining: asked.mining,
      freeze: asked.freeze,
      memory: asked.memory,
    }),
    result: trainingMemoryReport.nullable(),
  }),
  'experiments.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(experimentInfo) }),
};

import { z } from 'zod';
import { experimentInfo } from '../facts/experiments.ts';
import { presetInfo, trainingRunInfo } from '../facts/training.ts';
import { none } from '../fields.ts';
import { route } from './route.ts';

export const trainingRoutes = {
  'training.runs': route({ who: 'page', repeat: 'safe', params: none, result: z.array(trainingRunInfo) }),
  'training.presets': route({ who: 'page', repeat: 'safe', params: none, result: z.array(presetInfo) }),
  'experiments.list': route({ who: 'page', repeat: 'safe', params: none, result: z.array(experimentInfo) }),
};

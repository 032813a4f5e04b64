import { PRESET_NAMES } from '../../../shared/domain.ts';
import { trainingRoutes } from '../../../shared/routes/training.ts';
import { listExperiments } from '../library/experiments.ts';
import { PRESETS } from '../training/presets.ts';
import { listTrainingRuns } from '../training/runs.ts';
import { trainingMemory } from '../work/training-memory.ts';
import { answers } from './answers.ts';

export const training = answers(trainingRoutes, {
  'training.runs': (engine) => listTrainingRuns(engine.library),
  'training.presets': () =>
    PRESET_NAMES.map((name) => {
      const { title, backbone, pooling, parameters } = PRESETS[name];
      return { name, title, backbone, pooling, parameters };
    }),
  'training.memory': (engine, p) => trainingMemory(engine.library, p),
  'experiments.list': (engine) => listExperiments(engine.library),
});

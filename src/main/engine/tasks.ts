import type { JobKind, TrainingParameters } from '../../shared/domain.ts';
import type { TaskContext } from './jobs/context.ts';
import type { Library } from './library/library.ts';
import { extract } from './network/extract.ts';
import { resolveNetwork } from './network/networks.ts';
import { evaluateNetwork, mineLibrary, runAll } from './pipeline.ts';
import { importSources } from './sfm/import.ts';
import { DEFAULT_TRAINING, train } from './training/train.ts';

/** Everything a long task may be told; what is left out has a default. */
export interface TaskParams {
  readonly sources?: readonly string[] | undefined;
  readonly images?: string | undefined;
  readonly network?: string | undefined;
  readonly size?: number | undefined;
  readonly seed?: number | undefined;
  readonly epochs?: number | undefined;
  readonly queriesPerEpoch?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly margin?: number | undefined;
  readonly mining?:
    | { readonly [K in 'minShared' | 'minOverlap' | 'maxScale' | 'negatives' | 'queries']?: number | undefined }
    | undefined;
}

function defined<T extends object>(o: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Defaults overlaid with what was given. */
export function trainingParameters(p: TaskParams): TrainingParameters {
  const { epochs, queriesPerEpoch, learningRate, weightDecay, margin, size, seed } = p;
  return {
    ...DEFAULT_TRAINING,
    ...defined({ epochs, queriesPerEpoch, learningRate, weightDecay, margin, size, seed }),
    mining: { ...DEFAULT_TRAINING.mining, ...defined(p.mining ?? {}) },
  };
}

/** The one place that knows how each kind of job is done; the command line, the studio's queue and tests all come here. */
export async function runTask(library: Library, kind: JobKind, p: TaskParams, task: TaskContext): Promise<unknown> {
  const training = trainingParameters(p);
  switch (kind) {
    case 'import':
      return importSources(library, { sources: p.sources ?? [], images: p.images }, task);
    case 'extract': {
      const network = await resolveNetwork(library, p.network, 'latest');
      const set = await extract(library, network, training.size, task);
      return {
        network: network.uid,
        photos: set.ids.length,
        computed: set.computed,
        dim: set.dim,
        size: training.size,
      };
    }
    case 'mine':
      return mineLibrary(library, await resolveNetwork(library, p.network, 'latest'), training, task);
    case 'train': {
      const result = await train(library, await resolveNetwork(library, p.network, 'default'), training, task);
      await extract(library, result.network, training.size, task);
      return { run: result.trainingId, network: result.network.uid, epochs: result.epochs, tuples: result.tuples };
    }
    case 'evaluate': {
      const network = await resolveNetwork(library, p.network, 'latest');
      return { network: network.uid, ...(await evaluateNetwork(library, network, training.size, training.seed, task)) };
    }
    case 'run':
      return runAll(library, { sources: p.sources ?? [], network: p.network, training }, task);
  }
}

/** What the job is called in lists. */
export function taskTitle(kind: JobKind, p: TaskParams): string {
  const sources = (p.sources ?? [])
    .map((s) =>
      s
        .replace(/[\\/]+$/, '')
        .split(/[\\/]/)
        .at(-1),
    )
    .join(', ');
  switch (kind) {
    case 'import':
      return `Import ${sources}`;
    case 'extract':
      return 'Extract descriptors';
    case 'mine':
      return 'Mine tuples';
    case 'train':
      return 'Train';
    case 'evaluate':
      return 'Measure';
    case 'run':
      return `Whole loop on ${sources}`;
  }
}

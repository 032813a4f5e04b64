import { CovisError } from '../../../shared/errors.ts';
import type { EpochInfo, TrainingParameters } from '../../../shared/domain.ts';
import { geometryGroundTruth, meanAveragePrecision } from '../evaluation/geometry-protocol.ts';
import type { TaskContext } from '../jobs/context.ts';
import { now, type Library } from '../library/library.ts';
import { DEFAULT_MINING } from '../mining/candidates.ts';
import { mineTuples, type Mined, type Tuple } from '../mining/mine.ts';
import { storeMiningRun } from '../mining/runs.ts';
import { splitPlaces } from '../mining/split.ts';
import { describePhotos, type DescriptorSet } from '../network/extract.ts';
import { GEM_P } from '../network/head.ts';
import { loadNetwork, storeNetwork, type LoadedNetwork, type NetworkRow } from '../network/networks.ts';
import { PhotoSource } from '../network/photo-source.ts';
import { Runner } from '../network/runtime.ts';
import { setKey } from '../retrieval/vector-sets.ts';
import { Adam, Sgd, type Optimiser } from './optimisers.ts';
import { drawFromPools, readPools, type WeightedTuple } from './pool-tuples.ts';
import { withParameters } from './training-graph.ts';
import { TupleTrainer } from './tuple-trainer.ts';

/** What trains the embedded network on a machine without a GPU in minutes; margin 0.7 as for AlexNet-class networks. */
export const DEFAULT_TRAINING: TrainingParameters = {
  epochs: 5,
  loss: 'contrastive',
  optimiser: 'adam',
  batch: 5,
  pools: null,
  queriesPerEpoch: 160,
  learningRate: 1e-5,
  weightDecay: 1e-6,
  margin: 0.7,
  size: 320,
  seed: 0,
  mining: DEFAULT_MINING,
};

/** Learning rate falls by this factor to the power of the epoch (methods.md 1.6). */
const DECAY = Math.exp(-0.1);
const DEVICE = 'ONNX Runtime, CPU';

export interface TrainingResult {
  readonly trainingId: number;
  readonly network: NetworkRow;
  readonly epochs: readonly EpochInfo[];
  readonly tuples: number;
}

/**
 * Fine-tunes a network on the training places: each epoch mines tuples with the current weights, then goes through them once.
 * Cancelling ends the run after the current tuple and keeps what was learned as a network.
 */
export async function train(
  library: Library,
  start: NetworkRow,
  parameters: TrainingParameters,
  task: TaskContext,
): Promise<TrainingResult> {
  const network = loadNetwork(library, start);
  // First: a network that cannot be differentiated is refused before anything is noted or computed.
  const trainer = await TupleTrainer.create(network.graph);
  try {
    return await trainWith(trainer, library, network, parameters, task);
  } finally {
    await trainer.release();
  }
}

async function trainWith(
  trainer: TupleTrainer,
  library: Library,
  network: LoadedNetwork,
  parameters: TrainingParameters,
  task: TaskContext,
): Promise<TrainingResult> {
  const split = splitPlaces(library, parameters.seed);
  const pools = parameters.pools === null ? undefined : readPools(library, parameters.pools);
  const miningParameters = pools?.parameters ?? { ...parameters.mining, queries: parameters.queriesPerEpoch };
  const mine = (descriptors: DescriptorSet, seed: number): Promise<Mined> | Mined =>
    pools === undefined
      ? mineTuples(
          library,
          descriptors,
          split.training,
          { ...parameters.mining, queries: parameters.queriesPerEpoch },
          seed,
          { task },
        )
      : drawFromPools(pools.pools, descriptors, parameters.queriesPerEpoch, parameters.mining.count, seed);
  const truth = geometryGroundTruth(library, split);
  const photos = new PhotoSource(library, parameters.size);
  const measure = (d: DescriptorSet): number | null =>
    truth.queries.length > 0 ? meanAveragePrecision(truth, d) : null;

  let descriptors = await describeWith(network, network.graph, photos, truth.database, task, 'Describing photos');
  const trainingId = library.db
    .prepare(
      'INSERT INTO training_run (created, state, pid, network_id, parameters, device, map_before) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id',
    )
    .pluck()
    .get(now(), 'running', process.pid, network.id, JSON.stringify(parameters), DEVICE, measure(descriptors)) as number;
  task.changed('training');

  const optimiser = parameters.optimiser === 'adam' ? new Adam(trainer.parameters) : new Sgd(trainer.parameters);
  const epochs: EpochInfo[] = [];
  let tuples = 0;
  let steps = 0;
  const finish = (state: 'done' | 'stopped' | 'failed'): NetworkRow => {
    const result = steps === 0 ? network : keep(library, network, trainer, trainingId, epochs.length, state);
    library.db
      .prepare('UPDATE training_run SET state = ?, result_id = ? WHERE id = ?')
      .run(state, steps === 0 ? null : result.id, trainingId);
    task.changed('training');
    return result;
  };
  try {
    for (let epoch = 1; epoch <= parameters.epochs; epoch += 1) {
      const seed = parameters.seed * 1000 + epoch;
      const mined = await mine(descriptors, seed);
      if (epoch === 1) mined.warnings.forEach((w) => task.warn(w));
      storeMiningRun(library, mined, {
        networkId: network.id,
        set: setKey(network, parameters.size),
        setName: network.spec.name,
        size: parameters.size,
        seed,
        parameters: miningParameters,
        trainingId,
        epoch,
      });
      task.changed('mining');
      tuples += mined.tuples.length;
      const began = performance.now();
      task.step(`Training, epoch ${epoch} of ${parameters.epochs}`, mined.tuples.length, 'tuples');
      const rate = parameters.learningRate * DECAY ** (epoch - 1);
      const { loss, active } = await runEpoch(
        trainer,
        optimiser,
        mined.tuples,
        photos,
        network,
        parameters,
        rate,
        task,
        () => (steps += 1),
      );
      const seconds = (performance.now() - began) / 1000;
      descriptors = await describeWith(
        network,
        withParameters(network.graph, trainer.parameters),
        photos,
        truth.database,
        task,
        `Measuring epoch ${epoch}`,
      );
      const facts: EpochInfo = {
        epoch,
        loss,
        negativeDistance: mined.meanNegativeDistance,
        activeNegatives: active,
        map: measure(descriptors),
        p: trainer.parameters.find((p) => p.name === GEM_P)?.data[0] ?? Number.NaN,
        seconds,
      };
      epochs.push(facts);
      library.db
        .prepare('INSERT INTO epoch (training_id, epoch, facts) VALUES (?, ?, ?)')
        .run(trainingId, epoch, JSON.stringify(facts));
      task.changed('training');
    }
    return { trainingId, network: finish('done'), epochs, tuples };
  } catch (error) {
    finish(error instanceof CovisError && error.code === 'CANCELLED' ? 'stopped' : 'failed');
    throw error;
  }
}

async function runEpoch(
  trainer: TupleTrainer,
  optimiser: Optimiser,
  tuples: readonly (Tuple & Partial<WeightedTuple>)[],
  photos: PhotoSource,
  network: LoadedNetwork,
  parameters: TrainingParameters,
  rate: number,
  task: TaskContext,
  stepped: () => void,
): Promise<{ loss: number; active: number }> {
  let loss = 0;
  let active = 0;
  let negatives = 0;
  trainer.clearGradients();
  for (const [i, tuple] of tuples.entries()) {
    task.check();
    const ids = [tuple.pair.query, tuple.pair.other, ...tuple.negatives.map((n) => n.photo)];
    const images = await Promise.all(ids.map((id) => photos.get(id)));
    const step = await trainer.accumulate(images, network.spec.preprocess, {
      kind: parameters.loss,
      margin: parameters.margin,
      weight: tuple.weight ?? 1,
    });
    loss += step.loss;
    active += step.active;
    negatives += tuple.negatives.length;
    const last = i + 1 === tuples.length;
    if ((i + 1) % parameters.batch === 0 || last) {
      // Adam does not feel the scale of gradients; rates of gradient descent are meant for the mean (methods.md 1.4).
      const size = last ? (i % parameters.batch) + 1 : parameters.batch;
      if (parameters.optimiser === 'sgd') trainer.scaleGradients(1 / size);
      optimiser.step(trainer.gradients, { learningRate: rate, weightDecay: parameters.weightDecay });
      trainer.clearGradients();
      stepped();
    }
    task.progress(i + 1);
  }
  return { loss: loss / tuples.length, active: active / Math.max(1, negatives) };
}

async function describeWith(
  network: LoadedNetwork,
  graph: LoadedNetwork['graph'],
  photos: PhotoSource,
  ids: readonly number[],
  task: TaskContext,
  step: string,
): Promise<DescriptorSet> {
  const { dim } = network.spec;
  const found: number[] = [];
  const data = new Float32Array(ids.length * dim);
  task.step(step, ids.length, 'photos');
  const runner = await Runner.create(graph);
  try {
    await describePhotos(runner, network, photos, ids, task, (id, d) => {
      data.set(d, found.length * dim);
      found.push(id);
    });
  } finally {
    await runner.release();
  }
  return { ids: Uint32Array.from(found), data: data.subarray(0, found.length * dim), dim };
}

function keep(
  library: Library,
  network: LoadedNetwork,
  trainer: TupleTrainer,
  trainingId: number,
  epochs: number,
  state: string,
): NetworkRow {
  const base = network.spec.name.replace(/ · run \d+.*$/, '');
  const spec = {
    ...network.spec,
    name: `${base} · run ${trainingId}`,
    origin: `${network.spec.origin}; fine-tuned by Covis, run ${trainingId}, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}${state === 'done' ? '' : `, ${state}`}`,
  };
  return storeNetwork(library, withParameters(network.graph, trainer.parameters), spec, network.uid);
}

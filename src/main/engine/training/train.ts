import { CovisError } from '../../../shared/errors.ts';
import type { EpochInfo, TrainingParameters } from '../../../shared/domain.ts';
import { geometryGroundTruth, meanAveragePrecision } from '../evaluation/geometry-protocol.ts';
import type { TaskContext } from '../jobs/context.ts';
import { now, type Library } from '../library/library.ts';
import { DEFAULT_MINING } from '../mining/candidates.ts';
import { mineTuples, type Mined, type Tuple } from '../mining/mine.ts';
import { storeMiningRun } from '../mining/runs.ts';
import { splitPlaces } from '../mining/split.ts';
import { describePhotos, type DescriptorSet } from '../retrieval/extract.ts';
import { GEM_P } from '../network/head.ts';
import { loadNetwork, storeNetwork, type LoadedNetwork, type NetworkRow } from '../network/networks.ts';
import { InputMaker, PHOTO_SIZE, singleScale } from '../edges/inputs.ts';
import { Runner } from '../network/runtime.ts';
import { setKey } from '../retrieval/vector-sets.ts';
import { Adam, Sgd, type Optimiser } from './optimisers.ts';
import { drawAugmentation, tupleInputs } from './feed.ts';
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
  size: PHOTO_SIZE,
  seed: 0,
  minings: 1,
  mining: DEFAULT_MINING,
};

/**
 * Training on edge maps (methods.md 2.4), for the embedded network: rates are for Adam, maps of at most 200 pixels, negatives mined
 * three times an epoch.
 */
export const DEFAULT_EDGE_TRAINING: TrainingParameters = {
  ...DEFAULT_TRAINING,
  epochs: 10,
  learningRate: 3e-5,
  weightDecay: 1e-5,
  size: 200,
  minings: 3,
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
  const maker = await InputMaker.create(singleScale(network.spec), parameters.size, library);
  try {
    return await trainWith(trainer, maker, library, network, parameters, task);
  } finally {
    await trainer.release();
    await maker.release();
  }
}

async function trainWith(
  trainer: TupleTrainer,
  maker: InputMaker,
  library: Library,
  network: LoadedNetwork,
  parameters: TrainingParameters,
  task: TaskContext,
): Promise<TrainingResult> {
  const split = splitPlaces(library, parameters.seed);
  const pools = parameters.pools === null ? undefined : readPools(library, parameters.pools);
  const miningParameters = pools?.parameters ?? { ...parameters.mining, queries: parameters.queriesPerEpoch };
  const mine = (descriptors: DescriptorSet, queries: number, seed: number): Promise<Mined> | Mined =>
    pools === undefined
      ? mineTuples(library, descriptors, split.training, { ...parameters.mining, queries }, seed, { task })
      : drawFromPools(pools.pools, descriptors, queries, parameters.mining.count, seed);
  const truth = geometryGroundTruth(library, split);
  const measure = (d: DescriptorSet): number | null =>
    truth.queries.length > 0 ? meanAveragePrecision(truth, d) : null;

  let descriptors = await describeWith(network, network.graph, maker, truth.database, task, 'Describing photos');
  const trainingId = library.db
    .prepare(
      'INSERT INTO training_run (created, state, pid, network_id, parameters, device, map_before) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id',
    )
    .pluck()
    .get(now(), 'running', process.pid, network.id, JSON.stringify(parameters), DEVICE, measure(descriptors)) as number;
  task.changed('training');

  const describeNow = (step: string): Promise<DescriptorSet> =>
    describeWith(network, withParameters(network.graph, trainer.parameters), maker, truth.database, task, step);
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
      const rate = parameters.learningRate * DECAY ** (epoch - 1);
      const began = performance.now();
      const sums = { loss: 0, active: 0, distance: 0, tuples: 0 };
      for (let round = 0; round < parameters.minings; round += 1) {
        // The first round of an epoch has the descriptors that it was measured with.
        if (round > 0) descriptors = await describeNow(`Describing photos, epoch ${epoch}`);
        const seed = (parameters.seed * 1000 + epoch) * parameters.minings + round;
        const mined = await mine(descriptors, share(parameters.queriesPerEpoch, parameters.minings, round), seed);
        if (epoch === 1 && round === 0) mined.warnings.forEach((w) => task.warn(w));
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
        task.step(`Training, epoch ${epoch} of ${parameters.epochs}`, mined.tuples.length, 'tuples');
        const done = await runRound(
          trainer,
          optimiser,
          mined.tuples,
          maker,
          network,
          parameters,
          rate,
          seed,
          task,
          () => {
            steps += 1;
          },
        );
        sums.loss += done.loss;
        sums.active += done.active * mined.tuples.length;
        sums.distance += mined.meanNegativeDistance * mined.tuples.length;
        sums.tuples += mined.tuples.length;
      }
      tuples += sums.tuples;
      const seconds = (performance.now() - began) / 1000;
      descriptors = await describeNow(`Measuring epoch ${epoch}`);
      const facts: EpochInfo = {
        epoch,
        loss: sums.loss / sums.tuples,
        negativeDistance: sums.distance / sums.tuples,
        activeNegatives: sums.active / sums.tuples,
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

/** How many of `total` fall to part `i` of `parts`. */
function share(total: number, parts: number, i: number): number {
  return Math.max(1, Math.floor((total * (i + 1)) / parts) - Math.floor((total * i) / parts));
}

/** Goes through tuples once. @returns the sum of losses and the share of negatives that still teach. */
async function runRound(
  trainer: TupleTrainer,
  optimiser: Optimiser,
  tuples: readonly (Tuple & Partial<WeightedTuple>)[],
  maker: InputMaker,
  network: LoadedNetwork,
  parameters: TrainingParameters,
  rate: number,
  seed: number,
  task: TaskContext,
  stepped: () => void,
): Promise<{ loss: number; active: number }> {
  let loss = 0;
  let active = 0;
  let negatives = 0;
  const augmentation = network.spec.edges === undefined ? undefined : drawAugmentation(tuples, seed);
  trainer.clearGradients();
  for (const [i, tuple] of tuples.entries()) {
    task.check();
    const inputs = await tupleInputs(maker, network.spec, tuple, i, augmentation);
    const step = await trainer.accumulate(inputs, {
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
  return { loss, active: active / Math.max(1, negatives) };
}

async function describeWith(
  network: LoadedNetwork,
  graph: LoadedNetwork['graph'],
  maker: InputMaker,
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
    await describePhotos(runner, maker, ids, task, (id, d) => {
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

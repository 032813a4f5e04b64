/** One training run: it mines, learns, measures, and keeps a checkpoint from which it goes on. */
import { existsSync, rmSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { EpochInfo, NetworkSpec, TrainingMemory, TrainingParameters } from '../../../shared/domain.ts';
import {
  geometryGroundTruth,
  meanAveragePrecision,
  type GeometryGroundTruth,
} from '../evaluation/geometry-protocol.ts';
import { described } from '../evaluation/library-geometry.ts';
import { ask, meanOfAnswers } from '../evaluation/protocols.ts';
import type { TaskContext } from '../queue/context.ts';
import { now, type Library } from '../library/library.ts';
import { mineTuples, type Mined } from '../mining/mine.ts';
import { storeMiningRun } from '../mining/runs.ts';
import { splitPlaces, type Split } from '../mining/split.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { storeComputed, type LoadedNetwork, type NetworkRow } from '../network/networks.ts';
import { logger, logFailure } from '../environment/log.ts';
import type { GraphRunner } from '../network/runtime.ts';
import { GEM_P } from '../network/pooling-heads.ts';
import type { InputMaker } from '../inputs/inputs.ts';
import { setKey } from '../retrieval/vector-sets.ts';
import { letCheckpointsGo } from './checkpoint-retention.ts';
import { CheckpointPace } from './checkpoint-pace.ts';
import { checkpointFile, readCheckpoint, writeCheckpoint, type Position } from './checkpoint.ts';
import { computed, isComputingFailure, withCommand, withWayOn } from './computing-failed.ts';
import type { Descent } from './descent.ts';
import type { Executor } from './executor.ts';
import type { LossScale } from './loss-scale.ts';
import { drawFromPools, readPools } from './pool-tuples.ts';
import { drawPart, type DrawnPart } from './known-part.ts';
import { decayed } from './presets.ts';
import { Round, type RoundTuple } from './round.ts';
import { epochsOf, ownRun } from './runs.ts';
import { describeAll } from './describing.ts';
import { withParameters } from './training-graph.ts';
import { integer, select } from '../library/rows.ts';
import { learning } from './learning.ts';

export interface TrainingResult {
  readonly trainingId: number;
  readonly network: NetworkRow;
  readonly epochs: readonly EpochInfo[];
  readonly tuples: number;
  readonly backend: string;
  /** What really computed. */
  readonly device: string;
  /** What it was made of, and how. */
  readonly parent: NetworkRow;
  readonly parameters: TrainingParameters;
  /** What stayed as it was and what learned; undefined where everything did. */
  readonly frozen: string | undefined;
  /** As {@link RunOptions} had it when the run began. */
  readonly askedSize: number | undefined;
  /** What was estimated before; undefined for back ends that plan by themselves. */
  readonly memory: TrainingMemory | undefined;
  /** What the loss was multiplied by in the end, and what of all steps was left out; undefined in single precision. */
  readonly scaling: (LossScale & { readonly steps: number }) | undefined;
}

/** What is no part of the recipe. */
export interface RunOptions {
  /** Milliseconds between checkpoints within an epoch; each epoch and each mining writes one anyway. */
  readonly checkpointEvery?: number;
  /** Kept for whoever describes photos with the network in the end, also after the run was taken up. */
  readonly askedSize?: number | undefined;
  /** On which a run that is taken up goes on, in place of the one that it began on. */
  readonly backend?: TrainingParameters['backend'] | undefined;
  /** The same of its precision. */
  readonly precision?: TrainingParameters['precision'];
  /** Bytes that may be taken; what the device or the machine has if not given. */
  readonly memory?: number | undefined;
}

/** What computes in a run. */
export interface Tools {
  readonly executor: Executor;
  readonly descent: Descent;
  readonly maker: InputMaker;
  readonly memory: TrainingMemory | undefined;
}

const log = logger('training');

const START: Position = {
  epoch: 1,
  round: 0,
  done: 0,
  tuples: null,
  sums: {},
  steps: 0,
  trained: 0,
  seconds: 0,
};

/** One training run from its first mining to its last epoch. */
export class Run {
  readonly #library: Library;
  readonly #network: LoadedNetwork;
  readonly #executor: Executor;
  readonly #maker: InputMaker;
  readonly #parameters: TrainingParameters;
  readonly #task: TaskContext;
  readonly #pace: CheckpointPace;
  readonly #askedSize: number | undefined;
  readonly #descent: Descent;
  readonly #memory: TrainingMemory | undefined;
  readonly #split: Split;
  /** Those whom the run describes, and who ask among them. */
  readonly #truth: GeometryGroundTruth | Pick<DrawnPart, 'g' | 'asking'>;
  readonly #pools: ReturnType<typeof readPools> | undefined;
  readonly #epochs: EpochInfo[] = [];
  /** Weights as they were before the first step, where they are drawn back to them. */
  readonly #start: readonly Float32Array[];
  #id = 0;
  #position: Position = START;
  /** What has been warned of, so that each photo is named once. */
  readonly #told = new Set<string>();

  constructor(
    library: Library,
    network: LoadedNetwork,
    { executor, descent, maker, memory }: Tools,
    parameters: TrainingParameters,
    task: TaskContext,
    options: RunOptions,
  ) {
    this.#pace = new CheckpointPace(options.checkpointEvery);
    this.#askedSize = options.askedSize;
    this.#library = library;
    this.#network = network;
    this.#executor = executor;
    this.#memory = memory;
    this.#maker = maker;
    this.#parameters = parameters;
    this.#task = task;
    this.#descent = descent;
    const returns = (parameters.towardsStart ?? 0) > 0 || (parameters.interpolate ?? 1) < 1;
    this.#start = returns ? executor.parameters.map((p) => p.data.slice()) : [];
    const { learn } = parameters;
    if (learn === undefined) {
      this.#split = splitPlaces(library, parameters.seed);
      this.#truth = geometryGroundTruth(library, this.#split);
    } else {
      const { g, split, asking } = drawPart(library, learn);
      this.#split = split;
      // A run of an experiment does not even look at what it may not know; whoever drew the part measures.
      this.#truth = parameters.experiment
        ? { name: '', database: [...split.training].sort((x, y) => x - y), queries: [] }
        : { g, asking };
    }
    this.#pools = parameters.pools === null ? undefined : readPools(library, parameters.pools);
  }

  async begin(): Promise<TrainingResult> {
    const descriptors = await this.#describe('Describing photos');
    const map = this.#measure(descriptors);
    // Nobody sees the run before it has its owner.
    const release = this.#library.transaction(() => {
      this.#id = select(
        this.#library.db,
        'INSERT INTO training_run (created, state, pid, owner, network_id, parameters, device, map_before, asked_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id',
        integer,
      ).one(
        now(),
        'running',
        process.pid,
        this.#library.owner,
        this.#network.id,
        JSON.stringify(this.#parameters),
        this.#executor.device,
        map,
        this.#askedSize ?? null,
      );
      return ownRun(this.#library, this.#id);
    });
    try {
      this.#task.changed('training');
      return await this.#guarded(descriptors);
    } finally {
      release();
    }
  }

  async resume(id: number): Promise<TrainingResult> {
    this.#id = id;
    const { parameters } = this.#executor;
    const held = (await this.#descent.state()).arrays;
    const saved = readCheckpoint(
      checkpointFile(this.#library, id),
      [...parameters.map((p) => p.data), ...held].map((a) => a.length),
    );
    parameters.forEach((p, i) => p.data.set(saved.arrays[i]!));
    await this.#executor.updated();
    await this.#descent.restore({
      steps: saved.optimiserSteps,
      arrays: saved.arrays.slice(parameters.length),
      scaling: saved.scaling,
    });
    this.#position = saved.position;
    const { db } = this.#library;
    // An epoch that ended after the checkpoint is gone through again.
    db.prepare('DELETE FROM epoch WHERE training_id = ? AND epoch >= ?').run(id, saved.position.epoch);
    this.#epochs.push(...epochsOf(this.#library).all(id));
    db.prepare("UPDATE training_run SET state = 'running', pid = ?, owner = ?, device = ? WHERE id = ?").run(
      process.pid,
      this.#library.owner,
      this.#executor.device,
      id,
    );
    this.#task.changed('training');
    return this.#guarded(undefined);
  }

  async #guarded(descriptors: DescriptorSet | undefined): Promise<TrainingResult> {
    let network: NetworkRow;
    try {
      await this.#loop(descriptors);
      network = this.#finish('done');
      rmSync(checkpointFile(this.#library, this.#id), { force: true });
    } catch (error) {
      const stopped = error instanceof CovisError && error.code === 'CANCELLED';
      // Computing that failed has changed nothing: the run goes on from here, too.
      await this.#ended(stopped ? 'stopped' : 'failed', stopped || isComputingFailure(error));
      letCheckpointsGo(this.#library, (m) => this.#task.warn(m));
      if (isComputingFailure(error)) throw withWayOn(error, this.#id);
      const stands = !stopped && existsSync(checkpointFile(this.#library, this.#id));
      throw stands && error instanceof CovisError ? withCommand(error, this.#id) : error;
    }
    return {
      trainingId: this.#id,
      network,
      epochs: this.#epochs,
      tuples: this.#position.trained,
      backend: this.#executor.backend,
      device: this.#executor.device,
      parent: this.#network,
      parameters: this.#parameters,
      frozen: learning(this.#network, this.#parameters).words,
      askedSize: this.#askedSize,
      memory: this.#memory,
      scaling: this.#descent.scaling && { ...this.#descent.scaling, steps: this.#position.steps },
    };
  }

  async #loop(first: DescriptorSet | undefined): Promise<void> {
    const p = this.#parameters;
    let descriptors = first;
    while (this.#position.epoch <= p.epochs) {
      const { epoch } = this.#position;
      const began = performance.now() - this.#position.seconds * 1000;
      const elapsed = (): number => (performance.now() - began) / 1000;
      while (this.#position.round < p.minings) {
        // The first round of an epoch has the descriptors that the last one was measured with.
        if (this.#position.tuples === null) {
          descriptors ??= await this.#describe(`Describing photos, epoch ${epoch}`);
          await this.#mine(descriptors);
        }
        descriptors = undefined;
        await this.#round(elapsed);
        this.#position = { ...this.#position, round: this.#position.round + 1, done: 0, tuples: null };
      }
      await this.#backToStart();
      const seconds = elapsed();
      descriptors = await this.#describe(`Measuring epoch ${epoch}`);
      this.#note(epoch, seconds, descriptors);
      this.#position = { ...START, epoch: epoch + 1, steps: this.#position.steps, trained: this.#position.trained };
      await this.#save();
    }
  }

  /** Weights go back a part of the way to where they began: after each epoch, and after the last (WiSE-FT, Wortsman et al., CVPR 2022). */
  async #backToStart(): Promise<void> {
    const { towardsStart = 0, interpolate = 1, epochs } = this.#parameters;
    const back = 1 - (1 - towardsStart) * (this.#position.epoch === epochs ? interpolate : 1);
    if (back === 0) return;
    await this.#executor.gather();
    this.#executor.parameters.forEach(({ data }, i) => {
      const start = this.#start[i]!;
      for (let k = 0; k < data.length; k += 1) data[k]! += back * (start[k]! - data[k]!);
    });
    await this.#executor.updated();
  }

  async #mine(descriptors: DescriptorSet): Promise<void> {
    const { epoch, round } = this.#position;
    const p = this.#parameters;
    const seed = this.#seed();
    const queries = share(p.queriesPerEpoch, p.minings, round);
    const mined: Mined =
      this.#pools === undefined
        ? await mineTuples(this.#library, descriptors, this.#split.training, { ...p.mining, queries }, seed, {
            task: this.#task,
          })
        : drawFromPools(this.#pools.pools, descriptors, queries, p.mining.count, seed);
    if (epoch === 1 && round === 0) mined.warnings.forEach((w) => this.#task.warn(w));
    const known = select(
      this.#library.db,
      'SELECT 1 FROM mining_run WHERE training_id = ? AND epoch = ? AND seed = ?',
      integer,
    ).get(this.#id, epoch, seed);
    // A run that was taken up mines the same tuples again.
    if (known === undefined)
      storeMiningRun(this.#library, mined, {
        networkId: this.#network.id,
        set: setKey(this.#network, p.size),
        setName: this.#network.spec.name,
        size: p.size,
        seed,
        parameters: this.#pools?.parameters ?? { ...p.mining, queries: p.queriesPerEpoch },
        trainingId: this.#id,
        epoch,
      });
    this.#task.changed('mining');
    const { sums } = this.#position;
    this.#position = {
      ...this.#position,
      done: 0,
      tuples: mined.tuples,
      sums: {
        ...sums,
        tuples: (sums['tuples'] ?? 0) + mined.tuples.length,
        distance: (sums['distance'] ?? 0) + mined.meanNegativeDistance * mined.tuples.length,
      },
    };
    await this.#save();
  }

  /** Goes through what is left of the round's tuples. */
  async #round(elapsed: () => number): Promise<void> {
    const { epoch } = this.#position;
    const p = this.#parameters;
    const tuples = this.#position.tuples as readonly RoundTuple[];
    this.#task.step(`Training, epoch ${epoch} of ${p.epochs}`, tuples.length, 'tuples');
    const round = new Round(this.#executor, this.#descent, this.#maker, this.#network.spec, p, {
      tuples,
      rate: p.learningRate * decayed(p.decay, epoch),
      seed: this.#seed(),
      task: this.#task,
      told: this.#told,
    });
    let stepBegan = performance.now();
    await round.run(this.#position.done, async (step) => {
      const { sums } = this.#position;
      const add = (key: string, value: number): Record<string, number> => ({ [key]: (sums[key] ?? 0) + value });
      this.#position = {
        ...this.#position,
        done: step.done,
        steps: this.#position.steps + 1,
        trained: this.#position.trained + step.trained,
        seconds: elapsed(),
        sums: {
          ...sums,
          ...add('loss', step.loss),
          ...add('active', step.active),
          ...add('negatives', step.negatives),
          ...add('trained', step.trained),
          ...add('skipped', step.skipped),
        },
      };
      const { loss = 0, trained = 0 } = this.#position.sums;
      const part = (this.#position.round + step.done / tuples.length) / p.minings;
      if (trained > 0) this.#task.measured?.({ run: this.#id, at: epoch - 1 + part, loss: loss / trained });
      if (this.#pace.isDue(performance.now() - stepBegan)) await this.#save();
      stepBegan = performance.now();
    });
  }

  async #save(): Promise<void> {
    const { parameters } = this.#executor;
    const began = performance.now();
    const { steps, arrays, scaling } = await computed(this.#executor, async () => {
      await this.#executor.gather();
      return this.#descent.state();
    });
    if (!parameters.every((p) => p.data.every(Number.isFinite)))
      throw new CovisError('INPUT_INVALID', 'The weights are no longer numbers', {
        hint: 'Lower the learning rate and resume the run: its last checkpoint is as it was.',
      });
    writeCheckpoint(checkpointFile(this.#library, this.#id), {
      position: this.#position,
      arrays: [...parameters.map((p) => p.data), ...arrays],
      optimiserSteps: steps,
      scaling,
    });
    this.#pace.written(began);
  }

  #note(epoch: number, seconds: number, descriptors: DescriptorSet): void {
    const s = this.#position.sums;
    const of = (key: string, per: string): number => (s[key] ?? 0) / Math.max(1, s[per] ?? 0);
    const exponents = this.#executor.parameters.find((p) => p.name === GEM_P)?.data;
    const facts: EpochInfo = {
      epoch,
      loss: of('loss', 'trained'),
      negativeDistance: of('distance', 'tuples'),
      activeNegatives: of('active', 'negatives'),
      map: this.#measure(descriptors),
      p: exponents === undefined ? null : exponents.reduce((sum, v) => sum + v, 0) / exponents.length,
      seconds,
      skipped: s['skipped'] ?? 0,
    };
    this.#epochs.push(facts);
    this.#library.db
      .prepare('INSERT INTO epoch (training_id, epoch, facts) VALUES (?, ?, ?)')
      .run(this.#id, epoch, JSON.stringify(facts));
    this.#task.changed('training');
  }

  #seed(): number {
    const { seed, minings } = this.#parameters;
    return (seed * 1000 + this.#position.epoch) * minings + this.#position.round;
  }

  #measure(descriptors: DescriptorSet): number | null {
    const truth = this.#truth;
    if ('queries' in truth) return truth.queries.length > 0 ? meanAveragePrecision(truth, descriptors) : null;
    const answers = ask(truth.g, truth.asking, described(truth.g, descriptors));
    return meanOfAnswers(answers);
  }

  /** Notes an early end. What failed first is what a person must read, so that a full disk may also keep the network from being stored. */
  async #ended(state: 'stopped' | 'failed', goesOn: boolean): Promise<void> {
    // A device that is gone gives nothing back; then what was gathered last is what there is.
    const gathered = await this.#executor.gather().then(
      () => true,
      (error: unknown) => {
        logFailure(log, `The weights of training run ${this.#id} could not be read back`, error);
        return false;
      },
    );
    // It goes on from here, and not from where it stood some time ago.
    if (goesOn && gathered)
      await this.#save().catch((error: unknown) =>
        logFailure(log, `The last checkpoint of training run ${this.#id} stays as it was`, error),
      );
    try {
      this.#finish(state);
    } catch (error) {
      logFailure(log, `What training run ${this.#id} had learned could not be kept`, error);
      this.#library.db.prepare('UPDATE training_run SET state = ? WHERE id = ?').run(state, this.#id);
      this.#task.changed('training');
    }
  }

  #finish(state: 'done' | 'stopped' | 'failed'): NetworkRow {
    const sound = this.#executor.parameters.every((p) => p.data.every(Number.isFinite));
    const trained = this.#position.steps > 0 && sound;
    const result = trained ? this.#keep(state) : this.#network;
    this.#library.db
      .prepare('UPDATE training_run SET state = ?, result_id = ? WHERE id = ?')
      .run(state, trained ? result.id : null, this.#id);
    this.#task.changed('training');
    return result;
  }

  #keep(state: string): NetworkRow {
    const { spec } = this.#network;
    const base = spec.name.replace(/ · run \d+.*$/, '');
    const epochs = this.#epochs.length;
    const named: NetworkSpec = {
      ...spec,
      ...(this.#parameters.experiment ? { experiment: true } : {}),
      name: this.#parameters.name ?? `${base} · run ${this.#id}`,
      origin: `${spec.origin}; fine-tuned by Covis, run ${this.#id}, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}${state === 'done' ? '' : `, ${state}`}`,
    };
    const graph = withParameters(this.#network.graph, this.#executor.parameters);
    return storeComputed(this.#library, graph, named, this.#network.uid);
  }

  async #describe(step: string): Promise<DescriptorSet> {
    const opened = await computed(this.#executor, () => this.#executor.describer());
    const runner: GraphRunner = {
      run: (inputs) => computed(this.#executor, () => opened.run(inputs)),
      release: () => opened.release(),
    };
    try {
      return await describeAll(
        'queries' in this.#truth ? this.#truth.database : Array.from(this.#truth.g.ids),
        step,
        { runner, maker: this.#maker, dim: this.#network.spec.dim },
        this.#task,
      );
    } finally {
      await runner.release();
    }
  }
}

/** How many of `total` fall to part `i` of `parts`. */
function share(total: number, parts: number, i: number): number {
  return Math.max(1, Math.floor((total * (i + 1)) / parts) - Math.floor((total * i) / parts));
}

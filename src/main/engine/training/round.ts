import type { NetworkSpec, TrainingParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Change } from '../inputs/change.ts';
import type { InputMaker, NetworkInput } from '../inputs/inputs.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Tuple } from '../mining/mine.ts';
import { computed } from './computing-failed.ts';
import type { Descent } from './descent.ts';
import type { Executor } from './executor.ts';
import { drawAugmentation, drawChanges, tupleInputs, type Augmentation } from './feed.ts';
import type { WeightedTuple } from './pool-tuples.ts';

/** What training needs of a tuple. */
export type RoundTuple = Pick<Tuple, 'pair' | 'negatives'> & Partial<Pick<WeightedTuple, 'weight'>>;

/** What one step of the optimiser went through. */
export interface RoundStep {
  /** Tuples of the round that are done, skipped ones among them. */
  readonly done: number;
  readonly trained: number;
  readonly skipped: number;
  readonly loss: number;
  readonly active: number;
  readonly negatives: number;
}

interface RoundOptions {
  readonly tuples: readonly RoundTuple[];
  readonly rate: number;
  readonly seed: number;
  readonly task: TaskContext;
  /** What has been warned of in this run. */
  readonly told: Set<string>;
}

/** Tuples that are trained on once, a step of the optimiser every few of them. */
export class Round {
  readonly #executor: Executor;
  readonly #descent: Descent;
  readonly #maker: InputMaker;
  readonly #spec: NetworkSpec;
  readonly #parameters: TrainingParameters;
  readonly #options: RoundOptions;
  readonly #augmentation: Augmentation | undefined;
  readonly #changes: readonly (readonly Change[])[] | undefined;

  constructor(
    executor: Executor,
    descent: Descent,
    maker: InputMaker,
    spec: NetworkSpec,
    parameters: TrainingParameters,
    options: RoundOptions,
  ) {
    this.#executor = executor;
    this.#descent = descent;
    this.#maker = maker;
    this.#spec = spec;
    this.#parameters = parameters;
    this.#options = options;
    this.#augmentation = spec.edges === undefined ? undefined : drawAugmentation(options.tuples, options.seed);
    const { augment } = parameters;
    const changes = augment !== undefined && spec.edges === undefined && Object.values(augment).some((v) => v > 0);
    this.#changes = changes ? drawChanges(options.tuples, augment, options.seed) : undefined;
  }

  /**
   * @param from tuples that are done already: a number at which an earlier pass took a step.
   * @throws CovisError `INPUT_INVALID` when the loss is no number any more, `CANCELLED`.
   */
  async run(from: number, stepped: (step: RoundStep) => void | Promise<void>): Promise<void> {
    const { tuples } = this.#options;
    this.#executor.gradients.clear();
    // Photos of the next tuple are decoded while one is computed.
    let ready = this.#ahead(from);
    const next = async (i: number): Promise<NetworkInput[] | undefined> => {
      const inputs = await ready;
      ready = this.#ahead(i + 1);
      return inputs;
    };
    try {
      for (let start = from; start < tuples.length; start += this.#parameters.batch) {
        const end = Math.min(tuples.length, start + this.#parameters.batch);
        await stepped({ done: end, ...(await this.#step(start, end, next)) });
      }
    } finally {
      // What is being decoded must not outlive what decodes it.
      await ready.catch(() => undefined);
    }
  }

  /** Goes through some tuples and moves the weights. */
  async #step(
    start: number,
    end: number,
    next: (i: number) => Promise<NetworkInput[] | undefined>,
  ): Promise<Omit<RoundStep, 'done'>> {
    const { task, rate } = this.#options;
    const { optimiser, scaling, weightDecay } = this.#parameters;
    const sum = { trained: 0, skipped: 0, loss: 0, active: 0, negatives: 0 };
    for (let i = start; i < end; i += 1) {
      task.check();
      await this.#tuple(i, await next(i), sum);
      task.progress(i + 1);
    }
    if (!Number.isFinite(sum.loss))
      throw new CovisError(
        'INPUT_INVALID',
        `The loss is no longer a number: ${optimiser} at a rate of ${rate} went astray`,
        {
          hint: 'Lower the learning rate.',
        },
      );
    if (sum.trained > 0) {
      // Adam does not feel the scale of gradients; rates of gradient descent are meant for a mean (methods.md 1.4).
      const by = { sum: 1, tuples: sum.trained, pairs: sum.trained + sum.negatives }[scaling];
      if (by !== 1) this.#executor.gradients.scale(1 / by);
      await computed(this.#executor, () => this.#descent.step({ learningRate: rate, weightDecay }));
    }
    return sum;
  }

  /** Inputs of a tuple that comes later; none behind the last. A failure is that of the tuple, when its turn comes. */
  #ahead(i: number): Promise<NetworkInput[] | undefined> {
    const tuple = this.#options.tuples[i];
    if (tuple === undefined) return Promise.resolve(undefined);
    const inputs = this.#inputs(tuple, i);
    inputs.catch(() => undefined);
    return inputs;
  }

  async #tuple(
    i: number,
    inputs: NetworkInput[] | undefined,
    sum: { trained: number; skipped: number; loss: number; active: number; negatives: number },
  ): Promise<void> {
    const tuple = this.#options.tuples[i]!;
    if (inputs === undefined) {
      sum.skipped += 1;
      return;
    }
    const { loss, margin } = this.#parameters;
    const step = await computed(this.#executor, () =>
      this.#executor.accumulate(inputs, { kind: loss, margin, weight: tuple.weight ?? 1 }),
    );
    sum.trained += 1;
    sum.loss += step.loss;
    sum.active += step.active;
    sum.negatives += tuple.negatives.length;
  }

  /** Undefined where the tuple cannot be trained on, which is said once for each reason. */
  async #inputs(tuple: RoundTuple, i: number): Promise<NetworkInput[] | undefined> {
    if (tuple.pair.query === tuple.pair.other) {
      this.#tell('A tuple has its query as positive and is left out', `same ${tuple.pair.query}`);
      return undefined;
    }
    try {
      return await tupleInputs(this.#maker, this.#spec, tuple, i, this.#augmentation, this.#changes?.[i]);
    } catch (error) {
      if (!(error instanceof CovisError) || !error.code.startsWith('INPUT_')) throw error;
      this.#tell(
        `${error.message}: ${error.file ?? 'a photo'}; tuples with it are left out`,
        error.file ?? error.message,
      );
      return undefined;
    }
  }

  #tell(text: string, key: string): void {
    const { told } = this.#options;
    if (told.has(key)) return;
    told.add(key);
    this.#options.task.warn(text);
  }
}

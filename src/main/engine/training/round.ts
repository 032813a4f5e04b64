import { setImmediate } from 'node:timers/promises';
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

/** Tuples that are computed together, from one on and without the last. */
interface Group {
  readonly start: number;
  readonly end: number;
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
    const { batch } = this.#parameters;
    // Photos of the tuples that come next are decoded while some are computed.
    let ready = this.#ahead(from, from);
    const next = async (group: Group): Promise<(NetworkInput[] | undefined)[]> => {
      const inputs = await ready;
      ready = this.#ahead(group.end, from);
      return inputs;
    };
    try {
      for (let start = from; start < tuples.length; start += batch) {
        const end = Math.min(tuples.length, start + batch);
        await stepped({ done: end, ...(await this.#step(start, end, from, next)) });
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
    from: number,
    next: (group: Group) => Promise<(NetworkInput[] | undefined)[]>,
  ): Promise<Omit<RoundStep, 'done'>> {
    const { task, rate } = this.#options;
    const { optimiser, scaling, weightDecay } = this.#parameters;
    const sum = { trained: 0, skipped: 0, loss: 0, active: 0, negatives: 0 };
    for (let at = start; at < end;) {
      // A signal is heard in a turn of its own, which some back ends never leave room for.
      await setImmediate();
      task.check();
      const group = this.#group(at, from);
      await this.#tuples(group, await next(group), sum);
      at = group.end;
      task.progress(at);
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

  /** Tuples from one on that are computed together: of one step, and as many as the back end wants. */
  #group(start: number, from: number): Group {
    const { batch } = this.#parameters;
    const ends = from + batch * (Math.floor((start - from) / batch) + 1);
    return { start, end: Math.min(this.#options.tuples.length, ends, start + this.#executor.tuplesAtOnce) };
  }

  /** Inputs of tuples that come later; none behind the last. A failure is that of the tuples, when their turn comes. */
  #ahead(at: number, from: number): Promise<(NetworkInput[] | undefined)[]> {
    const { start, end } = this.#group(at, from);
    const tuples = this.#options.tuples.slice(start, Math.max(start, end));
    const inputs = Promise.all(tuples.map((t, k) => this.#inputs(t, start + k)));
    inputs.catch(() => undefined);
    return inputs;
  }

  async #tuples(
    { start }: Group,
    inputs: readonly (NetworkInput[] | undefined)[],
    sum: { trained: number; skipped: number; loss: number; active: number; negatives: number },
  ): Promise<void> {
    const { loss: kind, margin } = this.#parameters;
    const ready = inputs.flatMap((own, k) => {
      const tuple = this.#options.tuples[start + k]!;
      return own === undefined ? [] : [{ tuple, inputs: own, options: { kind, margin, weight: tuple.weight ?? 1 } }];
    });
    sum.skipped += inputs.length - ready.length;
    if (ready.length === 0) return;
    const steps = await computed(this.#executor, () => this.#executor.accumulateAll(ready));
    sum.trained += ready.length;
    for (const { loss, active } of steps) {
      sum.loss += loss;
      sum.active += active;
    }
    sum.negatives += ready.reduce((n, { tuple }) => n + tuple.negatives.length, 0);
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

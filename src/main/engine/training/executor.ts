import type { Backend } from '../../../shared/domain.ts';
import type { NetworkInput } from '../inputs/inputs.ts';
import type { GraphRunner } from '../network/runtime.ts';
import type { Descent, OptimiserChoice } from './descent.ts';
import type { LossOptions } from './losses.ts';
import type { Parameter } from './training-graph.ts';

/** What one tuple gave. */
export interface TupleStep {
  readonly loss: number;
  /** Negatives inside the margin. */
  readonly active: number;
}

/** Tuples that devices compute together at most: photos of as many are decoded while they are computed. */
export const TUPLES_TOGETHER = 16;

/** A tuple as it goes into a step. */
export interface StepTuple {
  /** Query, positive, then the negatives. */
  readonly inputs: readonly NetworkInput[];
  readonly options: LossOptions;
}

/** Gradients summed over tuples, wherever they are. */
export interface Gradients {
  clear(): void;
  scale(by: number): void;
  /** One array a parameter, same order and size; zeros where nothing was added since they were cleared. */
  read(): Promise<readonly Float32Array[]>;
}

/**
 * Computes loss and gradients of tuples on some device. Weights and sums of gradients are where the device wants
 * them; `parameters` holds the weights as they were made, {@link Executor.gather gathered} or set last.
 */
export interface Executor {
  readonly backend: Exclude<Backend, 'auto'>;
  /** What really computes, in words. */
  readonly device: string;
  readonly parameters: readonly Parameter[];
  readonly gradients: Gradients;

  /** Descriptor of each input under the current weights. */
  describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]>;

  /**
   * Adds the gradients of one tuple's loss to `gradients`.
   * @param inputs query, positive, then the negatives.
   */
  accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep>;

  /** Tuples of a step that it wants together, {@link TUPLES_TOGETHER} or one after the other: whatever is faster there. */
  readonly tuplesAtOnce: number;

  /** The same for several tuples: on devices photos of one shape go through the network together, whosever they are. */
  accumulateAll(tuples: readonly StepTuple[]): Promise<TupleStep[]>;

  /** So many photos go through the network together at most, with the same gradients. Back ends that plan by themselves do not care. */
  limit(photos: number): void;

  /** What moves the weights. */
  optimiser(choice: OptimiserChoice): Promise<Descent>;

  /** Brings the weights as they are now into `parameters`. */
  gather(): Promise<void>;

  /** `parameters` was written to: the device takes its weights. */
  updated(): Promise<void>;

  /** What describes many photos under the weights as they are now. Release it before weights change again. */
  describer(): Promise<GraphRunner>;

  release(): Promise<void>;
}

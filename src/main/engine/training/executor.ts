import type { Backend } from '../../../shared/domain.ts';
import type { NetworkInput } from '../inputs/inputs.ts';
import type { GraphRunner } from '../network/runtime.ts';
import type { GradientSum } from './gradient-sum.ts';
import type { LossOptions } from './losses.ts';
import type { Parameter } from './training-graph.ts';

/** What one tuple gave. */
export interface TupleStep {
  readonly loss: number;
  /** Negatives inside the margin. */
  readonly active: number;
}

/**
 * Computes loss and gradients of tuples on some device, one tuple at a time. Weights and sums of gradients live in `parameters` and
 * `gradients`; optimisers change the former in place and say so with `updated`.
 */
export interface Executor {
  readonly backend: Exclude<Backend, 'auto'>;
  /** What really computes, in words. */
  readonly device: string;
  readonly parameters: readonly Parameter[];
  readonly gradients: GradientSum;

  /** Descriptor of each input under the current weights. */
  describe(inputs: readonly NetworkInput[]): Promise<Float32Array[]>;

  /**
   * Adds the gradients of one tuple's loss to `gradients`.
   * @param inputs query, positive, then the negatives.
   */
  accumulate(inputs: readonly NetworkInput[], options: LossOptions): Promise<TupleStep>;

  /** Weights have changed since the last call. */
  updated(): void;

  /** What describes many photos under the weights as they are now. Release it before weights change again. */
  describer(): Promise<GraphRunner>;

  release(): Promise<void>;
}

/** What training takes of memory, estimated from the graph before anything is computed. */
import type { ConcreteBackend } from '../../../../shared/facts/backends.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { IMAGE, trainableParameters } from '../../network/head.ts';
import type { Graph } from '../../network/onnx/graph.ts';
import { forWebGpu } from '../../network/onnx/webgpu.ts';
import { isOrtBackend, PROVIDERS } from '../../network/providers.ts';
import { WINDOW } from '../../retrieval/extract.ts';
import { dialectFor } from '../ort-executor.ts';
import { backwardGraph, forwardGraph, type Dialect } from '../training-graph.ts';
import { largestValue, mostAtOnce } from './lifetimes.ts';

/** A photo as it goes into the network. */
export interface PhotoShape {
  readonly height: number;
  readonly width: number;
}

/** Bytes at most. */
export interface MemoryNeed {
  /** Photos of a tuple that go through the graph at once. */
  readonly photosAtOnce: number;
  /** Weights, their gradients, and what the optimiser keeps. */
  readonly weights: number;
  /** What is kept of the photos until their gradient has come. */
  readonly activations: number;
  /** All, with the program itself where the processor computes. */
  readonly bytes: number;
}

const FLOAT_BYTES = 4;
const MIB = 2 ** 20;
/** The program with its runtime, before it has a network. */
const PROGRAM = 200 * MIB;
/**
 * What runtimes hold for so many bytes of values, which lie apart in it and are given back late: measured (docs/evidence.md), 1.1 to 1.7 on
 * the processor, 3.5 by the WebGPU provider.
 */
const SPREAD = { cpu: 1.4, device: 3.5 };

/** How large the memory of one back end is for a network, whatever the size of its photos. */
export class MemoryEstimate {
  readonly #network: Graph;
  readonly #dialect: Dialect;
  readonly #onDevice: boolean;
  readonly #optimiser: 'adam' | 'sgd';
  readonly #weights: number;

  private constructor(network: Graph, dialect: Dialect, onDevice: boolean, optimiser: 'adam' | 'sgd') {
    this.#network = network;
    this.#dialect = dialect;
    this.#onDevice = onDevice;
    this.#optimiser = optimiser;
    const numbers = trainableParameters(network).reduce((n, p) => n + network.initializers.get(p)!.data.length, 0);
    this.#weights = FLOAT_BYTES * numbers;
  }

  /**
   * @returns undefined for back ends of TensorFlow, which plan by themselves.
   * @throws CovisError `INPUT_UNSUPPORTED` for a network that cannot be differentiated.
   */
  static async of(
    network: Graph,
    backend: ConcreteBackend,
    optimiser: 'adam' | 'sgd',
  ): Promise<MemoryEstimate | undefined> {
    if (!isOrtBackend(backend)) return undefined;
    const dialect = await dialectFor({ provider: PROVIDERS[backend] });
    return new MemoryEstimate(network, dialect, backend !== 'cpu', optimiser);
  }

  /** Of tuples of `photos`, `atOnce` of which go through the graph together. */
  need(photos: number, atOnce: number, shape: PhotoShape): MemoryNeed {
    const of = (images: number): Graph => this.#of(images, shape);
    const back = (images: number): Graph => backwardGraph(of(images), this.#dialect).graph;
    // On the processor every graph keeps what it took; of tuples of several shapes, and of cut ones, photos go one by one.
    const values = this.#onDevice
      ? mostAtOnce(forWebGpu(back(atOnce)))
      : (atOnce > 1 ? mostAtOnce(back(atOnce)) : 0) +
        mostAtOnce(back(1)) +
        mostAtOnce(forwardGraph(of(1), this.#dialect));
    // Photos are described before and after, several at once.
    const describing = this.#onDevice ? 0 : mostAtOnce(of(WINDOW));
    const image = FLOAT_BYTES * this.#channels * shape.height * shape.width;
    const moments = this.#optimiser === 'adam' ? 2 : 1;
    // On the device: weights, the sum before and after, zeros. In this process: the network as it was, weights, the sum, a tuple's.
    const weights = this.#weights * (4 + moments);
    const activations = Math.ceil(SPREAD[this.#onDevice ? 'device' : 'cpu'] * values) + image * atOnce;
    // Besides, in this process, a tuple, the next one, and both as one batch.
    const bytes = weights + activations + (this.#onDevice ? 0 : PROGRAM + describing + 3 * photos * image);
    return { photosAtOnce: atOnce, weights, activations, bytes };
  }

  /** Photos that may go together where a kernel sees so many bytes of one value at most; 1 where even one is too large. */
  within(binding: number, photos: number, shape: PhotoShape): number {
    const one = largestValue(forWebGpu(backwardGraph(this.#of(1, shape), this.#dialect).graph));
    return Math.min(photos, Math.max(1, Math.floor(binding / one)));
  }

  get #channels(): number {
    return fixed(this.#network.inputs.find((i) => i.name === IMAGE)?.dims[1], 3);
  }

  #of(images: number, { height, width }: PhotoShape): Graph {
    const dims = [images, this.#channels, height, width];
    const inputs = this.#network.inputs.map((i) => (i.name === IMAGE ? { ...i, dims } : i));
    return { ...this.#network, inputs };
  }

  /**
   * As many photos at once as `budget` bytes hold; on the processor all or one, which costs no more there.
   * @param atOnce at most. @param ofWhat what has that budget, in words. @param spared share of it that is not taken.
   * @throws CovisError `INPUT_INVALID` with the largest size that fits, where one photo is too large.
   */
  fitting(
    photos: number,
    atOnce: number,
    shape: PhotoShape,
    { budget: all, ofWhat, spared = 0 }: { readonly budget: number; readonly ofWhat: string; readonly spared?: number },
  ): MemoryNeed {
    const budget = all * (1 - spared);
    const need = (n: number, s = shape): MemoryNeed => this.need(photos, n, s);
    const together = need(atOnce);
    if (together.bytes <= budget) return together;
    const fits = largest(1, this.#onDevice ? atOnce - 1 : 1, (n) => need(n).bytes <= budget);
    if (fits !== undefined) return need(fits);
    const side = Math.max(shape.height, shape.width);
    const scaled = (s: number): PhotoShape => ({
      height: Math.max(1, Math.round((shape.height * s) / side)),
      width: Math.max(1, Math.round((shape.width * s) / side)),
    });
    const size = largest(LEAST_SIDE, side - 1, (s) => need(1, scaled(s)).bytes <= budget);
    throw new CovisError(
      'INPUT_INVALID',
      `To train with photos of ${side} pixels takes about ${inGib(need(1).bytes)} even one by one, and ${ofWhat} has ${inGib(all)}${spared === 0 ? '' : `, of which ${100 * spared} % is left to all else`}`,
      {
        hint:
          size === undefined
            ? 'Choose a smaller network, or say with --memory that more may be taken.'
            : `The largest size that fits is ${size}: --size ${size}. If more may be taken, say so with --memory.`,
      },
    );
  }
}

const LEAST_SIDE = 64;

/** The largest whole number for which it holds, of those from `low` to `high`; undefined where it does not hold for `low`. */
function largest(low: number, high: number, holds: (n: number) => boolean): number | undefined {
  if (high < low || !holds(low)) return undefined;
  let [yes, no] = [low, high + 1];
  while (no - yes > 1) {
    const middle = (yes + no) >> 1;
    if (holds(middle)) yes = middle;
    else no = middle;
  }
  return yes;
}

function fixed(d: number | string | undefined, otherwise: number): number {
  return typeof d === 'number' ? d : otherwise;
}

/** Bytes in words. */
export function inGib(bytes: number): string {
  return bytes < 1000 * MIB ? `${Math.ceil(bytes / MIB)} MiB` : `${(bytes / 1024 / MIB).toFixed(1)} GiB`;
}

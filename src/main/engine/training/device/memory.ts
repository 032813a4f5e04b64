import { Runner, type DeviceTensor, type HostTensor, type RuntimeOptions } from '../../network/runtime.ts';
import type { Parameter } from '../training-graph.ts';
import { carrierGraph, type Pack } from './packs.ts';

/** Brings vectors to the device and back. Sessions stay open, for tensors live in what they share. */
export class DeviceMemory {
  readonly #up: Runner;
  readonly #down: Runner;

  private constructor(up: Runner, down: Runner) {
    this.#up = up;
    this.#down = down;
  }

  static async open(options: RuntimeOptions): Promise<DeviceMemory> {
    const up = await Runner.create(carrierGraph(), { ...options, kept: ['y'] });
    return new DeviceMemory(up, await Runner.create(carrierGraph(), { ...options, kept: [] }));
  }

  async put(data: Float32Array): Promise<DeviceTensor> {
    return (await this.#up.runOnDevice({ x: { dims: [data.length], data } }))['y'] as DeviceTensor;
  }

  async get(tensor: DeviceTensor): Promise<Float32Array> {
    return ((await this.#down.runOnDevice({ x: tensor }))['y'] as HostTensor).data;
  }

  /** One vector a pack. @param arrays one a parameter. */
  putAll(arrays: readonly Float32Array[], packs: readonly Pack[]): Promise<DeviceTensor[]> {
    return inTurn(packs, ({ length, members }) => {
      const vector = new Float32Array(length);
      let at = 0;
      for (const i of members) {
        vector.set(arrays[i]!, at);
        at += arrays[i]!.length;
      }
      return this.put(vector);
    });
  }

  /** One array a parameter. */
  async getAll(
    tensors: readonly DeviceTensor[],
    packs: readonly Pack[],
    parameters: readonly Parameter[],
  ): Promise<Float32Array[]> {
    const arrays: Float32Array[] = [];
    for (const [k, { members }] of packs.entries()) {
      const vector = await this.get(tensors[k]!);
      let at = 0;
      for (const i of members) {
        const { length } = parameters[i]!.data;
        arrays[i] = vector.subarray(at, at + length);
        at += length;
      }
    }
    return arrays;
  }

  async release(): Promise<void> {
    await this.#up.release();
    await this.#down.release();
  }
}

async function inTurn<T, R>(all: readonly T[], each: (one: T) => Promise<R>): Promise<R[]> {
  const out: R[] = [];
  for (const one of all) out.push(await each(one));
  return out;
}

export function disposeAll(tensors: readonly DeviceTensor[] | undefined): void {
  for (const t of tensors ?? []) t.dispose();
}

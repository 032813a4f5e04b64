import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as tfcore from '@tensorflow/tfjs';
import { nvidiaCard } from '../../environment/cards.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { webGpuAdapter } from '../gpu.ts';
import { tensorFlowPlaces, type TensorFlowPlace } from './tf-place.ts';

export type Tf = typeof tfcore;
export type TfBackend = 'tensorflow' | 'tfjs-webgpu' | 'tfjs-cpu';

export interface TfRuntime {
  readonly tf: Tf;
  /** What really computes, in words. */
  readonly device: string;
  readonly onGpu: boolean;
}

/**
 * Loads TensorFlow.js with one back end.
 * @param place where TensorFlow is looked for in place of what the person added.
 * @throws CovisError `INPUT_UNSUPPORTED` when the back end is not installed or finds no device.
 */
export async function loadTensorFlow(backend: TfBackend, place?: string): Promise<TfRuntime> {
  switch (backend) {
    case 'tensorflow':
      return native(place);
    case 'tfjs-webgpu':
      return webGpu();
    case 'tfjs-cpu': {
      const tf = await import('@tensorflow/tfjs');
      tf.enableProdMode();
      await use(tf, 'cpu');
      return { tf, device: 'TensorFlow.js, plain JavaScript', onGpu: false };
    }
  }
}

async function use(tf: Tf, name: string): Promise<void> {
  const ready = await tf.setBackend(name);
  await tf.ready();
  // A back end that fails to start leaves another one in charge without a word.
  if (!ready || tf.getBackend() !== name)
    throw new CovisError('INPUT_UNSUPPORTED', `TensorFlow.js did not start its ${name} back end`);
}

async function webGpu(): Promise<TfRuntime> {
  const adapter = await webGpuAdapter();
  if (adapter === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'WebGPU found no GPU on this machine', {
      hint: 'It needs the optional package webgpu and a driver for Vulkan, Direct3D 12 or Metal. On Linux set XDG_RUNTIME_DIR.',
    });
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  // Dawn's object must outlive every device that it made.
  gpu ??= create([]);
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true });
  const tf = await import('@tensorflow/tfjs');
  await import('@tensorflow/tfjs-backend-webgpu');
  tf.enableProdMode();
  await use(tf, 'webgpu');
  return { tf, device: `TensorFlow.js, WebGPU: ${adapter.description}`, onGpu: true };
}

let gpu: unknown;

function native(place: string | undefined): Promise<TfRuntime> {
  return firstOf(tensorFlowPlaces(place));
}

function reasonOf(name: string, error: unknown): string {
  return `${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
}

async function firstOf(places: readonly TensorFlowPlace[]): Promise<TfRuntime> {
  const reasons: string[] = [];
  // Not to take the whole memory of a GPU at once, which TensorFlow does otherwise; no notes on standard error.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Its native binding asks for functions that Node 24 has dropped or tells off. A module's own object can be written to.
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (v: unknown) => v === null || v === undefined;
  util['isArray'] = Array.isArray;
  for (const { name, file } of places) {
    try {
      const tf = (await import(pathToFileURL(file()).href)) as { default?: Tf } & Tf;
      const own = tf.default ?? tf;
      own.enableProdMode();
      await use(own, 'tensorflow');
      const backend = own.backend() as unknown as { isUsingGpuDevice?: boolean; binding?: { TF_Version?: string } };
      const onGpu = backend.isUsingGpuDevice === true;
      const card = onGpu ? nvidiaCard()?.name : undefined;
      const onCpu = name.endsWith('gpu') ? 'CPU: the GPU build found no GPU that it can use' : 'CPU';
      const where = onGpu ? `${card ?? ''} GPU`.trim() : onCpu;
      return { tf: own, device: `TensorFlow ${backend.binding?.TF_Version ?? own.version_core}, ${where}`, onGpu };
    } catch (error) {
      reasons.push(reasonOf(name, error));
    }
  }
  throw new CovisError(
    'INPUT_UNSUPPORTED',
    `TensorFlow is not there: ${reasons.join('; ') || 'no package of it was added'}`,
    {
      hint: 'covis backends add tensorflow installs it; --gpu for NVIDIA cards with CUDA 11.',
    },
  );
}

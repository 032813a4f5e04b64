import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type * as tfcore from '@tensorflow/tfjs';
import { CovisError } from '../../../../shared/errors.ts';
import { webGpuAdapter } from '../../network/gpu.ts';

export type Tf = typeof tfcore;
export type TfBackend = 'tensorflow' | 'tfjs-webgpu' | 'tfjs-cpu';

export interface TfRuntime {
  readonly tf: Tf;
  /** What really computes, in words. */
  readonly device: string;
}

/** TensorFlow's own packages, the GPU build first; neither is installed with Covis. */
const NATIVE = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/**
 * Loads TensorFlow.js with one back end.
 * @throws CovisError `INPUT_UNSUPPORTED` when the back end is not installed or finds no device.
 */
export async function loadTensorFlow(backend: TfBackend): Promise<TfRuntime> {
  switch (backend) {
    case 'tensorflow':
      return native();
    case 'tfjs-webgpu':
      return webGpu();
    case 'tfjs-cpu': {
      const tf = await import('@tensorflow/tfjs');
      tf.enableProdMode();
      await use(tf, 'cpu');
      return { tf, device: 'TensorFlow.js, plain JavaScript' };
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
  return { tf, device: `TensorFlow.js, WebGPU: ${adapter.description}` };
}

let gpu: unknown;

async function native(): Promise<TfRuntime> {
  // Not to take the whole memory of a GPU at once, which TensorFlow does otherwise.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  // Its native binding asks for functions that Node 24 has dropped. A module's own object can be written to, its namespace cannot.
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (v: unknown) => v === null || v === undefined;
  util['isArray'] ??= Array.isArray;
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const name of NATIVE) {
    try {
      const tf = (await import(pathToFileURL(require.resolve(name)).href)) as { default?: Tf } & Tf;
      const own = tf.default ?? tf;
      await use(own, 'tensorflow');
      const onGpu = (own.backend() as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
      const wanted = name.endsWith('gpu');
      const where = onGpu ? 'GPU' : wanted ? 'CPU: the GPU build found no GPU that it can use' : 'CPU';
      return { tf: own, device: `TensorFlow ${own.version_core}, ${where}` };
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`);
    }
  }
  throw new CovisError('INPUT_UNSUPPORTED', `TensorFlow is not there: ${reasons.join('; ')}`, {
    hint: 'npm install @tensorflow/tfjs-node-gpu@4.22.0 (CUDA 11), or @tensorflow/tfjs-node@4.22.0 for the CPU.',
  });
}

/** The back ends that ONNX Runtime is: what they are called, what they run on, how they are got. */
import { cpus } from 'node:os';
import type { Backend, ConcreteBackend } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { ownVersion } from '../environment/added.ts';
import { tensorFlowFiles } from './tf/tf-place.ts';
import { nvidiaCard } from '../environment/cards.ts';
import { threads } from '../environment/threads.ts';
import { VERSION } from '../environment/version.ts';
import { webGpuAdapter, type GpuAdapter } from './gpu.ts';
import { ort } from './ort.ts';

/** ONNX Runtime's names of its providers. */
export const PROVIDERS = { cpu: 'cpu', webgpu: 'webgpu', cuda: 'cuda', directml: 'dml', coreml: 'coreml' } as const;
export type OrtBackend = keyof typeof PROVIDERS;

export function isOrtBackend(backend: ConcreteBackend): backend is OrtBackend {
  return backend in PROVIDERS;
}

const NEEDS_GPU =
  'It needs a graphics card with a driver for Vulkan, Direct3D 12 or Metal, and the optional package webgpu. On Linux set XDG_RUNTIME_DIR.';

/** How what is missing is got; Covis works without it. */
export const HINTS: Readonly<Record<ConcreteBackend, string>> = {
  cpu: 'It comes with Covis: install Covis again.',
  webgpu: NEEDS_GPU,
  cuda: 'It needs Linux on x64, an NVIDIA card with its driver, CUDA 12 and cuDNN 9; then covis backends add cuda fetches the rest.',
  directml: 'It needs Windows with a Direct3D 12 GPU.',
  coreml: 'It needs macOS.',
  tensorflow: 'covis backends add tensorflow installs it; --gpu for NVIDIA cards with CUDA 11.',
  'tfjs-webgpu': NEEDS_GPU,
  'tfjs-cpu': 'It comes with Covis: install Covis again.',
};

/**
 * What `auto` tries, best first. A GPU through WebGPU counts only if it is one: a software rasteriser answers too and is far slower than
 * the CPU provider.
 */
export async function candidates(): Promise<ConcreteBackend[]> {
  const bundled = new Set(
    ort
      .listSupportedBackends()
      .filter((b) => b.bundled)
      .map((b) => b.name),
  );
  const list: ConcreteBackend[] = [];
  if (bundled.has('cuda') && nvidiaCard() !== undefined) list.push('cuda');
  if (bundled.has('dml')) list.push('directml');
  const adapter = bundled.has('webgpu') ? await webGpuAdapter() : undefined;
  if (adapter !== undefined && !adapter.software) list.push('webgpu');
  list.push('cpu');
  // Where a person added it. Behind the processor: until it is measured nothing says that it is faster.
  if (tensorFlowFiles() !== undefined) list.push('tensorflow');
  return list;
}

/** @throws CovisError `INPUT_UNSUPPORTED` for a provider that ONNX Runtime does not have on this platform. */
export function refuseUnknown(backend: OrtBackend): void {
  const known = ort.listSupportedBackends().map((b) => b.name);
  if (!known.includes(PROVIDERS[backend]))
    throw new CovisError('INPUT_UNSUPPORTED', `ONNX Runtime has no ${backend} on this platform: ${known.join(', ')}`, {
      hint: 'Choose --backend auto or cpu.',
    });
}

/** Whether half precision goes with a back end, and with the card that there is. @throws CovisError `INPUT_UNSUPPORTED` that says why not. */
export function refuseHalf(backend: Backend, adapter: Pick<GpuAdapter, 'description' | 'half'> | undefined): void {
  if (backend !== 'auto' && backend !== 'webgpu')
    throw new CovisError('INPUT_UNSUPPORTED', `${backend} computes in single precision alone`, {
      hint: 'Choose --precision single, or --backend webgpu.',
    });
  if (adapter === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', 'Half precision is computed by WebGPU, which finds no card here', {
      hint: `Choose --precision single. ${NEEDS_GPU}`,
    });
  if (!adapter.half)
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `${adapter.description} has no shader-f16, by which WebGPU computes in half precision`,
      { hint: 'Choose --precision single, or update the driver of the card.' },
    );
}

/** What was thrown as a provider was started, as a sentence that says how it is got. */
export function notStarted(backend: OrtBackend, cause: unknown): CovisError {
  if (cause instanceof CovisError && !cause.message.startsWith('ONNX Runtime')) return cause;
  return new CovisError(
    'INPUT_UNSUPPORTED',
    `The ${backend} provider of ONNX Runtime does not start: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`,
    { cause, hint: HINTS[backend] },
  );
}

/**
 * What the speed of a back end depends on: device, driver, runtime, and of the processor its threads. @param backend one of {@link candidates}.
 */
export async function identityOf(backend: ConcreteBackend): Promise<string> {
  const processor = `${cpus()[0]?.model.trim() ?? ''} x ${threads()}`;
  if (!isOrtBackend(backend))
    return [backend, tensorFlowFiles() ?? '', nvidiaCard()?.driver ?? '', processor, VERSION]
      .filter((w) => w !== '')
      .join(' ');
  const runtime = ownVersion('onnxruntime-node') ?? '';
  const driver =
    backend === 'webgpu' ? (await webGpuAdapter())?.driver : backend === 'cuda' ? nvidiaCard()?.driver : '';
  const host = backend === 'cpu' ? processor : '';
  return [await deviceOf(backend), driver ?? '', host, runtime, VERSION].filter((w) => w !== '').join(' ');
}

/** What a back end runs on, in words. */
export async function deviceOf(backend: OrtBackend): Promise<string> {
  switch (backend) {
    case 'cpu':
      return 'ONNX Runtime, CPU';
    case 'webgpu': {
      const adapter = await webGpuAdapter();
      return `ONNX Runtime, WebGPU${adapter === undefined ? '' : `: ${adapter.description}`}`;
    }
    case 'cuda': {
      const card = nvidiaCard();
      return `ONNX Runtime, CUDA${card === undefined ? '' : `: ${card.name}`}`;
    }
    default:
      return `ONNX Runtime, ${{ directml: 'DirectML', coreml: 'CoreML' }[backend]}`;
  }
}

import { ort } from '../network/ort.ts';
import type { Backend } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { webGpuAdapter } from '../network/gpu.ts';
import type { Graph } from '../network/onnx/graph.ts';
import type { Executor } from './executor.ts';
import { inWords, keyOf, measure, remember, remembered } from './auto.ts';
import { DeviceExecutor } from './device/device-executor.ts';
import { OrtExecutor } from './ort-executor.ts';

type Concrete = Exclude<Backend, 'auto'>;

/** ONNX Runtime's names of its providers. */
const PROVIDERS = { cpu: 'cpu', webgpu: 'webgpu', cuda: 'cuda', directml: 'dml', coreml: 'coreml' } as const;
type OrtBackend = keyof typeof PROVIDERS;

/**
 * What `auto` tries, best first. A GPU through WebGPU counts only if it is one: a software rasteriser answers too and is far slower than
 * the CPU provider.
 */
async function candidates(): Promise<Concrete[]> {
  const bundled = new Set(
    ort
      .listSupportedBackends()
      .filter((b) => b.bundled)
      .map((b) => b.name),
  );
  const list: Concrete[] = [];
  if (bundled.has('cuda')) list.push('cuda');
  if (bundled.has('dml')) list.push('directml');
  const adapter = await webGpuAdapter();
  if (bundled.has('webgpu') && adapter !== undefined && !adapter.software) list.push('webgpu');
  list.push('cpu');
  return list;
}

/**
 * Opens what computes loss and gradients.
 * @param size of the photos, which `auto` measures with; without it the first that starts is taken.
 * @param notice told once when `auto` had to pass over something that this machine seemed to have.
 * @throws CovisError `INPUT_UNSUPPORTED` when the back end asked for does not exist here or refuses the network.
 */
export async function openExecutor(
  network: Graph,
  backend: Backend,
  notice: (text: string) => void = () => undefined,
  size?: number,
): Promise<Executor> {
  if (backend !== 'auto') return open(network, backend);
  const list = await candidates();
  if (list.length === 1) return open(network, 'cpu');
  if (size === undefined) return firstOf(network, list, notice);
  const devices = await Promise.all(list.map((b) => deviceOf(b as OrtBackend)));
  const key = keyOf(network, size, devices);
  let found = remembered(key);
  if (found === undefined) {
    found = await measure(
      network,
      size,
      list.map((b) => ({ backend: b, open: () => open(network, b) })),
      notice,
    );
    remember(key, found);
  }
  return open(network, found.backend, inWords(found));
}

async function firstOf(network: Graph, list: readonly Concrete[], notice: (text: string) => void): Promise<Executor> {
  for (const candidate of list) {
    if (candidate === 'cpu') break;
    try {
      return await open(network, candidate);
    } catch (error) {
      notice(`${candidate} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return open(network, 'cpu');
}

/** @param words said behind the device. */
async function open(network: Graph, backend: Concrete, words?: string): Promise<Executor> {
  switch (backend) {
    case 'tensorflow':
    case 'tfjs-webgpu':
    case 'tfjs-cpu': {
      const { TfExecutor } = await import('./tf/tf-executor.ts');
      return TfExecutor.create(network, backend);
    }
    default:
      return openOrt(network, backend, words);
  }
}

async function openOrt(network: Graph, backend: OrtBackend, words?: string): Promise<Executor> {
  const provider = PROVIDERS[backend];
  const known = ort.listSupportedBackends().map((b) => b.name);
  if (!known.includes(provider))
    throw new CovisError('INPUT_UNSUPPORTED', `ONNX Runtime has no ${backend} on this platform: ${known.join(', ')}`, {
      hint: 'Choose --backend auto or cpu.',
    });
  const device = `${await deviceOf(backend)}${words === undefined ? '' : `, ${words}`}`;
  if (backend === 'cpu') return OrtExecutor.create(network, { backend, device });
  try {
    const where = { backend, provider, device };
    return await (backend === 'webgpu' ? DeviceExecutor.create(network, where) : OrtExecutor.create(network, where));
  } catch (cause) {
    if (cause instanceof CovisError && !cause.message.startsWith('ONNX Runtime')) throw cause;
    const advice = {
      cuda: 'It needs an NVIDIA GPU, CUDA 12 with cuDNN 9, and the CUDA files of onnxruntime-node: npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12.',
      webgpu: 'It needs a GPU with a Vulkan, Direct3D 12 or Metal driver. On Linux set XDG_RUNTIME_DIR.',
      directml: 'It needs Windows with a Direct3D 12 GPU.',
      coreml: 'It needs macOS.',
    };
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      `The ${backend} provider of ONNX Runtime does not start: ${cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)}`,
      { cause, hint: advice[backend] },
    );
  }
}

async function deviceOf(backend: OrtBackend): Promise<string> {
  switch (backend) {
    case 'cpu':
      return 'ONNX Runtime, CPU';
    case 'webgpu': {
      const adapter = await webGpuAdapter();
      return `ONNX Runtime, WebGPU${adapter === undefined ? '' : `: ${adapter.description}`}`;
    }
    default:
      return `ONNX Runtime, ${{ cuda: 'CUDA', directml: 'DirectML', coreml: 'CoreML' }[backend]}`;
  }
}

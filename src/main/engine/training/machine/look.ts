/** Every back end of this machine: what answers, on what, and why not. */
import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import {
  BACKEND_NAMES,
  BACKENDS,
  type BackendReport,
  type ConcreteBackend,
} from '../../../../shared/facts/backends.ts';
import { ownVersion, packageAt } from '../../environment/added.ts';
import { nvidiaCard } from '../../environment/cards.ts';
import { hostMemory, memoryOf } from '../../network/device-memory.ts';
import { webGpuAdapter } from '../../network/gpu.ts';
import { encodeOnnx } from '../../network/onnx/file.ts';
import { HINTS, isOrtBackend, PROVIDERS } from '../../network/providers.ts';
import { floatTensor, GraphBuilder, type Graph } from '../../network/onnx/graph.ts';

/** So long a back end may take. */
const PROBE_MS = 60_000;

const CONCRETE = BACKENDS.filter((b): b is ConcreteBackend => b !== 'auto');

/** Looks at all of them. Each is really run on a small graph; one that is missing is said to be, never assumed. */
export async function lookAtBackEnds(): Promise<BackendReport[]> {
  const all: BackendReport[] = [];
  for (const b of CONCRETE) all.push(await lookAtBackEnd(b));
  return all;
}

/** @param place where what was added is looked for, in place of the person's own. */
export async function lookAtBackEnd(backend: ConcreteBackend, place?: string): Promise<BackendReport> {
  const { said, reason } = await compute(backend, place);
  const addable = backend === 'cuda' || backend === 'tensorflow' ? packageAt(backend, place) : undefined;
  const there = reason === undefined;
  const about = there ? await aboutDevice(backend, said) : { device: null, memoryBytes: null, driver: null };
  return {
    backend,
    name: BACKEND_NAMES[backend],
    ...about,
    precision: there ? await precisionOf(backend) : null,
    detail: reason ?? 'a small graph ran and its result is right',
    hint: there ? null : HINTS[backend],
    added: addable === undefined ? null : `${addable.name} ${addable.version}`,
  };
}

/** y = x * 2 + 1 in a process of its own: a GPU driver that crashes must not take this one along. */
async function compute(
  backend: ConcreteBackend,
  place: string | undefined,
): Promise<{ readonly said: string; readonly reason?: string }> {
  const provider = isOrtBackend(backend) ? PROVIDERS[backend] : undefined;
  const probe = new URL(provider === undefined ? './probe-tensorflow.ts' : './probe.ts', import.meta.url);
  const child = spawn(
    process.execPath,
    [
      '--no-deprecation',
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(probe),
      provider ?? backend,
      ...(place === undefined ? [] : [place]),
    ],
    { stdio: ['pipe', 'pipe', 'pipe'], timeout: PROBE_MS, windowsHide: true },
  );
  let out = '';
  let wrong = '';
  child.stdout.on('data', (d: Buffer) => (out += d.toString('utf8')));
  child.stderr.on('data', (d: Buffer) => (wrong += d.toString('utf8')));
  // One that ended before it read has said why.
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.from(encodeOnnx(probeGraph())));
  const end = await new Promise<number | string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ?? code ?? 0));
  });
  if (end === 0) return { said: out.trim() };
  // ONNX Runtime colours what it says.
  const reason = stripVTControlCharacters(wrong || out || `ended with ${end}`);
  return { said: '', reason: reason.trim().replaceAll(/\n\s*\n/g, '\n') };
}

interface About {
  readonly device: string;
  readonly memoryBytes: number | null;
  readonly driver: string | null;
}

async function aboutDevice(backend: ConcreteBackend, said: string): Promise<About> {
  const processor: About = {
    device: `CPU: ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    memoryBytes: hostMemory(),
    driver: null,
  };
  const runtime = `ONNX Runtime ${ownVersion('onnxruntime-node') ?? ''}`.trim();
  switch (backend) {
    case 'cpu':
      return { ...processor, driver: runtime };
    case 'tfjs-cpu':
      return { ...processor, driver: said };
    case 'webgpu':
    case 'tfjs-webgpu': {
      const adapter = await webGpuAdapter();
      if (adapter === undefined) return { device: 'GPU', memoryBytes: null, driver: null };
      const memoryBytes = (await memoryOf(backend)) ?? null;
      return { device: adapter.description, memoryBytes, driver: adapter.driver };
    }
    case 'cuda':
    case 'tensorflow': {
      const card = backend === 'cuda' || said.endsWith('GPU') ? nvidiaCard() : undefined;
      if (card === undefined) return { ...processor, driver: backend === 'cuda' ? runtime : said };
      return {
        device: card.name,
        memoryBytes: card.memoryBytes,
        driver: `${card.driver}, ${backend === 'cuda' ? runtime : said}`,
      };
    }
    default:
      return { device: runtime, memoryBytes: null, driver: null };
  }
}

async function precisionOf(backend: ConcreteBackend): Promise<string> {
  if (backend === 'webgpu') {
    const half = (await webGpuAdapter())?.half === true;
    return half ? 'float32, or float16 with --precision half' : 'float32 (no shader-f16, which half precision needs)';
  }
  if (backend === 'cuda' || backend === 'tensorflow') {
    const tf32 = process.env['NVIDIA_TF32_OVERRIDE'];
    return tf32 === undefined || tf32 === '0' ? 'float32, TF32 off' : 'TF32, as NVIDIA_TF32_OVERRIDE says';
  }
  return 'float32';
}

function probeGraph(): Graph {
  const graph: Graph = {
    name: 'probe',
    inputs: [{ name: 'x', type: 'float', dims: [4] }],
    outputs: [{ name: 'y', type: 'float', dims: [4] }],
    nodes: [],
    initializers: new Map([['two', floatTensor([], [2])]]),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'probe');
  b.op('Add', [b.op('Mul', ['x', 'two']), b.scalar(1)], {}, 'y');
  return graph;
}

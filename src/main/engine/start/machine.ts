/** What this machine has: Node, compute back ends, COLMAP, Electron, disk; and how to get what is missing. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Backend, MachineReport } from '../../../shared/facts/machine.ts';
import { colmapVersion } from '../clustering/colmap.ts';
import { packagedStudio } from '../environment/packaged.ts';
import { resourcePath } from '../environment/resources.ts';
import { VERSION } from '../environment/version.ts';
import { webGpuAdapter } from '../network/gpu.ts';
import { floatTensor, GraphBuilder, type Graph } from '../network/onnx/graph.ts';
import { encodeOnnx } from '../network/onnx/file.ts';

/** Providers of ONNX Runtime that may answer on some platform. */
const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
/** Back ends of TensorFlow.js. */
const TENSORFLOW = ['tensorflow', 'tfjs-webgpu'] as const;

/** Looks at the machine. Every back end is really run on a small graph; one that is missing is said to be, never assumed. */
export async function lookAtMachine(at = process.cwd()): Promise<MachineReport> {
  const backends: Backend[] = [];
  for (const p of PROVIDERS) backends.push(await tryBackEnd(`onnxruntime ${p}`, './probe.ts', p));
  for (const p of TENSORFLOW) backends.push(await tryBackEnd(p, './probe-tensorflow.ts', p));
  const disk = statfsSync(at);
  return {
    covis: VERSION,
    node: { version: process.version, path: process.execPath },
    machine: { cores: availableParallelism(), processor: cpus()[0]?.model ?? 'unknown', memoryBytes: totalmem() },
    backends,
    colmap: colmap(),
    electron: electron(),
    disk: { path: at, freeBytes: disk.bavail * disk.bsize },
  };
}

/** So long a back end may take. */
const PROBE_MS = 60_000;

/** y = x * 2 + 1 with a back end, in a process of its own: a GPU driver that crashes must not take this one along. */
async function tryBackEnd(
  name: string,
  script: './probe.ts' | './probe-tensorflow.ts',
  argument: string,
): Promise<Backend> {
  const probe = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(
    process.execPath,
    ['--no-deprecation', '--disable-warning=ExperimentalWarning', probe, argument],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: PROBE_MS,
    },
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
  if (end === 0) {
    const card = argument === 'webgpu' ? (await webGpuAdapter())?.description : undefined;
    return { name, device: card ?? out.trim(), detail: 'a small graph ran and its result is right' };
  }
  const reason = (wrong || out || `ended with ${end}`).trim();
  return { name, device: null, detail: reason };
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

function colmap(): MachineReport['colmap'] {
  const version = colmapVersion();
  return {
    version,
    hint:
      version === null
        ? 'Not needed for models that exist already, nor for clusters of verified matches. To have covis cluster build 3D models: apt-get install colmap (Debian, Ubuntu), brew install colmap (macOS), or the binaries of its releases (Windows)'
        : null,
  };
}

const NO_WINDOW =
  'The window comes with the packages for each system. Without it, covis serve shows the same studio in a browser.';

function electron(): MachineReport['electron'] {
  const packaged = packagedStudio();
  if (packaged !== undefined) {
    const said = join(dirname(packaged), 'version');
    return { version: existsSync(said) ? readFileSync(said, 'utf8').trim() : null, binary: true, hint: null };
  }
  const root = join(resourcePath(), '..', 'node_modules', 'electron');
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const manifest = join(root, 'package.json');
  if (!existsSync(manifest)) return { version: null, binary: false, hint: NO_WINDOW };
  const version = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  const binary = override !== undefined ? existsSync(override) : existsSync(join(root, 'path.txt'));
  return {
    version,
    binary,
    hint: binary
      ? null
      : 'The desktop studio fetches its binary once: npx install-electron. Without it, covis serve shows the same studio in a browser.',
  };
}

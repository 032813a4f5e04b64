import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { floatTensor, GraphBuilder, type Graph } from '../../engine/network/onnx/graph.ts';
import { encodeOnnx } from '../../engine/network/onnx/file.ts';
import { colmapVersion } from '../../engine/clustering/colmap.ts';
import { resourcePath } from '../../engine/environment/resources.ts';
import { VERSION } from '../../engine/environment/version.ts';
import { command } from '../program/command.ts';
import { print } from '../program/output.ts';

export interface Backend {
  readonly name: string;
  /** What answered when a small graph was run, or null. */
  readonly device: string | null;
  readonly detail: string;
}

export interface DoctorReport {
  readonly covis: string;
  readonly node: { readonly version: string; readonly path: string };
  readonly machine: { readonly cores: number; readonly processor: string; readonly memoryBytes: number };
  readonly backends: readonly Backend[];
  readonly colmap: { readonly version: string | null; readonly hint: string | null };
  readonly electron: { readonly version: string | null; readonly binary: boolean; readonly hint: string | null };
  readonly disk: { readonly path: string; readonly freeBytes: number };
}

/** Providers of ONNX Runtime that may answer on some platform. */
const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;

/** Looks at the machine. Every back end is really run on a small graph; one that is missing is said to be, never assumed. */
export async function doctor(): Promise<DoctorReport> {
  const backends: Backend[] = [];
  for (const p of PROVIDERS) backends.push(await tryProvider(p));
  const disk = statfsSync(process.cwd());
  return {
    covis: VERSION,
    node: { version: process.version, path: process.execPath },
    machine: { cores: availableParallelism(), processor: cpus()[0]?.model ?? 'unknown', memoryBytes: totalmem() },
    backends,
    colmap: colmap(),
    electron: electron(),
    disk: { path: process.cwd(), freeBytes: disk.bavail * disk.bsize },
  };
}

/** y = x * 2 + 1 with a provider, in a process of its own: a GPU driver that crashes must not take the doctor along. */
async function tryProvider(provider: (typeof PROVIDERS)[number]): Promise<Backend> {
  const name = `onnxruntime ${provider}`;
  const probe = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '..', 'program', 'probe.ts'), provider],
    {
      input: Buffer.from(encodeOnnx(probeGraph())),
      timeout: 60_000,
      encoding: 'utf8',
    },
  );
  if (probe.status === 0)
    return { name, device: probe.stdout.trim(), detail: 'a small graph ran and its result is right' };
  const reason =
    (probe.stderr || probe.stdout || `ended with ${probe.signal ?? probe.status}`).trim().split('\n').at(-1) ?? '';
  return { name, device: null, detail: reason.slice(0, 200) };
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

function colmap(): DoctorReport['colmap'] {
  const version = colmapVersion();
  return {
    version,
    hint:
      version === null
        ? 'Not needed for models that exist already, nor for clusters of verified matches. To have covis cluster build 3D models: apt-get install colmap (Debian, Ubuntu), brew install colmap (macOS), or the binaries of its releases (Windows)'
        : null,
  };
}

function electron(): DoctorReport['electron'] {
  const root = join(resourcePath(), '..', 'node_modules', 'electron');
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH'];
  const manifest = join(root, 'package.json');
  if (!existsSync(manifest)) return { version: null, binary: false, hint: 'Run npm install.' };
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

/** The report for a person. */
function doctorLines(r: DoctorReport): string[] {
  const gib = (b: number): string => `${(b / 2 ** 30).toFixed(1)} GiB`;
  return [
    `Covis      ${r.covis}`,
    `Node       ${r.node.version} (${r.node.path})`,
    `Machine    ${r.machine.cores} cores, ${r.machine.processor.trim()}, ${gib(r.machine.memoryBytes)} memory`,
    ...r.backends.map(
      (b) => `${b.device === null ? 'no ' : 'yes'}        ${b.name.padEnd(20)} ${b.device ?? b.detail}`,
    ),
    `COLMAP     ${r.colmap.version ?? `not found. ${r.colmap.hint}`}`,
    `Electron   ${r.electron.version ?? 'not installed'}${r.electron.hint === null ? '' : `. ${r.electron.hint}`}`,
    `Disk       ${gib(r.disk.freeBytes)} free at ${r.disk.path}`,
  ];
}

export const doctorCommand = command({
  name: 'doctor',
  summary: 'say what this machine has: Node, compute back ends, COLMAP, Electron, disk',
  run: async (o) => {
    const report = await doctor();
    print(o.json, report, () => doctorLines(report));
  },
});

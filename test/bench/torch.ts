/** PyTorch on a graph of Covis, in a process of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { IMAGE, trainableParameters } from '../../src/main/engine/network/head.ts';
import type { Graph } from '../../src/main/engine/network/onnx/graph.ts';

/** Seconds of one photo's descriptor and of a step. */
export interface TorchTimes {
  readonly threads: number;
  readonly torch: string;
  /** What computed, in its words. */
  readonly device: string;
  readonly extract: number;
  readonly step: number;
  readonly loss: number;
  /** Bytes of the process. */
  readonly peak: number;
}

/** The Python that has it. */
const PYTHON = process.env['COVIS_TORCH'] ?? '/usr/bin/python3';

/**
 * Times PyTorch on what lies in `folder/images.npy`, one tuple.
 * @returns why there are no times, in words.
 */
export function torch(
  graph: Graph,
  folder: string,
  { threads, margin, steps, on = 'cpu' }: TorchOptions,
): TorchTimes | string {
  if (spawnSync(PYTHON, ['-c', 'import torch, numpy'], { stdio: 'ignore' }).status !== 0)
    return 'PyTorch: apt-get install python3-torch, or COVIS_TORCH names a Python that has it';
  mkdirSync(folder, { recursive: true });
  const constants = [...graph.initializers.keys()];
  constants.forEach((k, i) => {
    const t = graph.initializers.get(k)!;
    const data = t.data instanceof BigInt64Array ? Int32Array.from(t.data, Number) : (t.data as Float32Array);
    writeNpy(join(folder, `${i}.npy`), data, t.dims.length === 0 ? [1] : t.dims);
  });
  const nodes = graph.nodes.map((n) => ({
    op: n.op,
    inputs: n.inputs.map((i) => (i === IMAGE ? 'image' : i)),
    outputs: n.outputs,
    attributes: Object.fromEntries(
      Object.entries(n.attributes).map(([k, a]) => [k, a.kind === 'tensor' ? null : a.value]),
    ),
  }));
  writeFileSync(
    join(folder, 'graph.json'),
    JSON.stringify({ threads, margin, constants, nodes, trained: trainableParameters(graph) }),
  );
  const run = spawnSync(PYTHON, [join(import.meta.dirname, 'torch_graph.py'), folder, String(steps), on], {
    encoding: 'utf8',
  });
  if (run.status !== 0) return `PyTorch failed: ${run.stderr.trim().split('\n').at(-1)}`;
  return { threads, ...(JSON.parse(run.stdout) as Omit<TorchTimes, 'threads'>) };
}

export interface TorchOptions {
  readonly threads: number;
  readonly margin: number;
  readonly steps: number;
  readonly on?: 'cpu' | 'gpu';
}

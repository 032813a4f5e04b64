/** Loss and gradients of networks as people export them, against PyTorch's own: the same weights, the same tuple. */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { readNpy } from '../../src/main/engine/formats/npy.ts';
import type { NetworkInput } from '../../src/main/engine/inputs/inputs.ts';
import { prepareNetwork } from '../../src/main/engine/network/networks.ts';
import { OrtExecutor } from '../../src/main/engine/training/ort-executor.ts';

interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  readonly value: string;
  readonly gradient: string;
}
interface Theirs {
  readonly name: string;
  readonly error?: string;
  readonly file: string;
  readonly images: string;
  readonly loss: number;
  readonly margin: number;
  readonly seconds: number;
  readonly weights: readonly Weight[];
}

/** @param only names of networks, as in gradients_torch.py; all if empty. */
export async function gradients(folder: string, only: readonly string[] = []): Promise<void> {
  const out = join(folder, 'gradients');
  mkdirSync(out, { recursive: true });
  const python = process.env['COVIS_TORCH'] ?? '/usr/bin/python3';
  const child = spawn(python, [join(import.meta.dirname, 'gradients_torch.py'), out, ...only], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    lines += 1;
    console.log(await compared(JSON.parse(line) as Theirs));
  }
  if (lines === 0)
    console.log(
      'gradients of networks: needs torch, torchvision, timm, onnx, onnxscript; COVIS_TORCH names their Python',
    );
}

/** One network, in words. */
export async function compared(theirs: Theirs): Promise<string> {
  const name = theirs.name.padEnd(26);
  if (theirs.error !== undefined) return `${name} PyTorch: ${theirs.error}`;
  try {
    const { graph, spec } = await prepareNetwork(theirs.file, { output: 'own' });
    const executor = await OrtExecutor.create(graph);
    try {
      const { shape, data } = readNpy(theirs.images);
      const [count, ...rest] = shape as [number, number, number, number];
      const size = data.length / count;
      const inputs = Array.from({ length: count }, (_, i): NetworkInput => ({
        dims: [1, ...(rest as [number, number, number])],
        data: (data as Float32Array).slice(i * size, (i + 1) * size),
        ...(spec.input?.alone === true ? { alone: true } : {}),
      }));
      const options = { kind: 'contrastive', margin: theirs.margin, weight: 1 } as const;
      const { loss } = await executor.accumulate(inputs, options);
      const began = performance.now();
      await executor.accumulate(inputs, options);
      const seconds = (performance.now() - began) / 1000;
      executor.gradients.scale(0.5);
      return `${name} ${report(theirs, executor, loss)}; ${seconds.toFixed(2)} s, PyTorch ${theirs.seconds.toFixed(2)} s`;
    } finally {
      await executor.release();
    }
  } catch (error) {
    return `${name} ${error instanceof Error ? error.message.slice(0, 200) : String(error)}`;
  }
}

function report(theirs: Theirs, { parameters, gradients: ours }: OrtExecutor, loss: number): string {
  const known = theirs.weights.map((w) => ({
    ...w,
    value: readNpy(w.value).data as Float32Array,
    gradient: readNpy(w.gradient).data as Float32Array,
  }));
  const largest = (x: Float32Array): number => x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  // What normalisation cancels has no gradient: rounding is left of it on both sides.
  const nothing = 1e-6 * Math.max(...known.map((w) => largest(w.gradient)));
  let worst = { name: '', by: 0 };
  let [found, cancelled] = [0, 0];
  parameters.forEach((p, i) => {
    const match = known
      .filter((w) => w.value.length === p.data.length)
      .map((w) => ({ w, order: orderOf(w.value, w.dims, p.data, p.dims) }))
      .find((m) => m.order !== undefined);
    if (match === undefined) return;
    found += 1;
    const gradient = match.w.gradient;
    const scale = largest(gradient);
    if (scale < nothing && largest(ours.arrays[i]!) < nothing) {
      cancelled += 1;
      return;
    }
    let difference = 0;
    ours.arrays[i]!.forEach((v, k) => {
      difference = Math.max(difference, Math.abs(v - gradient[match.order!(k)]!));
    });
    const by = difference / scale;
    if (by > worst.by) worst = { name: match.w.name, by };
  });
  return `loss ${loss.toFixed(6)}, differs by ${Math.abs(loss - theirs.loss).toExponential(1)}; ${found} of ${parameters.length} weights compared${cancelled === 0 ? '' : ` (${cancelled} without a gradient on both sides)`}, largest relative difference ${worst.by.toExponential(1)} (${worst.name})`;
}

/** How elements of ours lie in theirs, where the values are the same: as they are, or a turned matrix. */
function orderOf(
  theirs: Float32Array,
  dims: readonly number[],
  ours: Float32Array,
  own: readonly number[],
): ((k: number) => number) | undefined {
  if (ours.every((v, k) => v === theirs[k])) return (k) => k;
  const [rows = 0, columns = 0] = own;
  if (own.length !== 2 || dims.length !== 2) return undefined;
  const order = (k: number): number => (k % columns) * rows + Math.floor(k / columns);
  return ours.every((v, k) => v === theirs[order(k)]) ? order : undefined;
}

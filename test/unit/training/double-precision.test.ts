import { describe, expect, it } from 'vitest';
import type { NetworkInput } from '../../../src/main/engine/inputs/inputs.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { encodeOnnx, parseOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { ARCHITECTURES } from '../../support/architectures.ts';
import { doubleReference } from '../../support/double-reference.ts';
import { describeWithAdapter } from '../../support/programs.ts';

const MARGIN = 1.2;
const source = ARCHITECTURES['ResNet50']!().graph;
const read = normalise(parseOnnx(encodeOnnx(source), 'ResNet50'), 'ResNet50');
const { graph } = addHead(read, lastFeatureMap(read));
const r = random(4);
const inputs = Array.from({ length: 3 }, (): NetworkInput => ({
  dims: [1, 3, 33, 41],
  data: Float32Array.from({ length: 3 * 33 * 41 }, () => 2 * r.next() - 1),
}));
const right = doubleReference(graph, inputs, MARGIN);
const length = (v: ArrayLike<number>): number => Math.sqrt(Array.from(v).reduce((s, x) => s + x * x, 0));

/** Largest and middle difference of a weight's gradient from double precision, relative to its length; weights next to nothing left out. */
async function off(backend: 'cpu' | 'webgpu'): Promise<{ loss: number; most: number; middle: number }> {
  const executor = await openExecutor(graph, backend);
  try {
    const { loss } = await executor.accumulate(inputs, { kind: 'contrastive', margin: MARGIN, weight: 1 });
    const gradients = await executor.gradients.read();
    const lengths = executor.parameters.map((p) => length(right.gradients.get(p.name)!));
    const least = 1e-3 * Math.max(...lengths);
    const all = executor.parameters.flatMap((p, i) => {
      const g = right.gradients.get(p.name)!;
      return lengths[i]! < least ? [] : [length(g.map((v, k) => v - gradients[i]![k]!)) / lengths[i]!];
    });
    const sorted = all.sort((a, b) => a - b);
    const found = {
      loss: Math.abs(loss - right.loss) / right.loss,
      most: sorted.at(-1)!,
      middle: sorted[sorted.length >> 1]!,
    };
    if (process.env['COVIS_SHOW'] !== undefined) console.log(backend, found);
    return found;
  } finally {
    await executor.release();
  }
}

describe('gradients of ResNet50 against double precision', () => {
  it('on the processor', { timeout: 120_000 }, async () => {
    const { loss, most } = await off('cpu');
    expect(right.loss).toBeGreaterThan(0.1);
    expect(loss).toBeLessThan(1e-5);
    expect(most).toBeLessThan(5e-5);
  });
});
describeWithAdapter(await webGpuAdapter(), 'gradients of ResNet50 against double precision, on WebGPU', () => {
  it('are as near', { timeout: 120_000 }, async () => {
    const { loss, most } = await off('webgpu');
    expect(loss).toBeLessThan(1e-5);
    expect(most).toBeLessThan(2e-4);
  });
});

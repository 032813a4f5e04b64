import { NCHWC } from './onnx/blocked.ts';
import type { Graph } from './onnx/graph.ts';
import { Runner } from './runtime.ts';

const CHANNELS = 16;
let known: Promise<number | null> | undefined;

/**
 * Channels in a block of ONNX Runtime's layout for convolutions on this processor (8 or 16); null where it has no such layout. It is not
 * told, so a small image is brought into blocks and looked at.
 */
export function blockSize(): Promise<number | null> {
  known ??= probe().catch(() => null);
  return known;
}

async function probe(): Promise<number | null> {
  const dims = [1, CHANNELS, 1, 2];
  const graph: Graph = {
    name: 'probe',
    inputs: [{ name: 'x', type: 'float', dims }],
    outputs: [{ name: 'y', type: 'float', dims }],
    nodes: [{ op: 'ReorderInput', domain: NCHWC, name: 'reorder', inputs: ['x'], outputs: ['y'], attributes: {} }],
    initializers: new Map(),
    metadata: new Map(),
  };
  const runner = await Runner.create(graph);
  try {
    const x = Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i);
    const y = (await runner.run({ x: { dims, data: x } }))['y']!;
    // Value 1 is the second place of channel 0: it comes after a whole block of first places.
    const block = y.indexOf(1);
    const expected = (i: number): number => {
      const [start, inside] = [Math.floor(i / (2 * block)) * block, i % (2 * block)];
      return 2 * (start + (inside % block)) + Math.floor(inside / block);
    };
    return block > 1 && CHANNELS % block === 0 && y.every((v, i) => v === expected(i)) ? block : null;
  } finally {
    await runner.release();
  }
}

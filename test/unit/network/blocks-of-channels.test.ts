import { describe, expect, it } from 'vitest';
import { blockSize } from '../../../src/main/engine/network/block-size.ts';
import { NCHWC } from '../../../src/main/engine/network/onnx/blocked.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';

describe('the layout in blocks of channels', () => {
  it('has blocks of 8 or 16 on processors of PCs, and is asked for once', async () => {
    const block = await blockSize();
    expect([8, 16, null]).toContain(block);
    if (process.arch === 'x64') expect(block).not.toBeNull();
    expect(blockSize()).toBe(blockSize());
  });

  it('lays a block of channels of one place before the next place', async () => {
    const block = await blockSize();
    if (block === null) return;
    const dims = [1, 2 * block, 2, 3];
    const runner = await Runner.create({
      name: 'g',
      inputs: [{ name: 'x', type: 'float', dims }],
      outputs: [{ name: 'y', type: 'float', dims }],
      nodes: [{ op: 'ReorderInput', domain: NCHWC, name: 'r', inputs: ['x'], outputs: ['y'], attributes: {} }],
      initializers: new Map(),
      metadata: new Map(),
    });
    const data = Float32Array.from({ length: 12 * block }, (_, i) => i);
    const y = (await runner.run({ x: { dims, data } }))['y']!;
    await runner.release();
    for (let c = 0; c < 2 * block; c += 1)
      for (let place = 0; place < 6; place += 1)
        expect(y[(Math.floor(c / block) * 6 + place) * block + (c % block)]).toBe(c * 6 + place);
  });
});

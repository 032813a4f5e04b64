import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { keyOf, remember, remembered } from '../../../src/main/engine/network/fastest.ts';
import { inWords, measure, type Candidate } from '../../../src/main/engine/training/auto.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';
import { mobileNetV1 } from '../../support/architectures.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const read = normalise({ graph: mobileNetV1(1 / 16).graph, opset: 17 }, 'tiny');
const network = addHead(read, lastFeatureMap(read)).graph;
const cpu: Candidate = { backend: 'cpu', open: () => openExecutor(network, 'cpu') };

describe('the back end that auto takes', () => {
  it(
    'is the fastest of those that are right, whatever is wrong or does not start being told',
    { timeout: 60_000 },
    async () => {
      const told: string[] = [];
      const wrong: Candidate = {
        backend: 'cuda',
        open: async () => {
          const made = await OrtExecutor.create(network);
          // As TF32 does: five per cent off.
          const sum = made.gradients;
          const scaled = {
            clear: () => sum.clear(),
            scale: (by: number) => sum.scale(by),
            read: async () => (await sum.read()).map((g) => g.map((v) => 1.05 * v)),
          };
          return Object.create(made, {
            gradients: { value: scaled },
            accumulate: { value: made.accumulate.bind(made) },
            optimiser: { value: made.optimiser.bind(made) },
            release: { value: made.release.bind(made) },
          }) as OrtExecutor;
        },
      };
      const missing: Candidate = { backend: 'directml', open: () => Promise.reject(new Error('no driver')) };
      const script: Candidate = { backend: 'tfjs-cpu', open: () => openExecutor(network, 'tfjs-cpu') };
      const found = await measure(network, 48, [wrong, missing, script, cpu], (t) => told.push(t));
      expect(Object.keys(found.milliseconds).sort()).toEqual(['cpu', 'tfjs-cpu']);
      const fastest = Object.entries(found.milliseconds).sort((a, b) => a[1] - b[1])[0]![0];
      expect(found.backend).toBe(fastest);
      expect(told).toEqual([
        'directml cannot be used: no driver',
        expect.stringMatching(/^cuda is passed over: its gradients are 5(\.\d)? % off/),
      ]);
    },
  );

  it('is said with its milliseconds', () => {
    expect(inWords({ backend: 'webgpu', milliseconds: { cpu: 210.44, webgpu: 93.96 } })).toBe(
      'the fastest here: webgpu 94 ms, cpu 210 ms a step of 3 photos',
    );
  });

  describe('is remembered', () => {
    let before: string | undefined;
    beforeEach(() => {
      before = process.env['COVIS_SETTINGS'];
      process.env['COVIS_SETTINGS'] = join(folder, 'settings.json');
    });
    afterEach(() => {
      if (before === undefined) delete process.env['COVIS_SETTINGS'];
      else process.env['COVIS_SETTINGS'] = before;
    });

    it('for a network of these operators and sizes, a size of photos and these devices', () => {
      const key = keyOf(network, 320, ['a card', 'CPU']);
      expect(remembered(key)).toBeUndefined();
      const found = { backend: 'webgpu' as const, milliseconds: { webgpu: 1, cpu: 2 } };
      remember(key, found);
      remember(keyOf(network, 480, ['a card', 'CPU']), { ...found, backend: 'cpu' });
      expect(remembered(key)).toEqual(found);
      const initializers = new Map(
        [...network.initializers].map(([n, t]) => [n, { ...t, data: t.data.slice() }] as const),
      );
      expect(keyOf({ ...network, initializers }, 320, ['a card', 'CPU'])).toBe(key);
      expect(remembered(keyOf(network, 320, ['another card', 'CPU']))).toBeUndefined();
      expect(remembered(keyOf({ ...network, nodes: network.nodes.slice(1) }, 320, ['a card', 'CPU']))).toBeUndefined();
      writeFileSync(join(folder, 'back-ends.json'), 'damaged');
      expect(remembered(key)).toBeUndefined();
    });
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CovisError } from '../../../src/shared/errors.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { keyOf, remember, remembered } from '../../../src/main/engine/network/fastest.ts';
import { inWords, measure, stepping, type Candidate } from '../../../src/main/engine/training/auto.ts';
import { expected, tried } from '../../../src/main/engine/training/auto-list.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { OrtExecutor } from '../../../src/main/engine/training/ort-executor.ts';
import type { Executor } from '../../../src/main/engine/training/executor.ts';
import { timedStep } from '../../../src/main/engine/training/timed-step.ts';
import { mobileNetV1 } from '../../support/architectures.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const read = normalise({ graph: mobileNetV1(1 / 16).graph, opset: 17 }, 'tiny');
const network = addHead(read, lastFeatureMap(read)).graph;
const SIZE = 48;
const here = (open: () => Promise<Executor>, of = network) => ({ step: () => timedStep(of, SIZE, open) });
const cpu: Candidate = { backend: 'cpu', ...here(() => openExecutor(network, 'cpu')) };

describe('the back end that auto takes', () => {
  it(
    'is the fastest of those that are right, whatever is wrong or does not start being told',
    { timeout: 60_000 },
    async () => {
      const told: string[] = [];
      const wrong: Candidate = {
        backend: 'cuda',
        ...here(async () => {
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
        }),
      };
      const missing: Candidate = { backend: 'directml', step: () => Promise.reject(new Error('no driver')) };
      // In a process of its own, as everything but the processor.
      const script = stepping('tfjs-cpu', { network, size: SIZE, photos: undefined }, 'key');
      const found = await measure([wrong, missing, script, cpu], (t) => told.push(t));
      expect(Object.keys(found.milliseconds).sort()).toEqual(['cpu', 'tfjs-cpu']);
      const fastest = Object.entries(found.milliseconds).sort((a, b) => a[1] - b[1])[0]![0];
      expect(found.backend).toBe(fastest);
      expect(told).toEqual([
        'directml cannot be used: no driver',
        expect.stringMatching(/^cuda is passed over: its gradients are 5(\.\d)? % off/),
      ]);
    },
  );

  it(
    'is the processor where what it computes is no number: nothing can be held to that',
    { timeout: 60_000 },
    async () => {
      const told: string[] = [];
      const initializers = new Map(
        [...network.initializers].map(([n, t]) => [
          n,
          t.data instanceof Float32Array ? { ...t, data: t.data.map(() => Number.NaN) } : t,
        ]),
      );
      const broken = { ...network, initializers };
      const on = (backend: 'cpu' | 'tfjs-cpu'): Candidate => ({
        backend,
        ...here(() => openExecutor(broken, backend), broken),
      });
      const found = await measure([on('tfjs-cpu'), on('cpu')], (t) => told.push(t));
      expect(found.backend).toBe('cpu');
      expect(Object.keys(found.milliseconds)).toEqual(['cpu']);
      expect(told).toEqual([
        expect.stringMatching(/^tfjs-cpu is passed over: its gradients are not to be compared with those of the CPU: /),
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

    it('of those into which a photo fits, which is what a form expects and a training takes', async () => {
      const without = (...small: string[]) => ({
        size: 320,
        atOnce: (on: string) =>
          small.includes(on)
            ? Promise.reject(new CovisError('INPUT_INVALID', `${on} is too small`))
            : Promise.resolve(3),
      });
      const all = ['cuda', 'webgpu', 'cpu'] as const;
      // Kept of all three, where one has too little memory by now.
      const whole = await tried(network, all, without());
      remember(whole.key!, { backend: 'cuda', milliseconds: { cuda: 1, webgpu: 2, cpu: 3 } });
      expect(expected(whole)).toBe('cuda');
      const two = await tried(network, all, without('cuda'));
      expect(two.refused).toEqual(['cuda cannot be used: cuda is too small']);
      expect(expected(two)).toBe('webgpu');
      remember(two.key!, { backend: 'cpu', milliseconds: { webgpu: 2, cpu: 1 } });
      expect(expected(two)).toBe('cpu');
      const one = await tried(network, all, without('cuda', 'webgpu'));
      expect([one.list, one.key, expected(one)]).toEqual([['cpu'], undefined, 'cpu']);
      await expect(tried(network, all, without(...all))).rejects.toThrow('cpu is too small');
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

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
let n = 0;

/**
 * TensorFlow's native library comes from outside the registry, so a stand-in takes its place: it demands what that needs before it is
 * loaded, answers under its name, and computes in plain JavaScript. What is really installed is out of sight; `executors.test.ts` tries that.
 */
const STAND_IN = `
  const util = require('node:util');
  if (util.isNullOrUndefined(undefined) !== true) throw new Error('util.isNullOrUndefined');
  if (process.env.TF_FORCE_GPU_ALLOW_GROWTH !== 'true') throw new Error('takes the whole GPU');
  const tf = require('@tensorflow/tfjs');
  const { MathBackendCPU } = require('@tensorflow/tfjs-backend-cpu');
  tf.copyRegisteredKernels('cpu', 'tensorflow');
  tf.registerBackend('tensorflow', () => Object.assign(new MathBackendCPU(), { isUsingGpuDevice: ON_GPU }));
  module.exports = tf;
`;
const onGpu = (is: boolean): string => STAND_IN.replace('ON_GPU', String(is));
const BROKEN = "throw new Error('libcudart.so.11.0: cannot open shared object file');";

interface Step {
  readonly device: string;
  readonly loss: number;
  readonly length: number;
}

function stepWith(packages: Record<string, string>): Step[] {
  const modules = join(folder, `modules-${(n += 1)}`);
  for (const [name, source] of Object.entries(packages)) {
    const at = join(modules, '@tensorflow', name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'package.json'), JSON.stringify({ name: `@tensorflow/${name}`, main: 'index.js' }));
    writeFileSync(join(at, 'index.js'), source);
  }
  const env = {
    ...process.env,
    NODE_PATH: join(ROOT, 'node_modules'),
    COVIS_STAND_INS: modules,
    COVIS_SETTINGS: join(modules, 'settings.json'),
  };
  const support = join(ROOT, 'test', 'support');
  const child = spawnSync(
    process.execPath,
    ['--import', join(support, 'stand-ins.mjs'), join(support, 'tensorflow-step.ts')],
    { encoding: 'utf8', env },
  );
  if (child.status !== 0) throw new Error(child.stderr);
  return JSON.parse(child.stdout) as Step[];
}

describe('the tensorflow back end', () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['uses the GPU build where it finds a GPU', { 'tfjs-node-gpu': onGpu(true) }, /^TensorFlow 4[\d.]+, GPU$/],
    [
      'says when the GPU build has silently fallen to the CPU',
      { 'tfjs-node-gpu': onGpu(false) },
      /, CPU: the GPU build found no GPU that it can use$/,
    ],
    [
      'falls back to the CPU build where the GPU build does not load',
      { 'tfjs-node-gpu': BROKEN, 'tfjs-node': onGpu(false) },
      /^TensorFlow 4[\d.]+, CPU$/,
    ],
  ];
  for (const [name, packages, device] of cases)
    it(`${name}, and gives the CPU's loss and gradients`, { timeout: 60_000 }, () => {
      const [tensorflow, cpu] = stepWith(packages) as [Step, Step];
      expect(tensorflow.device).toMatch(device);
      expect(cpu.loss).toBeGreaterThan(0);
      expect(Math.abs(tensorflow.loss - cpu.loss)).toBeLessThan(1e-3 * cpu.loss);
      expect(Math.abs(tensorflow.length - cpu.length)).toBeLessThan(1e-3 * cpu.length);
    });

  it('names every reason where neither build loads', { timeout: 60_000 }, () => {
    expect(() => stepWith({ 'tfjs-node-gpu': BROKEN })).toThrow(
      /TensorFlow is not there: @tensorflow\/tfjs-node-gpu: libcudart.*; @tensorflow\/tfjs-node: Cannot find/s,
    );
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TrainingMemory } from '../../../src/shared/facts/training.ts';
import { packageAt } from '../../../src/main/engine/environment/added.ts';
import { computing, openRunner } from '../../../src/main/engine/network/computing.ts';
import { addHead, lastFeatureMap } from '../../../src/main/engine/network/head.ts';
import { normalise } from '../../../src/main/engine/network/onnx/normalise.ts';
import { candidates, identityOf } from '../../../src/main/engine/network/providers.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { openExecutor } from '../../../src/main/engine/training/backends.ts';
import { computed } from '../../../src/main/engine/training/computing-failed.ts';
import { addBackEnd, removeBackEnd } from '../../../src/main/engine/training/machine/add.ts';
import { lookAtBackEnd } from '../../../src/main/engine/training/machine/look.ts';
import { photosAtOnce } from '../../../src/main/engine/training/memory/plan.ts';
import { mobileNetV1 } from '../../support/architectures.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

/** The real package beside Covis' own, where it was put for the tests. */
const installed = ((): string | undefined => {
  try {
    return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'));
  } catch (error) {
    if (process.env['COVIS_REQUIRE_TENSORFLOW'] === '1') throw error;
    return undefined;
  }
})();

/** What `tensorflow-signals.ts` prints. */
interface Heard {
  readonly heard: number;
  readonly found: readonly {
    readonly losses: readonly number[];
    readonly described: readonly number[];
    readonly weights: number;
  }[];
}

const folder = temporaryFolder();
const ENVIRONMENT = ['COVIS_SETTINGS', 'CDN_STORAGE', 'npm_config_tfjs_binding_binary_host_mirror'] as const;
const before = Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]]));
let server: Server;

/** In the place from which the package's own script fetches: its library and its binding, of what is installed. */
beforeAll(async () => {
  const parts: Readonly<Record<string, readonly string[]>> = {
    '/tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz': ['deps', 'lib'],
    '/binding/napi-v8/4.22.0/CPU-linux-4.22.0.tar.gz': ['lib', 'napi-v8'],
  };
  server = createServer((request, response) => {
    const part = parts[request.url ?? ''];
    if (part === undefined) return void response.writeHead(404).end();
    const tar = spawn('tar', ['--use-compress-program=gzip -1', '-cC', join(installed!, part[0]!), '-f-', part[1]!]);
    tar.stdout.pipe(response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  process.env['COVIS_SETTINGS'] = join(folder, 'settings.json');
  process.env['CDN_STORAGE'] = host;
  process.env['npm_config_tfjs_binding_binary_host_mirror'] = `${host}binding`;
});
afterAll(() => {
  server.close();
  for (const [name, value] of Object.entries(before))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

describe.skipIf(installed === undefined)('the real library of the tensorflow back end', () => {
  it('is installed by npm and its own script, computes, and is taken away', { timeout: 600_000 }, async () => {
    const lines: string[] = [];
    const report = await addBackEnd({ what: 'tensorflow' }, silentContext(), (l) => lines.push(l));
    expect(report).toMatchObject({ backend: 'tensorflow', added: '@tensorflow/tfjs-node 4.22.0', hint: null });
    expect(report.driver).toMatch(/^TensorFlow 2\.\d+\.\d+, CPU$/);
    expect(lines.join('\n')).toContain('Downloading libtensorflow');
    expect(await lookAtBackEnd('tensorflow')).toEqual(report);
    expect(removeBackEnd('tensorflow')).toBe('@tensorflow/tfjs-node 4.22.0');
    expect(packageAt('tensorflow')).toBeUndefined();
  });

  it(
    'is measured by auto as the others are, and kept with its version and its library',
    { timeout: 300_000 },
    async () => {
      expect(await candidates()).toEqual(['cpu', 'tensorflow']);
      expect(await identityOf('tensorflow')).toMatch(
        /^tensorflow @tensorflow\/tfjs-node 4\.22\.0 \(.*libtensorflow[^ ]* \d+.*\) .* x \d+ \d+\.\d+\.\d+/,
      );
      const read = normalise({ graph: mobileNetV1(1 / 16).graph, opset: 17 }, 'tiny');
      const network = addHead(read, lastFeatureMap(read)).graph;
      const told: string[] = [];
      const executor = await openExecutor(network, 'auto', (t) => told.push(t), { size: 48 });
      expect(told).toEqual([]);
      expect(executor.device).toMatch(/the fastest here: .*tensorflow [\d.]+ ms.* a step of 3 photos$/);
      await executor.release();
      const { device } = await computing('auto', async () => (await openRunner(network)).release());
      expect(device).toMatch(/the fastest here: .*tensorflow [\d.]+ ms.* a photo$/);
      const kept = JSON.parse(readFileSync(join(folder, 'back-ends.json'), 'utf8')) as Record<
        string,
        { milliseconds: Record<string, number> }
      >;
      expect(Object.keys(kept)).toHaveLength(2);
      for (const [key, { milliseconds }] of Object.entries(kept)) {
        expect(key).toContain('@tensorflow/tfjs-node 4.22.0 (');
        expect(Object.keys(milliseconds).sort()).toEqual(['cpu', 'tensorflow']);
      }
    },
  );

  // Computed on the thread that hears them the process ends with a damaged heap within a second.
  it('computes as the CPU does while its process hears a thousand signals a second', { timeout: 300_000 }, async () => {
    const child = spawn(process.execPath, [join(ROOT, 'test', 'support', 'tensorflow-signals.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let said = '';
    child.stderr.on('data', (d: Buffer) => (said += d.toString()));
    let sending: NodeJS.Timeout | undefined;
    child.stdout.on('data', (d: Buffer) => {
      out += d.toString();
      if (out.startsWith('ready')) sending ??= setInterval(() => child.kill('SIGWINCH'), 1);
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearInterval(sending);
    expect({ code, signal }, said).toEqual({ code: 0, signal: null });
    const { heard, found } = JSON.parse(out.slice(out.indexOf('{'))) as Heard;
    expect(heard).toBeGreaterThan(100);
    const [tensorflow, cpu] = found;
    for (const of of ['losses', 'described'] as const)
      tensorflow![of].forEach((v, i) => expect(v).toBeCloseTo(cpu![of][i]!, 4));
    expect(tensorflow!.weights / cpu!.weights).toBeCloseTo(1, 6);
  });

  it(
    'says in the thread beside what is thrown there, in the runtime’s words, and goes on',
    { timeout: 60_000 },
    async () => {
      const read = normalise({ graph: mobileNetV1(1 / 16).graph, opset: 17 }, 'tiny');
      const executor = await openExecutor(addHead(read, lastFeatureMap(read)).graph, 'tensorflow');
      const described = (length: number): Promise<Float32Array[]> =>
        computed(executor, () => executor.describe([{ dims: [1, 3, 32, 32], data: new Float32Array(length) }]));
      await expect(described(7)).rejects.toMatchObject({
        code: 'EXTERNAL_FAILED',
        message: expect.stringMatching(/^tensorflow \(TensorFlow 2\..*could not go on: .*shape/),
      });
      expect(await described(3 * 32 * 32)).toHaveLength(1);
      await executor.release();
      await expect(described(3 * 32 * 32)).rejects.toThrow('given back');
    },
  );

  it('is thought of by auto only where three times the memory of the processor’s own is there', async () => {
    const planned = (share: number) => () =>
      Promise.resolve({ bytes: 100, budgetBytes: 100 * share, photos: 7, photosAtOnce: 7 } as TrainingMemory);
    expect(await photosAtOnce(planned(3), 'tensorflow')).toBeUndefined();
    await expect(photosAtOnce(planned(2.9), 'tensorflow')).rejects.toThrow('it takes up to 3 times the memory of cpu');
  });
});

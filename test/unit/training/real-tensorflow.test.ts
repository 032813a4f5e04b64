import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageAt } from '../../../src/main/engine/environment/added.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { addBackEnd, removeBackEnd } from '../../../src/main/engine/training/machine/add.ts';
import { lookAtBackEnd } from '../../../src/main/engine/training/machine/look.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** The real package beside Covis' own, where it was put for the tests. */
const installed = ((): string | undefined => {
  try {
    return dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'));
  } catch (error) {
    if (process.env['COVIS_REQUIRE_TENSORFLOW'] === '1') throw error;
    return undefined;
  }
})();

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
});

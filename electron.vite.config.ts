import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin, Rolldown } from 'vite';

type CodeSplittingGroup = Rolldown.CodeSplittingGroup;

/** electron-vite makes addresses relative; absolute ones let a reload of an inner address find its scripts. */
const absoluteBase: Plugin = { name: 'absolute-base', enforce: 'post', config: () => ({ base: '/' }) };

/** What the page has as values alone: evaluated here, so that what they are made of is no part of it. */
const EVALUATED = [
  resolve('src/renderer/transport/repeats.ts'),
  resolve('src/renderer/stores/method-facts.ts'),
  resolve('src/renderer/stores/plan-facts.ts'),
];
const evaluated: Plugin = {
  name: 'evaluated',
  apply: 'build',
  enforce: 'pre',
  async load(id) {
    if (!EVALUATED.includes(id)) return null;
    const module = (await import(pathToFileURL(id).href)) as Readonly<Record<string, unknown>>;
    return Object.entries(module)
      .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`)
      .join('\n');
  },
};

/** The page's first steps, which its server answers while the rest is read: a file of its own, in front of all others. */
const FIRST = [resolve('src/renderer/transport/first.ts'), resolve('src/renderer/transport/entrance.ts')];
const firstInPage: Plugin = {
  name: 'first-in-page',
  transformIndexHtml: {
    order: 'post',
    handler(html, { bundle }) {
      const first = Object.values(bundle ?? {}).find((f) => f.type === 'chunk' && f.facadeModuleId === FIRST[0]);
      // The development server makes no bundle, and the page takes its first steps itself.
      if (first === undefined) return html;
      // Asynchronous: it waits for no style sheet, and for no other file.
      const script = `<script type="module" async crossorigin src="/${first.fileName}"></script>`;
      return html.replace('<script', `${script}\n    <script`);
    },
  },
};

/** Whether a module is, or begins with, what checks inputs: a large part of the page that many views do without. */
const checks = new Map<string, boolean>();
function needsSchemas(id: string, of: (id: string) => { readonly importedIds: readonly string[] } | null): boolean {
  const known = checks.get(id);
  if (known !== undefined) return known;
  checks.set(id, /[\\/]node_modules[\\/]zod[\\/]/.test(id));
  if (!checks.get(id)!) checks.set(id, of(id)?.importedIds.some((below) => needsSchemas(below, of)) ?? false);
  return checks.get(id)!;
}

/** Whether a module is of the schemas themselves: what reads them, and what they are made of. */
const isSchema = (id: string): boolean => /[\\/](node_modules[\\/]zod|src[\\/]shared)[\\/]/.test(id);

/**
 * What comes as one file, since each is asked for and answered by itself: the beginning of every page, and what many views share, without schemas,
 * of schemas, and with them. Nothing in `kit` needs what is in `schemas`, so that no file waits for one that waits for it
 * (test/e2e/large-library.test.ts).
 */
const GROUPS: CodeSplittingGroup[] = [
  { name: 'first', test: (id) => FIRST.includes(id), priority: 2 },
  { name: 'start', tags: ['$initial'], priority: 1 },
  {
    debugName: 'shared by views',
    name: (id, modules) => {
      if (!needsSchemas(id, (of) => modules.getModuleInfo(of))) return 'kit';
      return isSchema(id) ? (/zod/.test(id) ? 'checks' : 'schemas') : 'forms';
    },
    minShareCount: 5,
  },
];

/** The engine is not built: it runs from source on the project's own Node, which strips types. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      lib: { entry: resolve('src/main/desktop/index.ts'), formats: ['es'] },
      rollupOptions: { output: { entryFileNames: 'index.js' } },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      // A sandboxed preload must be one CommonJS file.
      rollupOptions: { input: resolve('src/preload/index.ts'), output: { format: 'cjs', entryFileNames: 'index.cjs' } },
    },
  },
  renderer: {
    root: 'src/renderer',
    build: {
      outDir: 'out/renderer',
      minify: true,
      rolldownOptions: {
        input: { index: resolve('src/renderer/index.html'), first: FIRST[0]! },
        output: { codeSplitting: { groups: GROUPS, includeDependenciesRecursively: false } },
      },
      chunkSizeWarningLimit: 1200,
    },
    plugins: [vue(), absoluteBase, evaluated, firstInPage],
  },
});

import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';

/** electron-vite makes addresses relative; absolute ones let a reload of an inner address find its scripts. */
const absoluteBase: Plugin = { name: 'absolute-base', enforce: 'post', config: () => ({ base: '/' }) };

/** What the page has as values alone: evaluated here, so that what they are made of is no part of it. */
const EVALUATED = [resolve('src/renderer/transport/repeats.ts')];
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
        input: resolve('src/renderer/index.html'),
        // What every page begins with comes as one file; of eighty small ones each is asked for and answered by itself.
        output: { codeSplitting: { groups: [{ name: 'start', tags: ['$initial'] }] } },
      },
      chunkSizeWarningLimit: 1200,
    },
    plugins: [vue(), absoluteBase, evaluated],
  },
});

/**
 * `npm run gallery`: the components of the page with all their states, on one page that follows changes of their source.
 * `npm run gallery -- --build DIR` writes it as static files.
 */
import vue from '@vitejs/plugin-vue';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, createServer, type InlineConfig } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const { values } = parseArgs({ options: { build: { type: 'string' }, port: { type: 'string', default: '5180' } } });
const config: InlineConfig = {
  configFile: false,
  root: join(ROOT, 'src', 'renderer', 'gallery'),
  base: './',
  plugins: [vue()],
  // Its own, so that it does not meet the cache of the studio's server.
  cacheDir: join(ROOT, 'node_modules', '.vite-gallery'),
};

if (values.build === undefined) {
  const server = await createServer({
    ...config,
    server: { host: '127.0.0.1', port: Number(values.port), fs: { allow: [ROOT] } },
  });
  await server.listen();
  server.printUrls();
} else {
  const outDir = resolve(values.build);
  await build({ ...config, logLevel: 'warn', build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 1200 } });
  console.log(`The gallery is in ${outDir}; open index.html through any static server`);
}

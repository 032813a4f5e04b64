/**
 * `npm run dev [-- LIBRARY] [--port N] [--electron]`: the engine, started again when its sources change, and the page with
 * hot reload; in a window of Electron's with `--electron`. Without a library, a demo one that is made once. Ctrl C ends all of it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer as createNetServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import config from '../electron.vite.config.ts';
import { electronBinary } from '../src/main/cli/commands/studio.ts';
import { DevEngine, watchSources } from './dev/engine.ts';
import { engineProxy } from './dev/proxy.ts';

const ROOT = join(import.meta.dirname, '..');
const PORT = 5173;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

function stop(message: string): never {
  say(message);
  process.exit(1);
}

function covis(...args: string[]): void {
  const cli = join(ROOT, 'src', 'main', 'cli', 'index.ts');
  const r = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', cli, ...args], {
    stdio: ['ignore', 2, 2],
  });
  if (r.status !== 0) process.exit(r.status ?? 1);
}

/** The port that was asked for, or, where it need not be that one, any that is free. */
async function freePort(first: number, exactly: boolean): Promise<number> {
  const probe = createNetServer();
  const listens = await new Promise<boolean>((done) => {
    probe.once('error', () => done(false));
    probe.listen(first, '127.0.0.1', () => done(true));
  });
  if (!listens) return exactly ? stop(`Port ${first} is in use`) : freePort(0, true);
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string' }, electron: { type: 'boolean', default: false } },
});
const wanted = values.port === undefined ? PORT : Number(values.port);
if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535) stop(`--port takes a port, not "${values.port}"`);
const electron = electronBinary();
if (values.electron && 'missing' in electron) stop(`No window can be opened: ${electron.missing}`);

const library = resolve(positionals[0] ?? join(ROOT, 'demo-library'));
if (!existsSync(join(library, 'library.db'))) {
  if (positionals[0] === undefined) {
    say('The demo library is made once, which takes about two minutes');
    covis('run', join(ROOT, 'resources', 'sample'), '--library', library);
  } else covis('init', library);
}

const port = await freePort(wanted, values.port !== undefined);
// While developing, what the engine answers is held against what it promises.
process.env['COVIS_CHECK_RESULTS'] ??= '1';
/** Electron starts an engine of its own, so that there is none besides. */
const engine = values.electron ? undefined : new DevEngine(ROOT, library, say);
const { renderer } = config as { renderer: { root: string; plugins: never[] } };
const vite = await createServer({
  configFile: false,
  root: join(ROOT, renderer.root),
  plugins: [...renderer.plugins, engineProxy(() => engine?.address)],
  cacheDir: join(ROOT, 'node_modules', '.cache', 'vite'),
  clearScreen: false,
  logLevel: 'warn',
  // Views are loaded when they are shown; what they import is known from the start, or the first visit would reload the page.
  optimizeDeps: { entries: ['index.html', '**/*.vue'] },
  server: {
    host: '127.0.0.1',
    port,
    strictPort: true,
    fs: { allow: [ROOT, realpathSync(join(ROOT, 'node_modules'))] },
    // A page of Electron's own scheme has to be told where its updates come from.
    ...(values.electron ? { hmr: { protocol: 'ws', host: '127.0.0.1', clientPort: port } } : {}),
  },
});
await vite.listen();
const page = `http://127.0.0.1:${port}`;

let closing = false;
const endings: (() => Promise<unknown> | undefined)[] = [() => engine?.close(), () => vite.close()];
async function end(code: number): Promise<void> {
  if (closing) return;
  closing = true;
  await Promise.all(endings.map((e) => e()));
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));

if ('path' in electron && values.electron) await openWindow(electron.path);
else await engine?.restart();
process.stdout.write(`The studio is at ${page}/\nLibrary ${library}. Ctrl C ends it.\n`);

/** Builds the desktop's main process and bridge, opens the window on the page, and both again when the desktop's sources change. */
async function openWindow(binary: string): Promise<void> {
  const user = mkdtempSync(join(tmpdir(), 'covis-dev-'));
  const build = (): boolean =>
    spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.ts'), '--if-stale']).status === 0;
  const start = (): ReturnType<typeof spawn> => {
    const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const child = spawn(binary, [...root, ROOT, `--library=${library}`, `--user-data-dir=${user}`], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, COVIS_ENGINE_NODE: process.execPath, COVIS_DEV_PAGE: page },
    });
    child.on('exit', (code) => {
      if (child === window) void end(code ?? 0);
    });
    return child;
  };
  if (!build()) stop('The desktop could not be built; npm run build says why');
  let window: ReturnType<typeof spawn> | undefined = start();
  const main = join(ROOT, 'src', 'main');
  const desktop = join(main, 'desktop');
  const unwatch = watchSources([main, join(ROOT, 'src', 'shared'), join(ROOT, 'src', 'preload')], (file) => {
    if (closing) return;
    say(
      `${file.slice(ROOT.length + 1)} changed: ${file.startsWith(desktop) || !file.startsWith(main) ? 'the window opens anew' : 'the engine starts again'}`,
    );
    if (file.startsWith(main) && !file.startsWith(desktop)) {
      window?.send?.('restart-engine');
      return;
    }
    if (!build()) return say('The desktop could not be built; npm run build says why');
    const old = window;
    window = undefined;
    old?.once('exit', () => (window = start()));
    old?.kill();
  });
  endings.push(
    () =>
      new Promise<void>((done) => {
        unwatch();
        const old = window;
        window = undefined;
        const gone = (): void => {
          rmSync(user, { recursive: true, force: true });
          done();
        };
        if (old === undefined || old.exitCode !== null) return gone();
        old.once('exit', gone);
        old.kill();
      }),
  );
}

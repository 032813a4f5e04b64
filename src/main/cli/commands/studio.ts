import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { homedir } from 'node:os';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { folder } from '../../../shared/fields.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { Engine } from '../../engine/engine.ts';
import { Library } from '../../engine/library/library.ts';
import { logger, logUncaught } from '../../engine/environment/log.ts';
import { packagedStudio } from '../../engine/environment/packaged.ts';
import { resourcePath } from '../../engine/environment/resources.ts';
import { startServer, type StudioServer } from '../../server/http.ts';
import { keepKey, keyOf, newToken } from '../../server/keys.ts';
import { command } from '../program/command.ts';

const ROOT = join(resourcePath(), '..');
const RENDERER = join(ROOT, 'out', 'renderer');

/** Builds the studio when it is not built, or older than its sources. What is installed has none of those. */
function ensureBuilt(): void {
  if (!existsSync(join(ROOT, 'src')) && existsSync(join(RENDERER, 'index.html'))) return;
  const r = spawnSync(process.execPath, [join(ROOT, 'scripts', 'build.ts'), '--if-stale'], { stdio: ['ignore', 2, 2] });
  if (r.status !== 0 || !existsSync(join(RENDERER, 'index.html'))) {
    throw new CovisError('STATE_EMPTY', 'The studio could not be built', { hint: 'npm run build says why.' });
  }
}

export const serve = command({
  name: 'serve',
  summary: 'serve the studio to a browser on this machine, with a library or from its start page',
  arguments: { library: folder.optional() },
  options: {
    port: z.int().min(0).max(65_535).optional().meta({ help: 'port on 127.0.0.1', otherwise: 'a free one' }),
    open: z.boolean().default(false).meta({ help: 'open the browser too' }),
    root: z.array(folder).optional().meta({
      help: 'folder below which the page may choose photos and libraries; give it again for more',
      otherwise: 'your home folder',
      value: 'folder',
      repeated: true,
    }),
  },
  run: ({ library, ...how }) => serveStudio(library, how),
});

export const open = command({
  name: 'open',
  summary: 'open the desktop studio on a library, or its start page',
  arguments: { library: folder.optional() },
  run: ({ library, json }) => openStudio(library, json),
});

/** Serves the studio until Ctrl C. */
export async function serveStudio(
  path: string | undefined,
  options: {
    readonly port?: number | undefined;
    readonly open: boolean;
    readonly json: boolean;
    readonly root?: readonly string[] | undefined;
  },
): Promise<void> {
  const { root } = options;
  const engine = new Engine({ start: { roots: root ?? [homedir()], only: root !== undefined } });
  ensureBuilt();
  logUncaught(logger('server'), true);
  if (path !== undefined) await engine.open(path);
  const server = await startAgain(engine, path, options.port);
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ url: server.url, port: server.port, library: path === undefined ? null : resolve(path) })}\n`,
    );
  else process.stdout.write(`The studio is at ${server.url}\nCtrl C ends it.\n`);
  if (options.open) openInBrowser(server.once());
  await new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done());
  });
  await server.close();
  await engine.close();
}

/**
 * With the key that the library had and, unless another is asked for, at the port that it had, so that open pages find it. A key belongs to
 * its port: what listens there now may have been told it by a page that was left open, so that another port gets another key.
 */
async function startAgain(engine: Engine, path: string | undefined, asked: number | undefined): Promise<StudioServer> {
  const { token, port: last } = keyOf(path);
  const start = (port: number | undefined): Promise<StudioServer> =>
    startServer(engine, {
      port,
      rendererFolder: RENDERER,
      token: last === 0 || port === last ? token : newToken(),
    });
  const server = await start(asked ?? last).catch((error: unknown) => {
    if (asked === undefined && last !== 0) return start(undefined);
    throw error;
  });
  keepKey(path, { token: server.token, port: server.port });
  return server;
}

function openInBrowser(url: string): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url];
  spawn(command!, args, { detached: true, stdio: 'ignore' })
    .on('error', () => undefined)
    .unref();
}

/** Path of the program that shows the desktop and the arguments that come first, or why there is none. */
export function electronBinary(): { path: string; first: readonly string[] } | { missing: string } {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY'])
    return { missing: 'there is no display' };
  const packaged = packagedStudio();
  if (packaged !== undefined) return { path: packaged, first: [] };
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(ROOT, 'node_modules', 'electron', 'dist');
  const name =
    process.platform === 'darwin'
      ? 'Electron.app/Contents/MacOS/Electron'
      : process.platform === 'win32'
        ? 'electron.exe'
        : 'electron';
  const path = join(folder, name);
  if (!existsSync(join(ROOT, 'src')) && !existsSync(path))
    return { missing: 'this installation has no window, which comes with the packages for each system' };
  return existsSync(path)
    ? { path, first: [ROOT] }
    : { missing: "Electron's binary is not here (npx install-electron fetches it)" };
}

/** Opens the desktop studio on a library, or its start page, and waits until it is closed. */
export async function openStudio(path: string | undefined, json: boolean): Promise<void> {
  if (path !== undefined && !Library.exists(resolve(path))) Library.open(path);
  const electron = electronBinary();
  if ('missing' in electron) {
    throw new CovisError('STATE_EMPTY', `The desktop studio cannot open: ${electron.missing}`, {
      hint: `The same studio in a browser: covis serve${path === undefined ? '' : ` ${shellWord(path)}`}`,
    });
  }
  ensureBuilt();
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const child = spawn(
    electron.path,
    [...args, ...electron.first, path === undefined ? '--start' : `--library=${resolve(path)}`],
    {
      stdio: 'inherit',
      env: { ...process.env, COVIS_ENGINE_NODE: process.execPath },
    },
  );
  if (json)
    process.stdout.write(
      `${JSON.stringify({ library: path === undefined ? null : resolve(path), electron: electron.path })}\n`,
    );
  const code = await new Promise<number | null>((done, reject) => {
    child.on('exit', done);
    child.on('error', reject);
  });
  if (code !== 0) throw new CovisError('INTERNAL', `The studio ended with ${code}`);
}

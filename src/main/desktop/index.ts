/** The desktop: a window, native dialogs, the scheme that serves the page and its photos, and the engine's supervisor. */
import { app, BrowserWindow, dialog, ipcMain, Menu, protocol, session, shell, type IpcMainInvokeEvent } from 'electron';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { engineNode } from '../../../scripts/engine-node.mjs';
import { FIND_PLACES, IMPORT_MODELS, OPEN_LIBRARY, SHOW_FOLDER } from '../../shared/actions.ts';
import type { EngineEvent, Reply } from '../../shared/contract.ts';
import { contentSecurityPolicy, PAGE_TYPES } from '../../shared/page.ts';
import { log, logUncaught } from './log.ts';
import { EngineSupervisor } from './supervisor.ts';

const SCHEME = 'covis';
const ORIGIN = `${SCHEME}://app`;
const ROOT = app.getAppPath();
const RENDERER = join(ROOT, 'out', 'renderer');

protocol.registerSchemesAsPrivileged([
  { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
]);

logUncaught();
/** Address of a development server that the page comes from instead of the built one (npm run dev). */
const DEV_PAGE = app.isPackaged ? undefined : process.env['COVIS_DEV_PAGE'];

let window: BrowserWindow | undefined;
const supervisor = new EngineSupervisor(
  {
    node: process.env['COVIS_ENGINE_NODE'] ?? engineNode(ROOT),
    script: join(ROOT, 'src', 'main', 'server', 'engine-process.ts'),
    root: ROOT,
  },
  (event) => {
    if (event.event === 'engine')
      log[event.state === 'ready' ? 'info' : 'error'](`Engine ${event.state} ${event.message}`.trim());
    send(event);
  },
);

function send(event: EngineEvent): void {
  if (window !== undefined && !window.isDestroyed()) window.webContents.send('covis:event', event);
}

/** Only the top frame of our own page may ask. */
function trusted(event: IpcMainInvokeEvent): boolean {
  const frame = event.senderFrame;
  return frame !== null && frame.parent === null && frame.url.startsWith(`${ORIGIN}/`);
}

function refused(): Reply<never> {
  return { ok: false, error: { code: 'FORBIDDEN_SENDER', message: 'This page may not ask the engine' } };
}

ipcMain.handle('covis:request', (event, route: unknown, params: unknown) =>
  trusted(event) ? supervisor.request(String(route), params, 'page') : refused(),
);
ipcMain.handle('covis:open-library', (event) => (trusted(event) ? chooseLibrary() : refused()));
ipcMain.handle('covis:import', (event) => (trusted(event) ? chooseImport() : refused()));
ipcMain.handle('covis:cluster', (event) => (trusted(event) ? chooseCluster() : refused()));
ipcMain.handle('covis:domains', (event) => (trusted(event) ? chooseDomains() : refused()));

ipcMain.handle('covis:network', (event, pooling: unknown) => (trusted(event) ? chooseNetwork(pooling) : refused()));

ipcMain.handle('covis:export', (event, format: unknown, run: unknown) =>
  trusted(event) ? chooseExport(format, run) : refused(),
);

async function chooseLibrary(): Promise<Reply<unknown>> {
  const chosen = await dialog.showOpenDialog(window!, {
    title: 'Open a library, or choose an empty folder for a new one',
    properties: ['openDirectory', 'createDirectory', 'promptToCreate'],
  });
  const path = chosen.filePaths[0];
  if (chosen.canceled || path === undefined) return { ok: true, data: null };
  const reply = await supervisor.openLibrary(path);
  if (reply.ok) remember(path);
  return reply;
}

async function chooseImport(): Promise<Reply<unknown>> {
  const chosen = await dialog.showOpenDialog(window!, {
    title: 'Import COLMAP projects: folders with images and sparse',
    properties: ['openDirectory', 'multiSelections'],
  });
  if (chosen.canceled || chosen.filePaths.length === 0) return { ok: true, data: null };
  return supervisor.request('library.import', { paths: chosen.filePaths }, 'host');
}

async function chooseCluster(): Promise<Reply<unknown>> {
  const chosen = await dialog.showOpenDialog(window!, {
    title: 'Find the places in a folder of photos',
    properties: ['openDirectory'],
  });
  const path = chosen.filePaths[0];
  if (chosen.canceled || path === undefined) return { ok: true, data: null };
  return supervisor.request('library.cluster', { path }, 'host');
}

async function chooseDomains(): Promise<Reply<unknown>> {
  const chosen = await dialog.showOpenDialog(window!, {
    title: 'A folder of domains, each with a folder for every class',
    properties: ['openDirectory'],
  });
  const path = chosen.filePaths[0];
  if (chosen.canceled || path === undefined) return { ok: true, data: null };
  return supervisor.request('library.domains', { path }, 'host');
}

async function chooseNetwork(pooling: unknown): Promise<Reply<unknown>> {
  const chosen = await dialog.showOpenDialog(window!, {
    title: 'An ONNX network',
    properties: ['openFile'],
    filters: [{ name: 'ONNX', extensions: ['onnx'] }],
  });
  const path = chosen.filePaths[0];
  if (chosen.canceled || path === undefined) return { ok: true, data: null };
  return supervisor.request('library.network', { path, pooling }, 'host');
}

async function chooseExport(format: unknown, run: unknown): Promise<Reply<unknown>> {
  const chosen = await dialog.showOpenDialog(window!, {
    title: 'Export into a new or an empty folder',
    buttonLabel: 'Export here',
    properties: ['openDirectory', 'createDirectory', 'promptToCreate'],
  });
  const path = chosen.filePaths[0];
  if (chosen.canceled || path === undefined) return { ok: true, data: null };
  return supervisor.request('library.export', { path, format, run }, 'host');
}

function statePath(): string {
  return join(app.getPath('userData'), 'state.json');
}

function remember(library: string): void {
  mkdirSync(app.getPath('userData'), { recursive: true });
  writeFileSync(statePath(), JSON.stringify({ library }));
}

/** The library named on the command line, else the last one that still exists. */
function startLibrary(): string {
  const named = process.argv.find((a) => a.startsWith('--library='))?.slice('--library='.length);
  if (named !== undefined) return named;
  try {
    const { library } = JSON.parse(readFileSync(statePath(), 'utf8')) as { library?: unknown };
    return typeof library === 'string' && existsSync(join(library, 'library.db')) ? library : '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.error(`${statePath()} cannot be read:`, error);
    return '';
  }
}

async function serve(request: Request): Promise<Response> {
  const url = new URL(request.url);
  if (url.host !== 'app') return new Response('Not found', { status: 404 });
  if (url.pathname.startsWith('/asset/')) {
    const body = request.method === 'POST' ? await request.arrayBuffer() : undefined;
    try {
      return await supervisor.fetchAsset(url.pathname + url.search, {
        method: request.method,
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      log.error(`${url.pathname} cannot be fetched:`, error);
      return new Response('The engine is not running', { status: 503 });
    }
  }
  if (DEV_PAGE !== undefined) return serveFromDev(DEV_PAGE, url);
  let file = join(RENDERER, decodeURIComponent(url.pathname));
  if (!file.startsWith(RENDERER + sep) || file.includes('\0') || !existsSync(file) || extname(file) === '')
    file = join(RENDERER, 'index.html');
  return new Response(new Uint8Array(await readFile(file)), {
    headers: {
      'Content-Type': PAGE_TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': contentSecurityPolicy(),
      'X-Content-Type-Options': 'nosniff',
    },
  });
}

/** The page from a development server, whose socket for hot reload it may open. */
async function serveFromDev(origin: string, url: URL): Promise<Response> {
  const answer = await fetch(`${origin}${url.pathname}${url.search}`, {
    headers: { Accept: extname(url.pathname) === '' ? 'text/html' : '*/*' },
  });
  const headers = new Headers({ 'Content-Security-Policy': contentSecurityPolicy(origin.replace('http', 'ws')) });
  const type = answer.headers.get('Content-Type');
  if (type !== null) headers.set('Content-Type', type);
  return new Response(await answer.arrayBuffer(), { status: answer.status, headers });
}

function createWindow(): void {
  window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 900,
    minHeight: 600,
    show: false,
    backgroundColor: '#17181b',
    title: 'Covis',
    webPreferences: {
      preload: join(ROOT, 'out', 'preload', 'index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      spellcheck: false,
    },
  });
  window.once('ready-to-show', () => window?.show());
  window.webContents.on('will-navigate', (event, url) => {
    if (!url.startsWith(`${ORIGIN}/`)) event.preventDefault();
  });
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  void window.loadURL(`${ORIGIN}/`);
}

function menu(): Menu {
  return Menu.buildFromTemplate([
    ...(process.platform === 'darwin' ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [
        { ...OPEN_LIBRARY, click: () => void chooseLibrary() },
        { ...IMPORT_MODELS, click: () => void chooseImport() },
        { ...FIND_PLACES, click: () => void chooseCluster() },
        { ...SHOW_FOLDER, click: () => void showLibrary() },
        { type: 'separator' },
        { role: process.platform === 'darwin' ? 'close' : 'quit' },
      ],
    },
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { role: 'toggleDevTools' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
  ]);
}

async function showLibrary(): Promise<void> {
  const reply = await supervisor.request('library.current', {}, 'host');
  const path = reply.ok ? (reply.data as { path: string } | null)?.path : undefined;
  if (path !== undefined) shell.showItemInFolder(join(path, 'library.db'));
}

if (!app.requestSingleInstanceLock()) app.quit();
app.on('second-instance', () => {
  window?.show();
  window?.focus();
});
app.on('window-all-closed', () => app.quit());
app.on('quit', () => supervisor.close());

if (DEV_PAGE !== undefined) process.on('message', (m) => m === 'restart-engine' && supervisor.restart());

// Not awaited at the top level: Electron is ready only after this module has been evaluated.
void app.whenReady().then(() => {
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  protocol.handle(SCHEME, serve);
  Menu.setApplicationMenu(menu());
  const library = startLibrary();
  if (library !== '') remember(library);
  supervisor.start(library);
  createWindow();
});

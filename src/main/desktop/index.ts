/** The desktop: one window, native dialogs, the scheme that serves the page and its photos, and the engine's supervisor. */
import { app, dialog, Menu, Notification, protocol, session, shell, type BrowserWindow } from 'electron';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { engineFile, engineNode } from '../../../scripts/engine-node.mjs';
import type { EngineEvent, Reply } from '../../shared/contract.ts';
import type { StartOverview } from '../../shared/facts/start.ts';
import { onDamage, sentenceOf } from '../engine/environment/kept-file.ts';
import { logFolder } from '../engine/environment/log-file.ts';
import { asAllowed, askedFor, LINKS, type Asked } from './asked.ts';
import { guard } from './guards.ts';
import { JobWatch, wordOf } from './job-watch.ts';
import { log, logUncaught } from './log.ts';
import { menu } from './menu.ts';
import { repair } from './repair.ts';
import { answerPages, chooseImport, chooseLibrary, openAnother, type Desk } from './requests.ts';
import { answer, ORIGIN, SCHEME } from './scheme.ts';
import { DesktopState } from './state.ts';
import { studioWindow } from './studio-window.ts';
import { EngineSupervisor } from './supervisor.ts';

const ROOT = app.getAppPath();
/** Address of a development server that the page comes from instead of the built one (npm run dev). */
const DEV_PAGE = app.isPackaged ? undefined : process.env['COVIS_DEV_PAGE'];
const COMMAND = {
  node: process.env['COVIS_ENGINE_NODE'] ?? engineNode(ROOT),
  script: engineFile('main/server/engine-process', ROOT),
  root: ROOT,
};
const SHOW_START: EngineEvent = { event: 'show', view: 'start' };
const CLI = engineFile('main/cli/index', ROOT);

function run(first: Asked): void {
  // What Chromium keeps is not what a person chose.
  app.setPath('sessionData', join(app.getPath('userData'), 'profile'));
  const stateFile = join(app.getPath('userData'), 'state.json');
  onDamage((damage) => log.warn(sentenceOf(damage)));
  const state = new DesktopState(stateFile);
  const watch = new JobWatch();
  let window: BrowserWindow | undefined;
  let toSay: string[] = [];
  /** Set by whoever ends Covis from outside, where nobody can be asked. */
  let ending = false;

  const open = (): BrowserWindow | undefined => (window?.isDestroyed() === false ? window : undefined);
  const supervisor = new EngineSupervisor(COMMAND, hear);

  function hear(event: EngineEvent): void {
    if (event.event === 'changed' && event.what === 'library' && supervisor.library !== '')
      remember(supervisor.library);
    if (event.event === 'changed' && event.what === 'recent') void followList();
    if (event.event === 'engine') {
      log[event.state === 'ready' ? 'info' : 'error'](`Engine ${event.state} ${event.message}`.trim());
      if (event.state === 'ready' && supervisor.library !== '') remember(supervisor.library);
    }
    const ended = watch.take(event);
    const shown = open();
    if (ended !== undefined && shown?.isFocused() !== true && Notification.isSupported()) {
      const word = new Notification(wordOf(ended));
      word.on('click', () => {
        open()?.show();
        open()?.focus();
      });
      word.show();
    }
    if (shown === undefined) return;
    const { progress } = watch;
    shown.setProgressBar(progress === 'idle' ? -1 : progress === 'busy' ? 2 : progress);
    shown.webContents.send('covis:event', event);
  }

  function remember(library: string): void {
    try {
      state.opened(library);
    } catch (error) {
      log.error(`${stateFile} cannot be written:`, error);
    }
    buildMenu();
  }

  let told = false;
  /** The engine's list of libraries, which every face shares, has those of the menu; the menu has none that was taken out of it. */
  async function followList(): Promise<void> {
    if (!told) {
      told = true;
      await supervisor.request('start.known', { paths: [...state.libraries] }, 'host');
    }
    const reply = await supervisor.request('start.overview', {}, 'host');
    if (!reply.ok) return;
    const listed = new Set((reply.data as StartOverview).recent.map((r) => r.path));
    try {
      state.keep((path) => listed.has(path) || path === supervisor.library);
    } catch (error) {
      log.error(`${stateFile} cannot be written:`, error);
    }
    buildMenu();
  }

  async function forgetAll(): Promise<void> {
    state.forgetLibraries();
    buildMenu();
    const reply = await supervisor.request('start.overview', {}, 'host');
    if (!reply.ok) return;
    for (const { id } of (reply.data as StartOverview).recent)
      await supervisor.request('start.forget', { library: id }, 'host');
  }

  /** Asks before jobs are stopped. */
  async function mayLeave(what: string): Promise<boolean> {
    const question = watch.question;
    const shown = open();
    if (question === undefined || ending || shown === undefined) return true;
    const { response } = await dialog.showMessageBox(shown, {
      type: 'question',
      message: question,
      detail: `To ${what} stops it. What was finished is kept; the job can be started again, and training goes on where it was.`,
      buttons: ['Keep it running', `Stop and ${what}`],
      defaultId: 0,
      cancelId: 0,
    });
    return response === 1;
  }

  const desk: Desk = {
    supervisor,
    window: open,
    mayLeave,
    opened: remember,
    repair: (path) => repair(COMMAND, CLI, path),
    sentences: () => {
      const said = toSay;
      toSay = [];
      return said;
    },
  };

  /** Says in a dialog what a menu or a second start could not do. */
  function saying(work: Promise<Reply<unknown>>): void {
    void work.then(async (reply) => {
      if (reply.ok) return;
      const options = {
        type: 'error' as const,
        message: reply.error.message,
        detail: [reply.error.file, reply.error.hint].filter((t) => t !== undefined).join('\n'),
      };
      const shown = open();
      await (shown === undefined ? dialog.showMessageBox(options) : dialog.showMessageBox(shown, options));
    });
  }

  async function showLibrary(): Promise<void> {
    const reply = await supervisor.request('library.current', {}, 'host');
    const path = reply.ok ? (reply.data as { path: string } | null)?.path : undefined;
    if (path !== undefined) shell.showItemInFolder(join(path, 'library.db'));
  }

  function buildMenu(): void {
    Menu.setApplicationMenu(
      menu({
        openLibrary: () => saying(chooseLibrary(desk)),
        openRecent: (path) => saying(openAnother(desk, path)),
        forgetRecent: () => {
          void forgetAll();
        },
        importModels: () =>
          saying(
            chooseImport(desk).then((reply) => {
              if (reply.ok && reply.data !== null)
                open()?.webContents.send('covis:event', { event: 'chosen', sources: reply.data } satisfies EngineEvent);
              return reply;
            }),
          ),
        act: (id) => open()?.webContents.send('covis:event', { event: 'act', action: id } satisfies EngineEvent),
        showLibrary: () => void showLibrary(),
        recent: state.libraries,
        logs: madeFolder(logFolder()),
        notices: join(ROOT, 'THIRD_PARTY_NOTICES.md'),
      }),
    );
  }

  /** Does what another start, a file manager or a link asks for. */
  function follow(asked: Asked): void {
    const { library, start, refused } = asAllowed(asked, state.libraries);
    const shown = open();
    if (refused !== '')
      shown?.webContents.send('covis:event', { event: 'said', message: refused } satisfies EngineEvent);
    else if (start) shown?.webContents.send('covis:event', SHOW_START);
    if (library !== '' && library !== supervisor.library) saying(openAnother(desk, library));
  }

  app.on('second-instance', (_event, _argv, _folder, handed) => {
    const shown = open();
    if (shown?.isMinimized() === true) shown.restore();
    shown?.show();
    shown?.focus();
    follow(handed as Asked);
  });
  // macOS says by these what the others say by arguments.
  const later = (event: { preventDefault(): void }, word: string): void => {
    event.preventDefault();
    const asked = askedFor([word], '/');
    if (window === undefined) first = asked;
    else follow(asked);
  };
  app.on('open-file', later);
  app.on('open-url', later);
  app.on('child-process-gone', (_event, { type }) => {
    if (type !== 'GPU') return;
    const message = 'The graphics process ended and was started again; what it drew is drawn anew.';
    open()?.webContents.send('covis:event', { event: 'said', message } satisfies EngineEvent);
  });
  app.on('window-all-closed', () => app.quit());
  app.on('quit', () => supervisor.close());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      ending = true;
      app.quit();
    });
  if (DEV_PAGE !== undefined) process.on('message', (m) => m === 'restart-engine' && supervisor.restart());

  // Not awaited at the top level: Electron is ready only after this module has been evaluated.
  void app.whenReady().then(() => {
    guard(session.defaultSession, (url) => url.startsWith(`${ORIGIN}/`));
    protocol.handle(SCHEME, (request) =>
      answer(request, supervisor, { folder: join(ROOT, 'out', 'renderer'), dev: DEV_PAGE }),
    );
    app.setAboutPanelOptions({ applicationName: 'Covis', applicationVersion: app.getVersion() });
    answerPages(desk);
    buildMenu();
    if (app.isPackaged && process.platform === 'win32') app.setAsDefaultProtocolClient(LINKS.slice(0, -1));
    const { library, start, refused } = asAllowed(first, state.libraries);
    if (refused !== '') toSay.push(refused);
    supervisor.start(start ? '' : library || (state.libraries[0] ?? ''));
    window = studioWindow({
      origin: ORIGIN,
      preload: join(ROOT, 'out', 'preload', 'index.cjs'),
      state,
      say: (sentence) => toSay.push(sentence),
      mayClose: () => mayLeave('quit'),
    });
  });
}

/** The words behind the program, and behind the folder of Covis where Electron is told of it. */
function words(): readonly string[] {
  const [, ...rest] = process.argv;
  if (app.isPackaged) return rest;
  const own = rest.findIndex((a) => !a.startsWith('-'));
  return rest.filter((_a, i) => i !== own);
}

function madeFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return folder;
}

protocol.registerSchemesAsPrivileged([
  { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
]);
logUncaught();
// One window for all starts: the one that runs is told what this one was asked for, and this one ends having touched nothing.
const asked = askedFor(words(), process.cwd());
if (app.requestSingleInstanceLock(asked)) run(asked);
else app.exit(0);

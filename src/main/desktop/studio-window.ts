/** The window: where it stands, what it shows, and what happens when its page dies or hangs. */
import { app, BrowserWindow, dialog, screen } from 'electron';
import { stay } from './guards.ts';
import { log } from './log.ts';
import { visible, type DesktopState } from './state.ts';

/** Pages that died more often than this within {@link CALM_MS} are not loaded again without asking. */
const DEATHS = 3;
const CALM_MS = 60_000;
const SETTLED_MS = 500;

export interface WindowOptions {
  readonly origin: string;
  readonly preload: string;
  readonly state: DesktopState;
  /** What a page that was loaded again is to say. */
  readonly say: (sentence: string) => void;
  /** Asked before the window closes; false keeps it. */
  readonly mayClose: () => Promise<boolean>;
}

/** Opens the window and loads its page. */
export function studioWindow(o: WindowOptions): BrowserWindow {
  const own = (url: string): boolean => url.startsWith(`${o.origin}/`);
  const kept = visible(
    o.state.bounds,
    screen.getAllDisplays().map((d) => d.workArea),
  );
  const window = new BrowserWindow({
    width: kept?.width ?? 1440,
    height: kept?.height ?? 900,
    ...(kept === undefined ? {} : { x: kept.x, y: kept.y }),
    minWidth: 900,
    minHeight: 600,
    show: false,
    backgroundColor: '#17181b',
    title: 'Covis',
    webPreferences: {
      preload: o.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      spellcheck: false,
    },
  });
  if (kept?.maximized === true) window.maximize();
  window.once('ready-to-show', () => window.show());
  stay(window.webContents, own);
  keepBounds(window, o.state);
  let agreed = false;
  window.on('close', (event) => {
    if (agreed) return;
    event.preventDefault();
    void o.mayClose().then((may) => {
      if (!may || window.isDestroyed()) return;
      agreed = true;
      window.close();
    });
  });
  reviveWhenDead(window, o);
  askWhenHung(window);
  void window.loadURL(`${o.origin}/`);
  return window;
}

function keepBounds(window: BrowserWindow, state: DesktopState): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const keep = (): void => {
    clearTimeout(timer);
    if (window.isDestroyed() || window.isMinimized() || window.isFullScreen()) return;
    try {
      state.moved({ ...window.getNormalBounds(), maximized: window.isMaximized() });
    } catch (error) {
      log.error('The place of the window cannot be kept:', error);
    }
  };
  const later = (): void => {
    clearTimeout(timer);
    timer = setTimeout(keep, SETTLED_MS);
  };
  window.on('resize', later);
  window.on('move', later);
  window.on('close', keep);
}

function reviveWhenDead(window: BrowserWindow, o: WindowOptions): void {
  let deaths: number[] = [];
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    const now = Date.now();
    deaths = [...deaths.filter((at) => now - at < CALM_MS), now];
    const again = (): void => {
      o.say(
        `The page ended unexpectedly (${reason}) and was loaded again. Jobs went on; what was decided and finished is kept.`,
      );
      window.webContents.reload();
    };
    if (deaths.length <= DEATHS) return again();
    void dialog
      .showMessageBox(window, {
        type: 'error',
        message: `The page ended ${deaths.length} times within a minute (${reason})`,
        detail: 'Jobs go on in the engine. “Help, Show the log folder” has what is known of it.',
        buttons: ['Load it again', 'Quit'],
        cancelId: 0,
      })
      .then(({ response }) => {
        if (response === 1) return app.quit();
        deaths = [];
        if (!window.isDestroyed()) again();
      });
  });
}

function askWhenHung(window: BrowserWindow): void {
  let asking: AbortController | undefined;
  window.webContents.on('unresponsive', () => {
    if (asking !== undefined) return;
    log.error('The page does not answer');
    const mine = new AbortController();
    asking = mine;
    void dialog
      .showMessageBox(window, {
        type: 'warning',
        message: 'The page does not answer',
        detail: 'Jobs go on in the engine, whatever you choose.',
        buttons: ['Wait', 'Load it again'],
        defaultId: 0,
        cancelId: 0,
        signal: mine.signal,
      })
      .then(({ response }) => {
        asking = undefined;
        // Its process ends; what loads it again is what does so whenever it dies.
        if (!mine.signal.aborted && response === 1 && !window.isDestroyed())
          window.webContents.forcefullyCrashRenderer();
      });
  });
  window.webContents.on('responsive', () => {
    asking?.abort();
    asking = undefined;
  });
}

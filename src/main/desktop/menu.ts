/** The menu of the window. */
import { app, Menu, shell, type MenuItemConstructorOptions } from 'electron';
import {
  ABOUT_MACHINE,
  BACK_UP,
  CHECK_LIBRARY,
  FIND_PLACES,
  IMPORT_FILE,
  IMPORT_MODELS,
  NEW_LIBRARY,
  OPEN_LIBRARY,
  RESTORE,
  SHOW_FOLDER,
  SHOW_LOG,
  START_PAGE,
  type MenuAction,
} from '../../shared/actions.ts';

export interface MenuWork {
  readonly openLibrary: () => void;
  readonly openRecent: (path: string) => void;
  readonly forgetRecent: () => void;
  readonly importModels: () => void;
  /** Has the page do what has this id. */
  readonly act: (id: string) => void;
  readonly showLibrary: () => void;
  /** Libraries that were open, the last one first. */
  readonly recent: readonly string[];
  readonly logs: string;
  readonly notices: string;
}

function recent(o: MenuWork): MenuItemConstructorOptions[] {
  if (o.recent.length === 0) return [{ label: 'None yet', enabled: false }];
  return [
    ...o.recent.map((path) => ({ label: path.replaceAll('&', '&&'), click: () => o.openRecent(path) })),
    { type: 'separator' },
    { label: 'Forget these', click: o.forgetRecent },
  ];
}

export function menu(o: MenuWork): Menu {
  const mac = process.platform === 'darwin';
  const page = (a: MenuAction): MenuItemConstructorOptions => ({ ...a, click: () => o.act(a.id) });
  return Menu.buildFromTemplate([
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [
        page(START_PAGE),
        page(NEW_LIBRARY),
        { ...OPEN_LIBRARY, click: o.openLibrary },
        { label: 'Open recent', submenu: recent(o) },
        { ...IMPORT_MODELS, click: o.importModels },
        page(IMPORT_FILE),
        page(FIND_PLACES),
        { type: 'separator' },
        page(BACK_UP),
        page(RESTORE),
        page(CHECK_LIBRARY),
        { ...SHOW_FOLDER, click: o.showLibrary },
        { type: 'separator' },
        { role: mac ? 'close' : 'quit' },
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
    {
      role: 'help',
      submenu: [
        page(ABOUT_MACHINE),
        page(SHOW_LOG),
        { label: 'Show the log folder', click: () => void shell.openPath(o.logs) },
        { label: 'Licences', click: () => void shell.openPath(o.notices) },
        ...(mac ? [] : [{ label: 'About Covis', click: () => app.showAboutPanel() }]),
      ],
    },
  ]);
}

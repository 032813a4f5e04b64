/** The menu of the window. */
import { app, Menu, shell, type MenuItemConstructorOptions } from 'electron';
import { BACK_UP, FIND_PLACES, IMPORT_MODELS, OPEN_LIBRARY, SHOW_FOLDER, START_PAGE } from '../../shared/actions.ts';

export interface MenuWork {
  readonly start: () => void;
  readonly openLibrary: () => void;
  readonly openRecent: (path: string) => void;
  readonly forgetRecent: () => void;
  readonly importModels: () => void;
  readonly findPlaces: () => void;
  readonly backUp: () => void;
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
  return Menu.buildFromTemplate([
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: 'File',
      submenu: [
        { ...START_PAGE, click: o.start },
        { ...OPEN_LIBRARY, click: o.openLibrary },
        { label: 'Open recent', submenu: recent(o) },
        { ...IMPORT_MODELS, click: o.importModels },
        { ...FIND_PLACES, click: o.findPlaces },
        { ...BACK_UP, click: o.backUp },
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
        { label: 'Show the log folder', click: () => void shell.openPath(o.logs) },
        { label: 'Licences', click: () => void shell.openPath(o.notices) },
        ...(mac ? [] : [{ label: 'About Covis', click: () => app.showAboutPanel() }]),
      ],
    },
  ]);
}

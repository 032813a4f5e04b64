/** What the desktop's menu and the page both offer: what it is called and its key, in Electron's notation. */
export interface MenuAction {
  readonly id: string;
  readonly label: string;
  readonly accelerator?: string;
}

export const START_PAGE = {
  id: 'startPage',
  label: 'Start page',
  accelerator: 'CmdOrCtrl+Shift+O',
} as const satisfies MenuAction;

export const NEW_LIBRARY = {
  id: 'newLibrary',
  label: 'New library…',
} as const satisfies MenuAction;

export const CLOSE_LIBRARY = {
  id: 'closeLibrary',
  label: 'Close the library',
} as const satisfies MenuAction;

export const OPEN_LIBRARY = {
  id: 'openLibrary',
  label: 'Open library…',
  accelerator: 'CmdOrCtrl+O',
} as const satisfies MenuAction;

export const IMPORT_MODELS = {
  id: 'importModels',
  label: 'Import models…',
  accelerator: 'CmdOrCtrl+I',
} as const satisfies MenuAction;

export const FIND_PLACES = {
  id: 'findPlaces',
  label: 'Find places in a folder of photos…',
} as const satisfies MenuAction;

export const BACK_UP = {
  id: 'backUp',
  label: 'Back up the library…',
} as const satisfies MenuAction;

export const SHOW_FOLDER = {
  id: 'showFolder',
  label: 'Show the library folder',
} as const satisfies MenuAction;

export const IMPORT_FILE = {
  id: 'importFile',
  label: 'Import a model or a list from a file…',
} as const satisfies MenuAction;

export const RESTORE = {
  id: 'restore',
  label: 'Restore a backup…',
} as const satisfies MenuAction;

export const CHECK_LIBRARY = {
  id: 'checkLibrary',
  label: 'Check the library…',
} as const satisfies MenuAction;

export const ABOUT_MACHINE = {
  id: 'aboutMachine',
  label: 'About this machine',
} as const satisfies MenuAction;

export const SHOW_LOG = {
  id: 'showLog',
  label: 'Log',
} as const satisfies MenuAction;

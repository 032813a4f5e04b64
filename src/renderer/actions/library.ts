import {
  BACK_UP,
  CHECK_LIBRARY,
  CLOSE_LIBRARY,
  FIND_PLACES,
  IMPORT_FILE,
  IMPORT_MODELS,
  NEW_LIBRARY,
  OPEN_LIBRARY,
  RESTORE,
  START_PAGE,
  type MenuAction,
} from '../../shared/actions.ts';
import { useImports } from '../stores/imports.ts';
import { useLibrary } from '../stores/library.ts';
import { usePanels } from '../stores/panels.ts';
import { usePlace } from '../stores/place.ts';
import { useStart } from '../stores/start.ts';
import { host } from '../transport/index.ts';
import { action } from './action.ts';

/** An accelerator of the menu as the keyboard writes it. */
function menuKeys({ accelerator }: MenuAction): readonly string[] {
  return accelerator === undefined ? [] : [accelerator.replace('CmdOrCtrl', 'mod').toLowerCase()];
}

const common = { group: 'Library', offered: ['palette', 'menu', 'toolbar'] } as const;

export const startPage = action({
  ...common,
  ...START_PAGE,
  keys: menuKeys(START_PAGE),
  run: () => usePlace().go({ name: 'start' }),
});

export const newLibrary = action({
  ...common,
  ...NEW_LIBRARY,
  run: () => void (useStart().making = { kind: 'nothing' }),
});

export const openLibrary = action({
  ...common,
  ...OPEN_LIBRARY,
  keys: menuKeys(OPEN_LIBRARY),
  run: () => (host === undefined ? useStart().openChosen() : host.openLibrary()),
});

export const closeLibrary = action({
  ...common,
  ...CLOSE_LIBRARY,
  applies: () => (useLibrary().info === null ? 'No library is open' : true),
  run: () => useStart().close(),
});

/** Into the open library; into a new one where none is. */
export const importModels = action({
  ...common,
  writes: true,
  ...IMPORT_MODELS,
  keys: menuKeys(IMPORT_MODELS),
  run: () => (useLibrary().info === null ? useStart().bring('import') : useImports().choose()),
});

/** A single file: in a browser the one dialog shows folders and files. */
export const importFile = action({
  ...common,
  writes: true,
  ...IMPORT_FILE,
  run: () => (useLibrary().info === null ? useStart().bring('import', true, true) : useImports().choose(true)),
});

export const findPlaces = action({
  ...common,
  writes: true,
  ...FIND_PLACES,
  run: () => useStart().bring('cluster'),
});

export const backUp = action({
  ...common,
  ...BACK_UP,
  applies: () => (useLibrary().info === null ? 'No library is open' : true),
  run: () => useStart().backUp(),
});

export const restore = action({
  ...common,
  ...RESTORE,
  run: () => (usePanels().restoring = true),
});

export const checkLibrary = action({
  ...common,
  ...CHECK_LIBRARY,
  applies: () => (useLibrary().info === null ? 'No library is open' : true),
  run: () => (usePanels().checking = true),
});

import { BACK_UP, FIND_PLACES, IMPORT_MODELS, OPEN_LIBRARY, type MenuAction } from '../../shared/actions.ts';
import { useImports } from '../stores/imports.ts';
import { useLibrary } from '../stores/library.ts';
import { usePlace } from '../stores/place.ts';
import { host } from '../transport/index.ts';
import { action, type Applies } from './action.ts';

function desktop(command: string): Applies {
  return host === undefined ? `A page of the browser may not choose folders: ${command}` : true;
}

function open(command: string): Applies {
  const here = desktop(command);
  return here === true && useLibrary().info === null ? 'No library is open' : here;
}

/** An accelerator of the menu as the keyboard writes it. */
function menuKeys({ accelerator }: MenuAction): readonly string[] {
  return accelerator === undefined ? [] : [accelerator.replace('CmdOrCtrl', 'mod').toLowerCase()];
}

const common = { group: 'Library', offered: ['palette', 'menu', 'toolbar'] } as const;

export const openLibrary = action({
  ...common,
  ...OPEN_LIBRARY,
  keys: menuKeys(OPEN_LIBRARY),
  applies: () => desktop('npx covis serve LIBRARY'),
  run: () => host?.openLibrary(),
});

export const importModels = action({
  ...common,
  writes: true,
  ...IMPORT_MODELS,
  keys: menuKeys(IMPORT_MODELS),
  applies: () => open('npx covis import LIBRARY FOLDER'),
  run: () => useImports().choose(),
});

export const findPlaces = action({
  ...common,
  writes: true,
  ...FIND_PLACES,
  keys: menuKeys(FIND_PLACES),
  applies: () => open('npx covis cluster PHOTOS --library LIBRARY'),
  run: () => host?.clusterPhotos(),
});

/** A page of a browser, which may not choose folders, is given the command. */
export const backUp = action({
  ...common,
  ...BACK_UP,
  applies: () => (useLibrary().info === null ? 'No library is open' : true),
  run: () => (host === undefined ? usePlace().go({ name: 'storage', query: { backup: '' } }) : host.backUp()),
});

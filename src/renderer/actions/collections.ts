import type { RouteParams } from '../../shared/routes/index.ts';
import { useCollectionFiles } from '../stores/collection-files.ts';
import { useCollections } from '../stores/collections.ts';
import { useLibrary } from '../stores/library.ts';
import { useNotices } from '../stores/notices.ts';
import { usePanels } from '../stores/panels.ts';
import { usePlace } from '../stores/place.ts';
import { useSelection } from '../stores/selection.ts';
import { action, type Applies } from './action.ts';

const common = { group: 'Collections', offered: ['palette', 'context', 'toolbar'], undoneBy: 'undo' } as const;

/** Chosen photos, or the selected one. */
function somePhoto(): Applies {
  if (useLibrary().info === null) return 'No library is open';
  return useSelection().meant.length > 0 ? true : 'Choose or select a photo first';
}

function byHand(): Applies {
  const some = somePhoto();
  const { current } = useCollections();
  if (some !== true || current === null || current.kind === 'manual') return some;
  return `${current.name} is smart: its rules say what is in it`;
}

/** Without a current collection it asks for one. */
export const addToCollection = action({
  ...common,
  id: 'addToCollection',
  label: 'Add to the current collection',
  keys: ['b'],
  applies: byHand,
  run: () => {
    const { current, add } = useCollections();
    if (current === null) usePanels().collecting = true;
    else return add(current, useSelection().meant);
  },
});

export const takeFromCollection = action({
  ...common,
  id: 'takeFromCollection',
  label: 'Take out of the current collection',
  keys: ['shift+b'],
  applies: () => (useCollections().current === null ? 'No collection is the current one' : byHand()),
  run: () => {
    const { current, remove } = useCollections();
    if (current !== null) return remove(current, useSelection().meant);
  },
});

export const toCollection = action({
  ...common,
  id: 'toCollection',
  label: 'Add to a collection…',
  keys: ['t'],
  applies: somePhoto,
  run: () => (usePanels().collecting = true),
});

export const newCollection = action({
  ...common,
  id: 'newCollection',
  label: 'New collection from these…',
  keys: ['shift+n'],
  applies: somePhoto,
  run: () => (usePanels().naming = true),
});

/** Says something of folds in the library. */
async function editFolds(edit: RouteParams<'folds.edit'>['edit'], done: string): Promise<void> {
  const answer = await useCollections().write('folds.edit', { edit });
  if (answer !== null) useNotices().add('done', answer.changed === 0 ? 'Nothing changed' : done);
}

export const standFor = action({
  ...common,
  id: 'standFor',
  label: 'Let the selected photo stand for its near duplicates',
  offered: ['palette', 'context'],
  applies: () => (useLibrary().selectedPhoto === null ? 'Select a photo first' : (useLibrary().info?.readOnly ?? true)),
  run: () =>
    editFolds(
      { kind: 'head', photo: useLibrary().selectedPhoto! },
      'It stands for its near duplicates, which are folded under it',
    ),
});

export const forgetFolds = action({
  ...common,
  id: 'forgetFolds',
  label: 'Forget what you said of their folds',
  offered: ['palette'],
  applies: () => useLibrary().info?.readOnly ?? somePhoto(),
  run: () =>
    editFolds(
      { kind: 'forget', photos: [...useSelection().meant] },
      'Forgotten: folding near duplicates decides again',
    ),
});

export const showCurrent = action({
  id: 'showCurrent',
  label: 'Go to the current collection',
  group: 'Collections',
  offered: ['palette'],
  applies: () => (useCollections().current === null ? 'No collection is the current one' : true),
  run: () => usePlace().go({ name: 'collection', params: { id: useCollections().current!.id } }),
});

const inLibrary = (): Applies => (useLibrary().info === null ? 'No library is open' : true);

export const importCollection = action({
  id: 'importCollection',
  label: 'Import a collection…',
  group: 'Collections',
  offered: ['palette', 'toolbar'],
  applies: () => useLibrary().info?.readOnly ?? inLibrary(),
  run: () => useCollectionFiles().bringIn(),
});

export const importArchive = action({
  id: 'importArchive',
  label: 'Import a zip archive…',
  group: 'Collections',
  offered: ['palette', 'toolbar'],
  applies: () => useLibrary().info?.readOnly ?? inLibrary(),
  run: () => useCollectionFiles().bringInArchive(),
});

export const verifyCollection = action({
  id: 'verifyCollection',
  label: 'Verify an exported collection…',
  group: 'Collections',
  offered: ['palette', 'toolbar'],
  applies: inLibrary,
  run: () => useCollectionFiles().verify(),
});

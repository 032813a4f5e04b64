import { action } from './action.ts';

const common = { group: 'Collections', within: ['collections'], undoneBy: 'undo' } as const;

/** Of the collection that is shown. */
export const renameCollection = action({
  ...common,
  id: 'renameCollection',
  label: 'Rename the collection',
  keys: ['f2'],
});

export const deleteCollection = action({ ...common, id: 'deleteCollection', label: 'Delete the collection' });

export const takeOut = action({
  ...common,
  id: 'takeOut',
  label: 'Take the chosen photos out of the collection that is shown',
  keys: ['delete'],
});

export const foldPhotos = action({
  ...common,
  id: 'foldPhotos',
  label: 'Fold the chosen photos under the selected one',
  keys: ['shift+f'],
});

export const unfoldPhotos = action({
  ...common,
  id: 'unfoldPhotos',
  label: 'Unfold the chosen photos',
  keys: ['shift+e'],
});

export const belongs = action({ ...common, id: 'belongs', label: 'It belongs to the collection', keys: ['y'] });

export const belongsNot = action({ ...common, id: 'belongsNot', label: 'It does not belong', keys: ['n'] });

export const commit = action({ ...common, id: 'commit', label: 'Commit a version…', keys: ['mod+s'], undoneBy: null });

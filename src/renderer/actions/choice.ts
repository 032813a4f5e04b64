import { useLibrary } from '../stores/library.ts';
import { useSelection } from '../stores/selection.ts';
import { action, type Applies } from './action.ts';

/** Views with photos to choose. */
const WITHIN = ['clusters', 'photos', 'tuples', 'search', 'draw', 'manifold', 'map', 'collections'];

const common = { group: 'Choosing', offered: ['palette', 'toolbar'] } as const;

function someChosen(): Applies {
  return useSelection().count > 0 ? true : 'No photo is chosen';
}

export const chooseAll = action({
  ...common,
  id: 'chooseAll',
  label: 'Choose all of this result',
  keys: ['mod+a'],
  within: WITHIN,
  undoneBy: 'chooseAgain',
});

export const invertChoice = action({
  ...common,
  id: 'invertChoice',
  label: 'Choose what is not chosen of this result',
  keys: ['shift+i'],
  within: WITHIN,
  undoneBy: 'invertChoice',
});

export const reachNext = action({
  ...common,
  id: 'reachNext',
  label: 'Choose on to the next photo',
  keys: ['shift+arrowdown', 'shift+j', 'shift+arrowright'],
  offered: [],
  within: WITHIN,
});

export const reachPrevious = action({
  ...common,
  id: 'reachPrevious',
  label: 'Choose on to the previous photo',
  keys: ['shift+arrowup', 'shift+k', 'shift+arrowleft'],
  offered: [],
  within: WITHIN,
});

/** Space does the same in grids. */
export const toggleChoice = action({
  ...common,
  id: 'toggleChoice',
  label: 'Choose the selected photo, or let go of it',
  keys: ['mod+space'],
  offered: ['palette', 'context', 'toolbar'],
  applies: () => (useLibrary().selectedPhoto === null ? 'No photo is selected' : true),
  run: () => {
    const selection = useSelection();
    selection.take(selection.state.toggled(useLibrary().selectedPhoto!));
  },
  undoneBy: 'toggleChoice',
});

export const clearChoice = action({
  ...common,
  id: 'clearChoice',
  label: 'Let go of all chosen photos',
  applies: someChosen,
  run: () => useSelection().clear(),
  undoneBy: 'chooseAgain',
});

export const chooseAgain = action({
  ...common,
  id: 'chooseAgain',
  label: 'Choose again what was let go of',
  keys: ['shift+c'],
  applies: () => (useSelection().earlier.size > 0 ? true : 'Nothing was let go of'),
  run: () => useSelection().again(),
});

import { action } from './action.ts';

const common = { group: 'Tuple', within: ['tuples'] } as const;

export const photoRight = action({
  ...common,
  id: 'photoRight',
  label: 'Next photo of the tuple',
  keys: ['arrowright'],
  offered: [],
});

export const photoLeft = action({
  ...common,
  id: 'photoLeft',
  label: 'Previous photo of the tuple',
  keys: ['arrowleft'],
  offered: [],
});

export const compare = action({
  ...common,
  id: 'compare',
  label: 'Side by side, slider or flicker',
  keys: ['c'],
  offered: ['palette', 'toolbar'],
});

export const points = action({
  ...common,
  id: 'points',
  label: 'Shared points on or off',
  keys: ['p'],
  offered: ['palette', 'toolbar'],
  undoneBy: 'points',
});

export const lines = action({
  ...common,
  id: 'lines',
  label: 'Lines between shared points on or off',
  keys: ['l'],
  offered: ['palette', 'toolbar'],
  undoneBy: 'lines',
});

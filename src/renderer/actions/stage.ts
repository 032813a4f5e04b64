import { action } from './action.ts';

export const frame = action({
  id: 'frame',
  label: 'Frame everything',
  group: '3D model, map and tuple',
  keys: ['f'],
  within: ['clusters', 'map', 'tuples'],
  offered: ['palette', 'toolbar'],
});

export const lasso = action({
  id: 'lasso',
  label: 'Lasso or move',
  group: 'Map',
  keys: ['v'],
  within: ['map'],
  offered: ['palette', 'toolbar'],
  undoneBy: 'lasso',
});

import { action } from './action.ts';

export const frame = action({
  id: 'frame',
  label: 'Frame everything',
  group: '3D model, map and tuple',
  keys: ['f'],
  within: ['clusters', 'map', 'tuples'],
  offered: ['palette', 'toolbar'],
});

const flight = { group: '3D model, map and tuple', within: ['clusters'], offered: ['palette', 'toolbar'] } as const;

/** To where the next photo of the model was taken from. */
export const flyNext = action({ ...flight, id: 'flyNext', label: 'Fly to the next camera', keys: ['.'] });

export const flyPrevious = action({ ...flight, id: 'flyPrevious', label: 'Fly to the previous camera', keys: [','] });

export const lookThrough = action({
  ...flight,
  id: 'lookThrough',
  label: 'Look through the selected camera',
  keys: ['z'],
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

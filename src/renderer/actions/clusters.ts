import { action } from './action.ts';

const common = {
  group: 'Clusters',
  within: ['clusters'],
  offered: ['palette', 'toolbar'],
  undoneBy: 'undo',
} as const;

export const rename = action({ ...common, id: 'rename', label: 'Rename the cluster', keys: ['r'] });

export const merge = action({ ...common, id: 'merge', label: 'Merge the chosen clusters' });

export const exclude = action({ ...common, id: 'exclude', label: 'Exclude the chosen clusters from mining' });

export const include = action({ ...common, id: 'include', label: 'Include the chosen clusters again' });

export const split = action({ ...common, id: 'split', label: 'Choose photos to split off', keys: ['y'] });

import { action } from './action.ts';

export const why = action({
  id: 'why',
  label: 'Why the selected result matches',
  group: 'Search',
  keys: ['h'],
  within: ['search'],
  offered: ['palette', 'toolbar'],
});

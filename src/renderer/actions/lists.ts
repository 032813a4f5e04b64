import { action } from './action.ts';

export const next = action({
  id: 'next',
  label: 'Next tuple or photo',
  group: 'In lists',
  keys: ['j', 'arrowdown'],
  offered: [],
  within: ['clusters', 'photos', 'tuples', 'search', 'draw'],
});

export const previous = action({
  id: 'previous',
  label: 'Previous tuple or photo',
  group: 'In lists',
  keys: ['k', 'arrowup'],
  offered: [],
  within: ['clusters', 'photos', 'tuples', 'search', 'draw'],
});

export const nextOpen = action({
  id: 'nextOpen',
  label: 'Next tuple without a decision',
  group: 'In lists',
  keys: ['d'],
  within: ['tuples'],
});

export const selectRow = action({
  id: 'selectRow',
  label: 'Select the tuple for a decision on many',
  group: 'In lists',
  keys: ['space'],
  within: ['tuples'],
  undoneBy: 'selectRow',
});

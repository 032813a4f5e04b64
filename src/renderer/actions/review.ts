import { action } from './action.ts';

const common = {
  group: 'Review',
  offered: ['palette', 'toolbar'],
  undoneBy: 'undo',
} as const;

export const accept = action({
  ...common,
  id: 'accept',
  label: 'Accept',
  keys: ['a'],
  within: ['tuples', 'manifold'],
});

export const reject = action({
  ...common,
  id: 'reject',
  label: 'Reject',
  keys: ['x'],
  within: ['tuples', 'manifold'],
});

export const sameObject = action({
  ...common,
  id: 'sameObject',
  label: 'False negative: same object',
  keys: ['o'],
  within: ['tuples', 'manifold'],
});

export const swap = action({ ...common, id: 'swap', label: 'Make it the positive', keys: ['w'], within: ['tuples'] });

export const note = action({ ...common, id: 'note', label: 'Note', keys: ['n'], within: ['tuples'] });

export const clear = action({
  ...common,
  id: 'clear',
  label: 'Take the decision away',
  keys: ['backspace'],
  within: ['tuples'],
});

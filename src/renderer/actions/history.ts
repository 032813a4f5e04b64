import { useReview } from '../stores/review.ts';
import { action } from './action.ts';

/** Decisions and changes of clusters are undone everywhere; a view may undo its own things instead, as Draw does its lines. */
export const undo = action({
  id: 'undo',
  label: 'Undo the last decision',
  group: 'Everywhere',
  keys: ['u', 'mod+z'],
  offered: ['palette', 'toolbar'],
  run: () => useReview().turn('undo'),
  undoneBy: 'redo',
});

export const redo = action({
  id: 'redo',
  label: 'Redo',
  group: 'Everywhere',
  keys: ['shift+u', 'mod+shift+z'],
  offered: ['palette', 'toolbar'],
  run: () => useReview().turn('redo'),
  undoneBy: 'undo',
});

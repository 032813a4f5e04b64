import { useLibrary } from '../stores/library.ts';
import { usePanels } from '../stores/panels.ts';
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

export const showHistory = action({
  id: 'showHistory',
  label: 'History of decisions and changes',
  group: 'Everywhere',
  keys: ['shift+h'],
  offered: ['palette', 'toolbar'],
  applies: () => (useLibrary().info === null ? 'No library is open' : true),
  run: () => (usePanels().history = true),
});

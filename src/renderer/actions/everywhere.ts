import { toggleTheme } from '../stores/theme.ts';
import { useLibrary } from '../stores/library.ts';
import { useSelection } from '../stores/selection.ts';
import { action } from './action.ts';
import { usePanels } from '../stores/panels.ts';

export const palette = action({
  id: 'palette',
  label: 'Find a view, cluster, photo or command',
  group: 'Everywhere',
  keys: ['mod+k'],
  offered: ['toolbar'],
  always: true,
  run: () => (usePanels().palette = !usePanels().palette),
});

export const help = action({
  id: 'help',
  label: 'Keys',
  group: 'Everywhere',
  keys: ['?'],
  offered: ['palette', 'toolbar'],
  run: () => (usePanels().help = true),
});

export const theme = action({
  id: 'theme',
  label: 'Dark or light',
  group: 'Everywhere',
  keys: ['shift+t'],
  offered: ['palette', 'toolbar'],
  run: toggleTheme,
  undoneBy: 'theme',
});

export const back = action({
  id: 'back',
  label: 'Back, or let go of the selection',
  group: 'Everywhere',
  keys: ['escape'],
  offered: [],
  run: () => useSelection().letGo() || useLibrary().select(null),
});

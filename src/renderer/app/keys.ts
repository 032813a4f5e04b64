import { onBeforeUnmount, onMounted } from 'vue';

/** Every key of the studio: the one table from which handlers, tooltips and the help sheet are made. */
export const KEYS = {
  clusters: { keys: ['1'], label: 'Clusters', group: 'Go to' },
  tuples: { keys: ['2'], label: 'Tuples', group: 'Go to' },
  train: { keys: ['3'], label: 'Train', group: 'Go to' },
  search: { keys: ['4'], label: 'Search', group: 'Go to' },
  map: { keys: ['5'], label: 'Map', group: 'Go to' },
  measure: { keys: ['6'], label: 'Measure', group: 'Go to' },
  jobs: { keys: ['7'], label: 'Jobs', group: 'Go to' },
  palette: { keys: ['mod+k'], label: 'Find a cluster or a command', group: 'Everywhere' },
  help: { keys: ['?'], label: 'Keys', group: 'Everywhere' },
  theme: { keys: ['shift+t'], label: 'Dark or light', group: 'Everywhere' },
  back: { keys: ['escape'], label: 'Back, or let go of the selection', group: 'Everywhere' },
  next: { keys: ['j', 'arrowdown'], label: 'Next tuple or photo', group: 'In lists' },
  previous: { keys: ['k', 'arrowup'], label: 'Previous tuple or photo', group: 'In lists' },
  searchThis: { keys: ['s'], label: 'Search with the selected photo', group: 'Selected photo' },
  showCluster: { keys: ['g'], label: 'Show the selected photo in its 3D model', group: 'Selected photo' },
  why: { keys: ['h'], label: 'Why the selected result matches', group: 'Search' },
  lasso: { keys: ['v'], label: 'Lasso or move', group: 'Map' },
  points: { keys: ['p'], label: 'Shared points on or off', group: 'Tuple' },
  lines: { keys: ['l'], label: 'Lines between shared points on or off', group: 'Tuple' },
  frame: { keys: ['f'], label: 'Frame everything', group: '3D model and map' },
} as const satisfies Record<string, { keys: readonly string[]; label: string; group: string }>;

export type KeyAction = keyof typeof KEYS;

const isMac = navigator.platform.startsWith('Mac');

/** How a key is written in tooltips. */
export function keyLabel(action: KeyAction): string {
  return (KEYS[action].keys as readonly string[])
    .map((k) =>
      k
        .replace('mod+', isMac ? '⌘' : 'Ctrl ')
        .replace('shift+', 'Shift ')
        .replace('arrowdown', '↓')
        .replace('arrowup', '↑')
        .replace('escape', 'Esc')
        .replace(/\b[a-z]$/, (c) => c.toUpperCase()),
    )
    .join(' or ');
}

function pressed(event: KeyboardEvent): string {
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const key = event.key.toLowerCase();
  if (event.altKey || (isMac ? event.ctrlKey : event.metaKey)) return '';
  return `${mod ? 'mod+' : ''}${event.shiftKey && /^[a-z]$/.test(key) ? 'shift+' : ''}${key}`;
}

/** Keys are inert while typing and while a dialog is open; the palette's own key always works. */
function inert(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (target?.closest('input, textarea, select, [contenteditable]') !== null && target !== null) return true;
  return document.querySelector('[role="dialog"]') !== null;
}

/** Handles actions while the calling component is mounted. */
export function useKeys(handlers: Partial<Record<KeyAction, () => void>>): void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    const key = pressed(event);
    const action = (Object.keys(handlers) as KeyAction[]).find((a) =>
      (KEYS[a].keys as readonly string[]).includes(key),
    );
    if (action === undefined || (inert(event) && action !== 'palette')) return;
    event.preventDefault();
    handlers[action]!();
  };
  onMounted(() => window.addEventListener('keydown', onKey));
  onBeforeUnmount(() => window.removeEventListener('keydown', onKey));
}

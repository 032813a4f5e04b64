import { computed, onBeforeUnmount, onMounted, ref } from 'vue';

/** Every key of the studio: the one table from which handlers, tooltips and the help sheet are made. People may change `keys`. */
export const KEYS = {
  clusters: { keys: ['1'], label: 'Clusters', group: 'Go to' },
  tuples: { keys: ['2'], label: 'Tuples', group: 'Go to' },
  train: { keys: ['3'], label: 'Train', group: 'Go to' },
  search: { keys: ['4'], label: 'Search', group: 'Go to' },
  manifold: { keys: ['5'], label: 'Manifold', group: 'Go to' },
  map: { keys: ['6'], label: 'Map', group: 'Go to' },
  measure: { keys: ['7'], label: 'Measure', group: 'Go to' },
  jobs: { keys: ['8'], label: 'Jobs', group: 'Go to' },
  photos: { keys: ['9'], label: 'Photos', group: 'Go to' },
  draw: { keys: ['0'], label: 'Draw', group: 'Go to' },
  palette: { keys: ['mod+k'], label: 'Find a cluster or a command', group: 'Everywhere' },
  help: { keys: ['?'], label: 'Keys', group: 'Everywhere' },
  theme: { keys: ['shift+t'], label: 'Dark or light', group: 'Everywhere' },
  back: { keys: ['escape'], label: 'Back, or let go of the selection', group: 'Everywhere' },
  undo: { keys: ['u', 'mod+z'], label: 'Undo the last decision', group: 'Everywhere' },
  redo: { keys: ['shift+u', 'mod+shift+z'], label: 'Redo', group: 'Everywhere' },
  next: { keys: ['j', 'arrowdown'], label: 'Next tuple or photo', group: 'In lists' },
  previous: { keys: ['k', 'arrowup'], label: 'Previous tuple or photo', group: 'In lists' },
  nextOpen: { keys: ['d'], label: 'Next tuple without a decision', group: 'In lists' },
  selectRow: { keys: ['space'], label: 'Select the tuple for a decision on many', group: 'In lists' },
  searchThis: { keys: ['s'], label: 'Search with the selected photo', group: 'Selected photo' },
  showCluster: { keys: ['g'], label: 'Show the selected photo in its 3D model', group: 'Selected photo' },
  showMatches: { keys: ['i'], label: 'Show what the selected photo matches', group: 'Selected photo' },
  showManifold: { keys: ['m'], label: 'Show the selected photo on the manifold', group: 'Selected photo' },
  why: { keys: ['h'], label: 'Why the selected result matches', group: 'Search' },
  eraser: { keys: ['e'], label: 'Pen or eraser', group: 'Draw' },
  lasso: { keys: ['v'], label: 'Lasso or move', group: 'Map' },
  accept: { keys: ['a'], label: 'Accept', group: 'Review' },
  reject: { keys: ['x'], label: 'Reject', group: 'Review' },
  sameObject: { keys: ['o'], label: 'False negative: same object', group: 'Review' },
  swap: { keys: ['w'], label: 'Make it the positive', group: 'Review' },
  note: { keys: ['n'], label: 'Note', group: 'Review' },
  clear: { keys: ['backspace'], label: 'Take the decision away', group: 'Review' },
  photoRight: { keys: ['arrowright'], label: 'Next photo of the tuple', group: 'Tuple' },
  photoLeft: { keys: ['arrowleft'], label: 'Previous photo of the tuple', group: 'Tuple' },
  compare: { keys: ['c'], label: 'Side by side, slider or flicker', group: 'Tuple' },
  points: { keys: ['p'], label: 'Shared points on or off', group: 'Tuple' },
  lines: { keys: ['l'], label: 'Lines between shared points on or off', group: 'Tuple' },
  rename: { keys: ['r'], label: 'Rename the cluster', group: 'Clusters' },
  split: { keys: ['y'], label: 'Choose photos to split off', group: 'Clusters' },
  frame: { keys: ['f'], label: 'Frame everything', group: '3D model, map and tuple' },
} as const satisfies Record<string, { keys: readonly string[]; label: string; group: string }>;

export type KeyAction = keyof typeof KEYS;

const isMac = navigator.platform.startsWith('Mac');

/** What a person changed, by action; kept by the engine for every library. */
export const chosenKeys = ref<Partial<Record<string, readonly string[]>>>({});
const bindings = computed(
  () =>
    Object.fromEntries(
      (Object.keys(KEYS) as KeyAction[]).map((a) => [a, chosenKeys.value[a] ?? KEYS[a].keys]),
    ) as unknown as Record<KeyAction, readonly string[]>,
);

/** The keys of an action now. */
export function keysOf(action: KeyAction): readonly string[] {
  return bindings.value[action];
}

/** The action that has a key now. */
export function actionOf(key: string): KeyAction | undefined {
  return (Object.keys(KEYS) as KeyAction[]).find((a) => bindings.value[a].includes(key));
}

const NAMES: Readonly<Record<string, string>> = {
  arrowdown: '↓',
  arrowup: '↑',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  backspace: 'Backspace',
  space: 'Space',
  mod: isMac ? '⌘' : 'Ctrl',
  shift: 'Shift',
};

/** How one key is written. */
export function keyName(key: string): string {
  // The key itself may be a plus.
  const parts = key.split(/(?<=.)\+(?=.)/);
  return parts.map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(' ');
}

/** How the keys of an action are written in tooltips; empty where it has none. */
export function keyLabel(action: KeyAction): string {
  return keysOf(action).map(keyName).join(' or ');
}

/** A key event as the table writes it; empty for combinations that are not ours. */
export function pressed(event: KeyboardEvent): string {
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  if (event.altKey || (isMac ? event.ctrlKey : event.metaKey) || ['shift', 'control', 'meta', 'alt'].includes(key))
    return '';
  const shift = event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1);
  return `${mod ? 'mod+' : ''}${shift ? 'shift+' : ''}${key}`;
}

/** Keys are inert while typing and while a dialog is open; the palette's own key always works. */
function inert(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  // A box that was ticked keeps the focus; only space is its own.
  if (target?.closest('input[type="checkbox"]') != null) return event.key === ' ';
  if (target?.closest('input:not([type="range"]), textarea, select, [contenteditable]') != null) return true;
  return document.querySelector('[role="dialog"]') !== null;
}

type Handlers = Partial<Record<KeyAction, () => void>>;
/** Handlers of what is mounted; what was mounted last comes first. */
const mounted: Handlers[] = [];

window.addEventListener('keydown', (event) => {
  if (event.defaultPrevented) return;
  const action = actionOf(pressed(event));
  if (action === undefined || (inert(event) && action !== 'palette')) return;
  const handler = mounted.findLast((h) => h[action] !== undefined)?.[action];
  if (handler === undefined) return;
  event.preventDefault();
  handler();
});

/** Handles actions while the calling component is mounted, before those mounted earlier. */
export function useKeys(handlers: Handlers): void {
  onMounted(() => mounted.push(handlers));
  onBeforeUnmount(() => mounted.splice(mounted.indexOf(handlers), 1));
}

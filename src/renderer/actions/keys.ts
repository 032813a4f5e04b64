import { ref } from 'vue';
import type { Action } from './action.ts';

const isMac = navigator.platform.startsWith('Mac');

/** What a person changed, by the id of the action; kept by the engine for every library. */
export const chosenKeys = ref<Partial<Record<string, readonly string[]>>>({});

/** The keys of an action now. */
export function keysOf(action: Action): readonly string[] {
  return chosenKeys.value[action.id] ?? action.keys;
}

const NAMES: Readonly<Record<string, string>> = {
  arrowdown: '↓',
  arrowup: '↑',
  arrowleft: '←',
  arrowright: '→',
  escape: 'Esc',
  backspace: 'Backspace',
  delete: 'Delete',
  f2: 'F2',
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
export function keyLabel(action: Action): string {
  return keysOf(action).map(keyName).join(' or ');
}

/** A text with the keys of an action behind it, for tooltips. */
export function withKeys(text: string, action: Action): string {
  const keys = keyLabel(action);
  return keys === '' ? text : `${text} (${keys})`;
}

/** A key event as actions write it; empty for combinations that are not ours. */
export function pressed(event: KeyboardEvent): string {
  const mod = isMac ? event.metaKey : event.ctrlKey;
  const key = event.key === ' ' ? 'space' : event.key.toLowerCase();
  if (event.altKey || (isMac ? event.ctrlKey : event.metaKey) || ['shift', 'control', 'meta', 'alt'].includes(key))
    return '';
  const shift = event.shiftKey && (/^[a-z]$/.test(key) || key.length > 1);
  return `${mod ? 'mod+' : ''}${shift ? 'shift+' : ''}${key}`;
}

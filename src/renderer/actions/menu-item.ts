import type { KitMenuItem } from '../kit/types.ts';
import type { Action } from './action.ts';
import { keyLabel } from './keys.ts';
import { perform, stateOf } from './use-action.ts';

/** An action as a line of a menu: with its keys, grey with the reason where it cannot be done now. */
export function menuItemOf(a: Action): KitMenuItem {
  const state = stateOf(a);
  return { label: a.label, keys: keyLabel(a), ...(state === true ? {} : { reason: state }), run: () => perform(a) };
}

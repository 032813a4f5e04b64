import { meet, type Action } from '../actions/action.ts';
import { keysOf, pressed } from '../actions/keys.ts';
import { isHere, perform, stateOf } from '../actions/use-action.ts';

/** The action that a key means in the view that is shown. */
export function actionOf(actions: readonly Action[], key: string): Action | undefined {
  return key === '' ? undefined : actions.find((a) => isHere(a) && keysOf(a).includes(key));
}

/** Another action that has a key at a place where this one can be done, too. */
export function keyTakenBy(actions: readonly Action[], key: string, action: Action): Action | undefined {
  return actions.find((a) => a.id !== action.id && meet(a, action) && keysOf(a).includes(key));
}

/** Keys are inert while typing and while something lies over the view. */
function inert(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (document.querySelector('[role="dialog"], [role="menu"]') !== null) return true;
  // A box that was ticked keeps the focus; only space is its own.
  if (target?.closest('input[type="checkbox"], input[type="radio"]') != null) return event.key === ' ';
  if (target?.closest('input[type="range"]') != null) return /^(Arrow|Page|Home|End)/.test(event.key);
  if (target?.closest('input, textarea, select, [contenteditable]') != null) return true;
  // Space and Enter press what has the focus.
  if (target?.closest('button, a[href], summary') != null && event.key === 'Enter') return true;
  if (target?.closest('button, summary') != null && event.key === ' ' && target.closest('[role="option"]') === null)
    return true;
  return false;
}

/** Hears the keys of all actions. @returns what stops it. */
export function listenToKeys(actions: readonly Action[], on: Window = window): () => void {
  const hear = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return;
    const action = actionOf(actions, pressed(event));
    if (action === undefined || (inert(event) && !action.always)) return;
    // What cannot be done leaves combinations to the browser, so that Ctrl O still opens its files.
    if (stateOf(action) === true || !event.ctrlKey) event.preventDefault();
    perform(action);
  };
  on.addEventListener('keydown', hear);
  return () => on.removeEventListener('keydown', hear);
}

import { onBeforeUnmount, onMounted, shallowReactive } from 'vue';
import { useLibrary } from '../stores/library.ts';
import { useNotices } from '../stores/notices.ts';
import { usePlace } from '../stores/place.ts';
import type { Action, Applies } from './action.ts';

interface Handler {
  readonly action: Action;
  readonly run: () => unknown;
  readonly when: (() => Applies) | undefined;
}

/** Handlers of what is mounted; what was mounted last comes first. */
const mounted = shallowReactive<Handler[]>([]);

function handlerOf(action: Action): Handler | undefined {
  return mounted.findLast((h) => h.action.id === action.id);
}

/**
 * Does an action while the calling component is mounted, in place of what the action does by itself and of what was mounted earlier.
 * @param when whether it can be done now, else the reason; in place of what the action says of itself.
 * @returns what makes this one come first again: of several lists that are mounted, the one that a person works in.
 */
export function useAction(action: Action, run: () => unknown, when?: () => Applies): () => void {
  const handler = { action, run, when };
  const leave = (): boolean => {
    const at = mounted.indexOf(handler);
    if (at >= 0) mounted.splice(at, 1);
    return at >= 0;
  };
  onMounted(() => mounted.push(handler));
  onBeforeUnmount(leave);
  return () => {
    if (handlerOf(action) !== handler && leave()) mounted.push(handler);
  };
}

function title(view: string): string {
  return view.charAt(0).toUpperCase() + view.slice(1);
}

/** Whether an action means something in the view that is shown. */
export function isHere(action: Action): boolean {
  return action.within === null || action.within.includes(usePlace().view);
}

/** Whether an action can be done now, or why not. */
export function stateOf(action: Action): Applies {
  const handler = handlerOf(action);
  if (handler === undefined && (action.run === null || !isHere(action)))
    return `Only in ${(action.within ?? []).map(title).join(' and ')}`;
  const readOnly = action.writes ? useLibrary().info?.readOnly : undefined;
  return readOnly ?? (handler?.when ?? action.applies)();
}

/** Does an action, or says why it cannot be done. */
export function perform(action: Action): void {
  const state = stateOf(action);
  if (state !== true) {
    useNotices().add('done', `${action.label}: ${state.charAt(0).toLowerCase()}${state.slice(1)}`);
    return;
  }
  const done = (handlerOf(action)?.run ?? action.run)?.();
  if (done instanceof Promise) done.catch((error: unknown) => useNotices().error(error));
}

import { onScopeDispose, shallowRef, watch, type ShallowRef, type WatchSource } from 'vue';
import { CovisError } from '../../shared/errors.ts';
import { onEvent, reachable } from '../transport/index.ts';

/** What was loaded, why it was not, and whether it is on its way. */
export interface Loaded<T> {
  readonly data: T | null;
  readonly error: unknown;
  readonly loading: boolean;
}

export interface Latest<I> {
  /** Asks for `id`. What was asked before is aborted, and its answer counts no more whenever it comes. */
  ask(id: I): Promise<void>;
  /** Asks for nothing: what was shown is let go. */
  clear(): void;
  /** Nothing is told any more. */
  dispose(): void;
}

/**
 * Of everything that is asked, only the newest answer is told: a slow one never overwrites it. While an id that differs from the one
 * shown is on its way, data are null, so that nothing of another id is seen under it; the same id asked again keeps its data.
 * @param keep Data of the last id stay until the next are there.
 */
export function latest<I, T>(
  load: (id: I, signal: AbortSignal) => Promise<T>,
  tell: (state: Loaded<T>) => void,
  { keep = false }: { readonly keep?: boolean } = {},
): Latest<I> {
  let turn = 0;
  let over = false;
  let running: AbortController | undefined;
  let shown: { readonly id: I; readonly data: T } | undefined;

  function begin(): { mine: () => boolean; signal: AbortSignal } {
    running?.abort();
    const own = new AbortController();
    running = own;
    turn += 1;
    const at = turn;
    return { mine: () => at === turn, signal: own.signal };
  }

  return {
    async ask(id) {
      if (over) return;
      const { mine, signal } = begin();
      if (!keep && shown !== undefined && !Object.is(shown.id, id)) shown = undefined;
      tell({ data: shown?.data ?? null, error: null, loading: true });
      try {
        const data = await load(id, signal);
        if (!mine()) return;
        shown = { id, data };
        tell({ data, error: null, loading: false });
      } catch (error) {
        if (!mine()) return;
        shown = undefined;
        tell({ data: null, error, loading: false });
      }
    },
    clear() {
      if (over) return;
      begin();
      shown = undefined;
      tell({ data: null, error: null, loading: false });
    },
    dispose() {
      over = true;
      begin();
      shown = undefined;
    },
  };
}

/**
 * Loads by an id that changes: at once, at each change, and again by `reload`. Null and undefined load nothing. Ends with the component.
 * Errors are kept in `error` for the view to show; what was asked over a lost connection is loaded again when that is back.
 */
export function useLatest<I, T>(
  source: WatchSource<I | null | undefined>,
  load: (id: I, signal: AbortSignal) => Promise<T>,
  options: { readonly keep?: boolean } = {},
): {
  readonly data: ShallowRef<T | null>;
  readonly error: ShallowRef<unknown>;
  readonly loading: ShallowRef<boolean>;
  readonly reload: () => Promise<void>;
} {
  const data = shallowRef<T | null>(null);
  const error = shallowRef<unknown>(null);
  const loading = shallowRef(false);
  let id: I | null | undefined;
  const loader = latest(
    load,
    (state) => {
      data.value = state.data;
      error.value = state.error;
      loading.value = state.loading;
    },
    options,
  );
  /** Asked while the engine was gone: what there is of it may be old. */
  let old = false;
  const ask = async (): Promise<void> => {
    old = !reachable.value;
    if (id === null || id === undefined) loader.clear();
    else await loader.ask(id);
  };
  watch(
    source,
    (next) => {
      id = next;
      void ask();
    },
    { immediate: true },
  );
  // What could not be asked for can be when the engine is back.
  const off = onEvent((e) => {
    if (e.event !== 'engine' || e.state !== 'ready') return;
    if (old || (error.value instanceof CovisError && error.value.code === 'ENGINE_EXITED')) void ask();
  });
  onScopeDispose(() => {
    off();
    loader.dispose();
  });
  return { data, error, loading, reload: ask };
}

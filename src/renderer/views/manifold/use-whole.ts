import { onScopeDispose, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { ManifoldView } from '../../../shared/domain.ts';
import type { ManifoldGraph } from '../../../shared/facts/manifold.ts';
import { request } from '../../transport/index.ts';

/** Between two looks at how far the graph is. */
const EVERY_MS = 1000;
/** A look that fails, as where the connection was lost for a moment, is taken again so often. */
const TRIES = 5;

/**
 * Where a view shows a part of the graph: how far the whole is, asked again and again until it is there.
 * @param whole what then loads the view; where it fails, the part stays, and it is tried again.
 */
export function useWhole(
  view: Readonly<Ref<ManifoldView | null>>,
  whole: () => Promise<void>,
): { readonly finding: ShallowRef<ManifoldGraph | null>; readonly reasons: ShallowRef<unknown> } {
  const finding = shallowRef<ManifoldGraph | null>(null);
  const reasons = shallowRef<unknown>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let turn = 0;
  let failures = 0;

  async function look(set: string, k: number, mine: number): Promise<void> {
    try {
      const now = await request('manifold.graph', { set, k });
      if (mine !== turn) return;
      finding.value = now;
      if (now.ready) await whole();
      // What was loaded may be a part once more: the thread that has the graph may have been started anew.
      if (mine !== turn) return;
      failures = 0;
    } catch (error) {
      if (mine !== turn) return;
      failures += 1;
      if (failures >= TRIES) return void (reasons.value = error);
    }
    timer = setTimeout(() => void look(set, k, mine), EVERY_MS);
  }
  function end(): void {
    turn += 1;
    failures = 0;
    clearTimeout(timer);
    finding.value = null;
    reasons.value = null;
  }
  watch(
    () => (view.value?.part == null ? null : `${view.value.set} ${view.value.parameters.k}`),
    (waits) => {
      end();
      const v = view.value;
      if (waits !== null && v !== null) void look(v.set, v.parameters.k, turn);
    },
    { immediate: true },
  );
  onScopeDispose(end);
  return { finding, reasons };
}

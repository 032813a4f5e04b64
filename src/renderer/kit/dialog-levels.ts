import { onScopeDispose, readonly, ref, watch, type Ref } from 'vue';

/** Which dialogs are open, by their height over the page. */
const levels = new Set<Ref<number>>();

/**
 * How high a dialog lies, from 0: over all that were open before it, wherever in the page they are. Without that, one of a view that was loaded
 * late would lie over those that all views open.
 */
export function useLevel(open: Readonly<Ref<boolean>>): Readonly<Ref<number>> {
  const level = ref(0);
  watch(
    open,
    (is) => {
      levels.delete(level);
      if (!is) return;
      level.value = Math.max(-1, ...Array.from(levels, (l) => l.value)) + 1;
      levels.add(level);
    },
    { immediate: true, flush: 'sync' },
  );
  onScopeDispose(() => levels.delete(level));
  return readonly(level);
}

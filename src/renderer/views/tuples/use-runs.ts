import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import type { MiningRunInfo } from '../../../shared/domain.ts';
import { useLibrary } from '../../stores/library.ts';
import { useNotices } from '../../stores/notices.ts';
import { request } from '../../transport/index.ts';

/** The library's mining runs, read anew when there are others; `ready` once they were read. */
export function useRuns(): { readonly runs: ShallowRef<readonly MiningRunInfo[]>; readonly ready: Ref<boolean> } {
  const library = useLibrary();
  const notices = useNotices();
  const runs = shallowRef<readonly MiningRunInfo[]>([]);
  const ready = ref(false);
  async function refresh(): Promise<void> {
    try {
      runs.value = await request('tuples.runs', {});
      ready.value = true;
    } catch (error) {
      notices.error(error);
    }
  }
  watch(() => library.changed('mining'), refresh, { immediate: true });
  return { runs, ready };
}

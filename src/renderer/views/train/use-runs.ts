import { computed, type Ref } from 'vue';
import type { TrainingRunInfo } from '../../../shared/domain.ts';
import { useQuery, type QueryChange } from '../../stores/query.ts';
import { MOST_OVERLAID } from './curves.ts';

function numbers(text: unknown): number[] {
  return typeof text === 'string' ? text.split(',').map(Number).filter(Number.isInteger) : [];
}

/** Which run is shown and which lie over it, as the address has it: `run=3&with=1,2`; without, the newest alone. */
export function useRuns(runs: Ref<readonly TrainingRunInfo[]>) {
  const { route, change } = useQuery();
  const asked = computed(() => numbers(route.query['run'])[0]);
  const run = computed(() => runs.value.find((r) => r.id === asked.value) ?? runs.value[0] ?? null);
  const others = computed(() => {
    const found = numbers(route.query['with']).flatMap((id) => runs.value.find((r) => r.id === id) ?? []);
    return [...new Set(found)].filter((r) => r.id !== run.value?.id).slice(0, MOST_OVERLAID);
  });
  /** Runs that the address asks for and that there are not, as people read it; empty where there are all. */
  const unknown = computed(() => {
    const missing = [...(asked.value === undefined ? [] : [asked.value]), ...numbers(route.query['with'])].filter(
      (id) => runs.value.every((r) => r.id !== id),
    );
    return missing.length === 0 ? '' : `The library has no training run ${missing.join(', ')}.`;
  });

  function go(to: QueryChange): void {
    void change(to);
  }
  /** Null shows the newest. */
  function show(id: number | null): void {
    go({ run: id ?? undefined });
  }
  function overlay(id: number, on: boolean): void {
    const kept = others.value.map((r) => r.id).filter((o) => o !== id);
    const next = on ? [...kept, id] : kept;
    go({ with: next.length === 0 ? undefined : next.join(',') });
  }
  return { run, others, unknown, show, overlay, go };
}

import { defineStore } from 'pinia';
import { computed, ref, toRaw } from 'vue';
import type { JobInfo } from '../../shared/domain.ts';
import type { ChosenSources } from '../../shared/facts/desktop.ts';
import { importJob } from '../../shared/jobs/import.ts';
import type { ResultOf } from '../../shared/jobs/job.ts';
import { host, onEvent, type ImportHow } from '../transport/index.ts';
import { useJobs } from './jobs.ts';
import { useNotices } from './notices.ts';

export type ImportResult = ResultOf<typeof importJob>;

/** Results are long: each is looked at once. */
const read = new WeakMap<object, ImportResult | null>();

/** What an import found; null where it has not ended well, or another version wrote what it gave. */
export function importResult(job: JobInfo | null): ImportResult | null {
  if (job?.kind !== 'import' || job.state !== 'done') return null;
  const given = toRaw(job.result);
  if (typeof given !== 'object' || given === null) return null;
  const known = read.get(given) ?? importJob.result.safeParse(given).data ?? null;
  read.set(given, known);
  return known;
}

/** An import that a person prepares: what was chosen, how it is to be done, and what was found of it. */
export const useImports = defineStore('imports', () => {
  const sources = ref<ChosenSources | null>(null);
  const how = ref<Omit<ImportHow, 'dryRun'>>({ keepBoth: false, skipDamaged: false });
  const started = ref<number | null>(null);
  const starting = ref(false);
  /** The job that looks or imports; null before one does, and until the engine tells of it. */
  const job = computed(() => useJobs().jobs.find((j) => j.id === started.value) ?? null);
  const busy = computed(() => {
    const state = job.value?.state;
    return (
      starting.value || (started.value !== null && (state === undefined || state === 'running' || state === 'queued'))
    );
  });
  const result = computed(() => importResult(job.value));

  function take(chosen: ChosenSources | null): void {
    if (chosen === null) return;
    sources.value = chosen;
    started.value = null;
    how.value = { keepBoth: false, skipDamaged: false };
  }

  async function choose(): Promise<void> {
    try {
      take((await host?.chooseSources()) ?? null);
    } catch (error) {
      useNotices().error(error);
    }
  }

  /** @param dryRun finds everything out and stores nothing. */
  async function start(dryRun: boolean): Promise<void> {
    if (sources.value === null || busy.value) return;
    starting.value = true;
    try {
      started.value = (await host?.importChosen(sources.value.id, { ...how.value, dryRun }))?.job ?? null;
    } catch (error) {
      useNotices().error(error);
    } finally {
      starting.value = false;
    }
  }

  /** Another way to import: what was found was found for the one before. */
  function change(next: Partial<Omit<ImportHow, 'dryRun'>>): void {
    how.value = { ...how.value, ...next };
    started.value = null;
  }

  function close(): void {
    sources.value = null;
    started.value = null;
  }

  function listen(): () => void {
    return onEvent((e) => {
      if (e.event === 'chosen') take(e.sources);
    });
  }

  return { sources, how, job, busy, result, choose, start, change, close, listen };
});

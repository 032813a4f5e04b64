import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import type { FolderEntry, JobInfo } from '../../shared/domain.ts';
import type { JobResult } from '../../shared/jobs/index.ts';
import { host, onEvent, request, type ImportHow } from '../transport/index.ts';
import { resultOf } from './job-results.ts';
import { useJobs } from './jobs.ts';
import { useNotices } from './notices.ts';
import { useQuestions } from './questions.ts';

export type ImportResult = JobResult<'import'>;

/** What an import found; null where it has not ended well, or another version wrote what it gave. */
export const importResult = (job: JobInfo | null): ImportResult | null => resultOf('import', job);

/** An import that a person prepares: what was chosen, how it is to be done, and what was found of it. */
export const useImports = defineStore('imports', () => {
  const sources = ref<{ readonly paths: readonly string[] } | null>(null);
  /** Says to the engine what was chosen and how it is imported. @returns the job's number. */
  let begin: (how: ImportHow) => Promise<number | null> = () => Promise.resolve(null);
  const how = ref<Omit<ImportHow, 'dryRun'>>({ keepBoth: false, skipDamaged: false });
  /** The folder of the photos, where a person named one. */
  const images = ref<FolderEntry | null>(null);
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

  function show(paths: readonly string[], work: typeof begin): void {
    sources.value = { paths };
    begin = work;
    started.value = null;
    images.value = null;
    how.value = { keepBoth: false, skipDamaged: false };
  }

  /** Folders or files that a person chose. */
  function prepare(folders: readonly FolderEntry[]): void {
    const ids = folders.map((f) => f.id);
    show(
      folders.map((f) => f.path),
      async (asked) =>
        (
          await request('start.import', {
            folders: ids,
            ...(images.value === null ? {} : { images: images.value.id }),
            ...asked,
          })
        ).job,
    );
  }

  /** Lets a person choose: folders, or `file` a single file. In a browser one dialog shows both. */
  async function choose(file = false): Promise<void> {
    try {
      if (host !== undefined && !file) {
        const folders = await host.chooseSources();
        if (folders !== null) prepare(folders);
        return;
      }
      const entry = await useQuestions().folder(file ? 'model-file' : 'models');
      if (entry !== null) prepare([entry]);
    } catch (error) {
      useNotices().error(error);
    }
  }

  /** Where the photos lie, if not where they are looked for. */
  async function chooseImages(): Promise<void> {
    try {
      images.value = (await useQuestions().folder('images')) ?? images.value;
      started.value = null;
    } catch (error) {
      useNotices().error(error);
    }
  }

  /** Photos are looked for beside the models again. */
  function withoutImages(): void {
    images.value = null;
    started.value = null;
  }

  /** @param dryRun finds everything out and stores nothing. */
  async function start(dryRun: boolean): Promise<void> {
    if (sources.value === null || busy.value) return;
    starting.value = true;
    try {
      started.value = await begin({ ...how.value, dryRun });
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
      if (e.event === 'chosen') prepare(e.sources);
    });
  }

  return {
    sources,
    how,
    images,
    job,
    busy,
    result,
    choose,
    chooseImages,
    withoutImages,
    prepare,
    start,
    change,
    close,
    listen,
  };
});

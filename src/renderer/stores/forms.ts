import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { JobKind } from '../../shared/jobs/index.ts';
import type { FolderEntry } from '../../shared/domain.ts';
import { useQuestions } from './questions.ts';

/** What a person fills in before a job begins: which job, and what is said already. One at a time. */
export const useForms = defineStore('forms', () => {
  const kind = ref<JobKind | null>(null);
  const draft = ref<Record<string, unknown>>({});

  /** Opens the form of a job. @param chosen folders or files that were chosen for its paths already. */
  function open(
    which: JobKind,
    said: Readonly<Record<string, unknown>> = {},
    chosen: Readonly<Record<string, FolderEntry>> = {},
  ): void {
    for (const entry of Object.values(chosen)) useQuestions().remember(entry);
    draft.value = { ...said, ...Object.fromEntries(Object.entries(chosen).map(([key, entry]) => [key, entry.id])) };
    kind.value = which;
  }

  function close(): void {
    kind.value = null;
  }

  return { kind, draft, open, close };
});

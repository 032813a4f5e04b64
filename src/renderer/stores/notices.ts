import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { RouteLocationRaw } from 'vue-router';
import { toErrorShape } from '../../shared/errors.ts';

export interface Notice {
  readonly id: number;
  readonly kind: 'error' | 'done';
  readonly text: string;
  readonly hint: string;
  /** Leads to where it happened. */
  readonly to: NoticeLink | null;
}

export interface NoticeLink {
  readonly label: string;
  readonly to: RouteLocationRaw;
}

const SHOWN_MS = { error: 12_000, done: 5_000 } as const;

/** Short messages that come and go at the corner of the window. */
export const useNotices = defineStore('notices', () => {
  const notices = ref<readonly Notice[]>([]);
  let next = 1;

  function dismiss(id: number): void {
    notices.value = notices.value.filter((n) => n.id !== id);
  }

  function add(kind: Notice['kind'], text: string, hint = '', to: NoticeLink | null = null): void {
    const id = next++;
    notices.value = [...notices.value.filter((n) => n.text !== text), { id, kind, text, hint, to }];
    setTimeout(() => dismiss(id), SHOWN_MS[kind]);
  }

  function error(thrown: unknown): void {
    const e = toErrorShape(thrown);
    add('error', e.file === undefined ? e.message : `${e.message}: ${e.file}`, e.hint ?? '');
  }

  return { notices, add, error, dismiss };
});

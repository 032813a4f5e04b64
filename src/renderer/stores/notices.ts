import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { RouteLocationRaw } from 'vue-router';
import { toErrorShape } from '../../shared/errors.ts';
import { onEvent } from '../transport/index.ts';

export interface Notice {
  readonly id: number;
  readonly kind: 'error' | 'warning' | 'done';
  readonly text: string;
  readonly hint: string;
  /** Leads to where it happened. */
  readonly to: NoticeLink | null;
  /** It says that undo takes back what it tells of: true only as long as that is what was done last. */
  readonly offersUndo: boolean;
}

export interface NoticeLink {
  readonly label: string;
  readonly to: RouteLocationRaw;
}

const SHOWN_MS = { error: 12_000, warning: 12_000, done: 5_000 } as const;

/** Short messages that come and go at the corner of the window. */
export const useNotices = defineStore('notices', () => {
  const notices = ref<readonly Notice[]>([]);
  let next = 1;

  function dismiss(id: number): void {
    notices.value = notices.value.filter((n) => n.id !== id);
  }

  function put(notice: Omit<Notice, 'id'>): void {
    const id = next++;
    notices.value = [...notices.value.filter((n) => n.text !== notice.text), { id, ...notice }];
    setTimeout(() => dismiss(id), SHOWN_MS[notice.kind]);
  }

  function add(kind: Notice['kind'], text: string, hint = '', to: NoticeLink | null = null): void {
    put({ kind, text, hint, to, offersUndo: false });
  }

  /** Says what was done and that undo takes it back, until something else is done or undone, by whatever way. */
  function addUndoable(text: string): void {
    withdrawUndo();
    put({ kind: 'done', text, hint: '', to: null, offersUndo: true });
  }

  /** Takes away what says that undo would take it back: something else would be undone now. */
  function withdrawUndo(): void {
    notices.value = notices.value.filter((n) => !n.offersUndo);
  }

  /** Another window or a command undoes, too. What is done here is told as an event before its answer, thus before its notice. */
  const listen = (): (() => void) => onEvent((e) => e.event === 'changed' && e.what === 'decisions' && withdrawUndo());

  function error(thrown: unknown): void {
    const e = toErrorShape(thrown);
    add('error', e.file === undefined ? e.message : `${e.message}: ${e.file}`, e.hint ?? '');
  }

  return { notices, add, addUndoable, withdrawUndo, listen, error, dismiss };
});

import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { FolderEntry } from '../../shared/domain.ts';
import type { FolderPurpose } from '../../shared/facts/desktop.ts';
import { host } from '../transport/index.ts';

/** Something that a person is asked before it is done. */
export interface Question {
  readonly title: string;
  readonly text: string;
  /** What can be answered; closing the dialog is none of them. */
  readonly answers: readonly { readonly value: string; readonly label: string; readonly kind?: 'primary' | 'danger' }[];
}

/** What a person is asked over everything: a folder, or which of some ways to go. One at a time; a new question answers the one before with null. */
export const useQuestions = defineStore('questions', () => {
  const purpose = ref<FolderPurpose | null>(null);
  const question = ref<Question | null>(null);
  let chosen: (entry: FolderEntry | null) => void = () => undefined;
  let answered: (value: string | null) => void = () => undefined;

  /** A folder that a person chooses: in the desktop's dialog, or of the engine's machine. Null where that is left. */
  async function folder(why: FolderPurpose): Promise<FolderEntry | null> {
    if (host !== undefined) return host.chooseFolder(why);
    choose(null);
    purpose.value = why;
    return new Promise((resolve) => (chosen = resolve));
  }

  function choose(entry: FolderEntry | null): void {
    purpose.value = null;
    chosen(entry);
    chosen = () => undefined;
  }

  function ask(asked: Question): Promise<string | null> {
    answer(null);
    question.value = asked;
    return new Promise((resolve) => (answered = resolve));
  }

  function answer(value: string | null): void {
    question.value = null;
    answered(value);
    answered = () => undefined;
  }

  return { purpose, question, folder, choose, ask, answer };
});

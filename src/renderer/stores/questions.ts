import { defineStore } from 'pinia';
import { ref, shallowReactive } from 'vue';
import type { FolderEntry } from '../../shared/domain.ts';
import type { ChoicePurpose } from '../../shared/facts/desktop.ts';
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
  const purpose = ref<ChoicePurpose | null>(null);
  /** What was chosen, by its id: forms hold ids, people read paths. */
  const known = shallowReactive(new Map<string, FolderEntry>());
  const question = ref<Question | null>(null);
  let chosen: (entry: FolderEntry | null) => void = () => undefined;
  let answered: (value: string | null) => void = () => undefined;

  /** A folder or a file that a person chooses: in the desktop's dialog, or of the engine's machine. Null where that is left. */
  async function folder(why: ChoicePurpose): Promise<FolderEntry | null> {
    const entry = await (host === undefined ? ofMachine(why) : host.choose(why));
    if (entry !== null) remember(entry);
    return entry;
  }

  function ofMachine(why: ChoicePurpose): Promise<FolderEntry | null> {
    choose(null);
    purpose.value = why;
    return new Promise((resolve) => (chosen = resolve));
  }

  function remember(entry: FolderEntry): void {
    known.set(entry.id, entry);
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

  return { purpose, question, known, remember, folder, choose, ask, answer };
});

import { ref } from 'vue';
import { onEvent } from './events.ts';
import { questionKey } from './question.ts';

const MOST = 64;
const answers = new Map<string, unknown>();

/** Whether the engine can be asked, as far as is known. */
export const reachable = ref(true);

onEvent((e) => {
  if (e.event === 'changed' && e.what === 'library') answers.clear();
  if (e.event === 'engine' && e.state !== 'silent' && e.state !== 'heard') reachable.value = e.state === 'ready';
});

/** Keeps the newest answers to what may be asked twice, so that a view that was seen before is seen again while the engine is gone. */
export function remember(route: string, params: unknown, answer: unknown): void {
  const key = questionKey(route, params);
  answers.delete(key);
  answers.set(key, answer);
  for (const old of answers.keys()) {
    if (answers.size <= MOST) break;
    answers.delete(old);
  }
}

/** What was answered last; undefined where it is not kept, and while the engine can be asked. */
export function remembered(route: string, params: unknown): unknown {
  return reachable.value ? undefined : answers.get(questionKey(route, params));
}

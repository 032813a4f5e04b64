import type { Reply } from '../../shared/contract.ts';
import { onEvent } from './events.ts';
import { questionKey } from './question.ts';

/** An answer that nobody has taken for so long may have become another. */
const KEPT_MS = 3000;

const answers = new Map<string, Promise<Reply<unknown>>>();

/** Whatever has changed meanwhile is asked for anew. */
export function forgetAhead(): void {
  answers.clear();
}
onEvent((e) => (e.event === 'changed' || e.event === 'engine') && forgetAhead());

/** Keeps the answer to a question that is asked before there is anyone to ask it. */
export function keepAhead(route: string, params: unknown, ask: () => Promise<Reply<unknown>>): Promise<Reply<unknown>> {
  const key = questionKey(route, params);
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = ask();
  answers.set(key, answer);
  setTimeout(() => answers.get(key) === answer && answers.delete(key), KEPT_MS);
  return answer;
}

/** Gives such an answer away, once; undefined where the question was not asked, or something has happened since. */
export function takeAhead(route: string, params: unknown): Promise<Reply<unknown>> | undefined {
  const key = questionKey(route, params);
  const answer = answers.get(key);
  answers.delete(key);
  return answer;
}

import type { Reply } from '../../shared/contract.ts';
import type { RouteName, RouteParams } from '../../shared/routes/index.ts';
import { onEvent } from './events.ts';

/** An answer that nobody has taken for so long may have become another. */
const KEPT_MS = 3000;

/** A question to the engine, and its parameters. */
export interface Question<R extends RouteName = RouteName> {
  readonly route: R;
  readonly params: RouteParams<R>;
}

export function question<R extends RouteName>(route: R, params: RouteParams<R>): Question<R> {
  return { route, params };
}

const answers = new Map<string, Promise<Reply<unknown>>>();
const keyOf = (route: string, params: unknown): string => `${route} ${JSON.stringify(params)}`;

// Whatever has changed meanwhile, or went, is asked for anew.
onEvent(() => answers.clear());

/** Keeps the answer to a question that was asked before there was anyone to ask it. */
export function keepAhead({ route, params }: Question, answer: Promise<Reply<unknown>>): void {
  const key = keyOf(route, params);
  answers.set(key, answer);
  setTimeout(() => answers.get(key) === answer && answers.delete(key), KEPT_MS);
}

/** Gives such an answer away, once; undefined where the question was not asked, or something has happened since. */
export function takeAhead(route: string, params: unknown): Promise<Reply<unknown>> | undefined {
  const key = keyOf(route, params);
  const answer = answers.get(key);
  answers.delete(key);
  return answer;
}

import { defineStore } from 'pinia';
import { shallowReactive, shallowRef, type ShallowRef } from 'vue';
import type { JobProgress } from '../../shared/domain.ts';
import type { SearchMethod } from '../../shared/methods/index.ts';
import type { RouteParams, RouteResults } from '../../shared/routes/index.ts';
import { request } from '../transport/index.ts';
import { METHOD_FACTS } from './method-facts.ts';

type Question = Omit<RouteParams<'search.run'>, 'wait'>;
type Answer = RouteResults<'search.run'>;
/** Where a person searches. */
export type Face = 'search' | 'draw';

/** A search that a person waits for. */
export interface LongSearch {
  readonly method: SearchMethod;
  readonly progress: JobProgress;
  readonly ending: boolean;
  /** Gives it up. */
  stop(): void;
}

interface UnderWay {
  readonly face: Face;
  readonly method: SearchMethod;
  readonly wait: string;
  readonly answer: Promise<Answer>;
  readonly progress: ShallowRef<JobProgress | null>;
  readonly ending: ShallowRef<boolean>;
}

/** Most searches are answered before anybody wonders. */
const FIRST_LOOK_MS = 400;
const EVERY_MS = 500;
/** Names of questions that are kept, so that the same one asked again is known by the engine, too. */
const MOST_NAMES = 64;

/** What one face asks, whatever another does. */
const keyOf = (face: Face, question: Question): string => `${face} ${JSON.stringify(question)}`;

/**
 * Searches by methods that prepare something of all photos first, which may take minutes. They go on while another view is open; what is asked
 * instead of one gives it up.
 */
export const useLongSearches = defineStore('long-searches', () => {
  const all = shallowReactive(new Map<string, UnderWay>());
  const names = new Map<string, string>();

  function nameOf(key: string): string {
    const name = names.get(key) ?? crypto.randomUUID();
    names.delete(key);
    names.set(key, name);
    for (const old of names.keys()) if (names.size > MOST_NAMES) names.delete(old);
    return name;
  }

  async function follow(key: string, search: UnderWay): Promise<void> {
    const { wait, progress } = search;
    for (let pause = FIRST_LOOK_MS; ; pause = EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      // Asked again after it was given up, it has the same name and is another.
      if (all.get(key) !== search) return;
      try {
        const now = await request('search.progress', { wait });
        if (now.progress !== null) progress.value = now.progress;
      } catch {
        // The search itself says what is wrong; a connection that is lost for a moment changes nothing.
      }
    }
  }

  /** The answer to a question; the same asked meanwhile waits for the same answer. @throws CovisError as `search.run` does, `CANCELLED`. */
  function ask(face: Face, question: Question): Promise<Answer> {
    const method = question.method ?? 'cosine';
    if (!METHOD_FACTS.some((m) => m.name === method && m.prepares)) return request('search.run', question);
    const key = keyOf(face, question);
    const known = all.get(key);
    if (known !== undefined && !known.ending.value) return known.answer;
    const wait = nameOf(key);
    const answer = request('search.run', { ...question, wait });
    const mine: UnderWay = { face, method, wait, answer, progress: shallowRef(null), ending: shallowRef(false) };
    all.set(key, mine);
    const over = (): void => {
      if (all.get(key) === mine) all.delete(key);
    };
    answer.then(over, over);
    void follow(key, mine);
    return answer;
  }

  function stop({ wait, ending }: UnderWay): void {
    if (ending.value) return;
    ending.value = true;
    request('search.stop', { wait }).catch(() => (ending.value = false));
  }

  /** Gives up what a face has asked before and asks for no more. */
  function keepOnly(face: Face, questions: readonly Question[]): void {
    const kept = new Set(questions.map((q) => keyOf(face, q)));
    for (const [key, search] of all) if (search.face === face && !kept.has(key)) stop(search);
  }

  /** Those of a face that have said how far they are. */
  function shown(face: Face): readonly LongSearch[] {
    return [...all.values()].flatMap((s) =>
      s.face !== face || s.progress.value === null
        ? []
        : [{ method: s.method, progress: s.progress.value, ending: s.ending.value, stop: () => stop(s) }],
    );
  }

  return { ask, keepOnly, shown };
});

import { createPinia, setActivePinia } from 'pinia';
import { vi } from 'vitest';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import type { RouteName, RouteParams, RouteResults } from '../../../src/shared/routes/index.ts';
import { toErrorShape } from '../../../src/shared/errors.ts';
import { FakeSocket } from './fake-socket.ts';

type Answers = { [R in RouteName]?: (params: RouteParams<R>) => RouteResults<R> | Promise<RouteResults<R>> };

/** The engine at the other end of the page's own transport: routes answer from a table that a test fills. */
export interface FakeEngine {
  answers: Answers;
  readonly asked: { readonly route: string; readonly params: unknown }[];
  say: (event: EngineEvent) => void;
  /** Cuts the connection. */
  cut: () => void;
  /** Opens the connection that the page is trying. */
  accept: () => void;
}

/** Call before anything of the page is imported: its modules are loaded anew, with stores of their own. */
export function fakeEngine(answers: Answers = {}): FakeEngine {
  vi.resetModules();
  FakeSocket.install();
  const engine: FakeEngine = {
    answers,
    asked: [],
    say: (event) => FakeSocket.last.say(event),
    cut: () => FakeSocket.last.close(),
    accept: () => FakeSocket.last.open(),
  };
  class Answering extends FakeSocket {
    constructor(url: string) {
      super(url);
      if (FakeSocket.all.length === 1) queueMicrotask(() => this.open());
    }
    override send(text: string): void {
      super.send(text);
      const { id, route, params } = this.asked.at(-1)!;
      engine.asked.push({ route, params });
      const answer = engine.answers[route as RouteName] as ((p: unknown) => unknown) | undefined;
      void (async () => {
        try {
          if (answer === undefined) throw new Error(`The test has no answer to ${route}`);
          this.answer(id, { ok: true, data: await answer(params) });
        } catch (error) {
          this.answer(id, { ok: false, error: toErrorShape(error) });
        }
      })();
    }
  }
  vi.stubGlobal('WebSocket', Answering);
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network in this test')));
  setActivePinia(createPinia());
  return engine;
}

/** Lets everything that was answered arrive. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

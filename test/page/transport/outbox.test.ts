import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent, Reply } from '../../../src/shared/contract.ts';
import type { Channel } from '../../../src/renderer/transport/channel.ts';
import { Outbox } from '../../../src/renderer/transport/outbox.ts';

/** An engine that can be cut off before or after it has done what it was asked, and does nothing twice under one key. */
class Engine implements Channel {
  readonly done: string[] = [];
  readonly #known = new Set<string>();
  readonly #listeners = new Set<(e: EngineEvent) => void>();
  library = '/library';
  cut: 'no' | 'before' | 'after' = 'no';

  readonly onEvent = (listener: (e: EngineEvent) => void): unknown => this.#listeners.add(listener);

  say(state: 'ready' | 'gone' | 'restarting' | 'silent' | 'heard'): void {
    for (const l of this.#listeners) l({ event: 'engine', state, message: '' });
  }

  request(route: string, params: unknown): Promise<Reply<unknown>> {
    const gone: Reply<never> = { ok: false, error: { code: 'ENGINE_EXITED', message: 'gone' } };
    if (this.cut === 'before') return Promise.resolve(gone);
    if (route === 'library.current') return Promise.resolve({ ok: true, data: { path: this.library } });
    const { once, label } = params as { once: string; label: string };
    if (label === 'refused') return Promise.resolve({ ok: false, error: { code: 'INPUT_INVALID', message: 'no' } });
    if (!this.#known.has(once)) this.done.push(label);
    this.#known.add(once);
    return Promise.resolve(this.cut === 'after' ? gone : { ok: true, data: label });
  }

  lose(): void {
    this.cut = 'before';
    this.say('gone');
  }

  async comeBack(): Promise<void> {
    this.cut = 'no';
    this.say('ready');
    await settled();
  }
}
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i += 1) await Promise.resolve();
}
let engine: Engine;
beforeEach(() => {
  localStorage.clear();
  engine = new Engine();
});
afterEach(() => vi.unstubAllGlobals());
function box(library = '/library'): Outbox {
  const made = new Outbox(() => engine, engine.onEvent);
  made.opened(library);
  return made;
}
const decide = (o: Outbox, label: string) => o.hand('review.decide', { label });
const stored = (): number =>
  Object.keys(localStorage)
    .filter((k) => k.startsWith('covis-kept-'))
    .flatMap((k) => JSON.parse(localStorage.getItem(k)!) as unknown[]).length;

describe('decisions on their way', () => {
  it('are sent in their order, answered, and leave nothing behind', async () => {
    const o = box();
    const answers = ['a', 'b', 'c'].map((label) => decide(o, label).answer);
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c'].map((data) => ({ ok: true, data })));
    expect(engine.done).toEqual(['a', 'b', 'c']);
    expect([o.kept.value, stored()]).toEqual([[], 0]);
  });

  it('wait where the connection is lost, can be counted, and are sent when it is back, in their order', async () => {
    const o = box();
    engine.lose();
    const [a, b] = [decide(o, 'a'), decide(o, 'b')];
    await Promise.all([a.kept, b.kept]);
    expect([o.kept.value.length, stored(), engine.done]).toEqual([2, 2, []]);
    await engine.comeBack();
    expect(engine.done).toEqual(['a', 'b']);
    expect(await b.answer).toEqual({ ok: true, data: 'b' });
    expect([o.kept.value, stored()]).toEqual([[], 0]);
  });

  it('are not done twice where the answer alone was lost', async () => {
    const o = box();
    engine.cut = 'after';
    const { kept, answer } = decide(o, 'a');
    decide(o, 'b');
    await kept;
    expect([engine.done, o.kept.value.length]).toEqual([['a'], 2]);
    await engine.comeBack();
    expect(await answer).toEqual({ ok: true, data: 'a' });
    expect(engine.done).toEqual(['a', 'b']);
  });

  it('that the engine refuses are told to who made them, and hold up no other', async () => {
    const o = box();
    engine.lose();
    const [a, b] = [decide(o, 'refused'), decide(o, 'b')];
    await engine.comeBack();
    expect(await a.answer).toMatchObject({ ok: false, error: { code: 'INPUT_INVALID' } });
    expect(await b.answer).toEqual({ ok: true, data: 'b' });
    expect(stored()).toBe(0);
  });

  it('are seen to wait while nothing is heard of the server, and no longer when it is', async () => {
    const o = box();
    engine.say('silent');
    engine.request = () => new Promise(() => undefined);
    const { kept } = decide(o, 'a');
    await kept;
    expect(o.kept.value).toHaveLength(1);
    engine.say('heard');
    expect(o.kept.value).toHaveLength(0);
  });

  it('outlive their page: the next one sends them, and says what was refused', async () => {
    const first = box();
    engine.lose();
    decide(first, 'a');
    decide(first, 'refused');
    const second = new Outbox(() => engine, engine.onEvent);
    const refused: string[] = [];
    second.onRefused = (e) => refused.push(e.code);
    engine.cut = 'no';
    second.opened('/library');
    await settled();
    expect([engine.done, refused, stored()]).toEqual([['a'], ['INPUT_INVALID'], 0]);
    // The first was only asleep.
    await engine.comeBack();
    expect(engine.done).toEqual(['a']);
  });

  it('are never sent to another library than theirs; they wait for it, or are let go', async () => {
    const o = box();
    engine.lose();
    const { answer } = decide(o, 'a');
    engine.library = '/other';
    await engine.comeBack();
    expect([engine.done, o.kept.value.length, o.elsewhere().map((k) => k.library)]).toEqual([[], 1, ['/library']]);
    expect(await decide(o, 'of the other').answer).toEqual({ ok: true, data: 'of the other' });
    o.opened('/library');
    await settled();
    expect(engine.done).toEqual(['of the other', 'a']);
    expect(await answer).toEqual({ ok: true, data: 'a' });

    engine.lose();
    const gone = decide(o, 'b');
    await engine.comeBack();
    expect(o.elsewhere()).toHaveLength(1);
    o.discard();
    expect(await gone.answer).toMatchObject({ ok: false, error: { code: 'CANCELLED' } });
    expect([o.kept.value, stored()]).toEqual([[], 0]);
  });

  it('do without a storage where the browser gives none', async () => {
    const broken = (): never => {
      throw new Error('denied');
    };
    vi.stubGlobal('localStorage', { getItem: broken, setItem: broken, removeItem: broken });
    const o = box();
    engine.lose();
    decide(o, 'a');
    await engine.comeBack();
    expect(engine.done).toEqual(['a']);
  });
});

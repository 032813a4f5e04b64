import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent, Reply } from '../../../src/shared/contract.ts';
import { PONG } from '../../../src/shared/pulse.ts';
import { SocketChannel } from '../../../src/renderer/transport/channel.ts';
import { FakeSocket } from '../support/fake-socket.ts';

let events: EngineEvent[];
beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.install();
  events = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function channel(welcome?: () => Promise<boolean>): SocketChannel {
  return new SocketChannel({
    open: () => new WebSocket('ws://here/messages'),
    tell: (e) => events.push(e),
    retryMs: 1500,
    ...(welcome === undefined ? {} : { welcome }),
  });
}
const ok = (data: unknown): Reply<unknown> => ({ ok: true, data });
const code = (reply: Reply<unknown>): string => (reply.ok ? 'ok' : reply.error.code);

it('sends what was asked before the first connection in the order it was asked', async () => {
  const c = channel();
  void c.request('a', 1);
  void c.request('b', 2);
  await vi.advanceTimersByTimeAsync(0);
  expect(FakeSocket.last.asked).toEqual([]);
  FakeSocket.last.open();
  await vi.advanceTimersByTimeAsync(0);
  expect(FakeSocket.last.asked.map((m) => [m.route, m.params])).toEqual([
    ['a', 1],
    ['b', 2],
  ]);
});

it('gives each answer to its own question, in whatever order answers come', async () => {
  const c = channel();
  FakeSocket.last.open();
  const [a, b] = [c.request('a', {}), c.request('b', {})];
  await vi.advanceTimersByTimeAsync(0);
  const [first, second] = FakeSocket.last.asked;
  FakeSocket.last.answer(second!.id, ok('of b'));
  FakeSocket.last.answer(first!.id, ok('of a'));
  expect([await a, await b]).toEqual([ok('of a'), ok('of b')]);
});

it('settles what is in flight with a code when the connection goes, and says so once', async () => {
  const c = channel();
  FakeSocket.last.open();
  const asked = c.request('a', {});
  await vi.advanceTimersByTimeAsync(0);
  FakeSocket.last.close();
  expect(code(await asked)).toBe('ENGINE_EXITED');
  expect(events.map((e) => e.event === 'engine' && e.state)).toEqual(['gone']);
  await vi.advanceTimersByTimeAsync(1500);
  FakeSocket.last.close();
  await vi.advanceTimersByTimeAsync(1500);
  expect(events).toHaveLength(1);
});

it('settles what is asked while the connection is lost at once, before and during a new try', async () => {
  const c = channel();
  FakeSocket.last.open();
  FakeSocket.last.close();
  expect(code(await c.request('a', {}))).toBe('ENGINE_EXITED');
  await vi.advanceTimersByTimeAsync(1500);
  expect(FakeSocket.all).toHaveLength(2);
  expect(code(await c.request('b', {}))).toBe('ENGINE_EXITED');
});

it('settles what waits for a first connection that fails', async () => {
  const c = channel();
  const asked = c.request('a', {});
  FakeSocket.last.close();
  expect(code(await asked)).toBe('ENGINE_EXITED');
});

it('connects again by itself, says that it is back, and asks again', async () => {
  const c = channel();
  FakeSocket.last.open();
  FakeSocket.last.close();
  await vi.advanceTimersByTimeAsync(1499);
  expect(FakeSocket.all).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  FakeSocket.last.open();
  expect(events.map((e) => e.event === 'engine' && e.state)).toEqual(['gone', 'ready']);
  const asked = c.request('a', {});
  await vi.advanceTimersByTimeAsync(0);
  FakeSocket.last.answer(FakeSocket.last.asked[0]!.id, ok(7));
  expect(await asked).toEqual(ok(7));
  FakeSocket.last.close();
  expect(events.map((e) => e.event === 'engine' && e.state)).toEqual(['gone', 'ready', 'gone']);
});

it('does not hear late answers of a connection that is gone', async () => {
  const c = channel();
  const old = FakeSocket.last;
  old.open();
  void c.request('a', {});
  await vi.advanceTimersByTimeAsync(0);
  const { id } = old.asked[0]!;
  old.close();
  await vi.advanceTimersByTimeAsync(1500);
  FakeSocket.last.open();
  const asked = c.request('b', {});
  await vi.advanceTimersByTimeAsync(0);
  old.answer(id, ok('late'));
  old.answer(FakeSocket.last.asked[0]!.id, ok('not mine'));
  old.say({ event: 'changed', what: 'library' });
  expect(events.filter((e) => e.event === 'changed')).toEqual([]);
  FakeSocket.last.answer(FakeSocket.last.asked[0]!.id, ok('mine'));
  expect(await asked).toEqual(ok('mine'));
});

it('hands on events of the engine', () => {
  channel();
  FakeSocket.last.open();
  FakeSocket.last.say({ event: 'changed', what: 'mining' });
  expect(events).toEqual([{ event: 'changed', what: 'mining' }]);
});

it('says that the page is not known any more where the server was started anew, and keeps trying', async () => {
  channel(() => Promise.resolve(false));
  FakeSocket.last.open();
  FakeSocket.last.close();
  await vi.advanceTimersByTimeAsync(1500);
  expect(FakeSocket.all).toHaveLength(2);
  const messages = events.map((e) => (e.event === 'engine' ? e.message : ''));
  expect(messages[0]).toContain('was lost');
  expect(messages[1]).toContain('Open the address that it printed');
  // Further tries that fail do not take the advice away.
  for (let i = 0; i < 3; i += 1) {
    FakeSocket.last.close();
    await vi.advanceTimersByTimeAsync(1500);
  }
  expect(events).toHaveLength(2);
});

describe('a server that stands still', () => {
  const states = (): string[] => events.flatMap((e) => (e.event === 'engine' ? [e.state] : []));
  const pings = (): number => FakeSocket.last.asked.filter((a) => 'ping' in a).length;
  const pong = (): void => FakeSocket.last.onmessage?.({ data: PONG });

  async function answering(): Promise<SocketChannel> {
    const c = channel();
    FakeSocket.last.open();
    await vi.advanceTimersByTimeAsync(500);
    expect(pings()).toBe(1);
    pong();
    return c;
  }

  it('is noticed within two seconds, and what it says next ends that without anything being read anew', async () => {
    const c = await answering();
    const asked = c.request('a', {});
    await vi.advanceTimersByTimeAsync(2000);
    expect(states()).toEqual(['silent']);
    await vi.advanceTimersByTimeAsync(5000);
    expect(states()).toEqual(['silent']);
    FakeSocket.last.answer(FakeSocket.last.asked.find((a) => a.route === 'a')!.id, ok(1));
    expect(await asked).toEqual(ok(1));
    expect(states()).toEqual(['silent', 'heard']);
  });

  it('is given up after twenty seconds: what waits settles, and another connection is tried', async () => {
    const c = await answering();
    const asked = c.request('a', {});
    await vi.advanceTimersByTimeAsync(23_000);
    expect(code(await asked)).toBe('ENGINE_EXITED');
    expect(states()).toEqual(['silent', 'gone']);
    expect(FakeSocket.all.length).toBeGreaterThan(1);
    FakeSocket.last.open();
    expect(states()).toEqual(['silent', 'gone', 'ready']);
  });

  it('is not suspected while it answers, however long nothing else is asked', async () => {
    await answering();
    for (let i = 0; i < 100; i += 1) {
      await vi.advanceTimersByTimeAsync(500);
      pong();
    }
    expect(states()).toEqual([]);
    expect(pings()).toBeGreaterThan(50);
  });

  it('is not known from one that never answers such questions', async () => {
    channel();
    FakeSocket.last.open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states()).toEqual([]);
    expect(pings()).toBe(1);
  });

  it('before it is connected is given up after five seconds', async () => {
    const c = channel();
    const asked = c.request('a', {});
    await vi.advanceTimersByTimeAsync(5000);
    expect(code(await asked)).toBe('ENGINE_EXITED');
    await vi.advanceTimersByTimeAsync(1500);
    expect(FakeSocket.all).toHaveLength(2);
  });
});

describe('a connection that was begun before the page', () => {
  const begun = (): { socket: FakeSocket; make: () => SocketChannel } => {
    const socket = new FakeSocket('ws://here/messages');
    const make = (): SocketChannel =>
      new SocketChannel({
        open: () => new WebSocket('ws://here/messages'),
        first: socket as unknown as WebSocket,
        tell: (e) => events.push(e),
        retryMs: 1500,
      });
    return { socket, make };
  };

  it.each(['before', 'after'])('is spoken over, opened %s it is taken over', async (when) => {
    const { socket, make } = begun();
    if (when === 'before') socket.open();
    const c = make();
    const asked = c.request('a', 1);
    if (when === 'after') socket.open();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.all).toHaveLength(1);
    socket.answer(socket.asked[0]!.id, ok(2));
    expect(await asked).toEqual(ok(2));
    expect(events).toEqual([]);
  });

  it('is tried again where it was refused already', async () => {
    const { socket, make } = begun();
    socket.close();
    const c = make();
    expect(code(await c.request('a', 1))).toBe('ENGINE_EXITED');
    expect(events.map((e) => e.event === 'engine' && e.state)).toEqual(['gone']);
    await vi.advanceTimersByTimeAsync(1500);
    expect(FakeSocket.all).toHaveLength(2);
    FakeSocket.last.open();
    expect(events.map((e) => e.event === 'engine' && e.state)).toEqual(['gone', 'ready']);
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Messages } from '../../../src/main/server/messages.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';

const MIB = 1 << 20;
type Reply = Awaited<ReturnType<ConstructorParameters<typeof Messages>[0]['dispatch']>>;
interface Asked {
  readonly route: string;
  readonly params: unknown;
  readonly answer: () => void;
}
let asked: Asked[];
let listeners: Set<(e: EngineEvent) => void>;
let messages: Messages;
let server: Server;
let port: number;
let beat: () => void;
let pages: WebSocket[];
beforeEach(async () => {
  asked = [];
  listeners = new Set();
  pages = [];
  const every = vi.spyOn(globalThis, 'setInterval');
  messages = new Messages({
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    // Answered when the test says so.
    dispatch: (route, params) =>
      new Promise<Reply>((resolve) =>
        asked.push({ route, params, answer: () => resolve({ ok: true, data: params } as Reply) }),
      ),
  });
  const [call, ms] = every.mock.calls.at(-1)!;
  expect(ms).toBe(30_000);
  beat = call as () => void;
  every.mockRestore();
  server = createServer();
  server.on('upgrade', (req, socket, head) => {
    socket.on('error', () => undefined);
    messages.accept(req, socket, head);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const p of pages) p.terminate();
  messages.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Waits until something is so, however slow the machine is. */
async function until(so: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !so(); await new Promise((resolve) => setTimeout(resolve, 2)))
    if (Date.now() > end) throw new Error(`not so within half a minute: ${so.toString()}`);
}
/** Waits as long as whatever was sent needs to arrive and be looked at. */
async function settled(): Promise<void> {
  const probe = await page();
  probe.send(request('probe', 0));
  await until(() => asked.some((a) => a.route === 'probe'));
  asked.splice(
    asked.findIndex((a) => a.route === 'probe'),
    1,
  );
  probe.terminate();
  for (let k = 0; k < 20; k += 1) await new Promise((resolve) => setImmediate(resolve));
}
async function page(options: { autoPong?: boolean } = {}): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`, options);
  pages.push(ws);
  ws.on('error', () => undefined);
  await new Promise((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('unexpected-response', (_, res) => reject(new Error(String(res.statusCode))));
  });
  return ws;
}
const request = (route: string, id: number, params: unknown = null): string => JSON.stringify({ id, route, params });
const closed = (ws: WebSocket): Promise<number> => new Promise((resolve) => ws.once('close', (code) => resolve(code)));

describe('messages of pages', () => {
  it('come from 64 pages at once, and from another one when one has left', async () => {
    for (let k = 0; k < 64; k += 1) await page();
    await expect(page()).rejects.toThrow('503');
    expect(listeners.size).toBe(64);
    pages[0]!.close();
    await until(() => listeners.size === 63);
    await page();
    await expect(page()).rejects.toThrow('503');
  });

  it('are answered eight at a time for each page, in the order in which they came, each under its own number', async () => {
    const ws = await page();
    const replies: unknown[] = [];
    ws.on('message', (data: Buffer) => replies.push(JSON.parse(data.toString())));
    for (let id = 1; id <= 12; id += 1) ws.send(request('r', id, { n: id }));
    await until(() => asked.length === 8);
    await settled();
    expect(asked.map((a) => a.params)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ n })));
    asked[3]!.answer();
    await until(() => asked.length === 9);
    await settled();
    expect(asked.length).toBe(9);
    for (let k = 0; k < 12; k += 1) {
      await until(() => asked.length > k);
      asked[k]!.answer();
    }
    await until(() => replies.length === 12);
    expect(replies[0]).toEqual({ id: 4, reply: { ok: true, data: { n: 4 } } });
    expect(new Set(replies.map((r) => (r as { id: number }).id)).size).toBe(12);
  });

  it('of one who waits for each answer come before those of pages that ask for many, however many pages those are', async () => {
    const flooding = [];
    for (let k = 0; k < 20; k += 1) flooding.push(await page());
    const waits = await page();
    // All of it lies in the sockets before any of it is read; requests are of one length, which is what they are thought to cost.
    for (const ws of flooding) for (let id = 0; id < 10; id += 1) ws.send(request('all', id));
    waits.send(request('one', 0));
    await until(() => asked.some((a) => a.route === 'one') && asked.length > 40);
    expect(asked.findIndex((a) => a.route === 'one')).toBeLessThan(5);
  });

  it('of several pages take turns, whoever asked for more', async () => {
    const [a, b] = [await page(), await page()];
    for (const [ws, route] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      for (let id = 0; id < 14; id += 1) ws.send(request(route, id));
      await until(() => asked.filter((x) => x.route === route).length === 8);
    }
    await settled();
    expect(asked.length).toBe(16);
    for (const x of asked.slice(0, 16)) x.answer();
    await until(() => asked.length === 28);
    const later = asked.slice(16).map((x) => x.route);
    // By what each costs, which for requests of a millisecond is one of each, or nearly.
    for (let k = 1; k <= 12; k += 1) {
      const ofA = later.slice(0, k).filter((route) => route === 'a').length;
      expect(Math.abs(ofA - (k - ofA))).toBeLessThanOrEqual(3);
    }
  });

  it('are read no further while 64 wait, and again when fewer than 32 do', async () => {
    const ws = await page();
    const [pause, resume] = [vi.spyOn(WebSocket.prototype, 'pause'), vi.spyOn(WebSocket.prototype, 'resume')];
    const send = (n: number): void => {
      for (let k = 0; k < n; k += 1) ws.send(request('r', k));
    };
    send(8);
    await until(() => asked.length === 8);
    send(63);
    await settled();
    expect(pause).not.toHaveBeenCalled();
    send(1);
    await until(() => pause.mock.calls.length === 1);
    // What comes now stays in the socket.
    send(5);
    await settled();
    expect(pause).toHaveBeenCalledTimes(1);
    for (let k = 0; k < 32; k += 1) {
      asked[k]!.answer();
      await until(() => asked.length === 9 + k);
    }
    expect(resume).not.toHaveBeenCalled();
    asked[32]!.answer();
    await until(() => resume.mock.calls.length === 1);
    for (let k = 33; k < 77; k += 1) {
      await until(() => asked.length > k);
      asked[k]!.answer();
    }
    expect(asked.length).toBe(77);
  });

  it('are read no further while 4 MiB wait, and again when less than half of that does', async () => {
    const ws = await page();
    const [pause, resume] = [vi.spyOn(WebSocket.prototype, 'pause'), vi.spyOn(WebSocket.prototype, 'resume')];
    for (let k = 0; k < 8; k += 1) ws.send(request('r', k));
    await until(() => asked.length === 8);
    const large = request('r', 9, '');
    const of = (bytes: number): string => large.replace('""', `"${'x'.repeat(bytes - large.length)}"`);
    for (let k = 0; k < 3; k += 1) ws.send(of(MIB));
    ws.send(of(MIB - 1));
    await settled();
    expect(pause).not.toHaveBeenCalled();
    ws.send(of(large.length + 1));
    await until(() => pause.mock.calls.length === 1);
    asked[0]!.answer();
    await until(() => asked.length === 9);
    asked[1]!.answer();
    await until(() => asked.length === 10);
    // What is left is 2 MiB less one byte and a little, which is more than half.
    expect(resume).not.toHaveBeenCalled();
    // Two of the large ones are answered now, which is as many as may be: only the end of one lets the next be asked.
    asked[8]!.answer();
    await until(() => resume.mock.calls.length === 1);
  });

  it('have at most 4 MiB each, and are requests: else the page is told and hung up on', async () => {
    const large = request('r', 1, '');
    const of = (bytes: number): string => large.replace('""', `"${'x'.repeat(bytes - large.length)}"`);
    const whole = await page();
    whole.send(of(4 * MIB));
    await until(() => asked.length === 1);
    const over = await page();
    const code = closed(over);
    over.send(of(4 * MIB + 1));
    expect(await code).toBe(1009);
    for (const text of ['nonsense', '{}', '[]', '{"id":1}']) {
      const ws = await page();
      const why = closed(ws);
      ws.send(text);
      ws.send(request('behind', 2));
      expect(await why).toBe(1003);
    }
    await settled();
    expect(asked.map((a) => a.route)).toEqual(['r']);
  });

  it('stop where a page takes no answers: beyond 8 MiB it is cut off, and others are not', async () => {
    const [deaf, other] = [await page(), await page()];
    let heard = 0;
    other.on('message', () => (heard += 1));
    deaf.pause();
    const tell = { event: 'changed', what: 'x'.repeat(MIB) } as unknown as EngineEvent;
    let told = 0;
    while (listeners.size === 2) {
      for (const listener of listeners) listener(tell);
      told += 1;
      const all = told;
      await until(() => heard === all);
      expect(told).toBeLessThan(500);
    }
    expect(told).toBeGreaterThan(8);
    expect(listeners.size).toBe(1);
    expect(heard).toBe(told);
  });

  it('end where a page is dead: one that answered no ping until the next', async () => {
    const [dead, alive] = [await page({ autoPong: false }), await page()];
    let pings = 0;
    alive.on('ping', () => (pings += 1));
    const gone = closed(dead);
    beat();
    await until(() => pings === 1);
    await settled();
    expect(listeners.size).toBe(2);
    beat();
    expect(await gone).toBe(1006);
    await until(() => listeners.size === 1 && pings === 2);
    // A word is as good as an answer to a ping.
    const talking = await page({ autoPong: false });
    for (let k = 0; k < 3; k += 1) {
      beat();
      talking.send(request('word', k));
      await until(() => asked.filter((a) => a.route === 'word').length === k + 1);
      await settled();
    }
    expect(listeners.size).toBe(2);
    expect(talking.readyState).toBe(WebSocket.OPEN);
  });

  it('end with the server, which listens to nothing any more', async () => {
    const [a, b] = [await page(), await page()];
    const ends = [closed(a), closed(b)];
    const cleared = vi.spyOn(globalThis, 'clearInterval');
    messages.close();
    expect(await Promise.all(ends)).toEqual([1006, 1006]);
    expect(cleared).toHaveBeenCalledTimes(1);
    await until(() => listeners.size === 0);
  });
});

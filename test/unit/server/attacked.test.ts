import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';

/** Clients of ill will: of other pages, without the key, and with it. */
const CLIENTS = 200;
const large = 'x'.repeat(1 << 20);
/** Ends the answers that wait for it. */
const held: (() => void)[] = [];
/** Requests whose answer keeps the thread busy, so far. */
let heavy = 0;
function spin(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until;);
}
const engine = {
  onEvent: () => () => undefined,
  dispatch: (route: string, params: unknown) => {
    if (route === 'heavy') {
      heavy += 1;
      spin(typeof params === 'number' ? params : 10);
    }
    if (route === 'held') return new Promise((resolve) => held.push(() => resolve({ ok: true, data: null })));
    const answers: Record<string, unknown> = { large, heavy: null, length: String(params).length };
    return Promise.resolve({ ok: true, data: route in answers ? answers[route] : params });
  },
} as unknown as Engine;
let server: StudioServer;
beforeAll(async () => {
  server = await startServer(engine, {});
});
afterAll(() => server.close());

const origin = (): string => `http://127.0.0.1:${server.port}`;
const upgrade = (headers = ''): string =>
  `GET /messages HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`;
const allowed = (): string => `Origin: ${origin()}\r\nAuthorization: Bearer ${server.token}\r\n`;

async function raw(text: string | Uint8Array): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}
async function page(): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/messages`, {
    headers: { Origin: origin(), Authorization: `Bearer ${server.token}` },
  });
  ws.on('error', () => undefined);
  await once(ws, 'open');
  return ws;
}
const ask = (ws: WebSocket, id: number, route = 'echo', params: unknown = id): void =>
  ws.send(JSON.stringify({ id, route, params }));
async function answered(ws: WebSocket, id: number): Promise<void> {
  const answer = once(ws, 'message');
  ask(ws, id);
  const [data] = (await answer) as [Buffer];
  expect(JSON.parse(String(data))).toEqual({ id, reply: { ok: true, data: id } });
}

it('resets, half a handshake, endless headers and broken frames of two hundred clients end nothing', async () => {
  const good = await page();
  const many: Socket[] = [];
  for (let i = 0; i < CLIENTS; i += 1) {
    const kind = i % 4;
    if (kind === 0) (await raw(upgrade())).resetAndDestroy();
    else if (kind === 1) many.push(await raw('GET /messages HTTP/1.1\r\nHost:'));
    else if (kind === 2) many.push(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}`));
    else {
      const socket = await raw(upgrade(allowed()));
      // No frame: reserved bits, no mask, a length of nothing.
      socket.write(Uint8Array.of(0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
      many.push(socket);
    }
    if (i % 20 === 0) await answered(good, i);
  }
  await answered(good, 1000);
  for (const s of many) s.destroy();
  good.terminate();
});

it('one client’s thousands of requests do not hold up another’s one', async () => {
  const [greedy, good] = [await page(), await page()];
  let heard = 0;
  greedy.on('message', () => (heard += 1));
  const MANY = 4300;
  for (let i = 0; i < MANY; i += 1) ask(greedy, i);
  await answered(good, 7);
  expect(heard).toBeLessThan(MANY / 2);
  await expect.poll(() => heard, { timeout: 20_000 }).toBe(MANY);
  greedy.terminate();
  good.terminate();
});

it('many clients’ large requests at the same moment do not hold up another’s small one', async () => {
  const MANY = 40;
  const many = await Promise.all(Array.from({ length: MANY }, page));
  const good = await page();
  const all = many.map((ws, i) => once(ws, 'message').then(() => i));
  for (const ws of many) ask(ws, 1, 'heavy', 'x'.repeat(500_000));
  await Promise.race(all);
  await answered(good, 7);
  // In turn it would have been nearly all of them.
  expect(heavy).toBeLessThan(MANY / 2);
  await Promise.all(all);
  expect(heavy).toBe(MANY);
  for (const ws of [...many, good]) ws.terminate();
});

it('a page that waits for its answers is not held to what an answer took, while another floods', async () => {
  const [good, greedy] = [await page(), await page()];
  let heard = 0;
  greedy.on('message', () => (heard += 1));
  const before = once(good, 'message');
  ask(good, 1, 'heavy', 120);
  await before;
  for (let i = 0; i < 2000; i += 1) ask(greedy, i);
  await once(greedy, 'message');
  await answered(good, 7);
  // A debt of 120 ms would be as many requests of a millisecond each.
  expect(heard).toBeLessThan(60);
  greedy.terminate();
  good.terminate();
});

it('ten thousand judgements are one message; depth without end is answered or refused', async () => {
  const ws = await page();
  const judgements = Array.from({ length: 10_000 }, (_, i) => ({
    query: 'a'.repeat(32),
    other: 'b'.repeat(32),
    tuple: i,
  }));
  const answer = once(ws, 'message');
  ask(ws, 1, 'echo', judgements);
  const [data] = (await answer) as [Buffer];
  expect((JSON.parse(String(data)) as { reply: { data: unknown[] } }).reply.data).toHaveLength(10_000);
  const deep = once(ws, 'close');
  ws.send(`{"id":2,"route":${'['.repeat(500_000)}`);
  await deep;
  const next = await page();
  await answered(next, 3);
  next.terminate();
});

it('a client that does not take its answers is cut off, the others are answered', async () => {
  const socket = await raw(upgrade(allowed()));
  socket.pause();
  const body = Buffer.from(JSON.stringify({ id: 1, route: 'large', params: null }));
  const frame = Buffer.concat([Uint8Array.of(0x81, 0x80 | body.length, 0, 0, 0, 0), body]);
  const gone = once(socket, 'close');
  for (let i = 0; i < 60; i += 1) socket.write(frame);
  const good = await page();
  for (let i = 0; i < 20; i += 1) await answered(good, i);
  socket.resume();
  await gone;
  await answered(good, 100);
  good.terminate();
});

it('more pages than there can be are told so', async () => {
  const pages = await Promise.all(Array.from({ length: 64 }, page));
  const socket = await raw(upgrade(allowed()));
  const [reply] = (await once(socket, 'data')) as [Buffer];
  expect(String(reply)).toMatch(/^HTTP\/1\.1 503 /);
  for (const p of pages) p.terminate();
});

it('large messages of many clients are all answered, though few of them are read at once', async () => {
  const many = await Promise.all(Array.from({ length: 30 }, page));
  const ask3 = many.map(async (ws, i) => {
    const heard: unknown[] = [];
    ws.on('message', (data: Buffer) => heard.push((JSON.parse(String(data)) as { id: number }).id));
    for (const id of [1, 2, 3]) ask(ws, id, 'length', 'x'.repeat(2_000_000 + i));
    await expect.poll(() => heard, { timeout: 30_000 }).toEqual([1, 2, 3]);
  });
  await Promise.all(ask3);
  for (const ws of many) ws.terminate();
});

it('of large requests only as many are answered at the same moment as memory is meant for, small ones beside them', async () => {
  const many = await Promise.all(Array.from({ length: 6 }, page));
  const good = await page();
  for (const ws of many) ask(ws, 1, 'held', 'x'.repeat(1_500_000));
  await expect.poll(() => held.length).toBe(1);
  await answered(good, 7);
  expect(held).toHaveLength(1);
  const all = many.map((ws) => once(ws, 'message'));
  for (let done = 0; done < many.length; done += 1) {
    await expect.poll(() => held.length).toBeGreaterThan(0);
    held.shift()!();
  }
  await Promise.all(all);
  for (const ws of [...many, good]) ws.terminate();
});

/**
 * Two hundred clients of ill will at the same moment, in a process of their own: `ill-will.ts URL PHOTOS`. Says at the end, as JSON, what
 * got in that may not, and which decisions were answered.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

export interface Attacked {
  /** What got in without being allowed to. */
  readonly gotIn: readonly string[];
  /** Decisions of ten thousand judgements that were answered with an action. */
  readonly decided: number;
}

const CLIENTS = 200;
const LASTS_MS = 4000;
const url = new URL(process.argv[2]!);
const photos = (process.argv[3] ?? '').split(',');
const port = Number(url.port);
const allowed = { Origin: url.origin, Authorization: `Bearer ${url.searchParams.get('token')}` };
const gotIn: string[] = [];
let decided = 0;

async function raw(text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  socket.write(text);
  return socket;
}
const head = (line: string, more: Readonly<Record<string, string>>): string =>
  `${line} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${Object.entries(more)
    .map(([k, v]) => `${k}: ${v}\r\n`)
    .join('')}\r\n`;
const upgrade = (more: Readonly<Record<string, string>> = {}): string =>
  head('GET /messages', {
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...more,
  });
async function client(headers: Readonly<Record<string, string>>): Promise<WebSocket> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/messages`, { headers });
  ws.on('error', () => undefined);
  await Promise.race([once(ws, 'open'), once(ws, 'close')]).catch(() => undefined);
  return ws;
}
function judgements(): string {
  const all = [];
  for (let i = 0; all.length < 10_000; i += 1) {
    const [a, b] = [i % photos.length, Math.floor(i / photos.length) % photos.length];
    if (a !== b) all.push({ query: photos[a], other: photos[b], aspect: 'positive', verdict: 'accept' });
  }
  return JSON.stringify({ id: 1, route: 'review.decide', params: { label: 'A storm', judgements: all } });
}
const storm = judgements();

const kinds: readonly (() => Promise<unknown>)[] = [
  async () => (await raw(upgrade())).resetAndDestroy(),
  () => raw('GET /messages HTTP/1.1\r\nHost:'),
  () => raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(200_000)}`),
  async () => (await raw(upgrade(allowed))).write(Uint8Array.of(0xff, 0x7f, ...Array.from({ length: 8 }, () => 255))),
  async () => {
    const ws = await client(allowed);
    ws.send(`{"id":1,"route":${'['.repeat(900_000)}`);
  },
  async () => {
    const ws = await client(allowed);
    for (let id = 0; id < 300; id += 1) ws.send(JSON.stringify({ id, route: 'photos.overview', params: {} }));
  },
  async () => {
    const ws = await client(allowed);
    ws.on('message', (data: Buffer) => {
      const { reply } = JSON.parse(String(data)) as { reply?: { ok: boolean; data: { action?: number } } };
      if (reply?.ok === true && typeof reply.data.action === 'number') decided += 1;
    });
    ws.send(storm);
  },
  async () => {
    const socket = await raw(head('POST /asset/upload', { ...allowed, 'Content-Length': '60000000' }));
    for (let i = 0; i < 20; i += 1) socket.write(Buffer.alloc(1_000_000));
  },
  async () => {
    const socket = await raw(head('POST /asset/part/new/0', { ...allowed, 'Content-Length': '4000000' }));
    for (let i = 0; i < 3; i += 1) socket.write(Buffer.alloc(1_000_000));
  },
  async () => {
    const ws = await client({ ...allowed, Origin: 'https://evil.example' });
    if (ws.readyState === ws.OPEN) gotIn.push('a page of another origin');
  },
  async () => {
    const ws = await client({ ...allowed, Authorization: 'Bearer 0' });
    if (ws.readyState === ws.OPEN) gotIn.push('a client without the key');
  },
];
await Promise.all(Array.from({ length: CLIENTS }, (_, i) => kinds[i % kinds.length]!()));
await new Promise((r) => setTimeout(r, LASTS_MS));
process.stdout.write(JSON.stringify({ gotIn, decided } satisfies Attacked), () => process.exit(0));

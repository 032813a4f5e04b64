import { request as httpRequest, type ClientRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';

const MIB = 1 << 20;
const piece = Buffer.alloc(MIB, 7);
const lengths: number[] = [];
/** What the server needs of an engine to take photos. */
const engine = {
  onEvent: () => () => undefined,
  upload: (bytes: Uint8Array) => {
    lengths.push(bytes.length);
    return 'taken';
  },
} as unknown as Engine;
let server: StudioServer;
beforeAll(async () => {
  server = await startServer(engine, {});
});
afterAll(() => server.close());

interface Sending {
  readonly request: ClientRequest;
  readonly answer: Promise<string>;
}
/** Begins to send a photo of no told length. */
function send(): Sending {
  let request!: ClientRequest;
  const answer = new Promise<string>((resolve) => {
    request = httpRequest(
      {
        host: '127.0.0.1',
        port: server.port,
        path: '/asset/upload',
        method: 'POST',
        headers: { Host: `127.0.0.1:${server.port}`, Authorization: `Bearer ${server.token}` },
      },
      (res) => {
        const parts: Buffer[] = [];
        res.on('data', (p: Buffer) => parts.push(p));
        res.on('end', () => resolve(`${res.statusCode} ${Buffer.concat(parts).toString()}`));
        res.on('error', () => resolve('broken'));
      },
    );
    request.on('error', () => resolve('broken'));
  });
  request.flushHeaders();
  return { request, answer };
}
/** So many MiB, and these bytes more, each once the one before has left; no more where the other side hung up. */
async function write({ request }: Sending, mib: number, bytes = 0): Promise<void> {
  const over = new Promise((resolve) => request.once('close', resolve));
  const put = (part: Buffer): Promise<unknown> =>
    Promise.race([over, new Promise((resolve) => request.write(part, resolve))]);
  for (let k = 0; k < mib; k += 1) await put(piece);
  if (bytes > 0) await put(piece.subarray(0, bytes));
}
const TAKEN = '200 {"id":"taken"}';

describe('photos that are sent', () => {
  it('have at most 64 MiB each, and 80 MiB together, until they are taken', async () => {
    // Twice, so that what was refused or taken no longer counts.
    for (let round = 0; round < 2; round += 1) {
      const [a, b] = [send(), send()];
      await write(a, 64);
      await write(b, 16);
      // One is at its limit and the server at its own: whatever else is sent is refused, once all of it has arrived there.
      let refused = '';
      for (let tries = 0; tries < 1000 && !refused.includes('STATE_CONFLICT'); tries += 1) {
        const c = send();
        c.request.end(piece.subarray(0, 1));
        refused = await c.answer;
      }
      expect(refused).toContain('Too many photos are being sent at once');
      lengths.length = 0;
      a.request.end();
      expect(await a.answer).toBe(TAKEN);
      const d = send();
      d.request.end(piece.subarray(0, 3));
      expect(await d.answer).toBe(TAKEN);
      b.request.end();
      expect(await b.answer).toBe(TAKEN);
      expect(lengths.splice(0)).toEqual([64 * MIB, 3, 16 * MIB]);
    }
  });

  it('with a byte above 64 MiB are refused', async () => {
    const a = send();
    await write(a, 64, 1);
    expect(await a.answer).toMatch(/422 .*has at most 64 MiB|broken/);
    expect(lengths).toEqual([]);
  });
});

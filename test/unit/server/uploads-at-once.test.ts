import { request as httpRequest, type ClientRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Uploads } from '../../../src/main/engine/answers/uploads.ts';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';

const MIB = 1 << 20;
const piece = Buffer.alloc(MIB, 7);
const parts: [at: number, bytes: number][] = [];
const uploads = new Uploads();
/** What the server needs of an engine to take photos and parts of files. */
const engine = {
  onEvent: () => () => undefined,
  receive: (sent: AsyncIterable<Uint8Array>) => uploads.receive(sent),
  uploadPart: (_: string | undefined, at: number, bytes: Uint8Array) => {
    parts.push([at, bytes.length]);
    return { id: 'part', bytes: at + bytes.length };
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
/** Begins to send a photo, or a part of a file, of no told length. */
function send(path = 'upload'): Sending {
  let request!: ClientRequest;
  const answer = new Promise<string>((resolve) => {
    request = httpRequest(
      {
        host: '127.0.0.1',
        port: server.port,
        path: `/asset/${path}`,
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
const idOf = (answer: string): string => /"id":"(\w{32})"/.exec(answer)?.[1] ?? answer;

describe('photos that are sent', () => {
  it('have at most 64 MiB each, and 512 MiB together, until they are taken', { timeout: 120_000 }, async () => {
    // Twice, so that what was refused or taken no longer counts.
    for (let round = 0; round < 2; round += 1) {
      const all = Array.from({ length: 8 }, () => send());
      for (const a of all) await write(a, 64);
      // All are at their limit and the server at its own: whatever else is sent is refused, once all of it has arrived there.
      let refused = '';
      for (let tries = 0; tries < 1000 && !refused.includes('STATE_CONFLICT'); tries += 1) {
        const c = send();
        c.request.end(piece.subarray(0, 1));
        refused = await c.answer;
      }
      expect(refused).toContain('Too many photos are being sent at once');
      all[0]!.request.end();
      const first = idOf(await all[0]!.answer);
      expect(uploads.get(first)).toHaveLength(64 * MIB);
      const d = send();
      d.request.end(piece.subarray(0, 3));
      expect(uploads.get(idOf(await d.answer))).toEqual(Buffer.from([7, 7, 7]));
      for (const { request, answer } of all.slice(1)) {
        request.destroy();
        await answer;
      }
    }
  });

  it('with a byte above 64 MiB are refused', async () => {
    const a = send();
    await write(a, 64, 1);
    expect(await a.answer).toMatch(/422 .*between 1 byte and 64 MiB|broken/);
  });

  it('take no memory of this process', { timeout: 120_000 }, async () => {
    const before = process.memoryUsage().arrayBuffers;
    const a = send();
    await write(a, 60);
    a.request.end();
    await a.answer;
    // Pieces that are on their way, here and there.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30 * MIB);
  });
});

describe('parts of files that are sent', () => {
  it('have at most 4 MiB each, and 16 MiB together', async () => {
    for (let round = 0; round < 2; round += 1) {
      const all = Array.from({ length: 4 }, () => send('part/new/0'));
      for (const a of all) await write(a, 4);
      let refused = '';
      for (let tries = 0; tries < 1000 && !refused.includes('STATE_CONFLICT'); tries += 1) {
        const c = send('part/new/0');
        c.request.end(piece.subarray(0, 1));
        refused = await c.answer;
      }
      expect(refused).toContain('Too much is being sent at once');
      parts.length = 0;
      for (const { request, answer } of all) {
        request.end();
        expect(await answer).toContain(`"bytes":${4 * MIB}`);
      }
      expect(parts).toEqual(all.map(() => [0, 4 * MIB]));
    }
  });

  it('with a byte above 4 MiB are refused', async () => {
    const a = send('part/new/0');
    await write(a, 4, 1);
    expect(await a.answer).toMatch(/422 .*at most 4194304 bytes|broken/);
  });
});

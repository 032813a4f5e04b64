import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';

/** An engine whose only asset cannot be sent, which is found out when the head of the answer is on its way. */
const engine = {
  onEvent: () => () => undefined,
  asset: () => Promise.resolve({ type: 'text/plain', bytes: { length: 5 } }),
} as unknown as Engine;
let server: StudioServer;
beforeAll(async () => {
  server = await startServer(engine, {});
});
afterAll(() => server.close());

describe('an answer that fails after its head was written', () => {
  it('is cut off, so that nobody waits for the rest or takes it for whole', async () => {
    const outcome = await new Promise<string>((resolve) => {
      const req = request(
        {
          host: '127.0.0.1',
          port: server.port,
          path: '/asset/x',
          headers: { Authorization: `Bearer ${server.token}` },
        },
        (res) => {
          res.resume();
          res.on('end', () => resolve('whole'));
          res.on('error', () => resolve('cut off'));
        },
      );
      req.setTimeout(4000, () => {
        resolve('waits');
        req.destroy();
      });
      req.on('error', () => resolve('cut off'));
      req.end();
    });
    expect(outcome).toBe('cut off');
  });
});

import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hangUp } from '../../../src/main/server/hang-up.ts';

describe('a connection on which no request comes that can be read', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer({ headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 50 }, (_req, res) =>
      res.end('answered'),
    );
    server.on('clientError', (error, socket) => hangUp(error, socket as Socket));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });
  afterAll(() => server.close());

  /** Everything that comes back for these bytes, until the server ends it. */
  function said(bytes: string): Promise<string> {
    return new Promise((done, fail) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      let all = '';
      socket.on('data', (d: Buffer) => (all += d.toString()));
      socket.on('close', () => done(all));
      socket.on('error', fail);
      if (bytes !== '') socket.write(bytes);
    });
  }

  it('gets no answer where nothing was asked, which a browser would take for that of its next request', async () => {
    expect(await said('')).toBe('');
  });

  it('is told that it was too slow, or cannot be understood', async () => {
    expect(await said('GET / HTTP/1.1\r\nHost: a')).toMatch(/^HTTP\/1\.1 408 /);
    expect(await said('no request\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('gets its answer where it asked', async () => {
    expect(await said('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/answered/);
  });
});

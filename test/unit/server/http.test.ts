import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Uploads } from '../../../src/main/engine/answers/uploads.ts';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import { PING, PONG } from '../../../src/shared/pulse.ts';
import { CovisError, type ErrorCode } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { askServer, type Answer, type Asked } from '../../support/http.ts';

const folder = temporaryFolder();
const page = join(folder, 'page');
const listeners = new Set<(e: EngineEvent) => void>();
const asked: unknown[][] = [];
/** What the server needs of an engine, so that every answer of it can be had. */
const engine = {
  onEvent: (listener: (e: EngineEvent) => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  dispatch: (...args: unknown[]) => {
    asked.push(args);
    return Promise.resolve({ ok: true, data: args[1] });
  },
  asset: (path: string, query: URLSearchParams) => {
    if (path.startsWith('fail/'))
      return Promise.reject(new CovisError(path.slice(5) as ErrorCode, 'no', { file: 'f' }));
    if (path === 'bug') return Promise.reject(new TypeError('bug'));
    return Promise.resolve({ type: 'text/x-own', bytes: Buffer.from(`${path}?${query.toString()}`) });
  },
  receive: async (parts: AsyncIterable<Uint8Array>) => {
    const bytes = uploads.get(await uploads.receive(parts))!;
    return `${bytes.length}:${bytes[0]}`;
  },
} as unknown as Engine;
const uploads = new Uploads();
let server: StudioServer;
beforeAll(async () => {
  mkdirSync(join(page, 'assets'), { recursive: true });
  writeFileSync(join(page, 'index.html'), '<p>page</p>');
  writeFileSync(join(page, 'assets', 'a.js'), 'script');
  writeFileSync(join(page, 'assets', 'a.bin'), 'bytes');
  writeFileSync(join(folder, 'secret.js'), 'secret');
  mkdirSync(join(folder, 'page-of-others'));
  writeFileSync(join(folder, 'page-of-others', 'b.js'), 'secret');
  server = await startServer(engine, { rendererFolder: page });
});
afterAll(() => server.close());

const ask = (target: string, { to = server, ...o }: Asked & { to?: StudioServer } = {}): Promise<Answer> =>
  askServer(to, target, o);
const origin = (): string => `http://127.0.0.1:${server.port}`;

describe('the page', () => {
  it('is given for every path that its router may know, and never kept', async () => {
    for (const target of ['/', '/clusters', '/clusters/a%20b', '/assets', '/%00', '/..%2fpage-of-others%2fb']) {
      const r = await ask(target);
      expect([target, r.status, r.body, r.headers['content-type'], r.headers['cache-control']]).toEqual([
        target,
        200,
        '<p>page</p>',
        'text/html; charset=utf-8',
        'no-store',
      ]);
      expect(String(r.headers['content-security-policy'])).toContain(
        `connect-src 'self' ws://127.0.0.1:${server.port};`,
      );
    }
  });

  it('has files that are kept for a year, of their types', async () => {
    const script = await ask('/assets/a.js');
    expect([script.status, script.body, script.headers['content-type']]).toEqual([
      200,
      'script',
      'text/javascript; charset=utf-8',
    ]);
    expect(script.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect(script.headers['content-security-policy']).toBeUndefined();
    expect((await ask('/assets/a.bin')).headers['content-type']).toBe('application/octet-stream');
  });

  it('has no files outside its folder, and says so of those that are not there', async () => {
    for (const target of ['/..%2fsecret.js', '/..%2fpage-of-others%2fb.js', '/%2e%2e/secret.js', '/none.js']) {
      const r = await ask(target);
      expect([target, r.status, r.body]).toEqual([target, 404, 'There is nothing here.\n']);
    }
    expect((await ask('/%zz')).status).toBe(400);
    expect((await ask('/', { method: 'POST' })).status).toBe(404);
  });

  it('is not there where no folder is given', async () => {
    const bare = await startServer(engine, {});
    expect((await ask('/', { to: bare })).status).toBe(404);
    expect((await ask('/asset/x', { to: bare })).status).toBe(200);
    await bare.close();
  });
});

describe('assets', () => {
  it('come with type and length, photos are kept for a day, the rest not at all', async () => {
    const r = await ask('/asset/cluster/a/points?s=3');
    expect([r.status, r.body]).toEqual([200, 'cluster/a/points?s=3']);
    expect(r.headers).toMatchObject({
      'content-type': 'text/x-own',
      'content-length': '20',
      'cache-control': 'no-store',
    });
    expect((await ask('/asset/photo/a')).headers['cache-control']).toBe('private, max-age=86400');
    expect((await ask('/asset/photo', { method: 'DELETE' })).status).toBe(405);
    expect((await ask('/asset/photo', { method: 'POST' })).status).toBe(405);
  });

  it('fail with a status that tells whose fault it is, and the error as a shape', async () => {
    const status = async (path: string): Promise<number> => (await ask(`/asset/${path}`)).status;
    expect(await status('fail/NOT_FOUND')).toBe(404);
    expect(await status('fail/INPUT_CORRUPT')).toBe(422);
    expect(await status('fail/STATE_EMPTY')).toBe(500);
    const r = await ask('/asset/bug');
    expect([r.status, JSON.parse(r.body)]).toEqual([500, { error: { code: 'INTERNAL', message: 'bug' } }]);
  });

  it('are taken from the studio, or from no page at all, up to 64 MiB', async () => {
    const send = (headers: Record<string, string>, body: Uint8Array): Promise<Answer> =>
      ask('/asset/upload', { method: 'POST', headers, body });
    const own = await send({ Origin: origin() }, Uint8Array.of(7, 8, 9));
    expect([own.status, own.headers['content-type'], JSON.parse(own.body)]).toEqual([
      200,
      'application/json',
      { id: '3:7' },
    ]);
    expect((await send({}, Uint8Array.of(5))).status).toBe(200);
    expect((await send({ Origin: 'http://evil.example' }, Uint8Array.of(5))).status).toBe(403);
    expect((await send({ Origin: 'null' }, Uint8Array.of(5))).status).toBe(403);
    const limit = new Uint8Array(64 << 20);
    expect(JSON.parse((await send({}, limit)).body)).toEqual({ id: `${64 << 20}:0` });
    const more = await send({}, new Uint8Array((64 << 20) + 1)).catch((e: unknown) => e);
    // The connection may be closed before all was sent.
    expect(more instanceof Error || (more as Answer).status === 422).toBe(true);
  });
});

describe('messages', () => {
  const open = (
    headers: Record<string, string>,
    path = '/messages',
  ): { ws: WebSocket; opened: Promise<boolean>; closed: Promise<number> } => {
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, {
      headers: { Authorization: `Bearer ${server.token}`, ...headers },
    });
    const opened = new Promise<boolean>((resolve) => {
      ws.on('open', () => resolve(true));
      ws.on('error', () => resolve(false));
    });
    const closed = new Promise<number>((resolve) => ws.on('close', resolve));
    return { ws, opened, closed };
  };
  it('take the key from the protocols beside ours, which are not said back', async () => {
    const offering = (protocols: string[]): Promise<string> => {
      const ws = new WebSocket(`ws://127.0.0.1:${server.port}/messages`, protocols, { headers: { Origin: origin() } });
      return new Promise((resolve) => {
        ws.on('open', () => {
          resolve(ws.protocol);
          ws.terminate();
        });
        ws.on('error', () => resolve('refused'));
      });
    };
    expect(await offering(['covis', `key.${server.token}`])).toBe('covis');
    expect(await offering([`key.${server.token}`, 'covis'])).toBe('covis');
    expect(await offering(['covis', `key.${server.token}0`])).toBe('refused');
    expect(await offering(['covis'])).toBe('refused');
  });

  it('that ask whether anybody is here are answered at once', async () => {
    const { ws, opened } = open({ Origin: origin() });
    await opened;
    const answer = new Promise((resolve) => ws.once('message', (m) => resolve(String(m))));
    ws.send(PING);
    expect(await answer).toBe(PONG);
    ws.terminate();
  });

  const heard = (ws: WebSocket): Promise<unknown> =>
    new Promise((resolve) => ws.once('message', (m) => resolve(JSON.parse(String(m)))));

  it('are taken from our own page with the key, at one path', async () => {
    for (const [headers, path, allowed] of [
      [{ Origin: origin() }, '/messages', true],
      [{ Origin: origin() }, '/other', false],
      [{ Origin: origin() }, '//', false],
      [{ Origin: `${origin()}0` }, '/messages', false],
      [{}, '/messages', false],
      [{ Origin: origin(), Authorization: 'Bearer 0' }, '/messages', false],
      [{ Origin: origin(), Host: 'evil.example' }, '/messages', false],
    ] as const) {
      const { ws, opened } = open(headers, path);
      expect([headers, path, await opened]).toEqual([headers, path, allowed]);
      ws.terminate();
    }
  });

  it('ask routes as a page, and are answered by their number', async () => {
    const { ws, opened, closed } = open({ Origin: origin() });
    await opened;
    const answer = heard(ws);
    ws.send(JSON.stringify({ id: 12, route: 'photos.list', params: { from: 0 } }));
    expect(await answer).toEqual({ id: 12, reply: { ok: true, data: { from: 0 } } });
    expect(asked.at(-1)).toEqual(['photos.list', { from: 0 }, 'page']);
    const event = heard(ws);
    for (const tell of listeners) tell({ event: 'changed', what: 'photos' });
    expect(await event).toEqual({ event: 'changed', what: 'photos' });
    ws.close();
    await closed;
    while (listeners.size > 0) await new Promise((r) => setTimeout(r, 5));
  });

  it('that are no requests, or larger than 4 MiB, end the connection', async () => {
    for (const text of ['{', 'null', '[]', '7', '{"id":"1","route":"a"}', '{"id":1,"route":["a"]}']) {
      const { ws, opened, closed } = open({ Origin: origin() });
      await opened;
      ws.send(text);
      expect(await closed, text).toBe(1003);
    }
    const second = open({ Origin: origin() });
    await second.opened;
    second.ws.send('x'.repeat((4 << 20) + 1));
    expect(await second.closed).toBe(1009);
    const third = open({ Origin: origin() });
    await third.opened;
    const answer = heard(third.ws);
    const wrapped = (text: string): string => JSON.stringify({ id: 1, route: 'a', params: text });
    third.ws.send(wrapped('x'.repeat((4 << 20) - wrapped('').length)));
    expect(await answer).toMatchObject({ id: 1 });
    third.ws.terminate();
  });
});

describe('a port', () => {
  it('that is taken is refused with what to do; one that is free is used', async () => {
    await expect(startServer(engine, { port: server.port })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: `Port ${server.port} is in use`,
    });
    const other = await startServer(engine, {});
    const { port } = other;
    await other.close();
    const again = await startServer(engine, { port });
    expect(again.port).toBe(port);
    await again.close();
  });
});

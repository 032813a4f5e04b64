import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { askServer, type Answer, type Asked } from '../../support/http.ts';

const page = join(temporaryFolder(), 'page');
/** What is asked of an engine, answered by the path that was asked for. */
const engine = {
  onEvent: () => () => undefined,
  asset: (path: string, query: URLSearchParams) =>
    Promise.resolve({ type: 'text/x-own', bytes: Buffer.from(`${path}?${query.toString()}`) }),
  upload: () => 'taken',
} as unknown as Engine;
let server: StudioServer;
beforeAll(async () => {
  mkdirSync(page, { recursive: true });
  writeFileSync(join(page, 'index.html'), '<p>page</p>');
  server = await startServer(engine, { rendererFolder: page });
});
afterAll(() => server.close());

const ask = (target: string, o: Asked = {}): Promise<Answer> => askServer(server, target, o);
const origin = (): string => `http://127.0.0.1:${server.port}`;

describe('who may ask', () => {
  const bearer = (value: string, target = '/asset/x'): Promise<Answer> =>
    ask(target, { headers: { Authorization: value } });

  it('is whoever has the whole key', async () => {
    expect((await bearer(`Bearer ${server.token}`)).status).toBe(200);
    expect((await bearer(`Bearer ${server.token}0`)).status).toBe(401);
    expect((await bearer(`Bearer ${server.token.slice(1)}`)).status).toBe(401);
    expect((await bearer(server.token)).status).toBe(401);
    expect((await bearer('')).status).toBe(401);
    expect(server.token).toMatch(/^[0-9a-f]{48}$/);
  });

  it('has asked 127.0.0.1 at this port, by this name', async () => {
    for (const Host of ['localhost', `localhost:${server.port}`, '127.0.0.1', `127.0.0.1:${server.port + 1}`]) {
      const r = await ask('/', { headers: { Host } });
      expect([r.status, r.body]).toEqual([403, 'This server answers to 127.0.0.1 only.\n']);
      expect(r.headers['content-type']).toBe('text/plain; charset=utf-8');
    }
  });

  const bare = { headers: { Authorization: '' } };
  /** Follows an address that opens the studio: the word behind its `#`, and the cookie. */
  async function opened(target: string): Promise<{ word: string; cookie: string }> {
    const r = await ask(target, bare);
    expect([r.status, r.headers['cache-control']]).toEqual([302, 'no-store']);
    const [, word] = /^\/#enter=(\w{48})$/.exec(String(r.headers['location']))!;
    const [set] = r.headers['set-cookie'] as string[];
    const [, cookie] = new RegExp(
      `^(covis_${server.port}=\\w{48}); HttpOnly; SameSite=Strict; Path=/; Max-Age=31536000$`,
    ).exec(set!)!;
    return { word: word!, cookie: cookie! };
  }
  const enter = (word: string, headers: Record<string, string> = { Origin: origin() }): Promise<Answer> =>
    ask('/enter', { method: 'POST', headers: { Authorization: '', ...headers }, body: Buffer.from(word) });

  it('learns from the address with the key a word, which the page gives for the keys once', async () => {
    expect(server.url).toBe(`http://127.0.0.1:${server.port}/?token=${server.token}`);
    const { word } = await opened(`/?token=${server.token}`);
    expect(word).not.toBe(server.token);
    for (const headers of [{}, { Origin: `${origin()}0` }, { Origin: 'null' }] as Record<string, string>[])
      expect((await enter(word, headers)).status).toBe(401);
    const first = await enter(word);
    expect([first.status, first.headers['cache-control']]).toEqual([200, 'no-store']);
    const keys = JSON.parse(first.body) as { key: string; photos: string };
    expect(keys.key).toBe(server.token);
    expect((await enter(word)).status).toBe(401);
    expect((await enter('')).status).toBe(401);
    expect((await ask('/enter', { headers: { Authorization: `Bearer ${keys.key}` } })).status).toBe(204);
    expect((await ask('/enter', bare)).status).toBe(401);
    // Photos have an address that opens them alone.
    expect((await ask(`/${keys.photos}/asset/photo/a`, bare)).body).toBe('photo/a?');
    expect((await ask(`/${keys.photos}0/asset/photo/a`, bare)).status).toBe(401);
    expect((await ask(`/${keys.photos}/asset/upload`, { ...bare, method: 'POST' })).status).toBe(401);
    expect((await ask(`/${keys.photos}/enter`, bare)).status).toBe(401);
    expect((await bearer(`Bearer ${keys.photos}`)).status).toBe(401);

    expect((await ask(`/clusters?token=${server.token}`, bare)).status).toBe(401);
    expect((await ask(`/?token=${server.token}0`, bare)).status).toBe(401);
    expect((await ask('/?token=', bare)).status).toBe(401);
  });

  it('has a cookie that opens the program alone: cookies go to every port of this machine', async () => {
    const { cookie } = await opened(`/?token=${server.token}`);
    const withCookie = (target: string, value = cookie, method = 'GET'): Promise<Answer> =>
      ask(target, { method, headers: { Authorization: '', Cookie: `other=1; ${value}; more=2`, Origin: origin() } });
    expect((await withCookie('/')).status).toBe(200);
    expect((await withCookie('/clusters')).status).toBe(200);
    expect((await withCookie('/', `${cookie}0`)).status).toBe(401);
    expect((await withCookie('/', cookie.replace(/^covis_\d+/, 'covis_1'))).status).toBe(401);
    expect((await withCookie('/', `covis_${server.port}=${server.token}`)).status).toBe(401);
    expect((await withCookie('/asset/photo/a')).status).toBe(401);
    expect((await withCookie('/asset/upload', cookie, 'POST')).status).toBe(401);
    expect((await withCookie('/enter')).status).toBe(401);
    const [, value] = cookie.split('=');
    expect((await bearer(`Bearer ${value}`)).status).toBe(401);
    expect((await ask(`/?token=${value}`, bare)).status).toBe(401);
    expect((await ask(`/${value}/asset/photo/a`, bare)).status).toBe(401);
  });

  it('may be let in by a link that is good once, which a started browser can be told', async () => {
    const link = new URL(server.once());
    expect(link.search).not.toContain(server.token);
    const target = `${link.pathname}${link.search}`;
    expect((await ask(target.replace('?', 'clusters?'), bare)).status).toBe(401);
    const { word } = await opened(target);
    expect(JSON.parse((await enter(word)).body)).toMatchObject({ key: server.token });
    expect((await ask(target, bare)).status).toBe(401);
    expect((await ask('/?once=', bare)).status).toBe(401);
  });

  it('is told what to do, in a page without script where a browser opens an address', async () => {
    const page = await ask('/tuples/3', { headers: { Authorization: '', Accept: 'text/html,*/*' } });
    expect([page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
      401,
      'text/html; charset=utf-8',
      'no-store',
    ]);
    expect(page.body).toContain('Open the address that covis serve printed');
    expect(page.body).not.toContain('<script');
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const line = await ask('/asset/photo/a', bare);
    expect([line.headers['content-type'], line.body]).toEqual([
      'text/plain; charset=utf-8',
      'Open the address that covis serve printed: it carries the key to this library.\n',
    ]);
  });

  it('is told with every answer to guess no types and to tell no other site', async () => {
    for (const target of ['/', '/asset/x', '/none.js']) {
      expect((await ask(target)).headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });
});

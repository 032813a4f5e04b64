import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import { HOST_ROUTES } from '../../../src/shared/routes/index.ts';
import { EngineSupervisor } from '../../../src/main/desktop/supervisor.ts';
import { Engine } from '../../../src/main/engine/engine.ts';
import { startServer, type StudioServer } from '../../../src/main/server/http.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const folder = temporaryFolder();
const path = join(folder, 'library');
const engine = new Engine();
let server: StudioServer;
let photo = '';
let cluster = '';

beforeAll(async () => {
  const library = await smallLibrary(path);
  photo = library.db.prepare('SELECT hash FROM photo LIMIT 1').pluck().get() as string;
  cluster = library.db.prepare('SELECT uid FROM cluster LIMIT 1').pluck().get() as string;
  library.close();
  await engine.open(path);
  writeFileSync(join(folder, 'index.html'), '<p>page</p>');
  server = await startServer(engine, { rendererFolder: folder });
});
afterAll(async () => {
  await server.close();
  await engine.close();
});

/** A raw request: fetch would normalise the path and set the Host itself. */
function raw(
  target: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<{ status: number; body: Buffer; headers: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(
      {
        host: '127.0.0.1',
        port: server.port,
        path: target,
        method,
        headers: { Host: `127.0.0.1:${server.port}`, ...headers },
      },
      (res) => {
        const parts: Buffer[] = [];
        res.on('data', (p: Buffer) => parts.push(p));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts), headers: res.headers }));
      },
    );
    req.on('error', reject);
    req.end();
  });
}
const key = (): Record<string, string> => ({ Authorization: `Bearer ${server.token}` });

describe('the server', () => {
  it('refuses everything without the key, with a wrong one, or under another host name', async () => {
    for (const target of ['/', '/clusters', `/asset/photo/${photo}`, '/asset/upload', '/?token=wrong']) {
      expect((await raw(target)).status, target).toBe(401);
      expect((await raw(target, { Authorization: 'Bearer 00' })).status, target).toBe(401);
    }
    expect((await raw(`/asset/photo/${photo}`, { ...key(), Host: 'evil.example' })).status).toBe(403);
  });

  it('turns the address it prints into a cookie that opens the program, and nothing of the library', async () => {
    const r = await raw(`/?token=${server.token}`);
    expect(r.status).toBe(302);
    expect(r.headers['location']).toMatch(/^\/#enter=\w{48}$/);
    const cookie = String((r.headers['set-cookie'] as string[])[0]);
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    const Cookie = cookie.split(';')[0]!;
    expect((await raw('/', { Cookie })).status).toBe(200);
    expect((await raw(`/asset/photo/${photo}`, { Cookie })).status).toBe(401);
  });

  it('serves photos and arrays by opaque id, and nothing by path', async () => {
    const jpeg = await raw(`/asset/photo/${photo}?s=96`, key());
    expect([jpeg.status, jpeg.headers['content-type'], jpeg.body.subarray(0, 2).toString('hex')]).toEqual([
      200,
      'image/jpeg',
      'ffd8',
    ]);
    expect(jpeg.headers['x-content-type-options']).toBe('nosniff');
    const whole = await sharp((await raw(`/asset/whole/${photo}`, key())).body).metadata();
    // Larger than what is kept small.
    expect(Math.max(whole.width, whole.height)).toBeGreaterThan(96);
    expect((await raw(`/asset/cluster/${cluster}/points`, key())).body.length % 12).toBe(0);
    for (const evil of [
      '..%2f..%2f..%2fetc%2fpasswd',
      '%2e%2e/%2e%2e/etc/passwd',
      '..\\..\\secret',
      'a%00.js',
      '....//etc/passwd',
      'photo/../../etc/passwd',
      `cluster/${cluster}/..%2fpoints`,
      `cluster/${cluster}/constructor`,
    ]) {
      for (const target of [`/asset/${evil}`, `/${evil}`]) {
        const r = await raw(target, key());
        expect(r.status >= 400 || r.body.toString() === '<p>page</p>', target).toBe(true);
      }
    }
  });

  it('keeps the page to a strict policy', async () => {
    const policy = String((await raw('/', key())).headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe-eval');
  });

  const connect = (headers: Record<string, string>): Promise<string> =>
    new Promise((resolve) => {
      const ws = new WebSocket(`ws://127.0.0.1:${server.port}/messages`, { headers });
      ws.on('open', () => {
        resolve('open');
        ws.close();
      });
      ws.on('error', () => resolve('refused'));
    });

  it('opens a WebSocket for its own page alone', async () => {
    const Origin = `http://127.0.0.1:${server.port}`;
    expect(await connect({ ...key(), Origin })).toBe('open');
    expect(await connect({ ...key(), Origin: 'http://evil.example' })).toBe('refused');
    expect(await connect(key())).toBe('refused');
    expect(await connect({ Origin })).toBe('refused');
  });
});

describe('dispatch', () => {
  it('answers in envelopes and never throws', async () => {
    expect(await engine.dispatch('clusters.list', {}, 'page')).toMatchObject({ ok: true });
    expect(await engine.dispatch('nothing', {}, 'page')).toMatchObject({
      ok: false,
      error: { code: 'ROUTE_NOT_FOUND' },
    });
    expect(await engine.dispatch('constructor', {}, 'page')).toMatchObject({
      ok: false,
      error: { code: 'ROUTE_NOT_FOUND' },
    });
    expect(await engine.dispatch('clusters.detail', { id: '../../x' }, 'page')).toMatchObject({
      ok: false,
      error: { code: 'VALIDATION_FAILED' },
    });
    expect(await engine.dispatch('clusters.detail', { id: 'abcdef0123456789' }, 'page')).toMatchObject({
      ok: false,
      error: { code: 'NOT_FOUND' },
    });
  });

  it('refuses routes that take paths when a page asks', async () => {
    for (const route of HOST_ROUTES)
      expect(await engine.dispatch(route, { path: '/etc', paths: ['/etc'] }, 'page')).toMatchObject({
        ok: false,
        error: { code: 'FORBIDDEN_SENDER' },
      });
  });

  it('searches with a library photo and with a photo from outside', async () => {
    expect(await engine.dispatch('search.run', { photo, top: 5 }, 'page')).toMatchObject({
      ok: false,
      error: { code: 'STATE_EMPTY' },
    });
    await finished(await start({ kind: 'extract' }));
    const hits = (await engine.dispatch('search.run', { photo, top: 8 }, 'page')) as {
      ok: true;
      data: { hits: { photo: string; score: number; relation: string }[] };
    };
    expect(hits.data.hits[0]).toMatchObject({ photo, relation: 'query' });
    expect(hits.data.hits.map((h) => h.score)).toEqual([...hits.data.hits.map((h) => h.score)].sort((a, b) => b - a));
    const upload = engine.upload(readFileSync(join(SAMPLE, 'castle', 'images', 'castle_01.jpg')));
    const outside = (await engine.dispatch('search.run', { upload, top: 1 }, 'page')) as typeof hits;
    expect(outside.data.hits[0]!.score).toBeGreaterThan(0.9999);
  });

  it('judges results by a ground truth that a page sent, explains a match, and keeps answering after a bad request', async () => {
    const page = (route: string, params: object): Promise<{ ok: boolean; data: never; error?: { code: string } }> =>
      engine.dispatch(route, params, 'page') as never;
    const { data: info } = (await page('photos.info', { id: photo })) as { data: { name: string } };
    const { data: found } = (await page('search.run', { photo, top: 4 })) as {
      data: { hits: { photo: string; name: string }[] };
    };
    const bare = (n: string): string => n.replace(/\.[a-z]+$/, '');
    const others = found.hits.filter((h) => h.photo !== photo).map((h) => bare(h.name));
    const upload = engine.upload(
      Buffer.from(
        JSON.stringify({
          imlist: [bare(info.name), ...others],
          qimlist: [bare(info.name)],
          gnd: [{ ok: [1], junk: [2] }],
        }),
      ),
    );
    const { data: truth } = (await page('truths.add', { upload, name: 'own.json', protocol: 'oxford' })) as {
      data: { id: string };
    };
    const judged = (await page('search.run', { photo, top: 4, truth: { id: truth.id, protocol: 'oxford' } })) as {
      data: { judgedBy: string; hits: { relation: string; name: string }[] };
    };
    expect(judged.data.judgedBy).toBe('own.json, oxford');
    const relation = (name: string): string => judged.data.hits.find((h) => bare(h.name) === name)!.relation;
    expect([relation(others[0]!), relation(others[1]!), relation(others[2]!)]).toEqual([
      'positive',
      'same-place',
      'other',
    ]);
    const { data: why } = (await page('search.explain', { photo, hit: found.hits[1]!.photo })) as {
      data: { similarity: number; query: { width: number; height: number; values: number[] } };
    };
    expect(why.query.values.length).toBe(why.query.width * why.query.height);
    expect(why.query.values.reduce((s, v) => s + v, 0)).toBeCloseTo(why.similarity, 4);
    const bad = engine.upload(Buffer.from('cos\nsystem\n(S"true"\ntR.'));
    expect(await page('truths.add', { upload: bad, name: 'evil.pkl', protocol: 'oxford' })).toMatchObject({
      error: { code: 'INPUT_UNSUPPORTED', message: expect.stringContaining('system') },
    });
    expect(await page('search.run', { photo: '0'.repeat(32), top: 1 })).toMatchObject({ error: { code: 'NOT_FOUND' } });
    expect(await page('search.run', { photo, top: 1, set: 'f'.repeat(16) })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await page('search.run', { photo, top: 1, method: 'hybrid' })).toMatchObject({ ok: true });
  });
});

async function start(job: object): Promise<number> {
  const reply = (await engine.dispatch('jobs.start', { job }, 'page')) as { ok: true; data: { job: number } };
  expect(reply).toMatchObject({ ok: true });
  return reply.data.job;
}

function finished(id: number): Promise<Extract<EngineEvent, { event: 'job' }>['job']> {
  return new Promise((resolve) => {
    const off = engine.onEvent((e) => {
      if (e.event === 'job' && e.job.id === id && !['queued', 'running'].includes(e.job.state)) {
        off();
        resolve(e.job);
      }
    });
  });
}

/** What a person chose in a dialog, as a page knows it. */
async function chosen(path: string): Promise<string> {
  const reply = await engine.dispatch('start.chosen', { paths: [path] }, 'host');
  return (reply as { ok: true; data: readonly { id: string }[] }).data[0]!.id;
}

describe('jobs', () => {
  it('run beside the thread that answers, report progress, and can be cancelled', async () => {
    let answered = 0;
    let reported = 0;
    const off = engine.onEvent((e) => {
      if (e.event === 'progress') reported += 1;
    });
    const id = await start({ kind: 'train', epochs: 500, queriesPerEpoch: 50, size: 128 });
    const end = finished(id);
    // Were the work done on the thread that answers, neither answers nor progress would come before its end.
    while (reported < 3) {
      expect(await engine.dispatch('clusters.list', {}, 'page')).toMatchObject({ ok: true });
      answered += 1;
      await new Promise((r) => setTimeout(r, 20));
    }
    await engine.dispatch('jobs.cancel', { id }, 'page');
    expect((await end).state).toBe('cancelled');
    off();
    expect(answered).toBeGreaterThan(3);
  });

  it('import what a person chose', async () => {
    const folders = [await chosen(join(SAMPLE, 'arch'))];
    const reply = await engine.dispatch('start.import', { folders }, 'page');
    const { job } = (reply as { ok: true; data: { job: number } }).data;
    expect(await finished(job)).toMatchObject({
      state: 'done',
      title: 'Import arch',
      result: { photos: 13, clusters: 1 },
    });
    expect(await engine.dispatch('library.current', {}, 'page')).toMatchObject({ ok: true, data: { clusters: 6 } });
  });

  it('that fail say why and do not stop those after them', async () => {
    const bad = await start({ kind: 'mine', mining: { minShared: 99999 } });
    const good = await start({ kind: 'mine', mining: { queries: 5 } });
    const [first, second] = await Promise.all([finished(bad), finished(good)]);
    expect(first).toMatchObject({
      state: 'failed',
      error: { code: 'STATE_EMPTY', hint: expect.stringContaining('--min-shared') },
    });
    expect(second).toMatchObject({ state: 'done', result: { tuples: 5 } });
  });
});

describe('a review through routes', () => {
  const ask = async (
    route: string,
    params: unknown,
  ): Promise<{ ok: boolean; data?: never; error?: { code: string } }> =>
    (await engine.dispatch(route, params, 'page')) as never;

  it('lists, pages, decides, undoes, compares, and tells what changed', async () => {
    await finished(await start({ kind: 'mine', mining: { queries: 12 } }));
    await finished(await start({ kind: 'mine', mining: { queries: 12 }, seed: 4 }));
    const [second, first] = (await ask('tuples.runs', {})).data as unknown as { id: number }[];
    const open = { run: first!.id, filter: {}, sort: 'suspicion' };
    const { list, total } = (await ask('tuples.open', open)).data as unknown as { list: string; total: number };
    expect(total).toBe(12);
    const page = async (): Promise<{ query: string; positive: string; verdict: string | null; index: number }[]> =>
      ((await ask('tuples.page', { list, from: 0, limit: 12 })).data as unknown as { tuples: never[] }).tuples;
    const [t] = await page();
    const changed: string[] = [];
    const off = engine.onEvent((e) => e.event === 'changed' && changed.push(e.what));
    const judgement = {
      query: t!.query,
      other: t!.positive,
      aspect: 'positive',
      verdict: 'reject',
      run: first!.id,
      tuple: t!.index,
    };
    expect(await ask('review.decide', { label: 'Rejected', judgements: [judgement] })).toMatchObject({ ok: true });
    expect((await page())[0]!.verdict).toBe('reject');
    expect(await ask('review.progress', { run: first!.id })).toMatchObject({ data: { rejected: 1, undo: 'Rejected' } });
    expect(await ask('review.undo', {})).toEqual({
      ok: true,
      data: { label: 'Rejected', run: first!.id, tuple: t!.index },
    });
    expect((await page())[0]!.verdict).toBeNull();
    expect(await ask('review.redo', {})).toMatchObject({ data: { label: 'Rejected' } });
    expect(changed.filter((c) => c === 'decisions').length).toBe(3);
    off();
    expect(await ask('tuples.compare', { a: first!.id, b: second!.id })).toMatchObject({
      ok: true,
      data: { a: first!.id },
    });
    const around = await ask('manifold.around', { photo: t!.query });
    expect(around).toMatchObject({
      ok: true,
      data: { photo: t!.query, nodes: expect.arrayContaining([{ photo: t!.query, steps: 0 }]) },
    });
  });

  it('refuses what a page should not send', async () => {
    const [a, b] = ['0'.repeat(32), '1'.repeat(32)];
    const decide = (judgement: object): Promise<unknown> =>
      ask('review.decide', { label: 'x', judgements: [judgement] });
    expect(await decide({ query: a, other: b, aspect: 'positive', verdict: 'reject' })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await decide({ query: '../etc', other: b, aspect: 'positive', verdict: 'reject' })).toMatchObject({
      error: { code: 'VALIDATION_FAILED' },
    });
    expect(await decide({ query: a, other: b, aspect: 'positive', verdict: 'delete' })).toMatchObject({
      error: { code: 'VALIDATION_FAILED' },
    });
    expect(await ask('tuples.open', { run: 1, filter: { cluster: "' OR 1" }, sort: 'mined' })).toMatchObject({
      error: { code: 'VALIDATION_FAILED' },
    });
    expect(await ask('tuples.open', { run: 987, filter: {}, sort: 'mined' })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await ask('tuples.page', { list: 'l424242', from: 0, limit: 5 })).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await ask('settings.set', { keys: { accept: Array(9).fill('a') } })).toMatchObject({
      error: { code: 'VALIDATION_FAILED' },
    });
  });

  it('writes a run where a dialog says', async () => {
    const [run] = (await ask('tuples.runs', {})).data as unknown as { id: number }[];
    const out = join(folder, 'exported');
    mkdirSync(out);
    const { job } = (await ask('start.export', { folder: await chosen(out), format: 'csv', run: run!.id }))
      .data as unknown as { job: number };
    expect(await finished(job)).toMatchObject({
      state: 'done',
      title: 'Export csv',
      result: { items: expect.any(Number) },
    });
    expect(readFileSync(join(out, 'tuples.csv'), 'utf8')).toMatch(/^run,tuple,role/);
  });
});

describe('the supervisor of the desktop', () => {
  it('rejects what is pending when the engine dies, starts it again and says so', async () => {
    const events: EngineEvent[] = [];
    const supervisor = new EngineSupervisor(
      { node: process.execPath, script: join(ROOT, 'src', 'main', 'server', 'engine-process.ts'), root: ROOT },
      (e) => events.push(e),
    );
    await smallLibrary(join(folder, 'second')).then((l) => l.close());
    supervisor.start(join(folder, 'second'));
    const ask = (): Promise<unknown> => supervisor.request('library.current', {}, 'page');
    expect(await ask()).toMatchObject({ ok: true, data: { clusters: 5 } });
    const pid = supervisor.pid();
    const pending = Array.from({ length: 5 }, () => ask());
    spawn('kill', ['-9', String(pid)]);
    const replies = (await Promise.all(pending)) as { ok: boolean; error?: { code: string } }[];
    expect(replies.every((r) => r.ok || r.error?.code === 'ENGINE_EXITED')).toBe(true);
    while (!events.some((e) => e.event === 'engine' && e.state === 'restarting'))
      await new Promise((r) => setTimeout(r, 50));
    expect(await ask()).toMatchObject({ ok: true, data: { clusters: 5 } });
    supervisor.close();
  });
});

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket as Socket } from 'ws';
import { describeWith } from '../support/programs.ts';
import { smallLibrary } from '../support/small-library.ts';
import { buildStudio, serveLibrary } from './serve.ts';
import { shot } from './studio.ts';

/** What a server of another port of this machine was told, by a browser that has the studio open. */
interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

describeWith(['chromium'], 'what a browser tells other ports of 127.0.0.1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-ports-'));
  const library = join(folder, 'library');
  const heard: Heard[] = [];
  let other: Server;
  let elsewhere = '';
  let server: ChildProcess;
  let browser: Browser;
  let url = '';
  let photo = '';

  beforeAll(async () => {
    buildStudio();
    const made = await smallLibrary(library);
    photo = made.db.prepare('SELECT hash FROM photo LIMIT 1').pluck().get() as string;
    made.close();
    ({ server, url } = await serveLibrary(library));
    other = createServer((req, res) => {
      heard.push({ path: req.url ?? '', headers: req.headers });
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('Access-Control-Allow-Headers', '*');
      res.setHeader('Content-Type', 'text/html');
      res.end('<p>another program</p>');
    });
    other.on('upgrade', (req, socket) => {
      heard.push({ path: req.url ?? '', headers: req.headers });
      socket.destroy();
    });
    other.listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    server.kill('SIGTERM');
    other.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Asks the studio with what somebody has. */
  function ask(
    target: string,
    headers: IncomingHttpHeaders,
    method = 'GET',
  ): Promise<{ status: number; body: string }> {
    const { port, host } = new URL(url);
    return new Promise((resolve, reject) => {
      const req = httpRequest(
        { host: '127.0.0.1', port, path: target, method, headers: { ...headers, host, connection: 'close' } },
        (res) => {
          const parts: Buffer[] = [];
          res.on('data', (p: Buffer) => parts.push(p));
          res.on('end', () => resolve({ status: res.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
        },
      );
      req.on('error', reject);
      req.end();
    });
  }
  function opens(headers: IncomingHttpHeaders): Promise<boolean> {
    const { host, origin } = new URL(url);
    const { cookie, authorization } = headers;
    const ws = new Socket(`ws://${host}/messages`, ['covis'], {
      headers: {
        origin,
        ...(cookie === undefined ? {} : { cookie }),
        ...(authorization === undefined ? {} : { authorization }),
      },
    });
    return new Promise((resolve) => {
      ws.on('open', () => {
        ws.terminate();
        resolve(true);
      });
      ws.on('error', () => resolve(false));
    });
  }

  it('lets nobody in: no library, no photo, no upload, no messages', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.card img').first().waitFor();
    expect(page.url()).toBe(`${new URL(url).origin}/clusters`);
    // Whatever a page can make a browser send: from the studio itself, by a link, and from a page of the other port.
    const far = await context.newPage();
    await far.goto(`${elsewhere}/direct`);
    await far.evaluate(async (to) => {
      const image = new Image();
      image.src = `${to}/image`;
      document.body.append(image);
      await fetch(`${to}/fetch`, { credentials: 'include' }).catch(() => undefined);
      await new Promise((resolve) => {
        const ws = new WebSocket(`${to.replace('http', 'ws')}/socket`);
        ws.onclose = resolve;
      });
    }, elsewhere);
    const left = await context.newPage();
    await left.goto(`${new URL(url).origin}/clusters`);
    await left.locator('.card').first().waitFor();
    await left.evaluate((to) => (location.href = to), `${elsewhere}/link`);
    await left.getByText('another program').waitFor();
    expect(heard.map((h) => h.path)).toEqual(
      expect.arrayContaining(['/direct', '/image', '/fetch', '/socket', '/link']),
    );

    const secret = await page.evaluate(() => JSON.parse(localStorage.getItem('covis-keys')!) as Record<string, string>);
    expect(secret['key']).toBe(new URL(url).searchParams.get('token'));
    for (const { path, headers } of heard) {
      expect(headers.referer ?? '', path).not.toContain(new URL(url).host);
      for (const word of Object.values(secret)) expect(JSON.stringify(headers), path).not.toContain(word);
      // The cookie opens the program's own files alone, which hold nothing of the library.
      for (const target of [`/asset/photo/${photo}?s=64`, '/asset/upload', '/enter'])
        expect([path, target, (await ask(target, headers)).status]).toEqual([path, target, 401]);
      expect((await ask('/asset/upload', { ...headers, origin: new URL(url).origin }, 'POST')).status).toBe(401);
      expect((await ask('/enter', { ...headers, origin: new URL(url).origin }, 'POST')).status).toBe(401);
      const cookie = /covis_\d+=(\w+)/.exec(headers.cookie ?? '')?.[1];
      for (const word of cookie === undefined ? [] : [cookie]) {
        expect((await ask(`/?token=${word}`, {})).status).toBe(401);
        expect((await ask(`/${word}/asset/photo/${photo}?s=64`, {})).status).toBe(401);
        expect((await ask(`/asset/photo/${photo}?s=64`, { authorization: `Bearer ${word}` })).status).toBe(401);
        expect(await opens({ authorization: `Bearer ${word}` })).toBe(false);
      }
      expect([path, await opens(headers)]).toEqual([path, false]);
    }
    // With what the page has, the same are open.
    expect((await ask(`/${secret['photos']}/asset/photo/${photo}?s=64`, {})).status).toBe(200);
    expect(await opens({ authorization: `Bearer ${secret['key']}` })).toBe(true);
    await context.close();
  }, 60_000);

  it('a page of another port reads nothing of the studio, and cannot frame it', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    const far = await context.newPage();
    await far.goto(`${elsewhere}/direct`);
    const got = await far.evaluate(
      async ({ studio, id }) => {
        const attempt = (path: string, init?: RequestInit): Promise<string> =>
          fetch(studio + path, init).then(
            (r) => r.text(),
            () => 'refused',
          );
        const socket = await new Promise((resolve) => {
          const ws = new WebSocket(`${studio.replace('http', 'ws')}/messages`, ['covis']);
          ws.onopen = () => resolve('opened');
          ws.onerror = () => resolve('refused');
        });
        const image = await new Promise((resolve) => {
          const i = new Image();
          i.onload = () => resolve('shown');
          i.onerror = () => resolve('refused');
          i.src = `${studio}/asset/photo/${id}?s=64`;
        });
        return [
          await attempt('/', { credentials: 'include' }),
          await attempt(`/asset/photo/${id}`, { credentials: 'include' }),
          await attempt('/enter', { method: 'POST', credentials: 'include' }),
          socket,
          image,
        ];
      },
      { studio: new URL(url).origin, id: photo },
    );
    expect(got).toEqual(['refused', 'refused', 'refused', 'refused', 'refused']);
    await context.close();
  });

  it('a browser without the key is told what to do, without a script, and one that lost its storage too', async () => {
    for (const colorScheme of ['dark', 'light'] as const) {
      const context = await browser.newContext({ colorScheme, javaScriptEnabled: false });
      const page = await context.newPage();
      for (const [width, height] of [
        [1440, 900],
        [1024, 700],
      ] as const) {
        await page.setViewportSize({ width, height });
        const answer = await page.goto(`${new URL(url).origin}/tuples/3`);
        expect(answer!.status()).toBe(401);
        await page.getByRole('heading', { name: 'This browser does not have the key' }).waitFor();
        await page.getByText('covis serve LIBRARY').waitFor();
        await shot(page, `refused-${colorScheme}-${width}`);
      }
      await context.close();
    }
    const context = await browser.newContext({ viewport: { width: 1024, height: 700 } });
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.locator('[data-test=connection]').getByText('Open the address that it printed').waitFor();
    await shot(page, 'refused-without-storage');
    const again = await context.newPage();
    await again.goto(url);
    await page.locator('.card').first().waitFor();
    await context.close();
  });

  it('a port that another program has taken meanwhile may have been told the key: another port gets another one', async () => {
    const place = join(folder, 'moved');
    (await smallLibrary(place)).close();
    const first = await serveLibrary(place);
    const ended = new Promise((resolve) => first.server.once('exit', resolve));
    first.server.kill('SIGTERM');
    await ended;
    const same = await serveLibrary(place);
    expect(same.url).toBe(first.url);
    const again = new Promise((resolve) => same.server.once('exit', resolve));
    same.server.kill('SIGTERM');
    await again;
    const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await new Promise((resolve) => squatter.once('listening', resolve));
    const moved = await serveLibrary(place);
    expect(new URL(moved.url).port).not.toBe(new URL(first.url).port);
    expect(new URL(moved.url).searchParams.get('token')).not.toBe(new URL(first.url).searchParams.get('token'));
    moved.server.kill('SIGTERM');
    squatter.close();
  }, 60_000);

  it('the studio is left through the wrong name of this machine by a link', async () => {
    const page = await browser.newPage();
    await page.goto(url.replace('127.0.0.1', 'localhost'));
    await page.getByRole('link', { name: /Go to 127\.0\.0\.1/ }).waitFor();
    await page.close();
  });
});

import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, ROOT } from '../support/programs.ts';
import { smallLibrary } from '../support/small-library.ts';

/** Long enough for a machine that does other things, too; each change is measured against what a person would wait. */
const SOON_MS = 5000;

describeWith(['chromium'], 'npm run dev', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-e2e-'));
  // A copy of the sources, so that they can be changed.
  const tree = join(folder, 'tree');
  let dev: ChildProcess;
  let browser: Browser;
  let page: Page;
  let said = '';

  /** Starts it and waits for the address that it prints. */
  async function start(): Promise<string> {
    dev = spawn(
      process.execPath,
      [join(tree, 'scripts', 'run.mjs'), join(tree, 'scripts', 'dev.ts'), join(folder, 'library'), '--port', '0'],
      {
        cwd: tree,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, COVIS_LOGS: join(folder, 'logs') },
      },
    );
    dev.stderr!.on('data', (d: Buffer) => (said += String(d)));
    let out = '';
    return new Promise((done, reject) => {
      dev.stdout!.on('data', (d: Buffer) => {
        out += String(d);
        const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(out)?.[0];
        if (url !== undefined) done(url);
      });
      dev.once('exit', (code) => reject(new Error(`npm run dev ended with ${code}: ${said}`)));
    });
  }

  beforeAll(async () => {
    for (const name of ['src', 'scripts', 'package.json', 'electron.vite.config.ts'])
      cpSync(join(ROOT, name), join(tree, name), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(tree, 'node_modules'));
    symlinkSync(join(ROOT, 'resources'), join(tree, 'resources'));
    (await smallLibrary(join(folder, 'library'))).close();
    const url = await start();
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
    page = await browser.newPage();
    await page.goto(`${url}train`);
    await page.locator('h1', { hasText: 'Train' }).waitFor({ timeout: 60_000 });
    await page.evaluate(() => Object.assign(window, { marker: 'not reloaded' }));
  });
  afterAll(async () => {
    await browser?.close();
    dev?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const marker = (): Promise<unknown> => page.evaluate(() => (window as unknown as { marker?: string }).marker);

  it('lets the page in to the library', async () => {
    await page.goto(`${new URL(page.url()).origin}/clusters`);
    await page.getByText('castle').first().waitFor();
    const image = page.locator('img[src^="/asset/"]').first();
    await image.waitFor();
    await expect.poll(() => image.evaluate((i: HTMLImageElement) => i.naturalWidth)).toBeGreaterThan(10);
    await page.goto(`${new URL(page.url()).origin}/train`);
    await page.locator('h1', { hasText: 'Train' }).waitFor();
    await page.evaluate(() => Object.assign(window, { marker: 'not reloaded' }));
  });

  it('lets no other page in', async () => {
    const { origin, host } = new URL(page.url());
    const refused = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${origin}/asset/photo/00000000`, { headers })).status;
    expect(await refused({ 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await refused({ Origin: 'http://evil.example' })).toBe(403);
    expect(await refused({ Origin: `http://${host}` })).not.toBe(403);
    const elsewhere = await browser.newPage();
    await elsewhere.goto('data:text/html,<p>another site</p>');
    const opened = await elsewhere.evaluate(
      (address) =>
        new Promise<boolean>((done) => {
          const socket = new WebSocket(address);
          socket.onopen = () => done(true);
          socket.onerror = () => done(false);
        }),
      `ws://${host}/messages`,
    );
    expect(opened).toBe(false);
    await elsewhere.close();
  });

  it('shows a changed view within seconds, with its state kept', async () => {
    const view = join(tree, 'src', 'renderer', 'views', 'train', 'TrainView.vue');
    const source = readFileSync(view, 'utf8');
    expect(source).toContain('title="Train"');
    const epochs = page.getByLabel('Epochs', { exact: true });
    await epochs.fill('17');
    const began = performance.now();
    writeFileSync(view, source.replace('title="Train"', 'title="Train, changed"'));
    await page.locator('h1', { hasText: 'Train, changed' }).waitFor({ timeout: SOON_MS });
    console.log(`A changed view was shown after ${Math.round(performance.now() - began)} ms`);
    expect(await marker()).toBe('not reloaded');
    expect(await epochs.inputValue()).toBe('17');
  });

  it('starts the engine again when its sources change, and the page connects to it without a reload', async () => {
    const file = join(tree, 'src', 'main', 'engine', 'environment', 'version.ts');
    const source = readFileSync(file, 'utf8');
    const version = async (): Promise<string> =>
      page.evaluate(
        () =>
          new Promise<string>((done) => {
            const socket = new WebSocket(`ws://${location.host}/messages`);
            socket.onopen = () => socket.send(JSON.stringify({ id: 1, route: 'library.current', params: {} }));
            socket.onmessage = ({ data }) => {
              const { id, reply } = JSON.parse(String(data)) as { id?: number; reply?: { data: { version: string } } };
              if (id === 1) done(reply!.data.version);
            };
            socket.onerror = () => done('no engine');
          }),
      );
    writeFileSync(
      file,
      `${source.replace('export const VERSION', 'const ORIGINAL')}\nexport const VERSION = \`\${ORIGINAL}-changed\`;\n`,
    );
    await expect.poll(version, { timeout: 20_000, interval: 200 }).toMatch(/-changed$/);
    expect(said).toContain('version.ts changed: the engine starts again');
    // The page's own connection is back, too: what it asks is answered.
    await page.locator('a[href="/clusters"]').first().click();
    await page.getByText('castle').first().waitFor({ timeout: 20_000 });
    expect(await marker()).toBe('not reloaded');
  });

  it('waits for a change when the engine cannot start, and then goes on', async () => {
    const file = join(tree, 'src', 'shared', 'errors.ts');
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, `${source}\nthis is no TypeScript;`);
    await expect.poll(() => said, { timeout: 20_000 }).toContain('It starts again with the next change');
    writeFileSync(file, source);
    await page.goto(`${new URL(page.url()).origin}/clusters`);
    await page.getByText('castle').first().waitFor({ timeout: 20_000 });
  });

  it('ends whole with Ctrl C', async () => {
    const { origin } = new URL(page.url());
    await page.close();
    const ended = new Promise((done) => dev.once('exit', done));
    dev.kill('SIGINT');
    expect(await ended).toBe(0);
    await expect(fetch(origin)).rejects.toThrow();
  });
});

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { prepareLibrary } from './prepare.ts';
import { serveLibrary } from './serve.ts';
import { complaints, shot, walkThrough } from './studio.ts';

const ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

describeWith(['chromium'], 'the studio in a browser, through covis serve', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-e2e-'));
  const library = join(folder, 'library');
  let server: ChildProcess;
  let browser: Browser;
  let url = '';

  beforeAll(async () => {
    prepareLibrary(library);
    ({ server, url } = await serveLibrary(library));
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
  });
  afterAll(async () => {
    await browser.close();
    server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows and does everything, without a complaint of the page', async () => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    const wrong = complaints(page);
    await page.goto(url);
    await walkThrough(page, 'browser');
    expect(wrong).toEqual([]);
    expect(page.url()).not.toContain('token');
    await page.close();
  });

  it('fits a small light window', async () => {
    const page = await browser.newPage({ viewport: { width: 1024, height: 700 }, colorScheme: 'light' });
    await page.goto(url);
    for (const view of [
      'clusters',
      'photos',
      'tuples',
      'train',
      'search',
      'draw',
      'manifold',
      'map',
      'measure',
      'jobs',
      'storage',
    ]) {
      await page.goto(`${new URL(url).origin}/${view}`);
      await page.locator('h1').first().waitFor();
      await page.waitForTimeout(700);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflow, view).toBeLessThanOrEqual(0);
      await shot(page, `small-light-${view}`);
    }
    await page.close();
  });

  it('says so when an address names a cluster that is not there', async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.goto(`${new URL(url).origin}/clusters/deadbeefdeadbeef`);
    await page.getByText('The library has no cluster "deadbeefdeadbeef"').waitFor();
    await page.getByRole('link', { name: 'All clusters' }).last().click();
    await page.locator('.card').first().waitFor();
    await page.close();
  });

  it('says what happened when the engine is gone, and finds it again', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    const port = new URL(url).port;
    server.kill('SIGTERM');
    const bar = page.locator('[data-test=connection]');
    await bar.getByText('The connection to covis serve was lost').waitFor();
    // What is asked meanwhile ends with a reason, at once.
    await page.locator('[aria-label="Dark or light"]').waitFor();
    await page.keyboard.press('8');
    await page
      .getByText(/Jobs cannot be opened|The connection to the engine is lost/)
      .first()
      .waitFor();
    // A library keeps its key and port: the page finds it again by itself.
    ({ server } = await serveLibrary(library));
    await bar.getByText('The engine is there again').waitFor();
    await page.locator('h1', { hasText: 'Jobs' }).waitFor();
    await expect.poll(() => bar.count(), { timeout: 10_000 }).toBe(0);
    server.kill('SIGTERM');
    await bar.getByText('The connection to covis serve was lost').waitFor();
    // With another key the page says so, and is known again as soon as this browser has it.
    const again = await serveLibrary(library, {
      port,
      env: { COVIS_SETTINGS: join(folder, 'other', 'settings.json') },
    });
    server = again.server;
    await bar.getByText('Open the address that it printed').waitFor();
    const other = await context.newPage();
    await other.goto(again.url);
    await other.locator('.card').first().waitFor();
    await bar.getByText('The engine is there again').waitFor();
    await page.locator('h1', { hasText: 'Jobs' }).waitFor();
    await expect.poll(() => bar.count(), { timeout: 10_000 }).toBe(0);
    await context.close();
  });
});

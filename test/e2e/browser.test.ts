import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { prepareLibrary } from './prepare.ts';
import { serveLibrary } from './serve.ts';
import { complaints, shot, viewsAreThere, walkThrough } from './studio.ts';

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
    page.setDefaultTimeout(90_000);
    await page.goto(url);
    // Whoever leaves at once may leave before the key is there.
    await page.locator('.card').first().waitFor();
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

  it('says what an address names that is not there, and has a way on from it', async () => {
    const page = await browser.newPage({ viewport: { width: 1024, height: 700 } });
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    const none = 'deadbeefdeadbeefdeadbeefdeadbeef';
    const photo = await page.locator('.card [data-photo]').first().getAttribute('data-photo');
    const first = async (): Promise<void> => page.locator('.samples .sample').first().waitFor();
    for (const [address, says, way, there] of [
      ['/clusters/deadbeefdeadbeef', 'The library has no cluster "deadbeefdeadbeef"', 'All clusters', '.card'],
      ['/clusters/nosuch', 'The library has no cluster "nosuch"', 'All clusters', '.card'],
      ['/tuples/99', 'There is no run 99', /^Show run/, '.list .row'],
      [`/search?photo=${none}`, `The library has no photo ${none}`, 'Start from another photo', '.sample'],
      ['/search?photo=none', 'This address asks for something that there cannot be', 'Start from another', '.sample'],
      [`/search?file=${none}`, 'The photo to search with is no longer here', 'Start from another', '.sample'],
      [`/search?photo=${photo}&set=nosuch`, /no descriptors|nosuch/, 'Start from another', '.sample'],
      [`/manifold?photo=${none}`, `The library has no photo ${none}`, 'Start again', '.sample'],
      ['/manifold?set=nosuch', 'The library has no descriptors nosuch', /^Use those/, '.sample'],
      [
        '/map?set=nosuch',
        'The library has no descriptors nosuch',
        /^Show those/,
        '[data-test=make-map], [data-test=map]',
      ],
      [`/photos?tab=matches&photo=${none}`, `The library has no photo ${none}`, 'Choose a photo', '[data-photo]'],
      ['/measure/999', 'There is no measurement 999', 'All measurements', 'form:visible, [data-test=measure]:visible'],
    ] as const) {
      await page.goto(`${new URL(url).origin}${address}`);
      await page.locator('.kit-empty').getByText(says).first().waitFor();
      await page
        .locator('.kit-empty')
        .getByRole('button', { name: way })
        .or(page.locator('.kit-empty').getByRole('link', { name: way }))
        .click();
      await page.locator(there).first().waitFor();
    }
    for (const [address, says] of [
      ['/nosuch/view', 'There is nothing at /nosuch/view'],
      ['/tuples/1/9999', /This list has [\d,]+ tuples, and none at 9999/],
      ['/tuples/1?compare=99', 'There is no run 99 to compare with'],
      [`/search?photo=${photo}&network=${none}`, `The library has no network ${none}`],
    ] as const) {
      await page.goto(`${new URL(url).origin}${address}`);
      await page.locator('.stack').getByText(says).waitFor();
    }
    await page.goto(`${new URL(url).origin}/search`);
    await first();
    await page.close();
  }, 60_000);

  it('says what happened when the engine is gone, and finds it again', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    await viewsAreThere(page);
    const port = new URL(url).port;
    server.kill('SIGTERM');
    const bar = page.locator('[data-test=connection]');
    await bar.getByText('The connection to covis serve was lost').waitFor();
    // Meanwhile a person goes where there is something to be seen.
    await page.locator('[aria-label="Dark or light"]').waitFor();
    await page.keyboard.press('8');
    await page.locator('article', { hasText: 'Whole loop' }).waitFor();
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

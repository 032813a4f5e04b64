import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

type Point = readonly [number, number];
/** A windmill in four lines: a tapered tower, its cap, two pairs of sails. */
const WINDMILL: readonly (readonly Point[])[] = [
  [
    [0.38, 0.95],
    [0.43, 0.45],
    [0.57, 0.45],
    [0.62, 0.95],
    [0.38, 0.95],
  ],
  [
    [0.43, 0.45],
    [0.5, 0.36],
    [0.57, 0.45],
  ],
  [
    [0.2, 0.15],
    [0.8, 0.75],
  ],
  [
    [0.8, 0.15],
    [0.2, 0.75],
  ],
];

describeWith(['chromium'], 'searching by drawing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-draw-'));
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  beforeAll(async () => {
    buildStudio();
    const library = join(folder, 'library');
    covis('import', library, SAMPLE);
    const served = await serveLibrary(library);
    server = served.server;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    wrong = complaints(page);
    await page.goto(served.url);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  async function draw(line: readonly Point[]): Promise<void> {
    const box = (await page.locator('[data-test=paper]').boundingBox())!;
    const at = ([x, y]: Point): Point => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...at(line[0]!));
    await page.mouse.down();
    for (const p of line.slice(1)) await page.mouse.move(...at(p), { steps: 8 });
    await page.mouse.up();
  }
  const names = (): Promise<string[]> => page.locator('[data-test=results] figcaption .name').allTextContents();

  it('says what it needs, and prepares it with one button', async () => {
    await page.locator('nav a, a').filter({ hasText: 'Draw' }).first().click();
    await page.getByText('Drawing is not prepared yet').waitFor();
    await shot(page, 'draw-empty');
    await page.locator('[data-test=prepare]').click();
    await page.locator('[data-test=paper]').waitFor({ timeout: 150_000 });
    await page.getByText('Draw what you look for').waitFor();
  }, 180_000);

  it('finds the windmill among the first ten of the sample, drawn with the mouse', async () => {
    for (const line of WINDMILL) await draw(line);
    await page.locator('[data-test=draw-summary]').waitFor();
    await expect.poll(async () => (await names()).slice(0, 10), { timeout: 10_000 }).toContain('windmill');
    await page.locator('[data-test=sketch-map]').waitFor();
    await page.locator('[data-test=results] button').filter({ hasText: 'windmill' }).first().click();
    await page.locator('[data-test=photo-map]').waitFor();
    await page.getByLabel('filtered').check();
    await page.waitForTimeout(500);
    await shot(page, 'draw');
  }, 60_000);

  it('undoes lines, clears the paper, and answers a dot', async () => {
    const summary = page.locator('[data-test=draw-summary]');
    for (let i = 0; i < WINDMILL.length; i += 1) await page.keyboard.press('Control+z');
    await expect.poll(() => summary.count(), { timeout: 5000 }).toBe(0);
    await page.keyboard.press('Control+Shift+z');
    await expect.poll(() => summary.count(), { timeout: 5000 }).toBe(1);
    await page.locator('[data-test=clear-paper]').click();
    await expect.poll(() => summary.count(), { timeout: 5000 }).toBe(0);
    await draw([[0.5, 0.5]]);
    await expect
      .poll(() => page.locator('[data-test=draw-hint]').textContent(), { timeout: 5000 })
      .toContain('only a dot');
    await page.locator('[data-test=undo-stroke]').click();
    await page.locator('[data-test=undo-stroke]').click();
    await expect.poll(() => summary.count(), { timeout: 5000 }).toBe(1);
  });

  it('offers to describe the photos when a photo is mixed in, and mixes', async () => {
    for (const line of WINDMILL.slice(1)) await draw(line);
    await page.locator('[data-test=mix]').click();
    await page.getByText('no descriptors of this network').waitFor();
    // The row of steps has one of this name, too.
    await page.locator('.view').getByRole('button', { name: 'Describe the photos' }).click();
    await page.locator('[data-test=results]').waitFor({ timeout: 60_000 });
    await page.getByLabel('Weight of the photo').fill('0.8');
    await page.waitForTimeout(400);
    await page.keyboard.press('Shift+t');
    await page.setViewportSize({ width: 1024, height: 700 });
    await page.waitForTimeout(400);
    await shot(page, 'draw-mixed-light-1024');
    expect((await names()).length).toBeGreaterThan(3);
  }, 90_000);

  it('complains of nothing but the drawing that was a dot', () => {
    expect(wrong.filter((w) => !w.includes('422'))).toEqual([]);
  });
});

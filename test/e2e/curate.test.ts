import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

describeWith(['chromium'], 'a folder of photos, from places to curated clusters', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-curate-'));
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  beforeAll(async () => {
    const photos = join(folder, 'photos');
    mkdirSync(photos);
    for (const scene of ['castle', 'cathedral', 'half_timbered_house'])
      for (const f of readdirSync(join(SAMPLE, scene, 'images')))
        copyFileSync(join(SAMPLE, scene, 'images', f), join(photos, f));
    await sharp(join(photos, 'castle_01.jpg')).resize(150).toFile(join(photos, 'small.jpg'));
    await sharp(join(photos, 'castle_02.jpg'))
      .withExif({
        IFD2: { DateTimeOriginal: '2021:06:05 14:03:02' },
        IFD3: {
          GPSLatitudeRef: 'N',
          GPSLatitude: '50/1 5/1 0/1',
          GPSLongitudeRef: 'E',
          GPSLongitude: '14/1 25/1 0/1',
        },
      })
      .toFile(join(photos, 'prague.jpg'));
    buildStudio();
    const library = join(folder, 'library');
    covis('cluster', photos, '--library', library, '--matches-only');
    const served = await serveLibrary(library);
    server = served.server;
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic'],
    });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    wrong = complaints(page);
    await page.goto(served.url);
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows when and where photos were taken, and a dot narrows what is shown', async () => {
    await page.locator('.card').first().waitFor();
    await page.keyboard.press('9');
    await page.locator('.map circle').waitFor();
    expect(await page.locator('[data-test=timeline] .bar').count()).toBe(1);
    const tiles = page.locator('.photos [role=option]');
    expect(await tiles.count()).toBeGreaterThan(20);
    await shot(page, 'photos-when');
    await page.locator('.map circle').click();
    await expect.poll(() => tiles.count()).toBe(1);
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => tiles.count()).toBeGreaterThan(20);
  });

  it('finds near duplicates', async () => {
    await page.getByRole('tab', { name: 'Near duplicates' }).click();
    await page.getByRole('button', { name: 'Look for near duplicates' }).click();
    await page.locator('.group').first().waitFor({ timeout: 30_000 });
    await page.locator('.group', { hasText: 'small.jpg' }).waitFor();
    await shot(page, 'photos-duplicates');
  });

  it('draws what matches, and searches by visual words', async () => {
    await page.keyboard.press('1');
    await page.locator('.card').first().click();
    await page.locator('.pairs-only .grid button').first().click();
    await page.keyboard.press('i');
    await expect
      .poll(
        () =>
          page
            .locator('[data-test=match-lines] .ok')
            .getAttribute('d')
            .then((d) => (d ?? '').split('M').length - 1),
        { timeout: 15_000 },
      )
      .toBeGreaterThan(14);
    await shot(page, 'photos-matches');
    await page.keyboard.press('s');
    await page.locator('select').filter({ hasText: 'Bag of words' }).first().selectOption('bow');
    await page.waitForURL(/method=bow/);
    await page.locator('[data-test=results] figure').first().waitFor({ timeout: 30_000 });
    await shot(page, 'search-bow');
  });

  it('merges, renames and excludes clusters, and takes it all back', async () => {
    await page.keyboard.press('1');
    const cards = page.locator('.card');
    await cards.first().waitFor();
    const before = await cards.count();
    const choose = async (n: number): Promise<void> => {
      await cards.nth(n).hover();
      await cards.nth(n).locator('.choose').click();
    };
    await choose(0);
    await page.keyboard.press('r');
    await page.locator('[data-test=name]').fill('My place');
    await page.keyboard.press('Enter');
    await page.locator('.card', { hasText: 'My place' }).waitFor();
    await choose(0);
    await choose(1);
    await shot(page, 'clusters-chosen');
    await page.locator('[data-test=chosen]').getByRole('button', { name: 'Merge' }).click();
    await expect.poll(() => cards.count()).toBe(before - 1);
    await choose(0);
    await page.locator('[data-test=chosen]').getByRole('button', { name: 'Exclude' }).click();
    await page.locator('.card.excluded').waitFor();
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('u');
    await expect.poll(() => cards.count()).toBe(before);
    // What was done first is taken back last.
    await page.locator('.card', { hasText: 'My place' }).waitFor({ state: 'detached' });
    expect(await page.locator('.card.excluded').count()).toBe(0);
  });

  it('splits photos off a cluster', async () => {
    const cards = page.locator('.card');
    await cards.first().waitFor();
    const before = await cards.count();
    await cards.first().click();
    await page.getByRole('button', { name: 'Split…' }).click();
    const tiles = page.locator('.pairs-only .grid button');
    await tiles.nth(0).click();
    await tiles.nth(1).click();
    await shot(page, 'cluster-split');
    await page.getByRole('button', { name: 'Split off 2 photos' }).click();
    await page.getByText('Split off 2 photos. Undo').waitFor();
    await page.keyboard.press('1');
    await cards.first().waitFor();
    await expect.poll(() => cards.count()).toBe(before + 1);
    await page.keyboard.press('u');
    await expect.poll(() => cards.count()).toBe(before);
  });

  it('compares teacher and student', async () => {
    await page.keyboard.press('7');
    await page.getByRole('tab', { name: 'Teacher against student' }).click();
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.locator('[data-test=teacher] tr').nth(5).waitFor({ timeout: 90_000 });
    await page.locator('.query').first().waitFor();
    await shot(page, 'teacher');
  });

  it('fits a small light window, without a complaint of the page', async () => {
    await page.setViewportSize({ width: 1024, height: 700 });
    await page.emulateMedia({ colorScheme: 'light' });
    for (const tab of ['when', 'duplicates', 'matches']) {
      await page.evaluate((t) => history.replaceState(history.state, '', `/photos?tab=${t}`), tab);
      await page.reload();
      await page.locator('section.view').waitFor();
      await page.waitForTimeout(700);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wide).toBeLessThanOrEqual(0);
      await shot(page, `small-photos-${tab}`);
    }
    expect(wrong).toEqual([]);
  });
});

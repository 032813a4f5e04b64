import { pathToFileURL } from 'node:url';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exported, inventedMaterial } from '../support/collections.ts';
import { describeWith } from '../support/programs.ts';

const PLACES = ['Praha', 'Lund', 'Île de Ré'];

describeWith(['chromium'], 'the gallery of an exported collection, opened from a disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-gallery-'));
  const out = join(folder, 'a folder, 100 percent #1');
  let browser: Browser;
  let page: Page;
  const wrong: string[] = [];

  beforeAll(async () => {
    const material = await inventedMaterial(join(folder, 'library'), {
      names: Array.from({ length: 60 }, (_, i) => (i === 7 ? "it's 7 & <b>ü.tif" : `${i}.jpg`).replaceAll(/[<>]/g, '')),
      each: (i) => ({
        fields: {
          title: [i === 7 ? '</script><img src=x onerror=alert(1)>' : `Photo ${i}`],
          place: [PLACES[i % 3]!],
          keywords: i % 2 === 0 ? ['even', 'tower'] : ['odd'],
        },
      }),
    });
    const { entries } = material.content;
    const folds = entries.map((e, i) => (i === 4 || i === 5 ? { ...e, foldedUnder: entries[3]!.sha256 } : e));
    const descriptors = {
      network: 'n',
      size: 64,
      dim: 2,
      photos: entries.map((e) => e.sha256),
      data: Float32Array.from(entries.flatMap((_, i) => [Math.cos(i / 60), Math.sin(i / 60)])),
    };
    const factsOf: (typeof material)['factsOf'] = (e) => {
      const i = entries.findIndex((x) => x.sha256 === e.sha256);
      return { taken: 1e9, latitude: i < 30 ? 50 : 55, longitude: i < 30 ? 14 : 13, camera: null };
    };
    await exported({ ...material, content: { ...material.content, entries: folds }, descriptors, factsOf }, out, {
      gallery: true,
    });
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.on('pageerror', (e) => wrong.push(e.message));
    page.on('console', (m) => m.type() === 'error' && wrong.push(m.text()));
    page.on('request', (r) => !r.url().startsWith('file:') && !r.url().startsWith('data:') && wrong.push(r.url()));
    page.on('dialog', (d) => {
      wrong.push(`dialog: ${d.message()}`);
      void d.dismiss();
    });
    await page.goto(pathToFileURL(join(out, 'index.html')).href);
    await page.locator('.tile').first().waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const said = (): Promise<string | null> => page.locator('.names p').textContent();

  it('shows every photo but those that are folded, with their pictures', async () => {
    expect(await said()).toMatch(/^58 of 60 photos/);
    expect(await page.locator('.tile .fold').textContent()).toBe('+2');
    // What is far below the window is no element yet, and the page itself does not scroll.
    expect(
      await page.evaluate(() => [document.querySelector('.scroll')!.clientHeight < 900, document.body.scrollHeight]),
    ).toEqual([true, 900]);
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLImageElement>('.tile img')].every((i) => i.naturalWidth > 0),
    );
  });

  it('finds by words without regard to accents, and by a field', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('ile de');
    await expect.poll(said).toMatch(/^19 of 60/);
    await page.locator('.search input').fill('place:Praha tower');
    await expect.poll(said).toMatch(/^10 of 60/);
    await page.locator('.search input').fill('nothing is like that');
    await page.getByText('No photo is like that').waitFor();
    await page.getByRole('button', { name: 'Show all photos' }).click();
    await expect.poll(said).toMatch(/^58 of 60/);
    expect(await page.getByText('No photo is like that').isVisible()).toBe(false);
  });

  it('narrows by facets, which count what is left', async () => {
    await page.locator('.facet button', { hasText: 'Lund' }).click();
    await expect.poll(said).toMatch(/^20 of 60|^19 of 60/);
    await page.locator('.chip').click();
    await expect.poll(said).toMatch(/^58 of 60/);
  });

  it('opens a photo by keyboard, goes on, shows what is said of it and twelve similar ones', async () => {
    await page.locator('.tile').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const panel = page.locator('.panel');
    await panel.waitFor();
    expect(await panel.locator('h2').textContent()).toBe('Photo 1');
    expect(await panel.locator('.alike button').count()).toBe(12);
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('.stage img')?.naturalWidth ?? 0) === 64,
    );
    await page.keyboard.press('ArrowRight');
    expect(await panel.locator('h2').textContent()).toBe('Photo 2');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-at'))).toBe('2');
  });

  it('shows what a browser does not decode, and takes no text for markup', async () => {
    await page.locator('.search input').fill('onerror');
    await expect.poll(said).toMatch(/^1 of 60/);
    await page.locator('.tile').first().click();
    expect(await page.locator('.panel h2').textContent()).toBe('</script><img src=x onerror=alert(1)>');
    await page.waitForFunction(() => (document.querySelector<HTMLImageElement>('.stage img')?.naturalWidth ?? 0) > 0);
    await page.keyboard.press('Escape');
    await page.locator('.search input').fill('');
    await expect.poll(said).toMatch(/^58 of 60/);
  });

  it('has a map with a dot a place', async () => {
    await page.getByRole('button', { name: 'Map' }).click();
    await page.locator('.map .said', { hasText: '58 photos' }).waitFor();
    await page.getByRole('button', { name: 'Grid' }).click();
    await page.locator('.tile').first().waitFor();
  });

  it('prints all that is shown', async () => {
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    expect(await page.locator('.sheet li').count()).toBe(58);
    await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  });

  it('asked for nothing but its files, and nothing went wrong', () => expect(wrong).toEqual([]));
});

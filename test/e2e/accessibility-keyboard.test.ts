import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveStart } from './serve.ts';
import { complaints, shot } from './studio.ts';

/** For slow machines. */
const LONG = { timeout: 240_000 };
const MOST_STOPS = 90;

/** What is wrong with how the focus is shown: no ring, or nothing of what has it is in sight. */
function focusFault(): string | null {
  const e = document.activeElement as HTMLElement | null;
  if (e === null || e === document.body) return null;
  const name = `${e.tagName.toLowerCase()} ${e.getAttribute('aria-label') ?? e.textContent?.trim().slice(0, 40) ?? ''}`;
  // A switch shows the ring of its box, a file button that of its button.
  // So does the card around a link that is all of it.
  const ringed = [e, ...(e.matches('.card .name a') ? [e.closest('.card')!] : [])].map((x) => getComputedStyle(x));
  if (!ringed.some((style) => style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2))
    return `no ring: ${name}`;
  const box = e.getBoundingClientRect();
  const points = [0.1, 0.5, 0.9].flatMap((x) =>
    [0.1, 0.5, 0.9].map((y) => [box.left + x * box.width, box.top + y * box.height] as const),
  );
  const seen = points.some(([x, y]) => {
    const hit = document.elementFromPoint(x, y);
    return hit !== null && (e.contains(hit) || hit.contains(e));
  });
  return seen ? null : `out of sight: ${name}`;
}

describeWith(['chromium'], 'whole journeys by the keyboard alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-keyboard-'));
  const home = join(folder, 'home');
  const library = join(home, 'Ready');
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let said: string[];
  const faults = new Set<string>();

  beforeAll(async () => {
    buildStudio();
    mkdirSync(join(home, 'New'), { recursive: true });
    for (const n of ['03', '04', '05', '06', '07', '08', '09', '10'])
      cpSync(join(SAMPLE, 'castle', 'images', `castle_${n}.jpg`), join(home, 'New', `castle_${n}.jpg`));
    covis('import', library, join(SAMPLE, 'castle'), join(SAMPLE, 'windmill'));
    covis('extract', library);
    covis('extract', library, '--domain', 'edges');
    covis('mine', library);
    let url: string;
    ({ server, url } = await serveStart(join(folder, 'person'), home));
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'dark' });
    page.setDefaultTimeout(60_000);
    said = complaints(page);
    await page.goto(url);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Presses Tab, or Shift and Tab, until this has the focus. */
  async function to(target: Locator, key = 'Tab'): Promise<void> {
    await target.waitFor();
    for (let i = 0; i < MOST_STOPS; i += 1) {
      if (await target.evaluate((e) => e === document.activeElement)) return;
      await page.keyboard.press(key);
      const fault = await page.evaluate(focusFault);
      if (fault !== null) faults.add(fault);
    }
    throw new Error(`${String(target)} is not reached by ${key}`);
  }
  const button = (name: string | RegExp): Locator => page.getByRole('button', { name }).first();
  const dialog = (name: string | RegExp): Locator => page.getByRole('dialog', { name });
  /** Chooses a row of the folders by the arrows. */
  async function choose(name: string): Promise<void> {
    const grid = page.getByRole('grid', { name: 'Folders' });
    await to(grid);
    await page.keyboard.press('Home');
    const row = page.getByRole('row', { name: new RegExp(`^${name}\\s`) });
    for (let i = 0; i < 10 && (await row.getAttribute('aria-selected')) !== 'true'; i += 1)
      await page.keyboard.press('ArrowDown');
    expect(await row.getAttribute('aria-selected')).toBe('true');
  }

  it('finds the places in a folder, from the start page', async () => {
    await to(button('Find places in a folder…'));
    await page.keyboard.press('Enter');
    await choose('New');
    await page.keyboard.press('Control+Enter');
    const name = dialog('Find places: a new library').getByLabel('Name');
    await name.waitFor();
    await to(name);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Found');
    await page.keyboard.press('Enter');
    await page.locator('header .library', { hasText: 'Found' }).waitFor(LONG);
    await expect.poll(() => page.title(), LONG).toBe('Clusters — Found — Covis');
  }, 300_000);

  it('opens a library', async () => {
    await page.keyboard.press('Control+o');
    await choose('Ready');
    await page.keyboard.press('Control+Enter');
    // Where the places are still looked for, it is asked about.
    const ready = page.locator('header .library', { hasText: 'Ready' });
    const stop = dialog('Stop what is running?').getByRole('button', { name: 'Stop and leave' });
    await ready.or(stop).first().waitFor(LONG);
    if (await stop.isVisible()) {
      await to(stop);
      await page.keyboard.press('Enter');
    }
    await ready.waitFor(LONG);
    await page.locator('.card').nth(1).waitFor(LONG);
    // The way to the views is short: the side bar can be passed over.
    await to(page.getByRole('link', { name: /^Tuples/ }));
    await page.keyboard.press('Enter');
    await page.locator('.list .row').first().waitFor();
  }, 300_000);

  it('looks at a tuple, judges it and takes that back', async () => {
    // A judged pair counts in every tuple that it stands in.
    const reviewed = async (): Promise<number> =>
      Number(/^\d+/.exec(await page.locator('.progress .number').innerText())![0]);
    await page.keyboard.press('j');
    await page.locator('[title="Its place in the list"]', { hasText: /^2 of / }).waitFor();
    await page.keyboard.press('k');
    await page.locator('[title="Its place in the list"]', { hasText: /^1 of / }).waitFor();
    await page.keyboard.press('a');
    await expect.poll(reviewed, LONG).toBeGreaterThan(0);
    await page.keyboard.press('u');
    await expect.poll(reviewed, LONG).toBe(0);
    await shot(page, 'keyboard-tuples');
  });

  it('searches, with a photo and with a part of it', async () => {
    await page.keyboard.press('4');
    await to(page.locator('.samples .sample').first());
    await page.keyboard.press('Enter');
    await page.locator('[data-test=results] .cell').nth(3).waitFor();
    await page
      .getByRole('status')
      .filter({ hasText: /^26 results/ })
      .first()
      .waitFor();
    await to(page.locator('[data-test=query-photo]'));
    for (const key of ['Enter', 'ArrowRight', 'Shift+ArrowDown', 'Enter']) await page.keyboard.press(key);
    await page.getByText('A part asks').waitFor();
    expect(page.url()).toContain('crop=');
  });

  it('draws with the pen of the keyboard, and what is found follows', async () => {
    await page.keyboard.press('0');
    const paper = page.locator('[data-test=paper]');
    await to(paper);
    await page.keyboard.press(' ');
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp'])
      for (let i = 0; i < 12; i += 1) await page.keyboard.press(key);
    await page.keyboard.press(' ');
    await page.locator('[data-test=draw-summary]').waitFor();
    await page.locator('[data-test=results] .cell').first().waitFor();
    await page.getByText(/^Pen up, 50 % from the left/).waitFor({ state: 'attached' });
    await shot(page, 'keyboard-draw');
    await page.keyboard.press('u');
    await page.locator('[data-test=draw-summary]').waitFor({ state: 'detached' });
  });

  it('makes a collection and takes that back', async () => {
    await page.keyboard.press('9');
    const grid = page.getByRole('listbox', { name: 'Photos' });
    await to(grid);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.locator('[data-test=chosen-photos]').waitFor();
    await page.keyboard.press('b');
    await page.locator('[data-test=collection-name]').waitFor();
    await page.keyboard.type('By keys');
    await page.keyboard.press('Enter');
    await page.locator('.kit-grid .star').nth(1).waitFor();
    await page.keyboard.press('Shift+B');
    await page.locator('.kit-grid .star').first().waitFor({ state: 'detached' });
    await page.keyboard.press('u');
    await page.locator('.kit-grid .star').nth(1).waitFor();
  });

  it('showed at every stop where the focus is', async () => {
    for (const key of ['q', '7', '8']) {
      await page.keyboard.press(key);
      await page.locator('h1').first().waitFor();
      await page.locator('body').evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      for (let i = 0; i < 40; i += 1) {
        await page.keyboard.press('Tab');
        const fault = await page.evaluate(focusFault);
        if (fault !== null) faults.add(fault);
      }
    }
    expect([...faults]).toEqual([]);
    expect(said).toEqual([]);
  });
});

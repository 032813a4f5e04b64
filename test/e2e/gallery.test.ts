import axe from 'axe-core';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith, ROOT } from '../support/programs.ts';
import { complaints } from './studio.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
};

/** What axe finds serious or critical, a line a place. */
async function serious(page: Page, within?: string): Promise<string[]> {
  await page.evaluate(axe.source);
  const result = await page.evaluate(async (selector) => {
    // The page has axe as a global now.
    const run = (globalThis as unknown as { axe: typeof axe }).axe.run;
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    return run(selector ?? document, { runOnly: { type: 'tag', values: tags } });
  }, within);
  return result.violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}`));
}

describeWith(['chromium'], 'the gallery of components', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-gallery-'));
  let server: Server;
  let browser: Browser;
  let url = '';

  beforeAll(async () => {
    const built = spawnSync(process.execPath, [join(ROOT, 'scripts', 'gallery.ts'), '--build', folder], {
      encoding: 'utf8',
    });
    expect(built.stderr + built.stdout).toContain('index.html');
    server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://gallery').pathname;
      const file = join(folder, normalize(path === '/' ? 'index.html' : path));
      if (!existsSync(file)) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'text/plain' }).end(readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(theme: string, width = 1440, height = 900): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
    await page.goto(`${url}?theme=${theme}`);
    await page.locator('main section').nth(18).waitFor();
    return page;
  }

  describe.each(['dark', 'light'])('in the %s theme', (theme) => {
    it('shows everything without a complaint, and axe finds nothing serious', async () => {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
      const wrong = complaints(page);
      await page.goto(`${url}?theme=${theme}`);
      await page.locator('main section').nth(18).waitFor();
      expect(await serious(page)).toEqual([]);
      await page.locator('[data-test=open-long-dialog]').click();
      await page.getByRole('dialog').waitFor();
      expect(await serious(page, '[role=dialog]')).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.locator('[data-test=open-menu]').click();
      await page.getByRole('menu').waitFor();
      expect(await serious(page, '[role=menu]')).toEqual([]);
      expect(wrong).toEqual([]);
      await page.close();
    });
  });

  it('shows where the focus is at every stop of Tab', async () => {
    const page = await open('dark');
    const stops = new Set<string>();
    for (let i = 0; i < 90; i += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const e = document.activeElement as HTMLElement;
        if (e === document.body) return null;
        const style = getComputedStyle(e);
        const name = `${e.tagName} ${e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 30)} ${e.id}`;
        return { name, ring: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2 };
      });
      if (at === null) break;
      stops.add(at.name);
      expect(at.ring, at.name).toBe(true);
    }
    expect(stops.size).toBeGreaterThan(50);
    await page.close();
  });

  it('a dialog stays inside the window, at 1024 by 700 and at 200 % of it', async () => {
    for (const [width, height] of [
      [1440, 900],
      [1024, 700],
      [512, 350],
    ] as const) {
      const page = await open('light', width, height);
      await page.locator('[data-test=open-long-dialog]').click();
      const dialog = page.getByRole('dialog');
      const box = (await dialog.boundingBox())!;
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThanOrEqual(width);
      expect(box.y + box.height).toBeLessThanOrEqual(height);
      // Title and button are in sight while the content scrolls to its end by the keyboard.
      await dialog.locator('.dialog-body').focus();
      await page.keyboard.press('End');
      await page.waitForFunction(() => document.querySelector('.dialog-body')!.scrollTop > 0);
      for (const part of [dialog.getByText('Why this matches'), dialog.getByRole('button', { name: 'Done' })]) {
        const at = (await part.boundingBox())!;
        expect(at.y).toBeGreaterThanOrEqual(box.y);
        expect(at.y + at.height).toBeLessThanOrEqual(box.y + box.height);
      }
      await page.close();
    }
  });

  it('keeps Tab inside a dialog', async () => {
    const page = await open('dark');
    await page.locator('[data-test=open-dialog]').click();
    await page.getByRole('dialog').waitFor();
    for (let i = 0; i < 8; i += 1) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.closest('[role=dialog]') !== null)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-test'))).toBe('open-dialog');
    await page.close();
  });

  it('gives the focus back after a choice in a select', async () => {
    const page = await open('dark');
    const select = page.locator('#KitSelect select').first();
    await select.selectOption('best');
    expect(await select.inputValue()).toBe('best');
    expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
    await page.close();
  });

  it('no component is wider than a window of 1024, or of half of it', async () => {
    for (const width of [1024, 512]) {
      const page = await open('light', width, 700);
      const over = await page.evaluate(() => {
        const main = document.querySelector('main')!;
        return main.scrollWidth - main.clientWidth;
      });
      expect(over, String(width)).toBeLessThanOrEqual(0);
      await page.close();
    }
  });
});

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { shot } from './studio.ts';

const STOPS = 14;
const PLACES = ['clusters', 'clusters?as=table', 'photos', 'search', 'train', 'measure', 'jobs', 'storage'];

/** Controls that cannot be told from the ground in the colours of the system: no words, no sign, no edge, or in the colour of what they lie on. */
function unseen(): string[] {
  const ground = getComputedStyle(document.body).backgroundColor;
  const controls = [
    ...document.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, [role=switch]'),
  ];
  return controls
    .filter((e) => {
      const box = e.getBoundingClientRect();
      const style = getComputedStyle(e);
      // What is drawn over nothing is of the label that it lies in.
      if (box.width < 4 || box.height < 4 || style.visibility === 'hidden' || style.opacity === '0') return false;
      const edge = Number.parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== 'none';
      const drawn = style.appearance !== 'none' && e.matches('input, select');
      const says = (e.textContent ?? '').trim() !== '' || e.querySelector('svg, img, canvas') !== null;
      return !drawn && !((edge && style.borderTopColor !== ground) || (says && style.color !== ground));
    })
    .map((e) => e.outerHTML.slice(0, 160));
}

/** What is wrong with the ring at the focus; null where it is seen. */
function ringFault(): string | null {
  const e = document.activeElement as HTMLElement | null;
  if (e === null || e === document.body) return null;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(e);
  const ground = getComputedStyle(document.body).backgroundColor;
  const seen = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 && outlineColor !== ground;
  return seen ? null : `${outlineStyle} ${outlineWidth} ${outlineColor}: ${e.outerHTML.slice(0, 120)}`;
}

/** As a screen reader is told of a page: buttons, links and fields without a name. */
function nameless(told: string): string[] {
  return told
    .split('\n')
    .filter((l) => /^\s*- (button|link|textbox|combobox|checkbox|switch|slider|tab)(:?$| \[)/.test(l));
}

describeWith(['chromium'], 'in the colours of the system, with less motion', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-colours-'));
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let origin: string;

  beforeAll(async () => {
    buildStudio();
    covis('import', join(folder, 'library'), join(SAMPLE, 'castle'));
    let url: string;
    ({ server, url } = await serveLibrary(join(folder, 'library')));
    origin = new URL(url).origin;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] });
    page = await browser.newPage({
      viewport: { width: 1280, height: 800 },
      forcedColors: 'active',
      reducedMotion: 'reduce',
    });
    page.setDefaultTimeout(60_000);
    await page.goto(url);
    await page.locator('h1').first().waitFor();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(PLACES)(
    '%s: every control is seen, has a name, and shows where the focus is; nothing moves',
    async (place) => {
      await page.goto(`${origin}/${place}`);
      await page.locator('h1').first().waitFor();
      await page.waitForLoadState('networkidle');
      expect(await page.evaluate(() => matchMedia('(forced-colors: active)').matches)).toBe(true);
      expect(await page.evaluate(unseen)).toEqual([]);
      const faults = new Set<string>();
      for (let i = 0; i < STOPS; i += 1) {
        await page.keyboard.press('Tab');
        const fault = await page.evaluate(ringFault);
        if (fault !== null) faults.add(fault);
      }
      expect([...faults]).toEqual([]);
      expect(await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running').length)).toBe(
        0,
      );
      expect(nameless(await page.locator('body').ariaSnapshot())).toEqual([]);
      await shot(page, `forced-${place.replace(/\W/g, '-')}`);
    },
    120_000,
  );

  it('would find what is not seen, has no name or shows no focus', async () => {
    await page.evaluate(() => {
      const bare = document.createElement('button');
      bare.id = 'bare';
      bare.style.cssText = 'position:fixed;inset:0 auto auto 0;width:30px;height:30px;border:0;outline:0 !important';
      document.body.prepend(bare);
      bare.focus();
    });
    expect((await page.evaluate(unseen)).filter((found) => found.includes('id="bare"'))).toHaveLength(1);
    expect(await page.evaluate(ringFault)).toContain('id="bare"');
    expect(nameless(await page.locator('body').ariaSnapshot())).toHaveLength(1);
    await page.locator('#bare').evaluate((e) => e.remove());
  });

  it('says in a live region what is at work', async () => {
    await page.goto(`${origin}/jobs`);
    await page.getByRole('button', { name: 'Extract descriptors' }).first().waitFor();
    const live = page.locator('[role=status], [aria-live=polite]');
    const said = async (): Promise<string> => (await live.allInnerTexts()).join(' ');
    expect(await said()).not.toMatch(/[Ee]xtract|being described/);
    await page.getByRole('button', { name: 'Extract descriptors' }).first().click();
    await expect.poll(said, { timeout: 60_000 }).toMatch(/[Ee]xtract|being described/);
  }, 120_000);
});

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type axe from 'axe-core';
import { furnish } from '../../scripts/screens/furnish.ts';
import { isHere, PLACES, shownOf, unfold, visit, type Place, type Shown } from '../../scripts/screens/places.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { prepareLibrary } from './prepare.ts';
import { serveLibrary } from './serve.ts';
import { shot } from './studio.ts';

const AXE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const ARGS = ['--no-sandbox', '--disable-quic', '--disable-gpu', '--enable-unsafe-swiftshader'];
/** The last is a window of 1440 by 900 at 200 %. Rules are the same in both themes but for contrast, which is looked at in both. */
const WINDOWS = [
  { width: 1440, height: 900, theme: 'dark', other: 'light' },
  { width: 1024, height: 700, theme: 'light', other: 'dark' },
  { width: 720, height: 450, theme: 'dark', other: 'light' },
] as const;

/** Places are looked at in so many pages at once. */
const PAGES = 3;

/** A window of 1024 by 700 at 200 %: nothing may lie where nobody comes to. */
const SMALLEST = { width: 512, height: 350 };

/** What is looked at with large text: every way of laying out that the studio has. */
const LARGE = [
  'start',
  'clusters',
  'clusters-table',
  'photos',
  'photos-duplicates',
  'collection',
  'tuples',
  'tuples-mine',
  'train',
  'search-photo',
  'search-compared',
  'manifold-photo',
  'measure',
  'storage',
  'keys',
  'folder',
  'history',
];

/** What axe finds, whatever its impact, a line a place. */
async function found(page: Page, only?: string): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    ({ tags, rule }) =>
      (window as unknown as { axe: typeof axe }).axe.run({
        runOnly: rule === undefined ? { type: 'tag', values: tags } : { type: 'rule', values: [rule] },
        resultTypes: ['violations'],
      }),
    { tags: TAGS, rule: only },
  );
  return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')} ${n.html.slice(0, 140)}`));
}

/** Buttons, links and fields that leave the window at its right where nothing scrolls to them. */
function beyond(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const scrolls = (e: Element): boolean => {
      for (let p = e.parentElement; p !== null; p = p.parentElement)
        if (/auto|scroll/.test(getComputedStyle(p).overflowX) && p.scrollWidth > p.clientWidth) return true;
      return false;
    };
    return [...document.querySelectorAll('button, a[href], input, select')]
      .filter((e) => {
        const box = e.getBoundingClientRect();
        return box.width > 1 && box.height > 1 && (box.right > innerWidth + 1 || box.left < -1) && !scrolls(e);
      })
      .map((e) => `beyond the window: ${e.outerHTML.slice(0, 140)}`);
  });
}

/** Text that is cut at an edge it cannot be scrolled past, but for names that end in dots. */
function cutOff(): string[] {
  const found: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent!.trim();
    const parent = node.parentElement!;
    if (text === '' || parent.closest('.hidden, .skip, [aria-hidden=true], option, svg') !== null) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const at = range.getBoundingClientRect();
    if (at.width < 1 || at.height < 1 || getComputedStyle(parent).clipPath !== 'none') continue;
    for (let e: HTMLElement | null = parent; e !== null; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (/auto|scroll/.test(style.overflowX + style.overflowY) || style.position === 'fixed') break;
      if (!/hidden|clip/.test(style.overflowY)) continue;
      const box = e.getBoundingClientRect();
      // A name that is cut is told by its title; a number that is cut is another number.
      const mayEnd = style.textOverflow === 'ellipsis' && parent.closest('.number') === null;
      const across = !mayEnd && (at.right > box.right + 3 || at.left < box.left - 3);
      if (across || at.top < box.top - 3 || at.bottom > box.bottom + 3) found.push(`cut off: ${text.slice(0, 60)}`);
      if (style.textOverflow === 'ellipsis') break;
    }
  }
  return [...new Set(found)];
}

async function themed(page: Page, theme: string): Promise<void> {
  await page.evaluate((t) => (document.documentElement.dataset['theme'] = t), theme);
}

describeWith(['chromium'], 'every view and every dialog', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-accessibility-'));
  const home = join(folder, 'home');
  const library = join(home, 'library');
  let server: ChildProcess;
  let browser: Browser;
  let url = '';
  let shown: Shown;

  beforeAll(async () => {
    prepareLibrary(library);
    await furnish(library, home);
    ({ server, url } = await serveLibrary(library, { root: home }));
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
    const page = await browser.newPage();
    await page.goto(url);
    shown = await shownOf(page);
    await page.close();
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(window: Browser): Promise<Page> {
    const page = await window.newPage({ viewport: WINDOWS[0], colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    return page;
  }
  async function wrong(page: Page, place: Place): Promise<string[]> {
    await page.setViewportSize(WINDOWS[0]);
    await visit(page, place, shown);
    const first = await seen(page, place.name);
    return (await unfold(page)) ? [...first, ...(await seen(page, `${place.name}, unfolded,`))] : first;
  }
  async function seen(page: Page, name: string): Promise<string[]> {
    const lines: string[] = [];
    for (const { width, height, theme, other } of WINDOWS) {
      await page.setViewportSize({ width, height });
      await themed(page, theme);
      const here = [
        ...(await found(page)),
        ...(await beyond(page)),
        ...(await themed(page, other).then(() => found(page, 'color-contrast'))),
      ];
      lines.push(...here.map((line) => `${name} at ${width}x${height}: ${line}`));
      if (here.length > 0) await shot(page, `accessibility-${name}-${width}`);
    }
    await page.setViewportSize(SMALLEST);
    lines.push(...(await beyond(page)).map((line) => `${name} at ${SMALLEST.width}x${SMALLEST.height}: ${line}`));
    return lines;
  }

  const isDialog = (p: Place): boolean => p.act !== undefined;
  it.each([
    { what: 'views', places: PLACES.filter((p) => !isDialog(p)) },
    { what: 'dialogs and menus', places: PLACES.filter(isDialog) },
  ])(
    'axe finds nothing in $what, in both themes, at 1440x900, at 1024x700 and at twice the size',
    async ({ places }) => {
      expect(places.filter((p) => !isHere(p, shown))).toEqual([]);
      const lines: string[] = [];
      // While one page waits for answers and frames another is looked at: two tests took 494 s with one page, 295 s with three.
      await Promise.all(
        Array.from({ length: PAGES }, async (_, turn) => {
          const page = await open(browser);
          for (const place of places.filter((_p, i) => i % PAGES === turn)) lines.push(...(await wrong(page, place)));
          await page.close();
        }),
      );
      expect(lines).toEqual([]);
    },
    // More than a hundred places, each in three windows, and dialogs with everything unfolded.
    2_400_000,
  );

  it('text of twice the size is nowhere cut off', async () => {
    const large = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [...ARGS, '--blink-settings=defaultFontSize=32'],
    });
    const page = await open(large);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('26px');
    const lines: string[] = [];
    for (const place of PLACES.filter((p) => LARGE.includes(p.name))) {
      await visit(page, place, shown);
      lines.push(...(await page.evaluate(cutOff)).map((line) => `${place.name}: ${line}`));
      await shot(page, `text-${place.name}`);
    }
    await large.close();
    expect(lines).toEqual([]);
  }, 300_000);
});

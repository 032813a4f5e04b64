import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type axe from 'axe-core';
import { describeWith, ROOT } from '../support/programs.ts';
import { prepareLibrary } from './prepare.ts';
import { serveLibrary } from './serve.ts';
import { shot } from './studio.ts';

const SIZES = [
  { width: 1440, height: 900 },
  { width: 1024, height: 700 },
];
const THEMES = ['dark', 'light'] as const;
const SOURCE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');

/** What axe finds that is serious or worse, a line each. */
async function serious(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  await page.evaluate(SOURCE);
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.target.join(' ')} ${n.html.slice(0, 160)}`));
}

describeWith(['chromium'], 'what axe says of every view', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-axe-'));
  const library = join(folder, 'library');
  let server: ChildProcess;
  let browser: Browser;
  let url = '';

  beforeAll(async () => {
    prepareLibrary(library);
    ({ server, url } = await serveLibrary(library));
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  /** Every view of the side bar, and within them what is opened first. */
  async function addresses(page: Page): Promise<string[]> {
    await page.goto(url);
    await page.locator('.card a').first().waitFor();
    const views = await page.locator('nav a').evaluateAll((all) => all.map((a) => a.getAttribute('href')!));
    const cluster = (await page.locator('.card a').first().getAttribute('href'))!;
    await page.goto(`${new URL(url).origin}/search`);
    const title = page.locator('.samples .sample [data-photo]').first();
    await title.waitFor();
    const photo = (await title.getAttribute('data-photo'))!;
    return [
      ...views,
      '/clusters?as=table',
      cluster,
      `/search?photo=${photo}`,
      `/search?photo=${photo}&with=cg`,
      `/manifold?photo=${photo}`,
      '/photos?tab=duplicates',
      `/photos?tab=matches&photo=${photo}`,
      '/measure?tab=tradeoff',
      '/measure?tab=teacher',
      '/measure?tab=ladder',
      '/measure?tab=shapes',
      '/train?networks=',
      '/tuples?mine=',
    ];
  }

  for (const theme of THEMES)
    for (const size of SIZES)
      it(`finds nothing serious in the ${theme} theme at ${size.width}x${size.height}`, async () => {
        const page = await browser.newPage({ viewport: size, colorScheme: theme });
        const found: string[] = [];
        for (const address of await addresses(page)) {
          await page.goto(`${new URL(url).origin}${address}`);
          await page.locator('h1').first().waitFor();
          await page.waitForTimeout(900);
          for (const line of await serious(page)) found.push(`${address} ${line}`);
          const name =
            address
              .replace(/^\//, '')
              .replace(/[0-9a-f]{12,}/g, 'ID')
              .replace(/\W+/g, '-') || 'start';
          await shot(page, `axe-${theme}-${size.width}-${name}`);
        }
        await page.goto(`${new URL(url).origin}/jobs`);
        await page.locator('h1').first().waitFor();
        for (const [key, name] of [
          ['?', 'keys'],
          ['Control+k', 'palette'],
        ] as const) {
          await page.keyboard.press(key);
          await page.getByRole('dialog').waitFor();
          await page.waitForTimeout(300);
          for (const line of await serious(page)) found.push(`${name} ${line}`);
          await shot(page, `axe-${theme}-${size.width}-${name}`);
          await page.keyboard.press('Escape');
          await page.getByRole('dialog').waitFor({ state: 'detached' });
        }
        await page.close();
        expect(found).toEqual([]);
      });
});

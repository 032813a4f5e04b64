import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHROMIUM, viewsOf } from '../bench/studio.ts';
import { openAt, openStudio, type Driver } from '../bench/studio-drive.ts';
import { sizes, studioLibrary } from '../bench/studio-library.ts';
import { MOST_BYTES, subjects, type Subject } from '../bench/studio-subjects.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { buildStudio, serveLibrary } from './serve.ts';

const SIZE = { photos: 5000, clusters: 100, pairsPerPhoto: 4, tuples: 2000, seed: 1 };
const MOST_NODES = 3000;
/** Of the page's own, until the first view stands: code, styles and the font. */
const MOST_FILES = 30;
/** Bytes of the file that comes first. */
const MOST_FIRST = 2000;
const MOST_CODE = 480_000;
/** Of all views, whatever the library has. */
const NAMES = Object.values(subjects({ photo: '', cluster: '', collections: ['', '', '', ''] })).flatMap((of) =>
  of.map((s) => s.name),
);

describeWith(['chromium'], 'a library of many photos', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-large-'));
  let views: Subject[];
  let server: ChildProcess;
  let url: string;
  let browser: Browser;
  let driver: Driver;

  beforeAll(async () => {
    const { library } = await studioLibrary(join(folder, 'library'), SIZE);
    views = viewsOf(library);
    library.close();
    buildStudio();
    const served = await serveLibrary(join(folder, 'library'));
    ({ server, url } = served);
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM });
    driver = await openStudio(browser, url);
  });
  afterAll(async () => {
    await browser.close();
    server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('the page begins with few files, and without what the first view does not need', async () => {
    const o = await openAt(
      browser,
      url,
      views.find((v) => v.name === 'Clusters')!,
    );
    expect(o.painted, 'it has content').toBeLessThan(Infinity);
    expect(o.files, 'files').toBeLessThan(MOST_FILES);
    expect(o.code, 'bytes').toBeLessThan(MOST_CODE);
  });

  it('what lets the page speak to the engine is a small file of its own, in front of the others', () => {
    const folder = join(ROOT, 'out', 'renderer');
    const html = readFileSync(join(folder, 'index.html'), 'utf8');
    const scripts = Array.from(
      html.matchAll(/<script ([^>]*)src="\/(assets\/[^"]+)"/g),
      (m) => [m[1]!, m[2]!] as const,
    );
    expect(scripts.map(([, file]) => file.replace(/-.*/, ''))).toEqual(['assets/first', 'assets/index']);
    const [how, file] = scripts[0]!;
    expect(how.split(' ')).toContain('async');
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text.length).toBeLessThan(MOST_FIRST);
    expect(text).not.toMatch(/\b(?:import|from)\s*["'(]/);
    expect(text).toContain('/messages');
  });

  it('no file of the page waits for one that waits for it, and no view for many', () => {
    const folder = join(ROOT, 'out', 'renderer', 'assets');
    const code = readdirSync(folder).filter((f) => f.endsWith('.js'));
    const needs = new Map(
      code.map((f) => {
        const text = readFileSync(join(folder, f), 'utf8');
        return [f, Array.from(text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g), (m) => m[1]!)];
      }),
    );
    const under = new Set<string>();
    const below = (file: string): Set<string> => {
      expect(under.has(file), `${file} waits for itself: ${[...under].join(', ')}`).toBe(false);
      under.add(file);
      const all = new Set([file, ...needs.get(file)!.flatMap((f) => [...below(f)])]);
      under.delete(file);
      return all;
    };
    const views = code.filter((f) => /View-/.test(f));
    expect(views.length).toBeGreaterThan(12);
    code.forEach(below);
    for (const f of views) expect(below(f).size, f).toBeLessThan(MOST_FILES);
    // What takes long to evaluate comes with forms, and no view waits for it.
    expect(code.filter((f) => f.startsWith('schemas-'))).toHaveLength(1);
    expect(code.some((f) => f.startsWith('checks-'))).toBe(true);
    for (const f of views)
      expect(
        [...below(f)].filter((b) => /^(?:schemas|checks)-/.test(b)),
        f,
      ).toEqual([]);
  });

  it('a search that takes long says how far it is, keeps no other waiting, goes on in another view, and is given up', async () => {
    const page = await browser.newPage({ viewport: { width: 1024, height: 700 } });
    try {
      await page.goto(url);
      const { path } = views.find((v) => v.name === 'Search, of a photo')!;
      const go = (to: string): Promise<unknown> =>
        page.evaluate((address) => {
          const app = document.querySelector('#app') as unknown as {
            __vue_app__: { config: { globalProperties: { $router: { push(to: string): Promise<unknown> } } } };
          };
          return app.__vue_app__.config.globalProperties.$router.push(address);
        }, to);
      await page.locator('.card').first().waitFor();
      const long = page.locator('[data-test=long-searches]');
      // Diffusion from each of 5,000 photos on as many others: minutes.
      const minutes = `${path}&method=offline&truncation=5000`;
      await go(minutes);
      await long.getByText('Diffusion, offline: Diffusing from every descriptor').waitFor({ timeout: 60_000 });
      await long.getByText(/of 5,000 descriptors/).waitFor();
      const done = async (): Promise<number> =>
        Number(await long.getByRole('progressbar').getAttribute('aria-valuenow'));
      const before = await done();
      await go('/photos');
      await long.waitFor({ state: 'detached' });
      await go(minutes);
      await long.getByText('Diffusion, offline: Diffusing from every descriptor').waitFor();
      expect(await done()).toBeGreaterThanOrEqual(before);
      // A question instead of it gives it up, and is answered.
      await go(path);
      await page.locator('[data-test=results] .cell').first().waitFor({ timeout: 10_000 });
      await long.waitFor({ state: 'detached' });
      await go(minutes);
      await long.getByRole('button', { name: /^Cancel/ }).click();
      await page.locator('[data-test=given-up]').waitFor();
      await page.getByRole('button', { name: 'By cosine' }).click();
      await page.locator('[data-test=results] .cell').first().waitFor({ timeout: 10_000 });
      expect(new URL(page.url()).searchParams.get('method')).toBeNull();
    } finally {
      await page.close();
    }
  }, 120_000);

  it.each(NAMES)('%s: few nodes, few bytes, and no gap in its list while it is scrolled', async (name) => {
    const s = views.find((v) => v.name === name)!;
    const m = await driver.measure(s, 200, 12);
    expect(m.painted, 'it has content').toBeLessThan(Infinity);
    expect(m.nodes, 'nodes').toBeLessThan(MOST_NODES);
    expect(m.bytes, 'bytes').toBeLessThan(s.bytes?.({ ...SIZE, largest: sizes(SIZE)[0]! }) ?? MOST_BYTES);
    if (s.scroll !== undefined) expect(m.frames, 'it can be scrolled').toBeGreaterThan(0);
    expect(m.blank, 'empty frames').toBe(0);
  });
});

import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type axe from 'axe-core';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

const AXE = readFileSync(join(ROOT, 'node_modules', 'axe-core', 'axe.min.js'), 'utf8');
const WAIT = { timeout: 60_000 };

describeWith(['chromium'], 'a curator gathers, describes and keeps photos', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-collections-'));
  const library = join(folder, 'library');
  const exports = join(folder, 'exports');
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let said: string[];

  beforeAll(async () => {
    buildStudio();
    covis('import', library, ...['castle', 'pagoda', 'windmill'].map((n) => join(SAMPLE, n)));
    covis('extract', library);
    // Folders are chosen below the person's home.
    mkdirSync(exports, { recursive: true });
    const served = await serveLibrary(library, { env: { HOME: folder } });
    server = served.server;
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--disable-gpu'],
    });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    page.setDefaultTimeout(WAIT.timeout);
    said = complaints(page);
    await page.goto(served.url);
    await page.locator('.card').first().waitFor();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const tiles = (): Locator => page.locator('.kit-grid [role=option]');
  const chosen = (): Promise<string> => page.locator('[data-test=chosen-photos] strong').innerText();
  const collected = (n: number): Promise<void> =>
    expect.poll(() => page.locator('.kit-grid .star').count(), WAIT).toBe(n) as Promise<void>;
  const summary = (): Promise<string> => page.locator('[data-test=summary]').innerText();
  const settled = (text: string): Promise<void> => expect.poll(summary, WAIT).toContain(text) as Promise<void>;

  /** What axe finds that is serious or worse, in both themes. */
  async function clean(where: string): Promise<void> {
    for (const theme of ['light', 'dark']) {
      await page.evaluate((t) => (document.documentElement.dataset['theme'] = t), theme);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => (window as unknown as { axe: typeof axe }).axe.run());
      const serious = violations
        .filter((v) => v.impact === 'serious' || v.impact === 'critical')
        .flatMap((v) =>
          v.nodes.map((n) => `${where}, ${theme}: ${v.id} ${n.target.join(' ')} ${n.html.slice(0, 120)}`),
        );
      expect(serious).toEqual([]);
    }
  }

  it('chooses in Photos by Shift and by the keyboard, and adds by one key to a collection that it makes', async () => {
    await page.keyboard.press('9');
    await tiles().nth(12).waitFor();
    await tiles().nth(0).click();
    await tiles()
      .nth(3)
      .click({ modifiers: ['Shift'] });
    expect(await chosen()).toBe('4 photos chosen');
    // The keyboard goes on where the pointer was: one more by Shift, another far off by Ctrl and Space.
    const grid = page.getByRole('listbox', { name: 'Photos' });
    await grid.press('Shift+ArrowRight');
    await grid.press('Control+ArrowRight');
    await grid.press('Control+ArrowRight');
    await grid.press('Control+ ');
    expect(await chosen()).toBe('6 photos chosen');
    await page.keyboard.press('b');
    await page.locator('[data-test=collection-name]').fill('Castles');
    await page.keyboard.press('Enter');
    await collected(6);
    await page.keyboard.press('Shift+B');
    await collected(0);
    await page.keyboard.press('u');
    await collected(6);
    await clean('photos');
    await shot(page, 'collections-gathered');
    await page.locator('[data-test=loose]').click();
    await expect.poll(() => tiles().first().getAttribute('aria-setsize'), WAIT).toBe('33');
    await page.locator('[data-test=loose]').click();
  });

  it('keeps what is chosen over views, lets go by Esc, and brings it back', async () => {
    await page.keyboard.press('1');
    await page.locator('.card').first().waitFor();
    expect(await chosen()).toBe('6 photos chosen');
    await page.keyboard.press('Escape');
    await page.locator('[data-test=chosen-photos]').waitFor({ state: 'detached' });
    await page.keyboard.press('Shift+C');
    expect(await chosen()).toBe('6 photos chosen');
    await page.keyboard.press('Escape');
  });

  it('takes results of a search with how they were found', async () => {
    await page.keyboard.press('4');
    await page.locator('.samples .sample [data-photo]').first().waitFor();
    await page.locator('.samples .sample').first().click();
    const cells = page.locator('[data-test=results] .cell');
    await cells.nth(4).waitFor();
    const query = new URL(page.url()).searchParams.get('photo')!;
    // Those that are in by hand stay so; these two are new.
    await page.locator('[data-test=results] .star').first().waitFor();
    const fresh = cells.filter({ hasNot: page.locator('.star') });
    const photo = (await fresh.nth(1).getAttribute('data-choose'))!;
    const cell = page.locator(`[data-choose="${photo}"]`);
    const score = await cell.locator('strong').innerText();
    const rank = await cell.locator('.facts-line .quiet').innerText();
    await fresh.nth(0).click();
    await cell.click({ modifiers: ['Control'] });
    await page.keyboard.press('b');
    await cell.locator('.star').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('q');
    const tile = page.locator(`.kit-grid [data-photo="${photo}"]`);
    await tile.waitFor();
    await tile.click();
    const facts = page.locator('[data-test=provenance]');
    await facts.getByText('by search').waitFor();
    const text = (await facts.innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toContain('Method cosine');
    expect(text).toContain(`Rank, score ${rank}, ${score}`);
    expect(text).toContain(`photo ${query.slice(0, 8)}`);
    expect(text).toContain('Network MobileNetV1 0.25 GeM');
    await clean('a collection');
  });

  it('describes many at once, and says where they differ', async () => {
    const field = (name: string): Locator => page.locator(`[data-field=${name}]`).locator('input, textarea').first();
    await tiles().nth(0).click();
    await field('title').fill('Keep from the north');
    await field('title').press('Tab');
    await settled('not committed');
    await page.getByRole('listbox', { name: 'Castles' }).press('Control+a');
    await expect.poll(() => field('title').getAttribute('placeholder'), WAIT).toBe('Multiple values');
    await field('creator').fill('A. Stroller');
    await field('creator').press('Tab');
    await tiles().nth(1).click();
    await expect.poll(() => field('creator').inputValue(), WAIT).toBe('A. Stroller');
    await expect.poll(() => field('title').inputValue(), WAIT).toBe('');
    await tiles().nth(0).click();
    await expect.poll(() => field('title').inputValue(), WAIT).toBe('Keep from the north');
  });

  it('orders by Alt and arrows', async () => {
    const names = (): Promise<string[]> => page.locator('.kit-grid .caption').allInnerTexts();
    const before = await names();
    await tiles().nth(0).click();
    await page.getByRole('listbox', { name: 'Castles' }).press('Alt+ArrowRight');
    await expect.poll(names, WAIT).toEqual([before[1], before[0], ...before.slice(2)]);
    await page.keyboard.press('u');
    await expect.poll(names, WAIT).toEqual(before);
  });

  it('commits, shows what changed since, and undoes it', async () => {
    await page.locator('[data-test=commit]').click();
    await page.locator('[data-test=message]').fill('First gathering');
    await page.locator('[data-test=commit-now]').click();
    await settled('version 1');
    await tiles().nth(0).click();
    await page.keyboard.press('Delete');
    await settled('since then −1');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.locator('[data-test=difference]').getByText('Taken out 1').waitFor();
    await clean('history');
    await shot(page, 'collections-history');
    await page.keyboard.press('u');
    await expect.poll(summary, WAIT).not.toContain('since then');
  });

  it('gives the command that exports, for the formats that are chosen', async () => {
    await page.locator('[data-test=more]').click();
    await page.getByRole('menuitem', { name: 'Export…' }).click();
    await page.getByRole('dialog').getByLabel('BagIt').check();
    expect(await page.locator('[data-test=collection-command]').innerText()).toBe(
      `npx covis collection export ${library} Castles@1 --format folder,bagit --out FOLDER`,
    );
    await clean('export');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('downloads a version as an archive', async () => {
    await page.locator('[data-test=more]').click();
    await page.getByRole('menuitem', { name: 'Export…' }).click();
    await page.getByRole('dialog').getByLabel('BagIt').uncheck();
    const download = page.waitForEvent('download');
    await page.locator('[data-test=collection-download]').click();
    const saved = await download;
    expect(saved.suggestedFilename()).toBe('Castles 1.zip');
    const archive = join(folder, 'saved.zip');
    await saved.saveAs(archive);
    const bytes = readFileSync(archive).toString('latin1');
    expect(bytes.slice(0, 4)).toBe('PK\u0003\u0004');
    for (const name of ['manifest-sha256.txt', 'items.csv', 'index.html']) expect(bytes).toContain(`Castles 1/${name}`);
  });

  it('exports into a folder that is chosen, verifies it, and says what was changed', async () => {
    await page.locator('[data-test=more]').click();
    await page.getByRole('menuitem', { name: 'Export…' }).click();
    await page.locator('[data-test=collection-into]').click();
    const row = (name: string): Locator => page.locator('[data-test=folders]').getByText(name, { exact: true });
    await row('exports').click();
    await page.keyboard.press('Control+Enter');
    const written = join(exports, 'Castles 1');
    await expect.poll(() => existsSync(join(written, 'manifest-sha256.txt')), WAIT).toBe(true);
    await page.locator('[data-test=more]').waitFor();

    const photo = join(written, 'photos', readdirSync(join(written, 'photos'))[0]!);
    const bytes = readFileSync(photo);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(photo, bytes);
    await page.getByRole('button', { name: 'Verify an export…' }).click();
    await row('exports').dblclick();
    await row('Castles 1').click();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('button', { name: 'Every byte' }).click();
    await page.getByText('This collection is not as it was exported').waitFor();
    await page.locator('nav').getByText('Jobs', { exact: true }).click();
    await page.getByRole('button', { name: 'Report: Verify an exported collection' }).click();
    await page.getByText('Changed: 1').waitFor();
    await clean('verification');
    await shot(page, 'collections-verification');
    await page.keyboard.press('Escape');
    await page.locator('nav').getByText('Collections', { exact: true }).click();
    await page.locator('[data-test=new-collection]').waitFor();
  });

  it('follows rules, after showing what they give', async () => {
    await page.locator('[data-test=new-collection]').click();
    await page.getByRole('radio', { name: 'By rules' }).click();
    await page.locator('[data-test=new-name]').fill('Pagodas');
    await page.locator('[data-test=make]').click();
    await page.locator('[data-test=add-condition]').click();
    await page.getByRole('menuitem', { name: 'Cluster', exact: true }).click();
    await page.getByLabel('Cluster is one of').fill('pagoda');
    await page.getByLabel('Cluster is one of').press('Tab');
    await expect.poll(() => page.locator('[data-test=rule-count]').innerText(), WAIT).toContain('13 photos');
    await clean('rules');
    await shot(page, 'collections-rules');
    await page.locator('[data-test=keep-rules]').click();
    await settled('13 photos');
    expect(said).toEqual([]);
  });
});

import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, serveStart } from './serve.ts';
import { complaints, shot } from './studio.ts';

const ARGS = ['--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
/** For slow machines. */
const LONG = { timeout: 240_000 };

describeWith(['chromium'], 'from nothing, in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-start-'));
  const home = join(folder, 'home');
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });
  /** Goes down into a folder of the picker by the keyboard, as one types and presses. */
  async function enter(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await page.getByRole('row', { name: new RegExp(`^${name}`) }).click();
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', { name: 'Where this is' }).getByText(name, { exact: true }).waitFor();
    }
  }

  beforeAll(async () => {
    buildStudio();
    mkdirSync(join(home, 'Pictures', 'Trip'), { recursive: true });
    mkdirSync(join(home, '.secret'));
    symlinkSync('/etc', join(home, 'etc'));
    // Few and small, of one place each: found in seconds.
    for (const [name, into] of [
      ['castle', 'Trip'],
      ['windmill', 'Second'],
    ] as const)
      for (const n of ['03', '04', '05', '06', '07', '08', '09', '10', '11'])
        cpSync(join(SAMPLE, name, 'images', `${name}_${n}.jpg`), join(home, 'Pictures', into, `${n}.jpg`));
    let url: string;
    ({ server, url } = await serveStart(join(folder, 'person'), home));
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    wrong = complaints(page);
    await page.goto(url);
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('covis serve without a library shows where one can begin', async () => {
    await page.getByRole('heading', { name: 'Where do you want to begin?' }).waitFor();
    expect(await page.title()).toBe('Start — Covis');
    await page.getByText('None yet. Libraries that you open are listed here.').waitFor();
    await shot(page, 'start');
  });

  it('the places in a folder of photos are found, by way of folders that say no more than names and numbers', async () => {
    await page.getByRole('button', { name: 'Find places in a folder…' }).click();
    const picker = dialog('A folder of photos');
    await picker.getByRole('row', { name: /^Pictures/ }).waitFor();
    expect(await picker.getByRole('row').allInnerTexts()).toHaveLength(2);
    await picker.getByText('A link leads to where this page may not look.').waitFor();
    await enter('Pictures');
    await picker.getByRole('row', { name: /^Trip\s+9 photos/ }).waitFor();
    await page.keyboard.press('Backspace');
    await picker.getByRole('row', { name: /^Pictures/ }).waitFor();
    await enter('Pictures');
    await picker.getByRole('row', { name: /^Trip/ }).click();
    await shot(page, 'start-picker');
    await page.keyboard.press('Control+Enter');
    const made = dialog('Find places: a new library');
    expect(await made.getByLabel('Name').inputValue()).toBe('Trip library');
    await made.getByLabel('Name').fill('../Trip');
    await made.getByText(/may not contain any of/).waitFor();
    await made.getByLabel('Name').fill('Trip found');
    await page.keyboard.press('Enter');
    await page.locator('.card').first().waitFor(LONG);
    expect(existsSync(join(home, 'Trip found', 'library.db'))).toBe(true);
    expect(page.url()).toMatch(/\/clusters$/);
    // Places stand there before their models are built; what comes next would wait for that.
    await page
      .locator('footer')
      .getByText('Cluster Trip')
      .waitFor({ ...LONG, state: 'hidden' });
  }, 300_000);

  it('leaving a library while a job runs is asked about; the sample then comes in place of it', async () => {
    await page.getByRole('link', { name: 'Clusters' }).click();
    await page.getByRole('button', { name: 'Find places…' }).click();
    // It opens where it was left.
    await page.getByRole('row', { name: /^Second/ }).click();
    await page.keyboard.press('Control+Enter');
    // How they are found can be said, and is derived from what the command takes.
    const how = dialog('Find places in a folder of photos');
    await how.getByText('Options').click();
    await how.getByLabel('Neighbours').fill('0');
    await how.getByRole('button', { name: 'Find places' }).click();
    await how.getByText('A whole number from 1 to 100000').waitFor();
    await how.getByLabel('Neighbours').fill('12');
    await shot(page, 'start-options');
    await how.getByRole('button', { name: 'Find places' }).click();
    await page.getByText('Cluster Second').first().waitFor();
    await page.keyboard.press('Control+Shift+O');
    await page.getByRole('button', { name: 'Try the sample' }).click();
    await dialog('Stop what is running?').getByRole('button', { name: 'Keep it running' }).click();
    expect(await page.locator('header .library').innerText()).toBe('Trip found');
    await page.getByRole('button', { name: 'Try the sample' }).click();
    await Promise.race([
      dialog('Stop what is running?').getByRole('button', { name: 'Stop and leave' }).click(),
      page.locator('header .library', { hasText: 'Sample' }).waitFor(LONG),
    ]);
    await page.locator('header .library', { hasText: 'Sample' }).waitFor(LONG);
    await page.locator('.card').nth(15).waitFor(LONG);
  });

  it('libraries that were open are opened again; one that is gone says so and is found where it went', async () => {
    await page.getByRole('button', { name: 'Sample' }).click();
    await page.getByRole('menuitem', { name: 'Close the library' }).click();
    await page.getByRole('heading', { name: 'Where do you want to begin?' }).waitFor();
    await expect
      .poll(
        () =>
          page
            .locator('[data-test=recent] img')
            .evaluateAll((all) => all.map((i) => (i as HTMLImageElement).naturalWidth > 0)),
        LONG,
      )
      .toContain(true);
    renameSync(join(home, 'Trip found'), join(home, 'Trip moved'));
    await page.reload();
    const gone = page.locator('[data-test=recent].gone');
    await gone.getByText('No longer where it was').waitFor();
    await shot(page, 'start-recent');
    await gone.getByRole('button', { name: 'Locate…' }).click();
    await page.keyboard.press('Backspace');
    await page.getByRole('row', { name: /^Trip moved\s+Library/ }).click();
    await page.getByRole('button', { name: 'Open Trip moved' }).click();
    await page.locator('header .library', { hasText: 'Trip moved' }).waitFor(LONG);
    await page.locator('.card').first().waitFor(LONG);
    expect(wrong).toEqual([]);
  });
});

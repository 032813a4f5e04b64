import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

const ARGS = ['--no-sandbox', '--no-first-run', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];
/** For slow machines. */
const LONG = { timeout: 240_000 };

/** What commands do with files: chosen by the folder picker, written as a download, said in Jobs. */
describeWith(['chromium'], 'files of other programs, in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-files-'));
  const home = join(folder, 'home');
  const library = join(folder, 'library');
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });
  async function palette(text: string): Promise<void> {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'View, cluster, photo or command' }).fill(text);
    await page.getByRole('option', { name: text }).first().waitFor();
    await page.keyboard.press('Enter');
  }
  /** Presses the button of a place in a form, and chooses in the picker. @param name of a row there. */
  async function choose(form: string, field: string, picker: string, name: string): Promise<void> {
    await dialog(form)
      .getByRole('group', { name: field, exact: true })
      .getByRole('button', { name: 'Choose…' })
      .click();
    await dialog(picker)
      .getByRole('row', { name: new RegExp(`^${name}`) })
      .click();
    await page.keyboard.press('Control+Enter');
    await dialog(form).getByText(join(home, name)).waitFor();
  }

  beforeAll(async () => {
    buildStudio();
    mkdirSync(join(home, 'trip'), { recursive: true });
    for (const n of ['03', '04', '05'])
      cpSync(join(SAMPLE, 'windmill', 'images', `windmill_${n}.jpg`), join(home, 'trip', `${n}.jpg`));
    // The first query has its photo first, the second has it last.
    const right = {
      imlist: ['a', 'b', 'c', 'd'],
      qimlist: ['q', 'r'],
      gnd: [
        { ok: [1], junk: [] },
        { ok: [2], junk: [] },
      ],
    };
    writeFileSync(join(home, 'gnd.json'), JSON.stringify(right));
    writeNpy(join(home, 'ranks.npy'), Int32Array.of(1, 0, 2, 3, 0, 1, 3, 2), [2, 4]);
    covis('import', library, join(SAMPLE, 'arch'));
    covis('extract', library);
    // Descriptors of another program: as many rows as there are photos, under their names.
    const names = Array.from({ length: 13 }, (_, i) => `arch_${String(i + 1).padStart(2, '0')}.jpg`);
    writeNpy(
      join(folder, 'other.npy'),
      Float32Array.from({ length: 13 * 4 }, (_, i) => Math.sin(i + 1)),
      [13, 4],
    );
    writeFileSync(join(folder, 'other.txt'), names.join('\n'));
    covis('descriptors', library, join(folder, 'other.npy'), '--name', 'Other descriptors');
    let url: string;
    ({ server, url } = await serveLibrary(library, { root: home }));
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ARGS });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    wrong = complaints(page);
    await page.goto(url);
    await page.locator('.card').first().waitFor(LONG);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  it('a folder outside the library is described and comes as a download', async () => {
    await palette('Describe a folder…');
    await choose('Describe a folder', 'Photos', 'A folder of photos', 'trip');
    const form = dialog('Describe a folder');
    await form.getByText('Options', { exact: true }).click();
    await form.getByLabel('Size').fill('96');
    await shot(page, 'files-describe');
    const coming = page.waitForEvent('download', LONG);
    await form.getByRole('button', { name: 'Describe', exact: true }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('library-extract-folder.zip');
    const file = join(folder, 'came.zip');
    await download.saveAs(file);
    // Three rows of floats and their names.
    expect(statSync(file).size).toBeGreaterThan(3 * 4 * 64);
  }, 300_000);

  it('a ranking is measured against a ground truth, and Jobs says how good it is', async () => {
    await palette('Measure a ranking of a file…');
    const form = dialog('Measure a ranking of a file');
    // What is needed and not chosen is told, and nothing begins.
    await form.getByRole('button', { name: 'Measure', exact: true }).click();
    await form.getByText('Choose one', { exact: true }).waitFor();
    await choose('Measure a ranking of a file', 'Ranking', 'A ranking', 'ranks.npy');
    await form.getByRole('button', { name: 'Measure', exact: true }).click();
    await form.getByText('Choose a ground truth').waitFor();
    await choose('Measure a ranking of a file', 'Ground truth', 'A ground truth', 'gnd.json');
    await shot(page, 'files-ranking');
    await form.getByRole('button', { name: 'Measure', exact: true }).click();
    await form.waitFor({ state: 'detached' });
    await palette('Jobs');
    await page.getByText('Measure ranks.npy').first().waitFor(LONG);
    // One query at 1, one at an eighth.
    await page.getByText(/^mAP 56\.25 \[.*\] over 2 queries/).waitFor(LONG);
  }, 300_000);

  it('a search takes the parameters of its method, in the address, and tells what is refused', async () => {
    await page.goto(new URL('/search', page.url()).href);
    await page.locator('.samples .sample').first().click(LONG);
    await page.locator('[data-test=results] .cell').first().waitFor(LONG);
    await page.locator('[data-test=method]').selectOption('cg');
    const parameters = page.locator('[data-test=parameters]');
    await parameters.locator('summary').click();
    await parameters.getByLabel('Neighbours', { exact: true }).fill('4');
    await page.waitForURL(/[?&]k=4(&|$)/);
    await page.getByText('Parameters: 1 set').waitFor();
    await expect.poll(() => page.locator('dl.parameters').innerText(), LONG).toMatch(/k\s+4\b/);
    await shot(page, 'files-parameters');
    await parameters.getByLabel('Neighbours', { exact: true }).fill('0');
    await parameters.getByRole('alert').getByText('A whole number from 1 to 10000').waitFor();
    expect(page.url()).toMatch(/[?&]k=4(&|$)/);
    await page.locator('[data-test=own-parameters]').click();
    await page.waitForURL((url) => !url.searchParams.has('k'));
  }, 300_000);

  it('a set of another program is removed once that is asked and answered', async () => {
    await palette('Descriptor sets…');
    const sets = dialog('Descriptor sets');
    const other = sets.locator('[data-test=set]').filter({ hasText: 'Other descriptors' });
    await other.getByText('13 photos · 4 dimensions').waitFor(LONG);
    await shot(page, 'files-sets');
    await other.getByRole('button', { name: 'Remove Other descriptors…' }).click();
    const question = dialog('Remove Other descriptors?');
    await question.getByRole('button', { name: 'Keep' }).click();
    await other.getByRole('button', { name: 'Remove Other descriptors…' }).click();
    await question.getByRole('button', { name: 'Remove', exact: true }).click();
    await other.waitFor({ state: 'detached' });
    // That of the network stays, and says why it does not go here.
    expect(await sets.locator('[data-test=set]').count()).toBe(1);
    expect(await sets.locator('[data-test=remove-set]').getAttribute('aria-disabled')).toBe('true');
    expect(wrong).toEqual([]);
  });
});

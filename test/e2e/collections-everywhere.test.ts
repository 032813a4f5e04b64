import type { ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

const WAIT = { timeout: 60_000 };
/** Photos of each scene: as many as match each other, and few more, since edge maps of all of them are made. */
const SCENES = [
  ['castle', 13],
  ['windmill', 4],
] as const;

describeWith(['chromium'], 'what curators do in every view', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-everywhere-'));
  const exports = join(folder, 'exports');
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  beforeAll(async () => {
    const photos = join(folder, 'photos');
    for (const f of [photos, exports]) mkdirSync(f);
    for (const [scene, most] of SCENES)
      for (const f of readdirSync(join(SAMPLE, scene, 'images'))
        .sort()
        .slice(0, most))
        copyFileSync(join(SAMPLE, scene, 'images', f), join(photos, f));
    await sharp(join(photos, 'castle_01.jpg')).resize(150).toFile(join(photos, 'small.jpg'));
    buildStudio();
    const library = join(folder, 'library');
    covis('cluster', photos, '--library', library, '--matches-only');
    covis('extract', library);
    const served = await serveLibrary(library, { env: { HOME: folder } });
    server = served.server;
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--disable-gpu'],
    });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
    page.setDefaultTimeout(WAIT.timeout);
    wrong = complaints(page);
    await page.goto(served.url);
    await page.locator('.card').first().waitFor();
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const nowChosen = (n: number): Promise<void> =>
    expect
      .poll(() => page.locator('[data-test=chosen-photos] strong').innerText(), WAIT)
      .toBe(n === 1 ? '1 photo chosen' : `${n} photos chosen`) as Promise<void>;
  const noneChosen = (): Promise<void> => page.locator('[data-test=chosen-photos]').waitFor({ state: 'detached' });
  const summary = (text: string): Promise<void> =>
    expect.poll(() => page.locator('[data-test=summary]').innerText(), WAIT).toContain(text) as Promise<void>;
  const row = (name: string): Locator => page.locator('[data-test=folders]').getByText(name, { exact: true });
  async function more(name: string): Promise<void> {
    await page.locator('[data-test=more]').click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  }

  /** One selection in a list of photos: by pointer, by keys, by the keyboard alone; one key adds and one takes away. */
  async function drive(list: Locator, collection: string, results?: number): Promise<void> {
    const photos = list.locator('[data-choose]');
    await photos.nth(3).waitFor();
    // Also those that are not in sight.
    const all = results ?? (await photos.count());
    await photos.nth(0).click({ modifiers: ['Control'] });
    await nowChosen(1);
    await photos.nth(3).click({ modifiers: ['Shift'] });
    await nowChosen(4);
    await photos.nth(1).click({ modifiers: ['Control'] });
    await nowChosen(3);
    await page.keyboard.press('Shift+I');
    await nowChosen(all - 3);
    await page.keyboard.press('Control+a');
    await nowChosen(all);
    await page.keyboard.press('Escape');
    await noneChosen();

    // By the keyboard alone: space chooses what has the focus, Shift reaches on.
    await photos.nth(1).focus();
    await page.keyboard.press(' ');
    await nowChosen(1);
    await page.keyboard.press('Shift+J');
    await nowChosen(2);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press(' ');
    await nowChosen(3);
    await page.keyboard.press('t');
    await page.locator('[data-test=collection-name]').fill(collection);
    await page.keyboard.press('Enter');
    await expect.poll(() => list.locator('.star').count(), WAIT).toBe(3);
    await page.keyboard.press('Shift+B');
    await expect.poll(() => list.locator('.star').count(), WAIT).toBe(0);
    await page.keyboard.press('b');
    await expect.poll(() => list.locator('.star').count(), WAIT).toBe(3);
    await page.keyboard.press('Escape');
    await noneChosen();
  }

  it('choose among the photos that match one', async () => {
    await page.keyboard.press('1');
    await page.locator('.card').first().click();
    await page.locator('.pairs-only .grid button').first().click();
    await page.keyboard.press('i');
    await page.locator('[data-test=match-lines]').waitFor();
    // The photo itself was chosen to come here.
    await page.keyboard.press('Control+Space');
    await noneChosen();
    await drive(page.locator('.strip'), 'Matched');
    await shot(page, 'everywhere-matched');
  }, 120_000);

  it('look before they fold by weights of their own, and undo it', async () => {
    await page.keyboard.press('q');
    await page.locator('.collections .entry', { hasText: 'Matched' }).click();
    await summary('3 photos');
    await more('Fold near duplicates…');
    await page.locator('[data-test=fold-look]').click();
    const said = page.locator('[data-test=fold-report]');
    await said.waitFor();
    await page.locator('[data-test=fold-measure]').click();
    // What was looked at was of photos that nobody had measured.
    await said.waitFor({ state: 'detached' });
    await expect
      .poll(async () => {
        await page.locator('[data-test=fold-look]').click();
        await said.waitFor();
        return said.innerText();
      }, WAIT)
      .toContain('folded in');
    await page.getByLabel('Resolution').fill('1');
    await page.getByLabel('Resolution').press('Tab');
    await said.waitFor({ state: 'detached' });
    await page.locator('[data-test=fold-look]').click();
    await said.waitFor();
    await shot(page, 'everywhere-fold');
    await page.locator('[data-test=fold-now]').click();
    await page.getByText(/photos? folded in \d+ group/).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }, 180_000);

  it('choose photos that stand for some, after a look, with others that are kept', async () => {
    await more('Photos that stand for all…');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Photos', { exact: true }).fill('6');
    await dialog.getByText('Among every photo of the library').click();
    await page.locator('[data-test=add-condition]').click();
    await page.getByRole('menuitem', { name: 'File name', exact: true }).click();
    await dialog.locator('[data-rule=name] input').fill('windmill*');
    await dialog.locator('[data-rule=name] input').press('Tab');
    await page.locator('[data-test=choose-look]').click();
    await dialog.getByText('The last choice').waitFor();
    await shot(page, 'everywhere-choose');
    expect(await page.locator('[data-test=summary]').innerText()).toContain('3 photos');
    await page.locator('[data-test=choose]').click();
    await summary('6 photos');
    await dialog.getByRole('button', { name: 'Close' }).first().click();
  }, 180_000);

  it('add what a list names, and say which name means no photo', async () => {
    const list = join(folder, 'list.txt');
    writeFileSync(list, 'castle_02.jpg\ncastle_03.jpg\nnobody.jpg\n');
    const give = async (item: string): Promise<void> => {
      const chooser = page.waitForEvent('filechooser');
      await more(item);
      await (await chooser).setFiles(list);
    };
    await give('Add photos of a list…');
    await page.getByText('list.txt, entry 3: The library has no single photo nobody.jpg').waitFor();
    await summary('6 photos');
    writeFileSync(list, 'castle_02.jpg\ncastle_03.jpg\n');
    await give('Take out photos of a list…');
    await page.getByText(/Took \d photos? of list.txt out/).waitFor();
    await give('Add photos of a list…');
    await page.getByText('Added 2 photos of list.txt').waitFor();
  });

  it('import a zip archive under another name: sent by the browser, and one that lies beside the engine', async () => {
    await page.keyboard.press('Control+s');
    await page.locator('[data-test=commit-now]').click();
    await summary('version 1');
    await more('Export…');
    const download = page.waitForEvent('download');
    await page.locator('[data-test=collection-download]').click();
    const archive = join(exports, 'Matched.zip');
    await (await download).saveAs(archive);
    expect(existsSync(archive)).toBe(true);

    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Import a zip archive…' }).click();
    await (await chooser).setFiles(archive);
    await page.getByRole('dialog').getByLabel('Name').fill('Sent');
    await shot(page, 'everywhere-import');
    await page.locator('[data-test=import-collection]').click();
    await page.locator('.collections .entry', { hasText: 'Sent' }).click();
    await summary('version 1');

    await page.getByRole('button', { name: 'Import a collection…' }).click();
    await row('exports').dblclick();
    await row('Matched.zip').click();
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog').getByLabel('Name').fill('Beside');
    await page.locator('[data-test=import-collection]').click();
    await page.locator('.collections .entry', { hasText: 'Beside' }).click();
    await summary('version 1');
    const digests = new Set<string | null>();
    for (const name of ['Matched', 'Sent', 'Beside']) {
      await page.locator('.collections .entry', { hasText: name }).click();
      await page.getByRole('tab', { name: 'History' }).click();
      await page.locator('.digest').first().waitFor();
      digests.add(await page.locator('.digest').last().getAttribute('title'));
    }
    expect(digests.size).toBe(1);
  }, 180_000);

  it('choose in the results of a drawing as in every grid', async () => {
    await page.locator('nav').getByText('Draw', { exact: true }).click();
    await page.locator('[data-test=prepare]').click();
    await page.locator('[data-test=paper]').waitFor({ timeout: 240_000 });
    const box = (await page.locator('[data-test=paper]').boundingBox())!;
    const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
    for (const line of [
      [0.38, 0.95, 0.43, 0.45, 0.57, 0.45, 0.62, 0.95],
      [0.2, 0.15, 0.8, 0.75],
      [0.8, 0.15, 0.2, 0.75],
    ]) {
      await page.mouse.move(...at(line[0]!, line[1]!));
      await page.mouse.down();
      for (let i = 2; i < line.length; i += 2) await page.mouse.move(...at(line[i]!, line[i + 1]!), { steps: 6 });
      await page.mouse.up();
    }
    const found = page.locator('[data-test=draw-summary]');
    await found.waitFor();
    await drive(page.locator('[data-test=results]'), 'Drawn', Number.parseInt(await found.innerText(), 10));
    await shot(page, 'everywhere-drawn');
  }, 360_000);

  it('make of what was drawn a version and a bag that proves itself, until a byte of it changes', async () => {
    await page.locator('nav').getByText('Collections', { exact: true }).click();
    await page.getByText('Drawn', { exact: true }).first().click();
    await summary('3 photos');
    await page.keyboard.press('Control+s');
    await page.locator('[data-test=commit-now]').click();
    await summary('version 1');
    const bag = join(exports, 'drawn');
    covis('collection', 'export', join(folder, 'library'), 'Drawn@1', '--format', 'bagit', '--out', bag);
    covis('collection', 'verify', bag);
    const payload = join(bag, 'data', 'photos');
    const photo = readdirSync(payload, { recursive: true, withFileTypes: true }).find((e) => e.isFile())!;
    const damaged = join(photo.parentPath, photo.name);
    const bytes = readFileSync(damaged);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(damaged, bytes);
    expect(() => covis('collection', 'verify', bag)).toThrow(photo.name);
  }, 120_000);

  it('complain of nothing', () => expect(wrong).toEqual([]));
});

import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

const WAIT = { timeout: 60_000 };
const SCENES = ['castle', 'pagoda'];
const XMP = (title: string): string =>
  `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">${title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>`;

/** A JPEG's segment before all others. */
function withSegment(jpeg: Buffer, marker: number, body: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(body.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, body, jpeg.subarray(2)]);
}
function withIptcKeyword(jpeg: Buffer, keyword: string): Buffer {
  const data = Buffer.concat([Buffer.from([0x1c, 2, 25, 0, keyword.length]), Buffer.from(keyword)]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(data.length);
  const even = Buffer.alloc(data.length % 2);
  const name = Buffer.from([4, 4, 0, 0]);
  return withSegment(jpeg, 0xed, Buffer.concat([Buffer.from('Photoshop 3.0\0' + '8BIM'), name, size, data, even]));
}
const hashesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => join(e.parentPath, e.name))
    .sort()
    .map((f) => `${f} ${createHash('sha256').update(readFileSync(f)).digest('hex')}`);

describeWith(['chromium'], 'two curators in the browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-curators-'));
  const photos = join(folder, 'photos');
  const exports = join(folder, 'exports');
  const servers: ChildProcess[] = [];
  const said: string[][] = [];
  let originals: string[];
  let browser: Browser;
  let ada: Page;
  let ben: Page;

  async function studio(library: string, viewport: { width: number; height: number }): Promise<Page> {
    const { server, url } = await serveLibrary(library, { env: { HOME: folder } });
    servers.push(server);
    const page = await browser.newPage({ viewport, acceptDownloads: true });
    page.setDefaultTimeout(WAIT.timeout);
    said.push(complaints(page));
    await page.goto(url);
    await page.locator('.card').first().waitFor();
    return page;
  }

  beforeAll(async () => {
    buildStudio();
    mkdirSync(exports, { recursive: true });
    for (const scene of SCENES) cpSync(join(SAMPLE, scene), join(photos, scene), { recursive: true });
    const images = join(photos, 'castle', 'images');
    const [first, second, third] = readdirSync(images).sort();
    writeFileSync(join(images, `${first!}.xmp`), XMP('Told by a sidecar'));
    const inside = (name: string, change: (jpeg: Buffer) => Buffer): void =>
      writeFileSync(join(images, name), change(readFileSync(join(images, name))));
    inside(second!, (j) =>
      withSegment(j, 0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${XMP('Told by the photo')}`)),
    );
    inside(third!, (j) => withIptcKeyword(j, 'stone'));
    covis('import', join(folder, 'ada'), ...SCENES.map((n) => join(photos, n)));
    covis('extract', join(folder, 'ada'));
    cpSync(join(folder, 'ada'), join(folder, 'ben'), { recursive: true });
    originals = hashesIn(photos);
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--disable-gpu'],
    });
    ada = await studio(join(folder, 'ada'), { width: 1440, height: 900 });
    ben = await studio(join(folder, 'ben'), { width: 1024, height: 700 });
    await ben.emulateMedia({ colorScheme: 'light' });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    for (const server of servers) server.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const chosen = (page: Page): Promise<string> => page.locator('[data-test=chosen-photos] strong').innerText();
  const nowChosen = (page: Page, text: string): Promise<void> =>
    expect.poll(() => chosen(page), WAIT).toBe(text) as Promise<void>;
  /** Esc: out of a field, of the chosen photos, of the selected one. */
  async function none(page: Page): Promise<void> {
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Escape');
    await page.locator('[data-test=chosen-photos]').waitFor({ state: 'detached' });
  }
  const settled = (page: Page, text: string): Promise<void> =>
    expect.poll(() => page.locator('[data-test=summary]').innerText(), WAIT).toContain(text) as Promise<void>;
  const tiles = (page: Page): Locator => page.locator('.kit-grid [role=option]');
  const field = (page: Page, name: string): Locator =>
    page.locator(`[data-field=${name}]`).locator('input, textarea').first();
  async function write(page: Page, name: string, value: string): Promise<void> {
    await field(page, name).fill(value);
    await field(page, name).press('Tab');
  }
  const part = (page: Page, name: string): Promise<void> => page.getByRole('tab', { name }).click();
  const file = (name: string, text: string): { name: string; mimeType: string; buffer: Buffer } => ({
    name,
    mimeType: 'text/plain',
    buffer: Buffer.from(text),
  });
  /** What the page gives a person as a file. */
  async function saved(page: Page, click: () => Promise<void>): Promise<{ name: string; text: string }> {
    const download = page.waitForEvent('download');
    await click();
    const given = await download;
    return { name: given.suggestedFilename(), text: readFileSync(await given.path(), 'utf8') };
  }
  async function commit(page: Page, author: string, version: number, tag = ''): Promise<void> {
    await page.keyboard.press('Control+s');
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Author').fill(author);
    await dialog.getByLabel('Tag').fill(tag);
    await page.locator('[data-test=commit-now]').click();
    await settled(page, `version ${version}`);
    await expect.poll(() => page.locator('[data-test=summary]').innerText(), WAIT).not.toContain('since');
  }
  const row = (page: Page, name: string): Locator =>
    page.locator('[data-test=folders]').getByText(name, { exact: true });

  it('choose clusters as they choose photos, and one key gathers their photos', async () => {
    const cards = ada.locator('.card');
    await cards.nth(0).click({ modifiers: ['Control'] });
    await nowChosen(ada, '13 photos chosen');
    await cards.nth(1).click({ modifiers: ['Shift'] });
    await nowChosen(ada, '26 photos chosen');
    await ada.keyboard.press('Shift+I');
    await ada.locator('[data-test=chosen-photos]').waitFor({ state: 'detached' });
    await cards.nth(0).getByRole('link').focus();
    await ada.keyboard.press(' ');
    await nowChosen(ada, '13 photos chosen');
    await ada.keyboard.press('b');
    await ada.locator('[data-test=collection-name]').fill('Castle');
    await ada.keyboard.press('Enter');
    await cards.nth(0).locator('.star').waitFor();
    // Over views and back, the choice is the same.
    await ada.keyboard.press('9');
    await nowChosen(ada, '13 photos chosen');
    await ada.keyboard.press('1');
    await expect.poll(() => ada.locator('.card.chosen').count(), WAIT).toBe(1);
    await shot(ada, 'curators-clusters');
    await ada.keyboard.press('Escape');
    await ada.locator('[data-test=chosen-photos]').waitFor({ state: 'detached' });
  });

  it('draw bands over rankings, and keys mean the list that was worked in', async () => {
    await ada.keyboard.press('5');
    await ada.locator('.starts .grid button').first().click();
    const strip = ada.locator('section.euclidean .tile');
    await strip.nth(5).waitFor();
    const [a, b] = [(await strip.nth(1).boundingBox())!, (await strip.nth(3).boundingBox())!];
    await ada.keyboard.down('Control');
    await ada.mouse.move(a.x + 8, a.y + 8);
    await ada.mouse.down();
    await ada.mouse.move(b.x + b.width / 2, b.y + b.height / 2, { steps: 8 });
    await ada.mouse.up();
    await ada.keyboard.up('Control');
    await nowChosen(ada, '3 photos chosen');
    await ada.keyboard.press('Control+a');
    await nowChosen(ada, `${await strip.count()} photos chosen`);
    await ada.keyboard.press('Escape');
    await ada
      .locator('.graph .node')
      .nth(2)
      .click({ modifiers: ['Control'] });
    await nowChosen(ada, '1 photo chosen');
    await ada.keyboard.press('Control+a');
    await nowChosen(ada, `${await ada.locator('.graph .node').count()} photos chosen`);
    await shot(ada, 'curators-manifold');
    await ada.keyboard.press('Escape');
  });

  it('describe many at once, by a table, and by what photos say, and leave the photos as they were', async () => {
    await ada.keyboard.press('q');
    await tiles(ada).nth(12).waitFor();
    await ada.getByRole('listbox', { name: 'Castle' }).press('Control+a');
    await nowChosen(ada, '13 photos chosen');
    await write(ada, 'creator', 'Ada');
    await none(ada);
    await ada.locator('[data-test=read-metadata]').click();
    await ada.getByRole('button', { name: 'Into empty fields' }).click();
    await ada.getByText('Fields of 3 photos of 13 changed: 1 by sidecars, 1 by XMP, 1 by IPTC').waitFor();

    const csv = await saved(ada, () => ada.getByRole('button', { name: 'Fields as CSV' }).click());
    expect(csv.name).toBe('Castle.csv');
    for (const words of ['Told by a sidecar', 'Told by the photo', 'stone', 'Ada']) expect(csv.text).toContain(words);
    const table = ada.locator('[data-test=fields] input[type=file]');
    await table.setInputFiles(file('same.csv', csv.text));
    await ada.getByText('Fields of 0 photos changed, 13 as they were').waitFor();
    const edited = csv.text.replace('Told by a sidecar', '"Told by a table, ""quoted"""');
    await table.setInputFiles(file('other.csv', edited));
    await ada.getByText('Fields of 1 photo changed, 12 as they were').waitFor();
    expect((await saved(ada, () => ada.getByRole('button', { name: 'Fields as CSV' }).click())).text).toBe(edited);
    expect(hashesIn(photos)).toEqual(originals);
  });

  it('hand a version on: what was exported is imported as the same version', async () => {
    await commit(ada, 'Ada', 1, 'first');
    await ada.locator('[data-test=more]').click();
    await ada.getByRole('menuitem', { name: 'Export…' }).click();
    await ada.getByRole('dialog').getByLabel('Sidecars').check();
    await ada.locator('[data-test=collection-into]').click();
    await row(ada, 'exports').click();
    await ada.keyboard.press('Control+Enter');
    await expect.poll(() => existsSync(join(exports, 'Castle 1', 'manifest-sha256.txt')), WAIT).toBe(true);
    expect(readdirSync(join(exports, 'Castle 1', 'photos')).filter((f) => f.endsWith('.xmp'))).toHaveLength(13);

    await ben.keyboard.press('q');
    await ben.getByRole('button', { name: 'Import a collection…' }).first().click();
    await row(ben, 'exports').dblclick();
    await row(ben, 'Castle 1').click();
    await ben.keyboard.press('Control+Enter');
    await ben.locator('[data-test=import-collection]').click();
    await settled(ben, 'version 1');
    await part(ben, 'History');
    await part(ada, 'History');
    const digest = (page: Page): Promise<string | null> => page.locator('.digest').last().getAttribute('title');
    await ben.locator('.digest').first().waitFor();
    await ada.locator('.digest').first().waitFor();
    expect(await digest(ben)).toBe(await digest(ada));
  });

  it('merge three ways: what both say alike is kept, what differs is judged, and agreement is said', async () => {
    // The first photo is taken out by both; of two more of the other place both add one, of the other only Ada thinks that it belongs.
    for (const page of [ada, ben]) {
      await part(page, 'Photos');
      await tiles(page).nth(12).waitFor();
      await tiles(page).nth(0).click();
      await page.keyboard.press('Delete');
      await settled(page, '−1');
      // The summary may say so before the grid does; what is clicked until then is the photo that goes.
      await tiles(page).nth(12).waitFor({ state: 'detached' });
      await tiles(page).nth(0).click();
      await write(page, 'title', page === ada ? 'The keep' : 'The gate');
      await settled(page, '1 described');
      await none(page);
      await page.keyboard.press('1');
      await page.locator('.card', { hasText: 'pagoda' }).getByRole('link').click();
      await page
        .locator('.strip .frame')
        .nth(0)
        .click({ modifiers: ['Control'] });
      await page
        .locator('.strip .frame')
        .nth(1)
        .click({ modifiers: ['Control'] });
      await page.keyboard.press('t');
      await page.getByRole('option', { name: 'Castle' }).click();
      await page.getByText('Added 2 photos to Castle').waitFor();
      await none(page);
      await page.keyboard.press('q');
      await settled(page, '+2');
    }
    await tiles(ben).nth(13).click();
    await ben.keyboard.press('Delete');
    await settled(ben, '+1');
    await commit(ben, 'Ben', 2);
    await part(ben, 'History');
    await ben.getByRole('button', { name: 'What can be done with version 2' }).click();
    await ben.getByRole('menuitem', { name: 'Decisions for another curator…' }).click();
    const bundle = await saved(ben, () => ben.locator('[data-test=bundle-now]').click());
    expect(bundle.name).toBe('Castle 1-2.jsonl');

    await part(ada, 'History');
    const merge = ada.locator('.versions input[type=file]');
    await merge.setInputFiles(file('bundle.jsonl', bundle.text));
    const report = ada.locator('[data-test=merged]');
    await report.waitFor();
    await shot(ada, 'curators-merged');
    const text = (await report.innerText()).replaceAll(/\s+/g, ' ');
    // Both judged three: out, in, and one in by Ada and out by Ben. So po = 2/3, pe = (2·1 + 1·2)/9, and kappa (2/9)/(5/9).
    expect(text).toContain('Conflicts to judge 2 Agreement 2 of 3 photos judged alike, Cohen’s kappa 0.400');
    await ada.locator('[data-test=judge-conflicts]').click();
    await ada.getByText('2 conflicts.').waitFor();
    await shot(ada, 'curators-conflicts');
    await ada.getByRole('button', { name: /^The gate/ }).click();
    await ada.getByText('1 conflict.').waitFor();
    await ada.getByRole('button', { name: /^It does not.*Ben/ }).click();
    await part(ada, 'Photos');
    await settled(ada, '13 photos');
    await expect.poll(() => ada.getByRole('tab', { name: 'Conflicts' }).count(), WAIT).toBe(0);
    await tiles(ada).nth(0).click();
    await expect.poll(() => field(ada, 'title').inputValue(), WAIT).toBe('The gate');
    await none(ada);
    // Both have decided the same now, so both have the same version.
    await commit(ada, 'Ada', 2);
    await part(ada, 'History');
    await merge.setInputFiles(file('bundle.jsonl', bundle.text));
    await ada.getByText('These decisions of Ben were merged before').waitFor();
    await ada.getByRole('button', { name: 'Close' }).last().click();
    const digests = (page: Page): Promise<string | null> =>
      page.locator('li', { hasText: 'Version 2' }).locator('.digest').getAttribute('title');
    expect(await digests(ada)).toBe(await digests(ben));
  });

  it('see how versions differ, restore one, and export one that is not the newest', async () => {
    const difference = await saved(ada, () => ada.locator('[data-test=difference-json]').click());
    expect(difference.name).toBe('Castle 1 to 2.json');
    const { counts } = JSON.parse(difference.text) as { counts: Record<string, number> };
    expect(counts).toMatchObject({ added: 1, removed: 1, described: 1 });
    await ada.getByRole('button', { name: 'What can be done with version 1' }).click();
    await ada.getByRole('menuitem', { name: 'Make the collection as it was here' }).click();
    await settled(ada, 'since then +1, −1');
    await ada.keyboard.press('u');
    await expect.poll(() => ada.locator('[data-test=summary]').innerText(), WAIT).not.toContain('since');
    await ada.locator('[data-test=more]').click();
    await ada.getByRole('menuitem', { name: 'Export…' }).click();
    await ada.locator('[data-test=export-version]').selectOption('1');
    expect(await ada.locator('[data-test=collection-command]').innerText()).toContain(' Castle@1 ');
    await shot(ada, 'curators-export');
    const zip = await saved(ada, () => ada.locator('[data-test=collection-download]').click());
    expect(zip.name).toBe('Castle 1.zip');
    expect(zip.text.slice(0, 2)).toBe('PK');
  });

  it('verify an export, and put back what was lost from where the photos are', async () => {
    const written = join(exports, 'Castle 1');
    const lost = join(
      written,
      'photos',
      readdirSync(join(written, 'photos')).find((f) => f.endsWith('.jpg'))!,
    );
    const bytes = readFileSync(lost);
    rmSync(lost);
    await ada.getByRole('button', { name: 'Verify an export…' }).click();
    await row(ada, 'exports').dblclick();
    await row(ada, 'Castle 1').click();
    await ada.keyboard.press('Control+Enter');
    await ada.getByRole('button', { name: 'Every byte' }).click();
    await ada.getByText('This collection is not as it was exported').waitFor();
    await ada.locator('nav').getByText('Jobs', { exact: true }).click();
    await ada.getByRole('button', { name: 'Report: Verify an exported collection' }).first().click();
    await ada.getByText('Missing: 1').waitFor();
    await shot(ada, 'curators-verified');
    await ada.locator('[data-test=repair]').click();
    // The dialog opens where it was left.
    await row(ada, 'Castle 1').waitFor();
    await ada.keyboard.press('Alt+ArrowUp');
    await row(ada, 'photos').click();
    await ada.keyboard.press('Control+Enter');
    await ada.getByText('Put back 1 file').waitFor();
    expect(readFileSync(lost).equals(bytes)).toBe(true);
    expect(hashesIn(photos)).toEqual(originals);
    expect(said).toEqual([[], []]);
  });
});

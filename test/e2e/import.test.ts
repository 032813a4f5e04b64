import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { endDesktop } from './desktop-end.ts';
import { buildStudio, covis } from './serve.ts';
import { complaints, shot } from './studio.ts';

const DISPLAY = ':95';

describeWith(['xvfb', 'electron'], 'an import in the desktop', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-import-'));
  const library = join(folder, 'library');
  const models = join(folder, 'models');
  const castle = join(models, 'castle');
  let xvfb: ChildProcess;
  let app: ElectronApplication;
  let page: Page;

  /** What the next dialogs choose. */
  const choosing = (...paths: string[]): Promise<void> =>
    app.evaluate(({ dialog }, filePaths) => {
      dialog.showOpenDialog = (() => Promise.resolve({ canceled: filePaths.length === 0, filePaths })) as never;
    }, paths);
  function count(sql: string): unknown {
    const made = Library.open(library);
    const n = made.db.prepare(sql).pluck().get();
    made.close();
    return n;
  }
  const active = (): unknown => count("SELECT COUNT(*) FROM cluster_all WHERE state = 'active'");
  async function theme(to: 'dark' | 'light'): Promise<void> {
    await page.evaluate((t) => (document.documentElement.dataset['theme'] = t), to);
  }

  beforeAll(async () => {
    buildStudio();
    cpSync(join(SAMPLE, 'castle'), castle, { recursive: true });
    covis('import', library, castle);
    // The model was built anew since, one photo is gone, and something beside it is no model.
    const points = join(castle, 'sparse', '0', 'points3D.bin');
    const bytes = readFileSync(points);
    bytes[40] = bytes[40]! ^ 0xff;
    writeFileSync(points, bytes);
    rmSync(join(castle, 'images', 'castle_03.jpg'));
    cpSync(join(SAMPLE, 'pagoda'), join(models, 'pagoda'), { recursive: true });
    mkdirSync(join(models, 'damaged', 'images'), { recursive: true });
    mkdirSync(join(models, 'damaged', 'sparse', '0'), { recursive: true });
    for (const name of ['cameras.bin', 'images.bin', 'points3D.bin'])
      writeFileSync(join(models, 'damaged', 'sparse', '0', name), Buffer.alloc(5));
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
    const binary = electronBinary();
    if ('missing' in binary) throw new Error(binary.missing);
    app = await _electron.launch({
      executablePath: binary.path,
      args: ['--no-sandbox', '--disable-gpu', ROOT, `--library=${library}`, `--user-data-dir=${join(folder, 'user')}`],
      env: { ...(process.env as Record<string, string>), DISPLAY, COVIS_ENGINE_NODE: process.execPath },
    });
    page = await app.firstWindow();
    await page.locator('.card').first().waitFor();
  });
  afterAll(async () => {
    await endDesktop(app);
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('looks first, and stores nothing', async () => {
    const wrong = complaints(page);
    await choosing(castle, join(models, 'pagoda'));
    await page.getByRole('button', { name: 'Import models…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import' });
    await dialog.getByText(castle).waitFor();
    for (const [width, height] of [
      [1440, 850],
      [1024, 700],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const t of ['dark', 'light'] as const) {
        await theme(t);
        await shot(page, `import-asked-${t}-${width}`);
      }
    }
    const photos = count('SELECT COUNT(*) FROM photo');
    await dialog.getByRole('button', { name: 'Look first' }).click();
    const report = dialog.locator('[data-test=import-report]');
    await report.getByText('1 model would replace an older one from the same place').waitFor();
    const row = report.locator('tr', { hasText: 'castle' });
    await row.getByText(/would replace the one of \d{4}-\d\d-\d\d/).waitFor();
    await report.locator('[data-test=missing]').getByText('castle_03.jpg').waitFor();
    await report.getByText('Nothing was stored.').waitFor();
    for (const [width, height] of [
      [1440, 850],
      [1024, 700],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const t of ['dark', 'light'] as const) {
        await theme(t);
        await shot(page, `import-looked-${t}-${width}`);
      }
    }
    expect(count('SELECT COUNT(*) FROM photo')).toBe(photos);
    expect(active()).toBe(1);
    // Another way to import leaves nothing in sight that was found for this one.
    await dialog.getByLabel('Keep older models').check();
    await expect.poll(() => report.count()).toBe(0);
    await dialog.getByRole('button', { name: 'Look first' }).click();
    await report.getByText('Nothing was stored.').waitFor();
    expect(await report.getByText('would replace').count()).toBe(0);
    expect(wrong).toEqual([]);
  }, 60_000);

  it('then imports as it was asked to, and says what was done', async () => {
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Keep older models').uncheck();
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await dialog.getByText('1 model replaced an older one from the same place').waitFor();
    await shot(page, 'import-done');
    await dialog.getByRole('button', { name: 'Show clusters' }).click();
    await expect.poll(() => page.locator('.card').count()).toBe(2);
    expect(active()).toBe(2);
    expect(count("SELECT COUNT(*) FROM cluster_all WHERE state = 'replaced'")).toBe(1);
    // What imports found can be read again among the jobs.
    await page.keyboard.press('8');
    await page
      .getByRole('button', { name: /^Report: Import/ })
      .first()
      .click();
    await page.getByRole('dialog').getByText('1 model replaced an older one').waitFor();
    await shot(page, 'import-report-in-jobs');
    await page.keyboard.press('Escape');
  }, 60_000);

  it('that cannot be done says what, which file and what to do, and leaves another choice', async () => {
    await choosing(join(models, 'damaged'));
    await page.evaluate(() => (window as never as { covis: object }).covis);
    await app.evaluate(({ Menu }) => {
      const file = Menu.getApplicationMenu()!.items.find((i) => i.label === 'File')!;
      file.submenu!.items.find((i) => i.label === 'Import models…')!.click();
    });
    const dialog = page.getByRole('dialog', { name: 'Import' });
    await dialog.getByText(join(models, 'damaged')).waitFor();
    await dialog.getByRole('button', { name: 'Look first' }).click();
    await dialog
      .getByRole('alert')
      .getByText(/damaged\/sparse\/0/)
      .waitFor();
    await shot(page, 'import-refused');
    await choosing(join(models, 'pagoda'));
    await dialog.getByRole('button', { name: 'Choose others…' }).click();
    await dialog.getByText(join(models, 'pagoda')).waitFor();
    expect(await dialog.getByRole('alert').count()).toBe(0);
    await page.keyboard.press('Escape');
    // A page names what was chosen, never a path.
    const made = await page.evaluate(
      (path) =>
        (window as never as { covis: { request(route: string, p: object): Promise<unknown> } }).covis.request(
          'start.import',
          { folders: [path] },
        ),
      join(models, 'pagoda'),
    );
    expect(made).toMatchObject({ ok: false, error: { code: 'VALIDATION_FAILED' } });
  }, 60_000);
});

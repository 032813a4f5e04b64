import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import type { DesktopBridge } from '../../src/preload/index.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { endDesktop } from './desktop-end.ts';
import { buildStudio, covis } from './serve.ts';
import { shot } from './studio.ts';

const DISPLAY = ':94';
const LONG = { timeout: 120_000 };

describeWith(['xvfb', 'electron'], 'from nothing, in the desktop', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-start-desktop-'));
  const home = join(folder, 'home');
  const old = join(folder, 'old');
  let xvfb: ChildProcess;
  let app: ElectronApplication;
  let page: Page;

  /** What the next dialog of the system answers. */
  const choose = (path: string): Promise<void> =>
    app.evaluate(({ dialog }, chosen) => {
      dialog.showOpenDialog = (() => Promise.resolve({ canceled: false, filePaths: [chosen] })) as never;
    }, path);

  beforeAll(async () => {
    buildStudio();
    mkdirSync(home);
    covis('import', old, join(SAMPLE, 'pagoda'));
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
    const found = electronBinary();
    if ('missing' in found) throw new Error(found.missing);
    app = await _electron.launch({
      executablePath: found.path,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
        ...[ROOT, '--start', `--user-data-dir=${join(folder, 'user')}`],
      ],
      env: {
        ...(process.env as Record<string, string>),
        DISPLAY,
        COVIS_ENGINE_NODE: process.execPath,
        COVIS_SETTINGS: join(folder, 'person', 'settings.json'),
      },
    });
    page = await app.firstWindow();
  });
  afterAll(async () => {
    await endDesktop(app);
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows where one can begin, and makes a library of models where a dialog says', async () => {
    await page.getByRole('heading', { name: 'Where do you want to begin?' }).waitFor(LONG);
    await shot(page, 'desktop-start');
    await choose(join(SAMPLE, 'castle'));
    await page.getByRole('button', { name: 'Import models…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import: a new library' });
    await dialog.getByText('3D model, 13 photos').waitFor();
    await choose(home);
    await dialog.getByRole('button', { name: 'Choose…' }).click();
    await dialog.getByText(home, { exact: true }).waitFor();
    await dialog.getByLabel('Name').fill('Castle');
    await page.keyboard.press('Enter');
    await page
      .getByRole('dialog', { name: 'Import', exact: true })
      .getByRole('button', { name: 'Import', exact: true })
      .click();
    await page.getByRole('button', { name: 'Show clusters' }).click(LONG);
    await page.locator('.card', { hasText: 'castle' }).waitFor();
    expect(existsSync(join(home, 'Castle', 'library.db'))).toBe(true);
  });

  it('opens another in its place, which the next engine opens again', async () => {
    await choose(old);
    await page.keyboard.press('Control+Shift+O');
    await page.getByRole('button', { name: 'Open library…' }).click();
    await page.locator('.library', { hasText: 'old' }).waitFor(LONG);
    await page.keyboard.press('Control+Shift+O');
    await page.locator('[data-test=recent]', { hasText: 'Castle' }).locator('button.open').click();
    await page.locator('.library', { hasText: 'Castle' }).waitFor(LONG);
    const recent = await app.evaluate(({ Menu }) =>
      Menu.getApplicationMenu()!
        .items.flatMap((i) => i.submenu?.items ?? [])
        .find((i) => i.label === 'Open recent')!
        .submenu!.items.map((i) => i.label),
    );
    expect(recent.slice(0, 2)).toEqual([join(home, 'Castle'), old]);
  });

  it('learns of what is dropped only where the system knows a place for it: a page can name none', async () => {
    const dropped = await page.evaluate(async () => {
      const { covis } = window as unknown as { covis: DesktopBridge };
      const made = new File(['x'], '/etc/passwd');
      Object.defineProperty(made, 'path', { value: '/etc/passwd' });
      return covis.dropped(made);
    });
    expect(dropped).toEqual({ ok: true, data: null });
    await page.evaluate(() => {
      const input = document.createElement('input');
      input.type = 'file';
      input.id = 'chosen';
      document.body.append(input);
    });
    await page.setInputFiles('#chosen', join(SAMPLE, 'castle', 'images', 'castle_01.jpg'));
    const named = await page.evaluate(() => {
      const { covis } = window as unknown as { covis: DesktopBridge };
      return covis.dropped(document.querySelector<HTMLInputElement>('#chosen')!.files![0]!);
    });
    expect(named).toMatchObject({ ok: true, data: { name: 'castle_01.jpg' } });
  });
});

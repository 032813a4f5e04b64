import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { endDesktop } from './desktop-end.ts';
import { prepareLibrary } from './prepare.ts';
import { complaints, shot, walkThrough } from './studio.ts';

const DISPLAY = ':97';

describeWith(['xvfb', 'electron'], 'the studio in an Electron window', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-e2e-'));
  const library = join(folder, 'library');
  let xvfb: ChildProcess;
  let app: ElectronApplication;

  beforeAll(async () => {
    prepareLibrary(library);
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
    const binary = electronBinary();
    if ('missing' in binary) throw new Error(binary.missing);
    app = await _electron.launch({
      executablePath: binary.path,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--use-angle=swiftshader',
        '--enable-unsafe-swiftshader',
        '--ignore-gpu-blocklist',
        ROOT,
        `--library=${library}`,
        `--user-data-dir=${join(folder, 'user')}`,
      ],
      env: { ...(process.env as Record<string, string>), DISPLAY, COVIS_ENGINE_NODE: process.execPath },
    });
  });
  afterAll(async () => {
    await endDesktop(app);
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows and does everything in a sandboxed page', async () => {
    const page = await app.firstWindow();
    const wrong = complaints(page);
    await page.setViewportSize({ width: 1440, height: 850 });
    await walkThrough(page, 'electron');
    expect(wrong).toEqual([]);
    expect(await page.evaluate(() => typeof (globalThis as { require?: unknown }).require)).toBe('undefined');
    expect(page.url()).toMatch(/^covis:\/\/app\//);
    const refused = await page.evaluate(() =>
      (window as never as { covis: { request(r: string, p: unknown): Promise<unknown> } }).covis.request(
        'library.open',
        { path: '/etc' },
      ),
    );
    expect(refused).toMatchObject({ ok: false, error: { code: 'FORBIDDEN_SENDER' } });
  });

  it('starts the engine again when it dies, and says so', async () => {
    const page = await app.firstWindow();
    const killed = spawn('pkill', ['-9', '-f', `engine-process.ts ${library}`]);
    await new Promise((r) => killed.on('exit', r));
    await page.getByText('The engine ended unexpectedly').waitFor();
    await shot(page, 'electron-restart');
    await page.keyboard.press('1');
    await page.locator('.card').first().waitFor();
    await page.locator('.card').first().click();
    await page.locator('.strip .frame').first().waitFor();
  });
});

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { endDesktop } from './desktop-end.ts';
import { buildStudio, covis } from './serve.ts';

const DISPLAY = ':89';
/** For slow machines. */
const LONG = { timeout: 120_000 };
const PLACE = { x: 60, y: 40, width: 1010, height: 720 };

describeWith(['xvfb', 'electron'], 'a desktop that is started again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-again-'));
  const [castle, pagoda] = [join(folder, 'castle'), join(folder, 'pagoda')];
  let xvfb: ChildProcess;
  let app: ElectronApplication | undefined;
  let page: Page;

  async function start(library: string): Promise<ElectronApplication> {
    const found = electronBinary();
    if ('missing' in found) throw new Error(found.missing);
    app = await _electron.launch({
      executablePath: found.path,
      args: [
        ...['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
        ...[ROOT, `--library=${library}`, `--user-data-dir=${join(folder, 'user')}`],
      ],
      env: {
        ...(process.env as Record<string, string>),
        DISPLAY,
        COVIS_ENGINE_NODE: process.execPath,
        COVIS_SETTINGS: join(folder, 'person', 'settings.json'),
      },
      timeout: LONG.timeout,
    });
    page = await app.firstWindow();
    await page.locator('.card').first().waitFor(LONG);
    return app;
  }
  const bounds = (a: ElectronApplication): Promise<typeof PLACE> =>
    a.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.getBounds());

  beforeAll(async () => {
    buildStudio();
    covis('import', castle, join(SAMPLE, 'castle'));
    covis('import', pagoda, join(SAMPLE, 'pagoda'));
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
  }, 300_000);
  afterAll(async () => {
    await endDesktop(app);
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('stands where it stood, and opens a library again from Open recent', async () => {
    const first = await start(pagoda);
    await first.evaluate(({ BrowserWindow }, to) => BrowserWindow.getAllWindows()[0]!.setBounds(to), PLACE);
    await expect.poll(() => bounds(first), LONG).toEqual(PLACE);
    await endDesktop(first);
    const second = await start(castle);
    expect(await bounds(second)).toEqual(PLACE);
    const clicked = await second.evaluate(({ Menu }, path) => {
      const file = Menu.getApplicationMenu()!.items.find((i) => i.label === 'File')!;
      const recent = file.submenu!.items.find((i) => i.label === 'Open recent')!.submenu!.items;
      recent.find((i) => i.label === path)?.click();
      return recent.map((i) => i.label);
    }, pagoda);
    expect(clicked.slice(0, 2)).toEqual([castle, pagoda]);
    await page.locator('.card', { hasText: 'pagoda' }).waitFor(LONG);
    expect(await page.locator('.card', { hasText: 'castle' }).count()).toBe(0);
  }, 400_000);

  it('saves what a page of Covis made, and refuses every other download', async () => {
    await app!.evaluate(({ session }) => {
      const seen = ((globalThis as { downloads?: unknown }).downloads = [] as [string, boolean][]);
      session.defaultSession.on('will-download', (event, item) => {
        seen.push([item.getURL().split(':')[0]!, event.defaultPrevented]);
        event.preventDefault();
      });
    });
    const download = (href: 'blob' | 'data'): Promise<void> =>
      page.evaluate((kind) => {
        const link = document.createElement('a');
        link.href = kind === 'blob' ? URL.createObjectURL(new Blob(['a'])) : 'data:application/octet-stream,a';
        link.download = 'a.txt';
        link.click();
      }, href);
    const seen = (): Promise<unknown> => app!.evaluate(() => (globalThis as never as { downloads: unknown }).downloads);
    await download('data');
    await expect.poll(seen, LONG).toEqual([['data', true]]);
    await download('blob');
    await expect.poll(seen, LONG).toEqual([
      ['data', true],
      ['blob', false],
    ]);
  }, 300_000);
});

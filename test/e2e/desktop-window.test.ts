import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { endDesktop } from './desktop-end.ts';
import { buildStudio, covis } from './serve.ts';
import { shot } from './studio.ts';

const DISPLAY = ':91';
/** For slow machines. */
const LONG = { timeout: 60_000 };

describeWith(['xvfb', 'electron'], 'the window of the desktop', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-window-'));
  const library = join(folder, 'library');
  let xvfb: ChildProcess;
  let app: ElectronApplication;
  let page: Page;

  const ask = (route: string, params: unknown): Promise<{ ok: boolean; data: never }> =>
    page.evaluate(
      ([r, p]) =>
        (window as never as { covis: { request(r: unknown, p: unknown): Promise<never> } }).covis.request(r, p),
      [route, params],
    );
  /** Drops files or folders of the disk onto the middle of the window, as a file manager does. */
  async function drop(...files: string[]): Promise<void> {
    const session = await page.context().newCDPSession(page);
    const at = { x: 700, y: 450, data: { items: [], files, dragOperationsMask: 1 } };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await session.send('Input.dispatchDragEvent', { type, ...at });
    await session.detach();
  }

  beforeAll(async () => {
    buildStudio();
    covis('import', library, join(SAMPLE, 'castle'));
    mkdirSync(join(folder, 'nothing'));
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
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
    });
    page = await app.firstWindow();
    await page.locator('.card').first().waitFor(LONG);
  }, 180_000);
  afterAll(async () => {
    await endDesktop(app);
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('takes a dropped folder by what it is, and asks where that is not plain', async () => {
    await drop(join(SAMPLE, 'pagoda'));
    const question = page.getByRole('dialog', { name: 'pagoda' });
    await question.getByText('It looks like a 3D model with its photos.').waitFor(LONG);
    await shot(page, 'desktop-drop');
    await question.getByRole('button', { name: 'Import it' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import', exact: true });
    await dialog.getByText(join(SAMPLE, 'pagoda')).waitFor();
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('button', { name: 'Show clusters' }).click(LONG);
    await page.locator('.card', { hasText: 'pagoda' }).waitFor(LONG);
    await drop(join(SAMPLE, 'castle', 'images'));
    await page.getByRole('dialog', { name: 'images' }).getByText('It looks like a folder of photos.').waitFor(LONG);
    await page.getByRole('dialog', { name: 'images' }).getByRole('button', { name: 'Find places in it' }).click();
    await page.getByRole('dialog', { name: 'Find places in a folder of photos' }).getByText('13 photos').waitFor();
    await page.keyboard.press('Escape');
    await drop(join(folder, 'nothing'));
    await page
      .getByRole('dialog', { name: 'nothing' })
      .getByText(/holds neither a library nor photos/)
      .waitFor(LONG);
    await page.keyboard.press('Escape');
    expect(page.url()).toMatch(/^covis:\/\/app\//);
  }, 240_000);

  it('says that the graphics process was killed, draws anew, and goes on', async () => {
    await page.locator('.card', { hasText: 'castle' }).click();
    await page.locator('canvas').first().waitFor(LONG);
    // It is said for some seconds, in which a slow machine may not draw.
    await page.evaluate(() => {
      const all = ((window as { said?: string[] }).said = [] as string[]);
      new MutationObserver(() => all.push(document.body.textContent ?? '')).observe(document.body, {
        subtree: true,
        childList: true,
      });
    });
    const graphics = (): Promise<number | undefined> =>
      app.evaluate(({ app: a }) => a.getAppMetrics().find((m) => m.type === 'GPU')?.pid);
    const killed = await graphics();
    process.kill(killed!, 'SIGKILL');
    const said = (): Promise<boolean> =>
      page.evaluate(() =>
        (window as never as { said: string[] }).said.some((t) => t.includes('The graphics process ended')),
      );
    await expect.poll(said, LONG).toBe(true);
    await expect.poll(graphics, LONG).not.toBe(killed);
    await page.getByText('The graphics driver dropped this view').waitFor({ ...LONG, state: 'hidden' });
    await page.keyboard.press('1');
    await page.locator('.card').first().waitFor(LONG);
    expect((await ask('library.current', {})).ok).toBe(true);
  }, 240_000);

  it('shows how far a job is in the task bar, and says when a long one ends that nobody saw', async () => {
    await app.evaluate(({ BrowserWindow, Notification }) => {
      const seen = ((globalThis as { seen?: unknown }).seen = { bar: [] as number[], said: [] as string[] });
      const window = BrowserWindow.getAllWindows()[0]!;
      window.isFocused = () => false;
      window.setProgressBar = (share) => void seen.bar.push(share);
      Notification.isSupported = () => true;
      Notification.prototype.show = function (this: { title: string; body: string }) {
        seen.said.push(`${this.title}: ${this.body}`);
      };
    });
    const seen = (): Promise<{ bar: number[]; said: string[] }> =>
      app.evaluate(() => (globalThis as never as { seen: { bar: number[]; said: string[] } }).seen);
    const { data } = (await ask('jobs.start', { job: { kind: 'train', size: 64, epochs: 1, queriesPerEpoch: 4 } })) as {
      data: { job: number };
    };
    await page.locator('footer strong', { hasText: 'Train' }).waitFor(LONG);
    // As if it had begun an hour ago.
    const db = new Database(join(library, 'library.db'));
    db.prepare("UPDATE job SET started = '2020-01-01T00:00:00.000Z' WHERE id = ?").run(data.job);
    db.close();
    await expect.poll(async () => (await seen()).said, LONG).toHaveLength(1);
    const { bar, said } = await seen();
    expect(said[0]).toMatch(/^Done: /);
    expect(bar.some((share) => share > 0)).toBe(true);
    expect(bar.at(-1)).toBe(-1);
  }, 240_000);

  it('keeps the profile apart from what a person chose', () => {
    const user = join(folder, 'user');
    expect(readdirSync(user)).toContain('state.json');
    expect(existsSync(join(user, 'profile'))).toBe(true);
    for (const of of ['Cache', 'Local Storage', 'Network Persistent State'])
      expect(existsSync(join(user, of)), of).toBe(false);
  });

  it('has about, licences and the log in Help, and what the page does in File', async () => {
    const labels = await app.evaluate(({ Menu }) =>
      Object.fromEntries(
        Menu.getApplicationMenu()!.items.map((i) => [i.label, i.submenu?.items.map((s) => s.label) ?? []]),
      ),
    );
    expect(labels['Help']).toEqual(
      expect.arrayContaining(['About this machine', 'Log', 'Show the log folder', 'Licences', 'About Covis']),
    );
    expect(labels['File']).toEqual(
      expect.arrayContaining(['New library…', 'Restore a backup…', 'Check the library…', 'Back up the library…']),
    );
    expect(existsSync(join(ROOT, 'THIRD_PARTY_NOTICES.md'))).toBe(true);
    const choose = (menu: string, item: string): Promise<void> =>
      app.evaluate(
        ({ Menu }, [m, i]) =>
          Menu.getApplicationMenu()!
            .items.find((x) => x.label === m)!
            .submenu!.items.find((x) => x.label === i)!
            .click(),
        [menu, item] as const,
      );
    await choose('Help', 'About this machine');
    const machine = page.getByRole('dialog', { name: 'About this machine' });
    await machine.getByText('Computes on CPU').first().waitFor(LONG);
    await shot(page, 'desktop-machine');
    await page.keyboard.press('Escape');
    await choose('File', 'Check the library…');
    await page
      .getByRole('dialog', { name: 'Check the library' })
      .getByRole('button', { name: 'Check', exact: true })
      .click();
    await page.getByRole('status').getByText('The library is whole.').waitFor(LONG);
  }, 120_000);
});

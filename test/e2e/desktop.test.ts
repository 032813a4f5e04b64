import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { endDesktop } from './desktop-end.ts';
import { buildStudio, covis } from './serve.ts';
import { shot } from './studio.ts';

const DISPLAY = ':96';

describeWith(['xvfb', 'electron'], 'a desktop that people leave open', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-desktop-'));
  const [first, second, damaged] = ['first', 'second', 'damaged'].map((n) => join(folder, n)) as [
    string,
    string,
    string,
  ];
  let xvfb: ChildProcess;
  let app: ElectronApplication;
  let binary: string;

  function args(library?: string): string[] {
    return [
      '--no-sandbox',
      '--disable-gpu',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      ROOT,
      ...(library === undefined ? [] : [`--library=${library}`]),
      `--user-data-dir=${join(folder, 'user')}`,
    ];
  }
  const env = { ...(process.env as Record<string, string>), DISPLAY, COVIS_ENGINE_NODE: process.execPath };
  const launch = (library?: string): Promise<ElectronApplication> =>
    _electron.launch({ executablePath: binary, args: args(library), env });
  /** Starts Covis once more, as from a file manager. @returns how it ended. */
  const startAgain = (library?: string): Promise<number | null> =>
    new Promise((done) => spawn(binary, args(library), { env, stdio: 'ignore' }).on('exit', (code) => done(code)));
  const kept = (): { libraries: string[]; bounds: { width: number } } =>
    JSON.parse(readFileSync(join(folder, 'user', 'state.json'), 'utf8')) as ReturnType<typeof kept>;
  const ask = (page: Page, route: string, params: unknown): Promise<{ ok: boolean; data: unknown }> =>
    page.evaluate(
      ([r, p]) =>
        (window as never as { covis: { request(r: unknown, p: unknown): Promise<never> } }).covis.request(r, p),
      [route, params],
    );
  const openNow = async (page: Page): Promise<unknown> =>
    ((await ask(page, 'library.current', {})).data as { path: string } | null)?.path;
  /** Answers the next questions by the button of this number, and tells what was asked. */
  const answerQuestions = (button: number): Promise<void> =>
    app.evaluate(({ dialog }, response) => {
      const asked: string[] = ((globalThis as { asked?: string[] }).asked = []);
      dialog.showMessageBox = ((...given: unknown[]) => {
        asked.push((given.at(-1) as { message: string }).message);
        return Promise.resolve({ response, checkboxChecked: false });
      }) as never;
    }, button);
  const asked = (): Promise<string[]> => app.evaluate(() => (globalThis as { asked?: string[] }).asked ?? []);

  beforeAll(async () => {
    buildStudio();
    covis('import', first, join(SAMPLE, 'castle'), join(SAMPLE, 'pagoda'), join(SAMPLE, 'lighthouse'));
    covis('init', second);
    covis('init', damaged);
    writeFileSync(join(damaged, 'library.db'), 'no database');
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
    const found = electronBinary();
    if ('missing' in found) throw new Error(found.missing);
    binary = found.path;
    app = await launch(first);
  });
  afterAll(async () => {
    await endDesktop(app);
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('hands what it is asked for to the window that is open', async () => {
    const page = await app.firstWindow();
    await page.locator('.card').first().waitFor();
    expect(await startAgain()).toBe(0);
    expect(await openNow(page)).toBe(first);
    expect(await startAgain(second)).toBe(0);
    await expect.poll(() => openNow(page), { timeout: 20_000 }).toBe(second);
    expect(kept().libraries).toEqual([second, first]);
    expect(await startAgain(first)).toBe(0);
    await expect.poll(() => openNow(page), { timeout: 20_000 }).toBe(first);
    expect(app.windows()).toHaveLength(1);
    // What cannot be opened is said, and what is open stays.
    await answerQuestions(0);
    expect(await startAgain(damaged)).toBe(0);
    await expect.poll(asked, { timeout: 20_000 }).toHaveLength(1);
    expect(await openNow(page)).toBe(first);
  });

  it('grants no permission and follows no address out', async () => {
    const page = await app.firstWindow();
    const states = await page.evaluate(async () => {
      const names = [
        'geolocation',
        'notifications',
        'camera',
        'microphone',
        'midi',
        'clipboard-read',
        'persistent-storage',
      ];
      const all = await Promise.all(
        names.map((name) => navigator.permissions.query({ name: name as PermissionName }).then((p) => p.state)),
      );
      return [...new Set(all)];
    });
    expect(states).toEqual(['denied']);
    await page.evaluate(() => {
      location.href = 'https://example.org/';
    });
    expect(await page.evaluate(() => window.open('https://example.org/'))).toBeNull();
    expect(page.url()).toMatch(/^covis:\/\/app\//);
    expect(app.windows()).toHaveLength(1);
  });

  it('loads a page again whose process died, where it was, and says so', async () => {
    const page = await app.firstWindow();
    await page.keyboard.press('5');
    await expect.poll(() => page.url()).not.toMatch(/clusters$/);
    const before = page.url();
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer());
    // A page that is being loaded may never answer.
    const text = (): Promise<string> =>
      app.evaluate(
        ({ BrowserWindow }) =>
          Promise.race([
            BrowserWindow.getAllWindows()[0]!.webContents.executeJavaScript('document.body.innerText'),
            new Promise((done) => setTimeout(() => done(''), 1000)),
          ]).catch(() => '') as Promise<string>,
      );
    await expect.poll(text, { timeout: 30_000 }).toContain('The page ended unexpectedly');
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.getURL())).toBe(
      before,
    );
    await endDesktop(app);
    app = await launch();
    expect(await openNow(await app.firstWindow())).toBe(first);
  });

  it('asks before a job is stopped, keeps its place, and ends', async () => {
    const page = await app.firstWindow();
    await page.locator('section.view').waitFor();
    await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]!.setBounds({ x: 20, y: 30, width: 1111, height: 777 }),
    );
    // It goes on for as long as nobody stops it.
    const started = await ask(page, 'jobs.start', { job: { kind: 'train', size: 64, epochs: 900 } });
    expect(started).toMatchObject({ ok: true });
    await page.locator('footer strong', { hasText: 'Train' }).waitFor();
    await answerQuestions(0);
    await app.evaluate(({ app: a }) => a.quit());
    await expect.poll(asked, { timeout: 20_000 }).toHaveLength(1);
    expect((await asked())[0]).toMatch(/is running$/);
    expect(await openNow(page)).toBe(first);
    await answerQuestions(1);
    const gone = new Promise<void>((done) => app.process().on('exit', () => done()));
    await app.evaluate(({ app: a }) => a.quit());
    await gone;
    expect(kept().bounds.width).toBe(1111);
    app = await launch(damaged);
  });

  it('offers repair or another choice where the library is damaged, and locks nobody out', async () => {
    const page = await app.firstWindow();
    await page.locator('[data-test=unopened]').waitFor();
    for (const [width, height] of [
      [1440, 850],
      [1024, 700],
    ] as const)
      for (const scheme of ['dark', 'light'] as const) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme: scheme });
        await shot(page, `desktop-unopened-${width}-${scheme}`);
      }
    expect(await page.getByText('No library is open').count()).toBe(0);
    await page.getByRole('button', { name: 'Check and repair' }).click();
    await page.getByText('The repair said').waitFor({ timeout: 60_000 });
    await shot(page, 'desktop-unrepaired');
    expect(readFileSync(join(damaged, 'library.db'), 'utf8')).toBe('no database');
    await app.evaluate(({ dialog }, path) => {
      dialog.showOpenDialog = (() => Promise.resolve({ canceled: false, filePaths: [path] })) as never;
    }, first);
    await page.getByRole('button', { name: 'Open another' }).click();
    await page.locator('.card').first().waitFor();
    await endDesktop(app);
    app = await launch();
    expect(await openNow(await app.firstWindow())).toBe(first);
  });
});

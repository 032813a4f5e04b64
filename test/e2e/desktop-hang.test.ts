import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { electronBinary } from '../../src/main/cli/commands/studio.ts';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { launchUnwatched, type UnwatchedDesktop } from './main-process.ts';
import { buildStudio, covis } from './serve.ts';

const DISPLAY = ':88';
/** For slow machines; Chromium itself waits many seconds before it calls a page hung. */
const LONG = { timeout: 120_000, interval: 250 };

/** What the stubbed dialog of the main process keeps. */
interface Questions {
  asked: { message: string; buttons: string[]; withdrawn: boolean }[];
  answer: ((button: number) => void) | undefined;
}

describeWith(['xvfb', 'electron'], 'a page of the desktop that hangs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-hang-'));
  const library = join(folder, 'castle');
  let xvfb: ChildProcess;
  let app: UnwatchedDesktop;

  /** Has the page run an expression. @returns undefined where it does not answer within a second, as one that hangs does not. */
  const inPage = (expression: string): Promise<unknown> =>
    app.evaluate(
      ({ BrowserWindow }, text) =>
        Promise.race([
          BrowserWindow.getAllWindows()[0]!
            .webContents.executeJavaScript(text)
            .catch(() => undefined),
          new Promise((done) => setTimeout(() => done(undefined), 1000)),
        ]) as Promise<unknown>,
      expression,
    );
  const questions = (): Promise<Questions['asked']> =>
    app.evaluate(() => (globalThis as never as { questions: Questions }).questions.asked);
  const answer = (button: number): Promise<void> =>
    app.evaluate((_, b) => (globalThis as never as { questions: Questions }).questions.answer?.(b), button);
  /** Keeps the page's only thread busy for so long, and has a person press a key meanwhile. */
  const hang = (milliseconds: number): Promise<void> =>
    app.evaluate(({ BrowserWindow }, ms) => {
      const page = BrowserWindow.getAllWindows()[0]!.webContents;
      page
        .executeJavaScript(`(() => { const end = Date.now() + ${ms}; while (Date.now() < end); })()`)
        .catch(() => undefined);
      const press = (type: 'keyDown' | 'keyUp'): void => page.sendInputEvent({ type, keyCode: 'F8' });
      setTimeout(() => (press('keyDown'), press('keyUp')), 500);
    }, milliseconds);
  const cards = (): Promise<unknown> => inPage('document.querySelectorAll(".card").length');
  const logs = join(folder, 'logs');

  beforeAll(async () => {
    buildStudio();
    covis('import', library, join(SAMPLE, 'castle'));
    xvfb = spawn('Xvfb', [DISPLAY, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' });
    await new Promise((r) => setTimeout(r, 1500));
    process.env['DISPLAY'] = DISPLAY;
    const found = electronBinary();
    if ('missing' in found) throw new Error(found.missing);
    app = await launchUnwatched(
      found.path,
      [
        ...['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist'],
        ...[ROOT, `--library=${library}`, `--user-data-dir=${join(folder, 'user')}`],
      ],
      {
        ...process.env,
        DISPLAY,
        COVIS_ENGINE_NODE: process.execPath,
        COVIS_SETTINGS: join(folder, 'person', 'settings.json'),
        COVIS_LOGS: logs,
      },
    );
    await vi.waitFor(async () => expect(await cards()).toBe(1), LONG);
    await app.evaluate(({ dialog }) => {
      const kept: Questions = ((globalThis as { questions?: Questions }).questions = { asked: [], answer: undefined });
      dialog.showMessageBox = ((_window: unknown, o: Electron.MessageBoxOptions) =>
        new Promise((done) => {
          const question = { message: o.message, buttons: o.buttons ?? [], withdrawn: false };
          kept.asked.push(question);
          kept.answer = (response) => done({ response, checkboxChecked: false });
          // As Electron's own does.
          o.signal?.addEventListener('abort', () => {
            question.withdrawn = true;
            done({ response: o.cancelId ?? 0, checkboxChecked: false });
          });
        })) as never;
    });
  }, 300_000);
  afterAll(async () => {
    await app?.end();
    xvfb?.kill();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('is noticed, and the question goes when the page answers again', async () => {
    await inPage('window.stayed = true');
    await hang(30_000);
    await expect.poll(questions, LONG).toHaveLength(1);
    expect((await questions())[0]).toEqual({
      message: 'The page does not answer',
      buttons: ['Wait', 'Load it again'],
      withdrawn: false,
    });
    expect(await cards()).toBeUndefined();
    await expect.poll(async () => (await questions())[0]?.withdrawn, LONG).toBe(true);
    await expect.poll(cards, LONG).toBe(1);
    // It is the same page, which nobody loaded again.
    expect(await inPage('window.stayed === true')).toBe(true);
    expect(readFileSync(join(logs, 'covis.log'), 'utf8')).toContain('The page does not answer');
  }, 300_000);

  it('is waited for by whoever says so, and stays as it is', async () => {
    await hang(30_000);
    await expect.poll(questions, LONG).toHaveLength(2);
    await answer(0);
    await expect.poll(cards, LONG).toBe(1);
    expect(await inPage('window.stayed === true')).toBe(true);
  }, 300_000);

  it('is loaded again by whoever says so, however long it would hang, and says what happened', async () => {
    const before = (await questions()).length;
    await hang(3_600_000);
    await expect.poll(async () => (await questions()).length, LONG).toBe(before + 1);
    await answer(1);
    await expect.poll(cards, LONG).toBe(1);
    expect(await inPage('window.stayed === true')).toBe(false);
    await expect
      .poll(() => inPage('document.body.innerText'), LONG)
      .toContain('The page ended unexpectedly (crashed) and was loaded again');
  }, 300_000);
});

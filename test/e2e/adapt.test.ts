import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

describeWith(['chromium'], 'adapting in the studio', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-adapt-'));
  const library = join(folder, 'library');
  let server: ChildProcess;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  beforeAll(async () => {
    buildStudio();
    covis('import', library, ...['castle', 'pagoda', 'lighthouse', 'windmill'].map((n) => join(SAMPLE, n)));
    const served = await serveLibrary(library);
    server = served.server;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    wrong = complaints(page);
    await page.goto(served.url);
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    const ended = once(server, 'exit');
    server.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  it('starts by its button, is stopped, reports what came of it, and is undone', { timeout: 180_000 }, async () => {
    await page.click('nav >> text=Adapt');
    await page.getByText('Let search learn from your photos').waitFor();
    await page.click('[data-test=adapt-start]');
    await page.getByText('what each step did is kept').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Cancel' }).first().click();
    await page.getByText('what each step did is kept').waitFor({ state: 'detached', timeout: 60_000 });
    await page.getByText('Let search learn from your photos').waitFor();

    // The same job, as small as it gets: hours are no test.
    covis('adapt', library, '--size', '64', '--epochs', '1', '--tuples', '4', '--folds', '1', '--backend', 'cpu');
    await page.reload();
    const said = page.locator('[data-test=adapt-said]');
    await said.waitFor({ timeout: 60_000 });
    // Whitening lifts the sample far beyond its interval on every machine.
    expect(await said.innerText()).toMatch(
      /Search takes .* now: .* mAP of new photos of known places changes by \+\d+\.\d points /,
    );
    const figure = page.locator('[data-test=adapt-new-photos]');
    expect(await figure.innerText()).toMatch(/learned in each of 1 fold on the photos that were not held out alone/);
    expect(await page.locator('[data-test^=bar-]').count()).toBeGreaterThanOrEqual(6);
    await shot(page, 'adapt-report');

    await page.click('[data-test=adapt-undo]');
    await said.getByText(/Search takes .* again; .* stays in the library/).waitFor({ timeout: 60_000 });
    expect(wrong).toEqual([]);
  });
});

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';
import { buildStudio, covis, covisWith, serveLibrary } from './serve.ts';
import { complaints, shot } from './studio.ts';

describeWith(['chromium'], 'training in the studio', () => {
  const folder = mkdtempSync(join(tmpdir(), 'covis-train-'));
  let server: ChildProcess;
  /** Sends a little of whatever is asked for, then loses the connection. */
  let mirror: Server;
  let browser: Browser;
  let page: Page;
  let wrong: string[];

  beforeAll(async () => {
    buildStudio();
    const library = join(folder, 'library');
    const scenes = ['castle', 'pagoda', 'lighthouse', 'windmill', 'factory', 'arch'].map((n) => join(SAMPLE, n));
    covis('import', library, ...scenes);
    mirror = createServer((_, response) => {
      response.writeHead(200, { 'content-length': 4_956_208 });
      response.write(Buffer.alloc(1_500_000), () => setTimeout(() => response.destroy(), 500));
    });
    await new Promise<void>((ready) => mirror.listen(0, '127.0.0.1', ready));
    const env = {
      COVIS_NETWORKS: join(folder, 'networks'),
      COVIS_MIRROR: `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/`,
    };
    covisWith(env, 'networks', 'add', join(ROOT, 'test', 'fixtures', 'mobilenet.onnx'), '--name', 'Tiny backbone');
    const served = await serveLibrary(library, { env });
    server = served.server;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-quic'] });
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    wrong = complaints(page);
    await page.goto(served.url);
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    server.kill();
    mirror.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows what a recipe says, what computes, stops and resumes a run', { timeout: 180_000 }, async () => {
    await page.click('nav >> text=Train');
    const preset = page.locator('[data-test=train-preset]');
    await preset.selectOption('eccv16-mac-vgg');
    await page.getByText('Published with VGG16').waitFor();
    expect(await page.locator('[data-test=train-pooling]').inputValue()).toBe('mac');
    expect(await page.getByLabel('Learning rate').inputValue()).toBe('0.001');
    await preset.selectOption('small');
    expect(await page.getByLabel('Learning rate').inputValue()).toBe('0.00001');
    expect(await page.getByLabel('Margin').inputValue()).toBe('');
    await page.getByLabel('Epochs').fill('3');
    await page.getByLabel('Tuples of an epoch').fill('40');
    await page.getByLabel('Size').fill('160');
    await page.locator('[data-test=train-backend]').selectOption('cpu');
    await page.getByRole('button', { name: 'Train', exact: true }).click();
    await page.locator('.now', { hasText: 'Training, epoch 1' }).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Stop and keep' }).click();
    const resume = page.locator('[data-test=train-resume]');
    await resume.waitFor({ timeout: 60_000 });
    // What a person typed stays while runs come and go.
    expect(await page.getByLabel('Tuples of an epoch').inputValue()).toBe('40');
    await shot(page, 'train-stopped');
    await resume.click();
    await page.locator('.table tbody tr').nth(2).waitFor({ timeout: 120_000 });
    expect(await page.locator('[data-test=train-device]').textContent()).toMatch(/ONNX Runtime, CPU/);
    await resume.waitFor({ state: 'detached', timeout: 60_000 });
    await page.locator('[data-test=train-whiten]').click();
    const whitening = page.locator('[data-test=whitening]');
    await whitening.waitFor({ timeout: 60_000 });
    expect(await whitening.textContent()).toMatch(/256 → 256.*pairs, \d+ photos, 320 px,\s+one scale, shrunk by 0\.1/s);
    await page.setViewportSize({ width: 1024, height: 700 });
    await shot(page, 'train-resumed-small');
    await page.setViewportSize({ width: 1440, height: 900 });
    expect(wrong).toEqual([]);
  });

  it('adds a backbone that is here, and says what a download that was cut short has', { timeout: 60_000 }, async () => {
    await page.click('nav >> text=Train');
    await page.locator('[data-test=networks]').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('In this library').waitFor();
    const before = await dialog.locator('[data-test=own-network]').count();
    expect(await dialog.locator('li', { hasText: 'VGG16' }).textContent()).toMatch(/Apache-2\.0.*553\.4 MB/s);
    await dialog.locator('[data-test=backbone-pooling]').selectOption('rmac');
    await dialog.locator('[data-test=backbone-mobilenet]').getByRole('button', { name: 'Add' }).click();
    await dialog.locator('[data-test=own-network]').nth(before).waitFor();
    expect(await dialog.locator('[data-test=own-network]').first().textContent()).toContain('Tiny backbone R-MAC');
    const squeezenet = dialog.locator('[data-test="backbone-squeezenet1.1-7"]');
    await squeezenet.getByRole('button', { name: 'Download and add' }).click();
    await squeezenet.getByRole('button', { name: 'Go on at 1.5 MB' }).waitFor();
    await page.getByText(/Add squeezenet1\.1-7 failed: The download from 127\.0\.0\.1/).waitFor();
    await shot(page, 'networks');
    await page.setViewportSize({ width: 1024, height: 700 });
    await shot(page, 'networks-small');
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    const start = page.locator('[data-test=train-network]');
    expect(await start.locator('option').allTextContents()).toContain('Tiny backbone R-MAC');
    expect(wrong).toEqual([]);
  });

  it('runs the ladder and shows its bars, their spread, and a table to save', { timeout: 240_000 }, async () => {
    await page.click('nav >> text=Measure');
    await page.getByRole('tab', { name: 'Components' }).click();
    await page.getByText('What does each component bring?').waitFor();
    await page.getByLabel('Seeds').fill('2');
    await page.getByLabel('Epochs').fill('1');
    await page.getByLabel('Tuples').fill('5');
    await page.locator('[data-test=ladder-start]').click();
    await page.locator('[data-test=ladder-gem] .rung').first().waitFor({ timeout: 200_000 });
    for (const pooling of ['mac', 'gem']) {
      const rungs = page.locator(`[data-test=ladder-${pooling}] .rung:not(.axis)`);
      expect(await rungs.count()).toBe(6);
      expect(await rungs.first().locator('.dot').count()).toBe(2);
      expect(await rungs.nth(5).textContent()).toMatch(/learned whitening.*± \d+\.\d{2}/s);
    }
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Table' }).click();
    const table = readFileSync(await (await download).path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(table).toHaveLength(13);
    expect(table[0]).toBe('component,pooling,whitening,mean,std,seed 0,seed 1');
    await shot(page, 'ladder');
    await page.setViewportSize({ width: 1024, height: 700 });
    await shot(page, 'ladder-small');
    expect(wrong).toEqual([]);
  });
});

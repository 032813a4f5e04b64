import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { covis } from './furnish.ts';
import { settle } from './places.ts';
import { served } from './serve.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SAMPLE = join(ROOT, 'resources', 'sample');
const SIZE = { width: 1280, height: 800 };
const WAIT = { timeout: 120_000 };

/**
 * Takes the pictures of docs/tour.md, from the start page to a collection.
 * @param given a library of the sample with a trained network. A copy of it gets a collection and is prepared for drawing.
 */
export async function tour(browser: Browser, given: string, folder: string, out: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const page = await browser.newPage({ viewport: SIZE, colorScheme: 'dark', reducedMotion: 'reduce' });
  async function keep(name: string): Promise<void> {
    await settle(page);
    await page.mouse.move(0, 0);
    await page.waitForTimeout(400);
    await sharp(await page.screenshot())
      .webp({ quality: 82, effort: 6 })
      .toFile(join(out, `${name}.webp`));
  }

  // A home folder with photos of some places.
  const home = join(tmpdir(), 'home');
  if (existsSync(home)) throw new Error(`${home} is there already; the pictures would show what is in it`);
  const photos = join(home, 'Pictures', 'Town');
  mkdirSync(photos, { recursive: true });
  for (const place of readdirSync(SAMPLE, { withFileTypes: true }).filter((e) => e.isDirectory()))
    cpSync(join(SAMPLE, place.name, 'images'), photos, { recursive: true });
  const start = await served(folder, ['--root', home]);
  await page.goto(start.url);
  await page.getByRole('heading', { name: 'Where do you want to begin?' }).waitFor(WAIT);
  await keep('1-start');
  await page.getByRole('button', { name: 'Find places in a folder…' }).click();
  await page.getByRole('row', { name: /^Pictures/ }).click(WAIT);
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /^Town/ }).click(WAIT);
  await keep('2-folder');
  start.stop();
  rmSync(home, { recursive: true });

  const collection = 'One of each place';
  const library = join(folder, 'Town');
  cpSync(given, library, { recursive: true });
  covis('extract', library, '--domain', 'edges');
  covis('quality', library);
  covis('collection', 'select', library, collection, '--by', 'stratified', '--n', '16');
  covis('collection', 'set', library, collection, 'title', collection);
  const { url, stop } = await served(folder, [library]);
  await page.goto(url);
  await page.locator('.card img').first().waitFor(WAIT);
  await keep('3-places');
  await model(page);
  await keep('4-model');
  await page.goto(`${new URL(url).origin}/tuples`);
  await page.locator('canvas[data-points]').waitFor(WAIT);
  await keep('5-pairs');
  await page.goto(`${new URL(url).origin}/train`);
  await page.locator('.view h2').first().waitFor(WAIT);
  await keep('6-train');
  await page.goto(`${new URL(url).origin}/search`);
  await page.locator('.samples .sample').nth(2).click(WAIT);
  await page.locator('.tile.positive').first().waitFor(WAIT);
  await keep('7-search');
  await draw(page, new URL(url).origin);
  await keep('8-draw');
  await page.goto(`${new URL(url).origin}/collections`);
  await page.locator('.collections .entry').first().click(WAIT);
  await page.locator('.kit-grid [role=option]').nth(3).click(WAIT);
  await page.locator('[data-test=provenance]').waitFor(WAIT);
  await keep('9-collection');
  stop();
  await page.close();
}

async function model(page: Page): Promise<void> {
  await page.locator('.card', { hasText: 'castle' }).first().click(WAIT);
  await page.locator('.strip .frame').nth(3).click(WAIT);
  await page.locator('.badge.query').waitFor(WAIT);
}

type Point = readonly [x: number, y: number];
/** A windmill: a tapered tower, its cap, two pairs of sails. */
const WINDMILL: readonly (readonly [Point, ...Point[]])[] = [
  [
    [0.38, 0.95],
    [0.43, 0.45],
    [0.57, 0.45],
    [0.62, 0.95],
    [0.38, 0.95],
  ],
  [
    [0.43, 0.45],
    [0.5, 0.36],
    [0.57, 0.45],
  ],
  [
    [0.2, 0.15],
    [0.8, 0.75],
  ],
  [
    [0.8, 0.15],
    [0.2, 0.75],
  ],
];

async function draw(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/draw`);
  const box = (await page.locator('[data-test=paper]').boundingBox(WAIT))!;
  const at = ([x, y]: Point): [number, number] => [box.x + x * box.width, box.y + y * box.height];
  for (const line of WINDMILL) {
    await page.mouse.move(...at(line[0]));
    await page.mouse.down();
    for (const point of line.slice(1)) await page.mouse.move(...at(point), { steps: 8 });
    await page.mouse.up();
  }
  await page.locator('[data-test=draw-summary]').waitFor(WAIT);
}

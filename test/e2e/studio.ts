import { expect } from 'vitest';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { ROOT } from '../support/programs.ts';
import { SAMPLE } from '../support/small-library.ts';

const SHOTS = join(ROOT, 'test-output');

/** Keeps a screenshot for people to look at. */
export async function shot(page: Page, name: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** Waits until the code of all views is there, which comes when there is time: they can then be gone to without a server. */
export async function viewsAreThere(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByType('resource').some((r) => /JobsView.*js/.test(r.name)));
  await page.waitForLoadState('networkidle');
}

/** Collects what the page complains about. */
export function complaints(page: Page): string[] {
  const all: string[] = [];
  page.on('pageerror', (e) => all.push(e.message));
  page.on('console', (m) => {
    if (m.type() === 'error') all.push(`${m.text()} ${m.location().url}`);
  });
  return all;
}

/** How many pixels of the 3D canvas differ from its corner: nothing drawn gives 0. */
async function drawnPixels(page: Page): Promise<number> {
  const png = await page.locator('canvas').first().screenshot();
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  let n = 0;
  for (let i = 0; i < data.length; i += info.channels) {
    if (Math.abs(data[i]! - data[0]!) + Math.abs(data[i + 1]! - data[1]!) + Math.abs(data[i + 2]! - data[2]!) > 30)
      n += 1;
  }
  return n;
}

/** Drops a file onto the view, as from a file manager. */
async function dropPhoto(page: Page, file: string): Promise<void> {
  await page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], 'dropped.jpg', { type: 'image/jpeg' }));
    document
      .querySelector('section.view')!
      .dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }));
  }, readFileSync(file).toString('base64'));
}

/** Waits until the tuple at this place of the list, counted from 1, is shown. */
export function placed(page: Page, place: number): Promise<void> {
  return page.locator('[title="Its place in the list"]', { hasText: new RegExp(`^${place} of `) }).waitFor();
}

/** Goes through all views as a person would, on a library of the sample's first five places with one trained network. */
export async function walkThrough(page: Page, label: string): Promise<void> {
  // Clusters: cards with a photo that is really there.
  await page.locator('.card').first().waitFor();
  expect(await page.locator('.card').count()).toBe(5);
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll<HTMLImageElement>('.card img')].filter((i) => i.complete && i.naturalWidth > 0)
        .length >= 5,
  );
  await shot(page, `${label}-clusters`);

  // The 3D model: drawn, and a picked camera says what it shares with which.
  await page.locator('.card', { hasText: 'castle' }).click();
  await page.locator('.strip .frame').first().waitFor();
  await expect.poll(() => drawnPixels(page), { timeout: 30_000 }).toBeGreaterThan(500);
  await page.locator('.strip .frame').nth(3).click();
  await page.locator('.badge.query').waitFor();
  expect(Number((await page.locator('.badge.number').first().innerText()).replaceAll(',', ''))).toBeGreaterThan(10);
  await page.locator('aside h2', { hasText: 'castle_' }).waitFor();
  await shot(page, `${label}-cluster`);
  await page.keyboard.press('Escape');

  // Tuples: a list, keys, shared points over both photos.
  await page.keyboard.press('2');
  await page.locator('.list .row').first().waitFor();
  await page.locator('canvas[data-points]').waitFor();
  await page.keyboard.press('j');
  await placed(page, 2);
  await page.waitForFunction(
    () => Number(document.querySelector('canvas[data-points]')?.getAttribute('data-points')) >= 30,
  );
  expect(await page.locator('figure button.negative').count()).toBeGreaterThan(0);
  await shot(page, `${label}-tuples`);

  // Search: from a photo of the library, true ones marked.
  await page.keyboard.press('4');
  await page.locator('.samples .sample').first().click();
  await page.locator('.tile.query').first().waitFor();
  await page.locator('.tile.positive').first().waitFor();
  expect(await page.locator('.tile.other').count()).toBeGreaterThan(0);
  expect(await page.locator('[data-test=results] figcaption').first().innerText()).toMatch(/^1\s+1\.000/);
  await page.locator('[data-test=results] .cell').nth(1).click();
  await shot(page, `${label}-search`);

  // Why two photos match, place by place.
  await page.keyboard.press('h');
  await page.getByRole('dialog').getByText('the sum of either map').waitFor();
  expect(
    await page
      .getByRole('dialog')
      .locator('canvas')
      .first()
      .evaluate((c: HTMLCanvasElement) => c.width),
  ).toBeGreaterThan(3);
  await shot(page, `${label}-why`);
  await page.keyboard.press('Escape');

  // A second method beside it, moved ranks joined by lines.
  await page.locator('[data-test=against]').selectOption('cg');
  await page.locator('.compared svg path').first().waitFor({ state: 'attached' });
  expect(await page.locator('.compared .column').count()).toBe(2);
  await shot(page, `${label}-compare`);
  await page.locator('[data-test=against]').selectOption('');

  // A part of the photo asks alone, and the address remembers it.
  await drawRectangle(page, '[data-test=query-photo]', [0.2, 0.2, 0.8, 0.7]);
  await page.getByText('A part asks').waitFor();
  expect(page.url()).toContain('crop=');
  await page.locator('[data-test=results] .cell').first().waitFor();
  await page.getByRole('button', { name: 'Whole photo' }).click();
  await page.locator('.tile.positive').first().waitFor();

  // Search: with a photo from outside.
  await page.locator('input[type=file]').setInputFiles(join(SAMPLE, 'castle', 'images', 'castle_02.jpg'));
  await page.locator('[data-test=results] figure', { hasText: 'castle' }).first().waitFor();

  // Search: with a photo dropped in; it is shown again after a reload.
  await dropPhoto(page, join(SAMPLE, 'pagoda', 'images', 'pagoda_02.jpg'));
  await page.locator('[data-test=results] .cell').first().locator('figcaption', { hasText: 'pagoda' }).waitFor();
  await page.reload();
  await page.locator('[data-test=results] .cell').first().locator('figcaption', { hasText: 'pagoda' }).waitFor();
  await page.waitForFunction(
    () => (document.querySelector<HTMLImageElement>('[data-test=query-photo] img')?.naturalWidth ?? 0) > 0,
  );

  // Manifold: two rankings of a photo, the graph around it, a step along it and back.
  await page.keyboard.press('5');
  await page.locator('.starts .grid button').first().click();
  await page.locator('.graph .node.query').waitFor();
  // The two rankings are drawn after the graph, one after the other.
  await page.locator('section.euclidean .tile').first().waitFor();
  await page.locator('section.manifold .tile').first().waitFor();
  expect(await page.locator('section.euclidean .tile').count()).toBeGreaterThan(5);
  expect(await page.locator('section.manifold .tile').count()).toBeGreaterThan(0);
  const standing = page.url();
  await page.locator('.graph .node:not(.query)').first().click();
  await page.waitForFunction((before) => location.href !== before, standing);
  await page.locator('.graph .node.query').waitFor();
  await shot(page, `${label}-manifold`);
  await page.goBack();
  await page.waitForFunction((before) => location.href === before, standing);
  await page.keyboard.press('Escape');

  // Map: laid out here, a lasso selects, a field colours.
  await page.keyboard.press('6');
  await page.locator('[data-test=make-map]').click();
  await page.locator('[data-test=map]').waitFor({ timeout: 60_000 });
  await page.waitForTimeout(500);
  await page.keyboard.press('f');
  await drawRectangle(page, '[data-test=map]', [0.01, 0.01, 0.99, 0.99], true);
  await page.locator('[data-test=lassoed]').waitFor();
  expect(Number((await page.locator('[data-test=lassoed] strong').first().innerText()).split(' ')[0])).toBeGreaterThan(
    50,
  );
  // It stands in the address: a reload finds it again, without what was let go of.
  const under = await page.locator('[data-test=lassoed] strong').first().innerText();
  const many = Number(under.split(' ')[0]);
  await page
    .locator('[data-test=lassoed] [role=option]')
    .nth(1)
    .click({ modifiers: ['Control'] });
  const fewer = page.locator('[data-test=chosen-photos] strong', { hasText: `${many - 1} photos chosen` });
  await fewer.waitFor();
  await page.waitForFunction(() => /[?&]lasso=/.test(location.href) && /[?&]photos=/.test(location.href));
  await page.reload();
  await page.locator('[data-test=lassoed] strong', { hasText: under }).waitFor();
  await fewer.waitFor();
  await page.locator('[data-test=map]').waitFor();
  await page.getByLabel('Colour').selectOption('Points seen');
  await shot(page, `${label}-map`);

  // Measure: two methods under the geometry's protocol; a cell opens its curve and its queries, and a query its search.
  await page.keyboard.press('7');
  await page.getByText('Nothing measured yet').waitFor();
  await page.locator('[data-test=measure]').click();
  await page.locator('[data-test=matrix] tbody tr').nth(3).waitFor({ timeout: 90_000 });
  await page.locator('[data-test=matrix] .cell').first().click();
  await page.locator('[data-test=queries] .row').first().waitFor();
  await page
    .locator('[data-test=matrix] tbody tr')
    .nth(2)
    .locator('.cell')
    .first()
    .click({ modifiers: ['Shift'] });
  await page.getByText('against', { exact: true }).waitFor();
  await page.getByText(/p (=|<) 0\.\d+, better on/).waitFor();
  await shot(page, `${label}-measure`);
  await page.getByRole('tab', { name: 'Gradients to spectrum' }).click();
  await page.getByRole('button', { name: 'Measure', exact: true }).click();
  await page.locator('[data-test=rank]').waitFor({ timeout: 60_000 });
  await shot(page, `${label}-tradeoff`);
  await page.getByRole('tab', { name: 'Protocols' }).click();
  await page.locator('[data-test=queries] .row').first().click();
  await page.locator('.tile.query').first().waitFor();

  // Train: started here, seen live, stopped, kept.
  await page.keyboard.press('3');
  await page.locator('.setup form').waitFor();
  await page.getByLabel('Epochs').fill('30');
  await page.getByLabel('Tuples of an epoch').fill('6');
  await page.getByLabel('Size').fill('128');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.waitForFunction(
    () =>
      document
        .querySelector<HTMLSelectElement>('select[aria-label="Training run"]')
        ?.selectedOptions[0]?.textContent?.includes('Run 2 · running'),
    undefined,
    { timeout: 60_000 },
  );
  await page.locator('.table tbody tr').nth(1).waitFor({ timeout: 90_000 });
  await page.getByRole('button', { name: /Stop/ }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).waitFor({ timeout: 60_000 });
  await page.locator('option', { hasText: 'Run 2 · stopped' }).first().waitFor({ state: 'attached' });
  await shot(page, `${label}-train`);

  // Jobs: the stopped one and its like; a failing one with its reason.
  await page.keyboard.press('8');
  await page.locator('article.cancelled', { hasText: 'Train' }).waitFor();
  await shot(page, `${label}-jobs`);

  // Help and palette.
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('Everywhere').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'View, cluster, photo or command' }).fill('pagoda');
  await page.keyboard.press('Enter');
  await page.locator('h1', { hasText: 'pagoda' }).waitFor();
  await page.goBack();
  await page.locator('h1', { hasText: 'Jobs' }).waitFor();
}

/** Drags over an element from one corner to the other, or around all four for a lasso. Corners are fractions of its box. */
async function drawRectangle(
  page: Page,
  selector: string,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  around = false,
): Promise<void> {
  const box = (await page.locator(selector).boundingBox())!;
  const to = (x: number, y: number): Promise<void> =>
    page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 6 });
  await to(x1, y1);
  await page.mouse.down();
  if (around) await to(x2, y1);
  await to(x2, y2);
  if (around) await to(x1, y2);
  await page.mouse.up();
}

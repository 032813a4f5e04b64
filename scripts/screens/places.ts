import type { Page } from 'playwright-core';

/** What of a library the places show: its own ids, read from its pages. */
export interface Shown {
  readonly cluster: string;
  /** A photo with its place, and one that shares points with it. */
  readonly photo: string;
  readonly other: string;
  /** Undefined in a library without collections. */
  readonly collection: string | undefined;
  /** What `furnish` gave the library is there. */
  readonly furnished: boolean;
}

/** Something of the studio that can be looked at: an address, and what is pressed there until it is to be seen. */
export interface Place {
  readonly name: string;
  readonly at: (shown: Shown) => string;
  readonly act?: (page: Page, shown: Shown) => Promise<void>;
  /** What it is waited for besides the heading. */
  readonly until?: string;
  /** Left out where the library has nothing of it. */
  readonly needs?: 'collection' | 'furnished';
}

const WAIT = { timeout: 60_000 };

/** Finds something by the palette and presses Enter, as a person who uses the keyboard does. */
export async function palette(page: Page, text: string): Promise<void> {
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: 'View, cluster, photo or command' });
  await field.fill(text);
  await page.getByRole('option', { name: text }).first().waitFor(WAIT);
  await page.keyboard.press('Enter');
}

const dialog = async (page: Page): Promise<void> => page.getByRole('dialog').last().waitFor(WAIT);
/** A dialog that the palette opens over the jobs. */
const asked = (name: string, label: string): Place => ({
  name,
  at: () => '/jobs',
  act: async (page) => {
    await palette(page, label);
    await dialog(page);
  },
});
/** A dialog that a button of a view opens. */
const pressed = (
  name: string,
  at: Place['at'],
  button: string | RegExp,
  more: Omit<Place, 'name' | 'at' | 'act'> = {},
): Place => ({
  name,
  at,
  ...more,
  act: async (page) => {
    await page.getByRole('button', { name: button }).first().click(WAIT);
    await dialog(page);
  },
});
/** A dialog that asks for a folder first: it is chosen by its name among those at the root. */
const choosing = (name: string, label: string, folder: string, act?: (page: Page) => Promise<void>): Place => ({
  name,
  at: () => '/jobs',
  needs: 'furnished',
  act: async (page) => {
    await palette(page, label);
    await page.getByRole('row', { name: new RegExp(`^${folder}\\s`) }).click(WAIT);
    await page.getByRole('button', { name: /^Use/ }).click(WAIT);
    await page.locator('[data-test=folders]').waitFor({ ...WAIT, state: 'detached' });
    await dialog(page);
    await act?.(page);
  },
});
const menu = (name: string, at: Place['at'], button: string | RegExp, more: Partial<Place> = {}): Place => ({
  name,
  at,
  ...more,
  act: async (page) => {
    await page.getByRole('button', { name: button }).first().click(WAIT);
    await page.getByRole('menu').waitFor(WAIT);
  },
});
const collection = (name: string, act?: Place['act']): Place => ({
  name,
  at: (s) => `/collections/${s.collection ?? ''}`,
  needs: 'collection',
  until: '.kit-grid [role=option]',
  ...(act === undefined ? {} : { act }),
});
/** Something of the history of the collection that has versions. */
const ofHistory = (name: string, act: (page: Page) => Promise<void>): Place => ({
  ...collection(name, async (page) => {
    await tab(page, 'History');
    await page.locator('.version').first().waitFor(WAIT);
    await act(page);
  }),
  needs: 'furnished',
});
const versionMenu = async (page: Page, item?: string): Promise<void> => {
  await page.getByRole('button', { name: 'What can be done with version 2' }).click(WAIT);
  await page.getByRole('menu').waitFor(WAIT);
  if (item === undefined) return;
  await page.getByRole('menuitem', { name: item }).click(WAIT);
  await dialog(page);
};
async function tab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name: new RegExp(`^${name}`) }).click(WAIT);
}
/** Chooses the photo that comes first, so that the bar of the chosen is there. */
async function chooseFirst(page: Page): Promise<void> {
  await page.locator('.kit-grid [role=option]').first().click(WAIT);
  await page.locator('[data-test=chosen-photos]').waitFor(WAIT);
}

/** Whether the library has what the place shows. */
export const isHere = (place: Place, shown: Shown): boolean => place.needs === undefined || Boolean(shown[place.needs]);

/** Opens what is folded away in the dialog. @returns whether anything was */
export async function unfold(page: Page): Promise<boolean> {
  const folded = page.locator('[role=dialog] details:not([open]) > summary');
  const any = (await folded.count()) > 0;
  while ((await folded.count()) > 0) await folded.first().click(WAIT);
  return any;
}

/** Every view, every tab, every dialog and every menu of the studio. */
export const PLACES: readonly Place[] = [
  { name: 'start', at: () => '/start', until: '[data-test=recent]' },
  { name: 'clusters', at: () => '/clusters', until: '.card img' },
  { name: 'clusters-table', at: () => '/clusters?as=table', until: 'table, [role=table], [role=grid]' },
  {
    name: 'clusters-chosen',
    at: () => '/clusters',
    until: '.card',
    act: async (page) => {
      await page.locator('.card [role=checkbox]').first().click(WAIT);
      await page.locator('[data-test=chosen]').waitFor(WAIT);
    },
  },
  {
    name: 'cluster-rename',
    at: () => '/clusters',
    until: '.card',
    act: async (page) => {
      await page.locator('.card [role=checkbox]').first().click(WAIT);
      await page.getByRole('button', { name: 'Rename…' }).click(WAIT);
      await dialog(page);
    },
  },
  { name: 'cluster', at: (s) => `/clusters/${s.cluster}`, until: 'canvas' },
  { name: 'cluster-photo', at: (s) => `/clusters/${s.cluster}?photo=${s.photo}`, until: '.badge.query' },
  { name: 'photos', at: () => '/photos', until: '.kit-grid [role=option]' },
  { name: 'photos-chosen', at: () => '/photos', until: '.kit-grid [role=option]', act: chooseFirst },
  { name: 'photos-duplicates', at: () => '/photos?tab=duplicates' },
  { name: 'photos-matches', at: (s) => `/photos?tab=matches&photo=${s.photo}` },
  {
    name: 'photos-large',
    at: (s) => `/photos?large=${s.photo}`,
    act: dialog,
  },
  {
    name: 'photo-menu',
    at: () => '/photos',
    until: '.kit-grid [role=option]',
    act: async (page) => {
      await page
        .locator('.kit-grid [role=option]')
        .first()
        .click({ ...WAIT, button: 'right' });
      await page.getByRole('menu').waitFor(WAIT);
    },
  },
  {
    name: 'collect',
    at: () => '/photos',
    until: '.kit-grid [role=option]',
    act: async (page) => {
      await chooseFirst(page);
      await page.keyboard.press('t');
      await dialog(page);
    },
  },
  {
    name: 'collect-new',
    at: () => '/photos',
    until: '.kit-grid [role=option]',
    act: async (page) => {
      await chooseFirst(page);
      await page.keyboard.press('Shift+N');
      await dialog(page);
    },
  },
  { name: 'collections', at: () => '/collections' },
  menu('collection-menu', () => '/collections', /^What can be done with/, { needs: 'collection' }),
  pressed('collection-new', () => '/collections', /^New collection/),
  collection('collection'),
  collection('collection-item', async (page) => {
    await page.locator('.kit-grid [role=option]').first().click(WAIT);
    await page.locator('[data-test=provenance]').waitFor(WAIT);
  }),
  collection('collection-example', async (page) => {
    await tab(page, 'By example');
    await page.locator('.teach .kit-grid [role=option]').first().waitFor(WAIT);
  }),
  collection('collection-history', (page) => tab(page, 'History')),
  ofHistory('collection-version', (page) => versionMenu(page)),
  ofHistory('collection-bundle', (page) => versionMenu(page, 'Decisions for another curator…')),
  ofHistory('collection-merged', async (page) => {
    await versionMenu(page, 'Decisions for another curator…');
    const saved = page.waitForEvent('download', WAIT);
    await page.locator('[data-test=bundle-now]').click(WAIT);
    const path = await (await saved).path();
    await page.locator('.versions input[type=file]').setInputFiles(path, WAIT);
    await page.locator('[data-test=merged]').waitFor(WAIT);
  }),
  {
    name: 'collection-missing',
    at: () => '/collections',
    needs: 'furnished',
    act: async (page) => {
      await page.locator('.collections .entry', { hasText: 'Of a colleague' }).click(WAIT);
      await tab(page, 'History');
      await page.getByRole('button', { name: 'What can be done with version 1' }).click(WAIT);
      await page.getByRole('menuitem', { name: 'Photos that are not here…' }).click(WAIT);
      await page.locator('[data-test=missing]').waitFor(WAIT);
    },
  },
  collection('collection-large', async (page) => {
    await page.locator('.kit-grid [role=option]').first().dblclick(WAIT);
    await settle(page);
  }),
  collection('collection-metadata', async (page) => {
    await page.locator('[data-test=more]').click(WAIT);
    await page.getByRole('menuitem', { name: /^Read XMP/ }).click(WAIT);
    await dialog(page);
  }),
  choosing('collection-import', 'Import a collection…', 'Chosen'),
  choosing('collection-verify', 'Verify an exported collection…', 'Chosen'),
  collection('collection-commit', async (page) => {
    await page.keyboard.press('Control+s');
    await dialog(page);
  }),
  collection('collection-more', async (page) => {
    await page.locator('[data-test=more]').click(WAIT);
    await page.getByRole('menu').waitFor(WAIT);
  }),
  collection('collection-export', async (page) => {
    await page.locator('[data-test=more]').click(WAIT);
    await page.getByRole('menuitem', { name: /^Export/ }).click(WAIT);
    await dialog(page);
  }),
  collection('collection-choose', async (page) => {
    await page.locator('[data-test=more]').click(WAIT);
    await page.getByRole('menuitem', { name: /stand for/ }).click(WAIT);
    await dialog(page);
  }),
  collection('collection-fold', async (page) => {
    await page.locator('[data-test=more]').click(WAIT);
    await page.getByRole('menuitem', { name: /^Fold near/ }).click(WAIT);
    await dialog(page);
    await page.locator('[data-test=fold-look]').click(WAIT);
    await page.locator('[data-test=fold-report]').waitFor(WAIT);
  }),
  { name: 'tuples', at: () => '/tuples', until: '.list .row' },
  { name: 'tuples-mine', at: () => '/tuples?mine=', act: dialog },
  pressed('tuples-export', () => '/tuples', /^Export/, { until: '.list .row' }),
  { name: 'train', at: () => '/train' },
  { name: 'train-networks', at: () => '/train?networks=', act: dialog },
  {
    name: 'train-edges',
    at: () => '/train',
    act: async (page) => {
      await page.locator('[data-test=train-domain]').selectOption('edges', WAIT);
      await page.getByText('Detector of edges').first().scrollIntoViewIfNeeded(WAIT);
    },
  },
  { name: 'adapt', at: () => '/adapt' },
  pressed('adapt-options', () => '/adapt', /^Options/),
  { name: 'search', at: () => '/search', until: '.samples .sample' },
  { name: 'search-photo', at: (s) => `/search?photo=${s.photo}`, until: '[data-test=results] .cell' },
  { name: 'search-compared', at: (s) => `/search?photo=${s.photo}&with=cg`, until: '.compared .column' },
  {
    name: 'search-parameters',
    at: (s) => `/search?photo=${s.photo}&method=cg&with=hybrid&k=20`,
    until: '[data-test=parameters][open] input',
  },
  {
    name: 'search-why',
    at: (s) => `/search?photo=${s.photo}`,
    until: '[data-test=results] .cell',
    act: async (page) => {
      await page.locator('[data-test=results] .cell').nth(1).click(WAIT);
      await page.keyboard.press('h');
      await page.getByRole('dialog').locator('canvas').first().waitFor(WAIT);
    },
  },
  { name: 'draw', at: () => '/draw', until: 'canvas, [data-test=prepare]' },
  { name: 'manifold', at: () => '/manifold' },
  { name: 'manifold-photo', at: (s) => `/manifold?photo=${s.photo}`, until: '.graph .node.query' },
  { name: 'map', at: () => '/map', until: 'canvas, [data-test=make-map]' },
  { name: 'measure', at: () => '/measure' },
  { name: 'measure-tradeoff', at: () => '/measure?tab=tradeoff' },
  { name: 'measure-teacher', at: () => '/measure?tab=teacher' },
  { name: 'measure-ladder', at: () => '/measure?tab=ladder' },
  { name: 'measure-shapes', at: () => '/measure?tab=shapes' },
  menu('measure-others', () => '/measure', 'Measure something else'),
  {
    name: 'measure-parameters',
    at: () => '/measure',
    act: async (page) => {
      await page.locator('[data-test=measure-parameters] > summary').click(WAIT);
      await page.locator('[data-test=measure-parameters] input').first().waitFor(WAIT);
    },
  },
  pressed('ladder-options', () => '/measure?tab=ladder', /^Options/),
  pressed('measure-truth', () => '/measure', /^Add a ground truth/),
  { name: 'jobs', at: () => '/jobs' },
  pressed('plan', () => '/jobs', /^In shards/),
  pressed('plan-retry', () => '/jobs', /^Retry with…/, { needs: 'furnished', until: '[data-test=plan]' }),
  { name: 'storage', at: () => '/storage', until: '[data-test=storage-sum]' },
  {
    name: 'storage-clean',
    at: () => '/storage',
    until: '[data-test=storage-sum]',
    act: async (page) => {
      await page.getByRole('button', { name: 'Choose all that can be computed again' }).click(WAIT);
      await page.locator('[data-test=remove]').click(WAIT);
      await dialog(page);
    },
  },
  {
    name: 'keys',
    at: () => '/jobs',
    act: async (page) => {
      await page.keyboard.press('?');
      await dialog(page);
    },
  },
  {
    name: 'palette',
    at: () => '/jobs',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await dialog(page);
    },
  },
  asked('history', 'History of decisions and changes'),
  {
    name: 'libraries',
    at: () => '/jobs',
    act: async (page) => {
      await page.locator('header .library').click(WAIT);
      await page.getByRole('menu').waitFor(WAIT);
    },
  },
  menu('tools', () => '/jobs', 'Tools'),
  asked('new-library', 'New library…'),
  asked('folder', 'Find places in a folder of photos…'),
  choosing('folder-places', 'Find places in a folder of photos…', 'Elsewhere'),
  choosing('import', 'Import models…', 'Castle'),
  asked('describe', 'Describe the photos…'),
  asked('regions', 'Describe regions…'),
  asked('descriptors', 'Import descriptors of another program…'),
  asked('whiten', 'Learn a whitening…'),
  asked('append-layer', 'Append a linear layer…'),
  asked('sets', 'Descriptor sets…'),
  {
    name: 'sets-remove',
    at: () => '/jobs',
    act: async (page) => {
      await palette(page, 'Descriptor sets…');
      await page.locator('[data-test=remove-set]:not([aria-disabled=true])').first().click(WAIT);
      await page.locator('[data-test=question]').waitFor(WAIT);
    },
  },
  asked('export-network', 'Export a network…'),
  asked('measure-network', 'Measure the network…'),
  asked('measure-ranking', 'Measure a ranking of a file…'),
  asked('measure-classes', 'Measure on a folder of classes…'),
  asked('describe-folder', 'Describe a folder…'),
  asked('mine-file', 'Mine descriptors of a file…'),
  asked('run', 'Import, describe, mine and train in one go…'),
  asked('sketches', 'Measure search by drawing…'),
  asked('convert', 'Convert models…'),
  asked('edge-maps', 'Edge maps of a folder…'),
  asked('rank', 'Rank descriptors of files…'),
  asked('index', 'Index descriptors…'),
  asked('index-search', 'Search an index…'),
  asked('export', 'Export descriptors…'),
  asked('back-up', 'Back up the library…'),
  asked('restore', 'Restore a backup…'),
  asked('check', 'Check the library…'),
  {
    name: 'checked',
    at: () => '/jobs',
    act: async (page) => {
      await palette(page, 'Check the library…');
      await page.getByRole('dialog').getByRole('button', { name: 'Check', exact: true }).click(WAIT);
      // A job gives way to whatever else the machine does.
      await page.getByText('The library is whole.').first().waitFor({ timeout: 300_000 });
    },
  },
  {
    name: 'machine',
    at: () => '/jobs',
    act: async (page) => {
      await palette(page, 'About this machine');
      await dialog(page);
      // Every back end is tried before anything is said.
      await page.locator('[data-test=machine] dl').waitFor({ timeout: 120_000 });
    },
  },
  asked('log', 'Log'),
  { name: 'nothing', at: () => '/clusters/none' },
];

/** Reads which cluster, photos and collection there are; the page is open on the library. */
export async function shownOf(page: Page): Promise<Shown> {
  // It has been let in by now.
  await page.locator('h1').first().waitFor(WAIT);
  const origin = new URL(page.url()).origin;
  await page.goto(`${origin}/clusters`);
  const card = page.locator('.card a').first();
  await card.waitFor(WAIT);
  const cluster = (await card.getAttribute('href'))!.split('/').at(-1)!;
  await page.goto(`${origin}/clusters/${cluster}`);
  const frames = page.locator('.strip [data-photo]');
  await frames.nth(1).waitFor(WAIT);
  const photo = (await frames.nth(0).getAttribute('data-photo'))!;
  const other = (await frames.nth(1).getAttribute('data-photo'))!;
  await page.goto(`${origin}/collections`);
  await page.locator('h1').first().waitFor(WAIT);
  const all = page.locator('.collections .entry');
  const changed = all.filter({ has: page.locator('.dot') });
  await all.or(page.locator('[data-test=first-collection]')).first().waitFor(WAIT);
  if ((await all.count()) === 0) return { cluster, photo, other, collection: undefined, furnished: false };
  const furnished = (await all.filter({ hasText: 'Of a colleague' }).count()) > 0;
  // One that can be committed shows more.
  const best = furnished ? all.filter({ hasText: 'Chosen' }) : (await changed.count()) > 0 ? changed : all;
  await best.first().click(WAIT);
  await page.waitForURL(/collections\/.+/);
  const collection = new URL(page.url()).pathname.split('/').at(-1);
  return { cluster, photo, other, collection, furnished };
}

/** Goes to a place from anywhere, and waits until it has come to rest. */
export async function visit(page: Page, place: Place, shown: Shown): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}${place.at(shown)}`);
  await page.locator('h1').first().waitFor(WAIT);
  if (place.until !== undefined)
    await page
      .locator(place.until)
      .first()
      .waitFor({ ...WAIT, state: 'attached' });
  await settle(page);
  if (place.act === undefined) return;
  await place.act(page, shown);
  await settle(page);
}

/** Waits until pictures in sight have come and nothing has been asked for a moment. */
export async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() =>
    [...document.images].every(
      (i) => i.complete || i.getBoundingClientRect().top > innerHeight || i.loading === 'lazy',
    ),
  );
}

import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import type { CollectionInfo, VersionInfo } from '../../../src/shared/facts/collections.ts';
import type { RouteParams } from '../../../src/shared/routes/index.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

vi.setConfig({ testTimeout: 60_000 });
const NONE = { added: 0, removed: 0, moved: 0, folded: 0, described: 0 };
const collection = {
  id: 'one',
  name: 'One',
  kind: 'manual',
  items: 700,
  current: true,
  fields: {},
  cover: [],
  uncommitted: false,
  changes: NONE,
} as unknown as CollectionInfo;
const version = {
  number: 3,
  author: 'Ada',
  message: '',
  created: '2024-05-01T10:00:00.000Z',
  digest: 'd'.repeat(64),
  parents: [],
  tags: [],
  items: 1200,
  changes: NONE,
} as unknown as VersionInfo;

let engine: FakeEngine;
let view: VueWrapper | undefined;
/** Photos of the version that the library does not have. */
let missing: number;

beforeEach(() => {
  missing = 501;
  engine = fakeEngine({
    'collections.list': () => [collection],
    'collections.membership': ({ photos }) => ({ of: photos.map(() => ['one']) }),
    'folds.under': ({ photos }) => ({ under: photos.map(() => null), folds: photos.map(() => 0) }),
    'collections.versions': () => [version],
    'collections.diff': () => ({ from: 2, to: 3, total: 0, photos: [], fields: [], counts: NONE }) as never,
    'collections.missing': ({ at = 0, limit = 500 }) => ({
      total: missing,
      photos: Array.from({ length: Math.min(limit, missing - at) }, (_, i) => ({
        path: `photos/${at + i}.jpg`,
        sha256: 'e'.repeat(64),
      })),
    }),
    'collections.restore': () => ({
      action: 7,
      missing: Array.from({ length: Math.min(missing, 1000) }, (_, i) => `photos/${i}.jpg`),
      missingTotal: missing,
    }),
    'collections.open': ({ filter }) => ({ list: 'p1', total: filter?.gone === true ? 2 : 700 }),
    'collections.remove': () => ({ action: 8, removed: 2 }),
  });
});
afterEach(() => {
  view?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

async function still(): Promise<void> {
  for (let i = 0; i < 6; i += 1) {
    await settled();
    await nextTick();
  }
  await new Promise((r) => setTimeout(r, 30));
}
const notices = async (): Promise<string[]> => {
  const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
  return useNotices().notices.map((n) => n.text);
};
const asked = <R extends 'collections.missing' | 'collections.restore' | 'collections.remove' | 'collections.open'>(
  route: R,
): RouteParams<R>[] => engine.asked.filter((a) => a.route === route).map((a) => a.params as RouteParams<R>);

async function history(): Promise<void> {
  const HistoryPart = (await import('../../../src/renderer/views/collections/HistoryPart.vue')).default;
  view = mount(HistoryPart, {
    props: { collection },
    global: { stubs: { DifferencePanel: true, FileButton: true, BundleDialog: true } },
    attachTo: document.body,
  });
  await still();
}
/** What the menu of a button does, by the keyboard. */
async function pick(button: HTMLElement, text: string): Promise<void> {
  button.focus();
  button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }));
  await still();
  [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find((e) => e.textContent.includes(text))!.click();
  await still();
}
const more = (): HTMLElement => document.querySelector<HTMLElement>('button.more')!;
const told = (): string => document.querySelector('[data-test=missing]')!.textContent;
const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role=dialog] li')];

it('a version names every photo that is not in the library, a part after the other', async () => {
  await history();
  await pick(more(), 'Photos that are not here…');
  expect(told()).toContain('501 photos of 1,200 are not in this library');
  expect([rows().length, rows()[0]!.textContent, rows()[0]!.title]).toEqual([
    500,
    'photos/0.jpg',
    `SHA-256 ${'e'.repeat(64)}`,
  ]);
  const rest = document.querySelector<HTMLElement>('[data-test=missing-more]')!;
  expect(rest.textContent).toContain('1 more');
  rest.click();
  await still();
  expect(rows().at(-1)!.textContent).toBe('photos/500.jpg');
  expect(rows()).toHaveLength(501);
  expect(document.querySelector('[data-test=missing-more]')).toBeNull();
  expect(asked('collections.missing').map((p) => [p.version, p.at])).toEqual([
    [3, 0],
    [3, 500],
  ]);
});

it('a version of which all are there says so', async () => {
  missing = 0;
  await history();
  await pick(more(), 'Photos that are not here…');
  expect(told()).toBe('Every photo of this version is in the library.');
});

it('it is restored without them, which are named, and how many more there are', async () => {
  await history();
  await pick(more(), 'Make the collection as it was here');
  expect(asked('collections.restore')).toMatchObject([{ collection: 'one', version: 3 }]);
  expect(await notices()).toEqual([
    'It is as in version 3; not in this library any more: photos/0.jpg, photos/1.jpg, photos/2.jpg, photos/3.jpg, photos/4.jpg and 496 more. Undo takes it back.',
  ]);
});

it('photos whose files are gone are taken out of what is there now, and the version keeps them', async () => {
  const { useCollectionFiles } = await import('../../../src/renderer/stores/collection-files.ts');
  await useCollectionFiles().dropGone(collection);
  await settled();
  expect(asked('collections.open')).toMatchObject([{ collection: 'one', filter: { gone: true } }]);
  expect(asked('collections.remove')).toMatchObject([{ collection: 'one', list: 'p1' }]);
  expect(await notices()).toEqual(['Took 2 photos out']);
});

import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { shallowRef } from 'vue';
import type { CollectionInfo, ListedPhoto } from '../../../src/shared/facts/collections.ts';
import type { PhotoPages } from '../../../src/renderer/views/collections/use-photo-pages.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const collection = { id: 'one', name: 'One', kind: 'manual', items: 2, current: true, fields: {}, cover: [] };
const items = ['a', 'b'].map(
  (photo) => ({ photo, name: photo, folder: '', gone: false, fields: {}, foldedUnder: null, folds: 0 }) as unknown,
) as ListedPhoto[];
const pages = {
  photos: shallowRef({
    total: 2,
    at: (i: number) => items[i],
    indexOf: (id: string) => items.findIndex((p) => p.photo === id),
    want: () => undefined,
    ids: () => Promise.resolve(['a', 'b']),
  }),
} as unknown as PhotoPages;

let engine: FakeEngine;
let panel: VueWrapper | undefined;
let choose: (photo: string) => void;
/** Answers what is asked next of where photos are. */
let answer: (() => void)[];

beforeEach(async () => {
  answer = [];
  engine = fakeEngine({
    'collections.list': () => [collection as unknown as CollectionInfo],
    'collections.fields': () => [],
    'collections.membership': ({ photos }) =>
      new Promise((resolve) => answer.push(() => resolve({ of: photos.map(() => ['one']) }))),
    'folds.under': ({ photos }) => ({ under: photos.map(() => null), folds: photos.map(() => 0) }),
    'collections.describe': () => ({ action: 1, changed: 1, notes: [] }),
    'photos.info': () => ({ clusters: [] }) as never,
  });
  const { useSelection } = await import('../../../src/renderer/stores/selection.ts');
  const { Selection } = await import('../../../src/renderer/kit/selection.ts');
  choose = (photo) => useSelection().take(new Selection([photo], photo));
  const FieldsPanel = (await import('../../../src/renderer/views/collections/FieldsPanel.vue')).default;
  panel = mount(FieldsPanel, {
    props: { collection: collection as unknown as CollectionInfo, pages },
    global: { stubs: { ActionButton: true, FieldsTable: true, ItemFacts: true, KitPhotoTile: true } },
    attachTo: document.body,
  });
}, 60_000);
afterEach(() => {
  panel?.unmount();
  vi.unstubAllGlobals();
});

async function answered(): Promise<void> {
  for (const give of answer.splice(0)) give();
  await settled();
}
const title = () => panel!.get<HTMLInputElement>('[data-field=title] input');
const described = () => engine.asked.filter((a) => a.route === 'collections.describe').map((a) => a.params);

it('writes to the photos that are shown, and to none while those of another choice are on their way', async () => {
  choose('a');
  await settled();
  await answered();
  expect(panel!.get('h2').text()).toBe('a');
  await title().setValue('Of a');
  await settled();
  expect(described()).toMatchObject([{ photos: ['a'], change: { set: { title: ['Of a'] } } }]);

  choose('b');
  await settled();
  // Still what is said of the first: nobody can write into it, and what a late event says is not written.
  expect(title().element.disabled).toBe(true);
  title().element.value = 'Of nobody';
  await title().trigger('input');
  await title().trigger('change');
  await settled();
  expect(described()).toHaveLength(1);

  await answered();
  expect(title().element.disabled).toBe(false);
  await title().setValue('Of b');
  await settled();
  expect(described().slice(1)).toMatchObject([{ photos: ['b'], change: { set: { title: ['Of b'] } } }]);
});

it('keeps what is being typed where the answer to an earlier change comes meanwhile', async () => {
  const FieldInput = (await import('../../../src/renderer/views/collections/FieldInput.vue')).default;
  const field = mount(FieldInput, { props: { field: 'title', values: [] }, attachTo: document.body });
  const input = field.get('input');
  input.element.value = 'Second';
  await input.trigger('input');
  await field.setProps({ values: ['First'] });
  expect(input.element.value).toBe('Second');
  input.element.value = 'First';
  await input.trigger('input');
  await field.setProps({ values: ['Told elsewhere'] });
  expect(input.element.value).toBe('Told elsewhere');
  field.unmount();
});

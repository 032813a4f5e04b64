import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { defineComponent, h, ref } from 'vue';
import type { ListedPhoto } from '../../../src/shared/facts/collections.ts';
import type { PhotoPages } from '../../../src/renderer/views/collections/use-photo-pages.ts';
import { fakeEngine, settled } from '../support/fake-engine.ts';

let view: VueWrapper | undefined;
afterEach(() => {
  view?.unmount();
  vi.unstubAllGlobals();
});

it('has places of a list once its first photos are there; until then what was shown before stays whole', async () => {
  const totals: Record<string, number> = { order: 3, name: 5 };
  const answers: (() => void)[] = [];
  fakeEngine({
    'collections.list': () => [],
    'collections.open': ({ sort }) => ({ list: sort ?? 'order', total: totals[sort ?? 'order']! }),
    'collections.page': ({ list }) =>
      new Promise((resolve) =>
        answers.push(() =>
          resolve({
            photos: Array.from(
              { length: totals[list]! },
              (_, at) => ({ at, photo: `${list} ${at}`, name: `${at}` }) as unknown as ListedPhoto,
            ),
          }),
        ),
      ),
  });
  const { opening, usePhotoPages } = await import('../../../src/renderer/views/collections/use-photo-pages.ts');
  const sort = ref<'order' | 'name'>('order');
  let pages: PhotoPages;
  view = mount(
    defineComponent({
      setup() {
        pages = usePhotoPages(() => opening({ collection: null, sort: sort.value, filter: {} }));
        return () => h('p');
      },
    }),
  );
  const shown = () => Array.from({ length: pages.total.value }, (_, i) => pages.photos.value.at(i)?.id ?? 'on its way');
  await settled();
  expect([shown(), pages!.ready.value, answers.length]).toEqual([[], false, 1]);
  answers.pop()!();
  await settled();
  expect([shown(), pages!.ready.value]).toEqual([['order 0', 'order 1', 'order 2'], true]);
  sort.value = 'name';
  await settled();
  expect([shown(), answers.length]).toEqual([['order 0', 'order 1', 'order 2'], 1]);
  answers.pop()!();
  await settled();
  expect(shown()).toEqual(['name 0', 'name 1', 'name 2', 'name 3', 'name 4']);
}, 60_000);

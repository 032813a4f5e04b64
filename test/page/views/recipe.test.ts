import { mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick } from 'vue';
import type { LibraryInfo, PresetInfo } from '../../../src/shared/domain.ts';
import { fakeEngine, settled } from '../support/fake-engine.ts';

const preset = (name: string, epochs: number, learningRate: number): PresetInfo =>
  ({
    name,
    title: name,
    backbone: null,
    parameters: { epochs, learningRate, queriesPerEpoch: 160, size: 320, loss: 'contrastive', mining: { count: 5 } },
  }) as unknown as PresetInfo;
afterEach(() => vi.unstubAllGlobals());

it('keeps what was filled in before the first recipe came, and takes what a recipe says that is chosen after', async () => {
  fakeEngine({
    'library.current': () => ({ name: 'places', networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'tuples.runs': () => [],
    'training.presets': () => [preset('small', 5, 1e-5), preset('other', 30, 1e-6)],
  });
  const { useRecipe } = await import('../../../src/renderer/views/train/use-recipe.ts');
  let recipe!: ReturnType<typeof useRecipe>;
  mount(
    defineComponent({
      setup() {
        recipe = useRecipe();
        return () => h('div');
      },
    }),
  );
  recipe.draft.value = { epochs: 17 };
  expect(recipe.recipe.value).toBeUndefined();
  await settled();
  await nextTick();
  expect(recipe.recipe.value?.name).toBe('small');
  expect(recipe.draft.value).toMatchObject({ epochs: 17, learningRate: 1e-5, seed: 0 });
  recipe.preset.value = 'other';
  await nextTick();
  expect(recipe.draft.value).toMatchObject({ epochs: 30, learningRate: 1e-6 });
});

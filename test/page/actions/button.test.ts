import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, expect, it, vi } from 'vitest';
import { ref } from 'vue';
import { action, type Applies } from '../../../src/renderer/actions/action.ts';
import ActionButton from '../../../src/renderer/actions/ActionButton.vue';
import { chosenKeys } from '../../../src/renderer/actions/keys.ts';

beforeEach(() => {
  setActivePinia(createPinia());
  chosenKeys.value = {};
});
const made = (applies: () => Applies, run = vi.fn()) => ({
  run,
  action: action({ id: 'b', label: 'Do it', group: 'Map', keys: ['q'], applies, run }),
});

it('does the action, and shows its key where it is asked to', async () => {
  const { action: a, run } = made(() => true);
  const w = mount(ActionButton, { props: { action: a, shows: true } });
  expect([w.text(), w.get('kbd').text(), w.attributes('aria-pressed')]).toEqual(['Do itQ', 'Q', undefined]);
  await w.trigger('click');
  expect(run).toHaveBeenCalledTimes(1);
});

it('is grey with the reason while the action cannot be done, and stays where Tab finds it', async () => {
  const state = ref<Applies>('Not today');
  const { action: a, run } = made(() => state.value);
  const w = mount(ActionButton, { props: { action: a } });
  expect(w.attributes()).toMatchObject({ 'aria-disabled': 'true', 'aria-description': 'Not today' });
  expect(w.attributes('disabled')).toBeUndefined();
  await w.trigger('click');
  expect(run).not.toHaveBeenCalled();
  state.value = true;
  await w.vm.$nextTick();
  expect(w.attributes('aria-disabled')).toBeUndefined();
  await w.trigger('click');
  expect(run).toHaveBeenCalledTimes(1);
});

it('has a name where it has only a picture, and words of the view where those are shorter', () => {
  const { action: a } = made(() => true);
  const bare = mount(ActionButton, { props: { action: a, bare: true, label: 'Short' } });
  expect([bare.text(), bare.attributes('aria-label')]).toEqual(['', 'Short']);
  expect(mount(ActionButton, { props: { action: a, label: 'Short', on: true } }).attributes('aria-pressed')).toBe(
    'true',
  );
});

import { mount } from '@vue/test-utils';
import { getActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fakeEngine, settled } from '../support/fake-engine.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  document.body.innerHTML = '';
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('the palette asks for photos once a person pauses, with what was typed last, and selects the one that is chosen', async () => {
  const engine = fakeEngine({ 'photos.find': ({ text }) => [{ id: 'ab12', name: `${text}_07.jpg` }] });
  const { default: CommandPalette } = await import('../../../src/renderer/app/CommandPalette.vue');
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const select = vi.spyOn(useLibrary(), 'select').mockResolvedValue();
  const palette = mount(CommandPalette, {
    props: { open: false },
    attachTo: document.body,
    global: { plugins: [getActivePinia()!] },
  });
  await palette.setProps({ open: true });
  const input = document.querySelector<HTMLInputElement>('[role="combobox"]')!;
  for (const text of ['w', 'wi', 'wind']) {
    input.value = text;
    input.dispatchEvent(new Event('input'));
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(engine.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(200);
  await settled();
  expect(engine.asked).toEqual([{ route: 'photos.find', params: { text: 'wind', limit: 10 } }]);
  const line = [...document.querySelectorAll<HTMLElement>('[role="option"]')].find((o) =>
    o.textContent.includes('wind_07.jpg'),
  );
  line!.click();
  await vi.advanceTimersByTimeAsync(1);
  expect(select).toHaveBeenCalledWith('ab12');
  palette.unmount();
});

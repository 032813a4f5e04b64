import { mount } from '@vue/test-utils';
import { afterEach, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, watch } from 'vue';
import { fakeEngine } from '../support/fake-engine.ts';

afterEach(() => vi.unstubAllGlobals());

/** A dialog that says what it is told, and closes itself. */
const opened: boolean[] = [];
const Dialog = defineComponent({
  props: { open: { type: Boolean, required: true }, name: { type: String, default: '' } },
  emits: { 'update:open': (_open: boolean) => true },
  setup(props, { emit }) {
    watch(
      () => props.open,
      (is) => opened.push(is),
    );
    return () =>
      h('button', { onClick: () => emit('update:open', false) }, `${props.name} ${props.open ? 'open' : 'shut'}`);
  },
});

async function made(load: () => Promise<{ default: typeof Dialog }>) {
  fakeEngine();
  opened.length = 0;
  const { late } = await import('../../../src/renderer/views/common/late.ts');
  const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
  const w = mount(late(load), {
    props: { open: false, name: 'a', 'onUpdate:open': (open: boolean) => w.setProps({ open }) },
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 4; i += 1) await nextTick();
  };
  return { w, settle, said: () => useNotices().notices.map((n) => n.text) };
}

it('a dialog is fetched when it is first opened, told what its place says, and stays', async () => {
  const load = vi.fn(() => Promise.resolve({ default: Dialog }));
  const { w, settle } = await made(load);
  await settle();
  expect(load).not.toHaveBeenCalled();
  expect(w.text()).toBe('');
  await w.setProps({ open: true });
  await settle();
  expect(w.text()).toBe('a open');
  // It was opened once it was there: what it does as it opens is done.
  expect(opened).toEqual([true]);
  await w.get('button').trigger('click');
  await settle();
  expect(w.text()).toBe('a shut');
  await w.setProps({ open: true, name: 'b' });
  expect(w.text()).toBe('b open');
  expect(load).toHaveBeenCalledTimes(1);
});

it('one that cannot be fetched says so, is shut, and is tried again', async () => {
  let there = false;
  const { w, settle, said } = await made(() =>
    there ? Promise.resolve({ default: Dialog }) : Promise.reject(new Error('This file is gone')),
  );
  await w.setProps({ open: true });
  await settle();
  expect(said()).toEqual(['This file is gone']);
  expect(w.props('open')).toBe(false);
  there = true;
  await w.setProps({ open: true });
  await settle();
  expect(w.text()).toBe('a open');
});

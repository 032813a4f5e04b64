import { mount } from '@vue/test-utils';
import { Play, X } from '@lucide/vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref } from 'vue';
import KitButton from '../../../src/renderer/kit/KitButton.vue';
import KitField from '../../../src/renderer/kit/KitField.vue';
import KitNumber from '../../../src/renderer/kit/KitNumber.vue';
import KitSegmented from '../../../src/renderer/kit/KitSegmented.vue';
import KitSelect from '../../../src/renderer/kit/KitSelect.vue';
import KitText from '../../../src/renderer/kit/KitText.vue';
import KitToggle from '../../../src/renderer/kit/KitToggle.vue';

afterEach(() => {
  document.body.replaceChildren();
});

describe('KitButton', () => {
  it('is a button that does not send forms, and says what it does', async () => {
    const w = mount(KitButton, { props: { icon: X, label: 'Close' } });
    expect(w.attributes()).toMatchObject({ type: 'button', 'aria-label': 'Close' });
    await w.trigger('click');
    expect(w.emitted('click')).toHaveLength(1);
  });

  it('that cannot be used now stays reachable, says why, and does nothing', async () => {
    const w = mount(KitButton, {
      props: { reason: 'Import photos first', type: 'submit' },
      slots: { default: 'Train' },
      attachTo: document.body,
    });
    expect(w.attributes()).toMatchObject({ 'aria-disabled': 'true', 'aria-description': 'Import photos first' });
    expect(w.attributes('disabled')).toBeUndefined();
    w.element.focus();
    expect(document.activeElement).toBe(w.element);
    const click = new MouseEvent('click', { bubbles: true, cancelable: true });
    w.element.dispatchEvent(click);
    expect(w.emitted('click')).toBeUndefined();
    // The form is not sent, either.
    expect(click.defaultPrevented).toBe(true);
  });

  it('that is busy says so and is not pressed twice', async () => {
    const w = mount(KitButton, { props: { busy: true, icon: Play }, slots: { default: 'Train' } });
    expect(w.attributes('aria-busy')).toBe('true');
    await w.trigger('click');
    expect(w.emitted('click')).toBeUndefined();
  });

  it('says whether it is pressed only where it can stay so', () => {
    expect(mount(KitButton, { slots: { default: 'a' } }).attributes('aria-pressed')).toBeUndefined();
    expect(mount(KitButton, { props: { on: false }, slots: { default: 'a' } }).attributes('aria-pressed')).toBe(
      'false',
    );
    expect(mount(KitButton, { props: { on: true }, slots: { default: 'a' } }).attributes('aria-pressed')).toBe('true');
  });
});

describe('the tooltip', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const shown = (): string => document.querySelector('.kit-tip')?.textContent ?? '';

  it('comes after a moment under the pointer with name and keys, and goes with it', async () => {
    const w = mount(KitButton, { props: { icon: X, label: 'Close', keys: 'Esc' }, attachTo: document.body });
    await w.trigger('pointerenter');
    expect(shown()).toBe('');
    vi.advanceTimersByTime(1000);
    expect(shown()).toBe('CloseEsc');
    await w.trigger('pointerleave');
    expect(shown()).toBe('');
  });

  it('says why a button cannot be used, and goes when the button does', async () => {
    const w = mount(KitButton, {
      props: { reason: 'Nothing was undone' },
      slots: { default: 'Redo' },
      attachTo: document.body,
    });
    await w.trigger('pointerenter');
    vi.advanceTimersByTime(1000);
    expect(shown()).toBe('Nothing was undone');
    await w.setProps({ reason: 'Not yet' });
    expect(shown()).toBe('Not yet');
    w.unmount();
    await nextTick();
    expect(shown()).toBe('');
  });
});

describe('KitField', () => {
  const field = (error?: string) =>
    mount(KitField, {
      props: { label: 'Epochs', help: 'passes', error },
      slots: { default: () => h(KitNumber, { modelValue: 5 }) },
    });

  it('gives its label and its help to what stands in it', () => {
    const w = field();
    const input = w.get('input');
    expect(w.get('label').attributes('for')).toBe(input.element.id);
    expect(w.get(`#${input.attributes('aria-describedby')}`).text()).toBe('passes');
    expect(input.attributes('aria-invalid')).toBeUndefined();
  });

  it('says what is wrong in place of the help', () => {
    const w = field('From 1 to 1,000');
    const input = w.get('input');
    expect(input.attributes('aria-invalid')).toBe('true');
    const message = w.get(`#${input.attributes('aria-describedby')}`);
    expect(message.text()).toBe('From 1 to 1,000');
    expect(message.attributes('role')).toBe('alert');
    expect(w.text()).not.toContain('passes');
  });

  it('names a group of buttons as it names an input', () => {
    const w = mount(KitField, {
      props: { label: 'Loss' },
      slots: { default: () => h(KitSegmented, { modelValue: 'a', options: [{ value: 'a', label: 'A' }] }) },
    });
    expect(w.get(`#${w.get('[role=radiogroup]').attributes('aria-labelledby')}`).text()).toBe('Loss');
  });
});

describe('KitText', () => {
  it('gives the keys back on Esc, but not inside a dialog', async () => {
    const w = mount(KitText, { props: { label: 'Name' }, attachTo: document.body });
    w.element.focus();
    await w.setValue('x');
    expect(w.emitted('update:modelValue')).toEqual([['x']]);
    await w.trigger('keydown', { key: 'Escape' });
    expect(document.activeElement).not.toBe(w.element);
    const inside = mount(() => h('div', { role: 'dialog' }, h(KitText)), { attachTo: document.body });
    inside.get('input').element.focus();
    await inside.get('input').trigger('keydown', { key: 'Escape' });
    expect(document.activeElement).toBe(inside.get('input').element);
  });
});

describe('KitNumber', () => {
  it('is null when it is empty, a number otherwise, and never changed in silence', async () => {
    const w = mount(KitNumber, { props: { modelValue: 5, min: 1, max: 10 } });
    const input = w.get('input');
    await input.setValue('');
    await input.setValue('400');
    expect(w.emitted('update:modelValue')).toEqual([[null], [400]]);
    await w.setProps({ modelValue: 400 });
    expect(input.element.value).toBe('400');
    expect(input.attributes('aria-invalid')).toBe('true');
  });

  it('steps by arrows, by ten with Shift, within its bounds', async () => {
    const w = mount(KitNumber, { props: { modelValue: 5, min: 1, max: 10 } });
    const input = w.get('input');
    await input.trigger('keydown', { key: 'ArrowUp' });
    await w.setProps({ modelValue: 6 });
    await input.trigger('keydown', { key: 'ArrowDown' });
    await input.trigger('keydown', { key: 'ArrowUp', shiftKey: true });
    expect(w.emitted('update:modelValue')).toEqual([[6], [5], [10]]);
  });

  it('passes what it is given on to the input', () => {
    const w = mount(KitNumber, {
      props: { modelValue: null, placeholder: 'by network' },
      attrs: { 'data-test': 'margin' },
    });
    expect(w.get('[data-test=margin]').attributes('placeholder')).toBe('by network');
    expect(w.get('input').element.value).toBe('');
  });
});

describe('KitSelect', () => {
  const OPTIONS = [
    { value: null, label: 'The default' },
    { value: 3, label: 'Run 3', group: 'Runs' },
    { value: 7, label: 'Run 7', group: 'Runs', disabled: true },
  ];
  const make = () =>
    mount(KitSelect, { props: { modelValue: null, options: OPTIONS, label: 'Run' }, attachTo: document.body });

  it('gives values of their own type', async () => {
    const w = make();
    await w.get('select').setValue('3');
    expect(w.emitted('update:modelValue')).toEqual([[3]]);
    await w.setProps({ modelValue: 3 });
    await w.get('select').setValue('');
    expect(w.emitted('update:modelValue')).toEqual([[3], [null]]);
    expect(w.get('optgroup').attributes('label')).toBe('Runs');
    expect(w.get('option[value="7"]').attributes('disabled')).toBeDefined();
  });

  it('gives the focus back to the page after a choice by the pointer, so that single keys work', async () => {
    const w = make();
    const select = w.get('select');
    select.element.focus();
    await select.trigger('pointerdown');
    await select.setValue('3');
    expect(document.activeElement).toBe(document.body);
  });

  it('and after a choice from its list by the keyboard', async () => {
    const w = make();
    const select = w.get('select');
    select.element.focus();
    await select.trigger('keydown', { key: 'ArrowDown' });
    await select.trigger('keydown', { key: 'Enter' });
    await select.setValue('3');
    expect(document.activeElement).toBe(document.body);
  });

  it('keeps it while arrows step through a closed one, until Esc', async () => {
    const w = make();
    const select = w.get('select');
    select.element.focus();
    await select.trigger('keydown', { key: 'ArrowDown' });
    await select.setValue('3');
    expect(document.activeElement).toBe(select.element);
    await select.trigger('keydown', { key: 'Escape' });
    expect(document.activeElement).toBe(document.body);
  });

  it('keeps it inside a dialog, where Tab goes on from it', async () => {
    const w = mount(() => h('div', { role: 'dialog' }, h(KitSelect, { modelValue: null, options: OPTIONS })), {
      attachTo: document.body,
    });
    const select = w.get('select');
    select.element.focus();
    await select.trigger('pointerdown');
    await select.setValue('3');
    expect(document.activeElement).toBe(select.element);
  });
});

describe('KitToggle', () => {
  it('is a switch with a name', async () => {
    const w = mount(KitToggle, { props: { modelValue: false, label: 'Shared points' } });
    const input = w.get('input');
    expect(input.attributes('role')).toBe('switch');
    expect(w.get('label').text()).toBe('Shared points');
    await input.setValue(true);
    expect(w.emitted('update:modelValue')).toEqual([[true]]);
  });
});

describe('KitSegmented', () => {
  const Held = defineComponent({
    setup() {
      const value = ref('a');
      return () =>
        h(KitSegmented<string>, {
          modelValue: value.value,
          'onUpdate:modelValue': (v: string) => (value.value = v),
          label: 'Loss',
          options: ['a', 'b', 'c'].map((v) => ({ value: v, label: v.toUpperCase(), bare: v === 'c' })),
        });
    },
  });

  it('is one tab stop in which arrows choose, and joins its ends', async () => {
    const w = mount(Held, { attachTo: document.body });
    const stops = () => w.findAll('[role=radio]').map((r) => r.attributes('tabindex'));
    const chosen = () => w.findAll('[role=radio]').findIndex((r) => r.attributes('aria-checked') === 'true');
    expect(stops()).toEqual(['0', '-1', '-1']);
    await w.get('[role=radiogroup]').trigger('keydown', { key: 'ArrowRight' });
    expect(chosen()).toBe(1);
    expect(document.activeElement).toBe(w.findAll('[role=radio]')[1]!.element);
    expect(stops()).toEqual(['-1', '0', '-1']);
    await w.get('[role=radiogroup]').trigger('keydown', { key: 'End' });
    await w.get('[role=radiogroup]').trigger('keydown', { key: 'ArrowDown' });
    expect(chosen()).toBe(0);
    await w.findAll('[role=radio]')[2]!.trigger('click');
    expect(chosen()).toBe(2);
  });

  it('names what shows only a picture', () => {
    expect(mount(Held).findAll('[role=radio]')[2]!.attributes('aria-label')).toBe('C');
  });
});

import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, describe, expect, it } from 'vitest';
import { h, nextTick } from 'vue';
import KitButton from '../../../src/renderer/kit/KitButton.vue';
import KitContextMenu from '../../../src/renderer/kit/KitContextMenu.vue';
import KitDialog from '../../../src/renderer/kit/KitDialog.vue';
import KitMenu from '../../../src/renderer/kit/KitMenu.vue';
import KitSegmented from '../../../src/renderer/kit/KitSegmented.vue';
import KitSplitPane from '../../../src/renderer/kit/KitSplitPane.vue';
import KitTabs from '../../../src/renderer/kit/KitTabs.vue';
import KitToolbar from '../../../src/renderer/kit/KitToolbar.vue';
import type { KitMenuItem } from '../../../src/renderer/kit/types.ts';
import { sized } from '../setup.ts';

let back: (() => void) | undefined;
afterEach(() => {
  back?.();
  back = undefined;
  document.body.replaceChildren();
  localStorage.clear();
});
const press = (target: Element, key: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
};

describe('KitToolbar', () => {
  const make = () =>
    mount(KitToolbar, {
      props: { title: 'Tuples' },
      slots: {
        default: () => [
          h(KitButton, { label: 'one' }),
          h(KitSegmented, { modelValue: 'a', options: [{ value: 'a', label: 'A' }] }),
          h('input'),
          h(KitButton, { label: 'two', disabled: true }),
          h(KitButton, { label: 'three', reason: 'not now' }),
        ],
        end: () => h(KitButton, { label: 'four' }),
      },
      attachTo: document.body,
    });
  const of = (w: ReturnType<typeof make>, name: string) => w.get<HTMLButtonElement>(`[aria-label=${name}]`).element;

  it('is one tab stop for its buttons; arrows go over those that can be reached', async () => {
    const w = make();
    await flushPromises();
    expect(w.get('h1').text()).toBe('Tuples');
    expect(w.attributes()).toMatchObject({ role: 'toolbar', 'aria-label': 'Tuples' });
    expect(['one', 'three', 'four'].map((n) => of(w, n).tabIndex)).toEqual([0, -1, -1]);
    of(w, 'one').focus();
    press(of(w, 'one'), 'ArrowRight');
    expect(document.activeElement).toBe(of(w, 'three'));
    expect(['one', 'three', 'four'].map((n) => of(w, n).tabIndex)).toEqual([-1, 0, -1]);
    press(of(w, 'three'), 'End');
    press(of(w, 'four'), 'ArrowRight');
    expect(document.activeElement).toBe(of(w, 'one'));
  });

  it('leaves arrows to fields', () => {
    const w = make();
    w.get('input').element.focus();
    expect(press(w.get('input').element, 'ArrowRight').defaultPrevented).toBe(false);
    expect(document.activeElement).toBe(w.get('input').element);
  });
});

describe('KitTabs', () => {
  const TABS = [
    { key: 'when', label: 'When' },
    { key: 'twice', label: 'Twice', count: 3 },
  ];
  it('chooses by click and arrows; the panel is named by its tab', async () => {
    const w = mount(KitTabs, {
      props: { tabs: TABS, label: 'Parts', modelValue: 'when' },
      slots: { default: 'panel' },
      attachTo: document.body,
    });
    const tabs = w.findAll('[role=tab]');
    expect(tabs.map((t) => t.attributes('tabindex'))).toEqual(['0', '-1']);
    expect(w.get('[role=tabpanel]').attributes('aria-labelledby')).toBe(tabs[0]!.attributes('id'));
    expect(tabs[0]!.attributes('aria-controls')).toBe(w.get('[role=tabpanel]').attributes('id'));
    press(tabs[0]!.element, 'ArrowRight');
    expect(w.emitted('update:modelValue')).toEqual([['twice']]);
    await w.setProps({ modelValue: 'twice' });
    expect(w.findAll('[role=tab]').map((t) => t.attributes('aria-selected'))).toEqual(['false', 'true']);
    await tabs[0]!.trigger('click');
    expect(w.emitted('update:modelValue')).toEqual([['twice'], ['when']]);
  });
});

describe('KitSplitPane', () => {
  const make = (more: Record<string, unknown> = {}) =>
    mount(KitSplitPane, {
      props: { name: 'form', label: 'Width of the form', initial: 300, min: 200, max: 500, ...more },
      slots: { start: 'start', end: 'end' },
    });
  const now = (w: ReturnType<typeof make>) => Number(w.get('[role=separator]').attributes('aria-valuenow'));

  it('is moved by arrows, faster with Shift, to its ends by Home and End, back by Enter', async () => {
    const w = make();
    const line = w.get('[role=separator]');
    expect(now(w)).toBe(300);
    await line.trigger('keydown', { key: 'ArrowRight' });
    expect(now(w)).toBe(316);
    await line.trigger('keydown', { key: 'ArrowLeft', shiftKey: true });
    expect(now(w)).toBe(252);
    await line.trigger('keydown', { key: 'Home' });
    expect(now(w)).toBe(200);
    await line.trigger('keydown', { key: 'End' });
    expect(now(w)).toBe(500);
    await line.trigger('keydown', { key: 'Enter' });
    expect(now(w)).toBe(300);
  });

  it('keeps its size, and forgets it on a double click', async () => {
    const w = make();
    await w.get('[role=separator]').trigger('keydown', { key: 'ArrowRight' });
    expect(now(make())).toBe(316);
    await w.get('[role=separator]').trigger('dblclick');
    expect(now(make())).toBe(300);
  });

  it('grows the pane at the end when the line goes back', async () => {
    const w = make({ sized: 'end' });
    await w.get('[role=separator]').trigger('keydown', { key: 'ArrowLeft' });
    expect(now(w)).toBe(316);
    expect((w.element as HTMLElement).style.gridTemplateColumns).toBe('minmax(0, 1fr) 1px 316px');
  });

  it('leaves the other pane its room in a small window', async () => {
    back = sized(520, 400);
    const observed: (() => void)[] = [];
    const Real = globalThis.ResizeObserver;
    globalThis.ResizeObserver = class extends Real {
      constructor(callback: ResizeObserverCallback) {
        super(callback);
        observed.push(() => callback([], this));
      }
    };
    const w = make({ initial: 500, rest: 240 });
    for (const tell of observed) tell();
    globalThis.ResizeObserver = Real;
    await nextTick();
    expect(now(w)).toBe(520 - 240 - 1);
  });
});

describe('dialogs over dialogs', () => {
  it('lie over those that were open before, wherever in the page they stand', async () => {
    const dialog = (title: string, open: boolean) => h(KitDialog, { title, open, 'onUpdate:open': () => undefined });
    // The second stands later in the page, and is opened first.
    const w = mount(
      {
        props: ['first', 'second'],
        setup: (p: { first: boolean; second: boolean }) => () => [dialog('First', p.first), dialog('Second', p.second)],
      },
      { attachTo: document.body, props: { first: false, second: true } },
    );
    const level = (title: string): number =>
      Number(
        [...document.querySelectorAll<HTMLElement>('[role="dialog"]')]
          .find((d) => d.textContent.includes(title))!
          .style.getPropertyValue('--level'),
      );
    await flushPromises();
    expect(level('Second')).toBe(0);
    await w.setProps({ first: true });
    await flushPromises();
    expect(level('First')).toBeGreaterThan(level('Second'));
    // What is closed is no longer under anything.
    await w.setProps({ first: false, second: false });
    await w.setProps({ first: true });
    await flushPromises();
    expect(level('First')).toBe(0);
    w.unmount();
  });
});

describe('KitDialog', () => {
  const make = (slots: Record<string, () => unknown> = {}) =>
    mount(
      {
        components: { KitDialog },
        data: () => ({ open: false }),
        render(this: { open: boolean }) {
          return [
            h('button', { id: 'trigger', onClick: () => (this.open = true) }, 'Open'),
            h(
              KitDialog,
              { open: this.open, 'onUpdate:open': (v: boolean) => (this.open = v), title: 'Rename' },
              { default: () => h('input', { id: 'name' }), foot: () => h(KitButton, () => 'Done'), ...slots },
            ),
          ];
        },
      },
      { attachTo: document.body },
    );
  const dialog = () => document.querySelector<HTMLElement>('[role=dialog]');
  async function opened(w: ReturnType<typeof make>): Promise<void> {
    const trigger = w.get('#trigger');
    (trigger.element as HTMLElement).focus();
    await trigger.trigger('click');
    await flushPromises();
    await new Promise((r) => setTimeout(r, 20));
  }

  it('has a name, starts at what there is to fill in, and closes by Esc with the focus where it came from', async () => {
    const w = make();
    await opened(w);
    const label = dialog()?.getAttribute('aria-labelledby');
    expect(document.getElementById(label!)?.textContent).toBe('Rename');
    expect(document.activeElement?.id).toBe('name');
    press(document.activeElement!, 'Escape');
    await flushPromises();
    await new Promise((r) => setTimeout(r, 20));
    expect(dialog()).toBeNull();
    expect(document.activeElement?.id).toBe('trigger');
  });

  it('has a button that closes it', async () => {
    const w = make();
    await opened(w);
    dialog()!.querySelector<HTMLElement>('[aria-label=Close]')!.click();
    await flushPromises();
    expect(dialog()).toBeNull();
  });

  it('starts at the last button where there is nothing to fill in', async () => {
    const w = make({ default: () => h('p', 'Done.') });
    await opened(w);
    expect(document.activeElement?.textContent?.trim()).toBe('Done');
  });
});

const ITEMS = (done: string[]): KitMenuItem[] => [
  { label: 'Accept', keys: 'A', run: () => done.push('accept') },
  { label: 'Show in 3D', reason: 'This photo is in no model', run: () => done.push('3d') },
  { label: 'Only open ones', checked: true, separated: true, run: () => done.push('open') },
];
const menu = () => document.querySelector<HTMLElement>('[role=menu]');
const settle = async (): Promise<void> => {
  await flushPromises();
  await new Promise((r) => setTimeout(r, 30));
};

describe('KitMenu', () => {
  async function opened(done: string[]): Promise<void> {
    const w = mount(KitMenu, {
      props: { items: ITEMS(done), label: 'Tuple' },
      slots: { default: () => h(KitButton, () => 'More') },
      attachTo: document.body,
    });
    w.get('button').element.focus();
    press(w.get('button').element, 'Enter');
    await settle();
  }
  const item = (text: string) =>
    [...document.querySelectorAll<HTMLElement>('[role=menuitem]')].find((e) => e.textContent.includes(text))!;

  it('opens by the keyboard, does what is chosen, and closes', async () => {
    const done: string[] = [];
    await opened(done);
    expect(menu()).not.toBeNull();
    expect(item('Accept').textContent).toContain('A');
    expect(document.querySelectorAll('[role=separator]')).toHaveLength(1);
    expect(item('Only open ones').textContent).toContain('chosen');
    item('Accept').click();
    await settle();
    expect(done).toEqual(['accept']);
    expect(menu()).toBeNull();
  });

  it('shows why a line cannot be chosen, and does nothing on it', async () => {
    const done: string[] = [];
    await opened(done);
    const grey = item('Show in 3D');
    expect(grey.getAttribute('aria-disabled')).toBe('true');
    expect(grey.textContent).toContain('This photo is in no model');
    grey.click();
    await settle();
    expect(done).toEqual([]);
  });
});

describe('KitContextMenu', () => {
  it('opens under the right button, with the same lines', async () => {
    const done: string[] = [];
    const w = mount(KitContextMenu, {
      props: { items: ITEMS(done), label: 'Photo' },
      slots: { default: () => h('div', { id: 'photo' }) },
      attachTo: document.body,
    });
    await w.get('#photo').trigger('contextmenu', { clientX: 10, clientY: 10 });
    await settle();
    expect(w.emitted('open')).toHaveLength(1);
    expect(document.querySelectorAll('[role=menuitem]')).toHaveLength(3);
    document.querySelector<HTMLElement>('[role=menuitem]')!.click();
    await settle();
    expect(done).toEqual(['accept']);
  });
});

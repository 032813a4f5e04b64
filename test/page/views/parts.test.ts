import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import QueryPhoto from '../../../src/renderer/views/search/QueryPhoto.vue';
import { cropText, parseCrop } from '../../../src/renderer/views/search/methods.ts';
import PhotoMenu from '../../../src/renderer/app/PhotoMenu.vue';
import { useDrop } from '../../../src/renderer/views/common/use-drop.ts';
import { useLibrary } from '../../../src/renderer/stores/library.ts';
import type { Stroke } from '../../../src/renderer/views/draw/strokes.ts';

beforeEach(() => {
  setActivePinia(createPinia());
});
afterEach(() => {
  document.body.innerHTML = '';
  sessionStorage.clear();
});

describe('a part of the photo that asks', () => {
  it('is drawn by keyboard: Enter begins, arrows move, with Shift they size, Enter asks', async () => {
    const w = mount(QueryPhoto, { props: { photo: 'ab' }, attachTo: document.body });
    const frame = w.get('[data-test=query-photo]');
    const key = (k: string, shiftKey = false) => frame.trigger('keydown', { key: k, shiftKey });
    await key('ArrowRight');
    await key('Enter');
    await key('ArrowRight');
    await key('ArrowDown');
    await key('ArrowLeft', true);
    await key('Enter');
    const [box] = w.emitted('crop')![0] as [Record<'x' | 'y' | 'width' | 'height', number>];
    expect([box.x, box.y, box.width, box.height].map((v) => v.toFixed(2))).toEqual(['0.27', '0.27', '0.48', '0.50']);
    await key('Enter');
    await key('Escape');
    expect(w.emitted('crop')).toHaveLength(1);
    expect(w.find('.crop').exists()).toBe(false);
    w.unmount();
  });

  it('stays on the photo', async () => {
    const w = mount(QueryPhoto, { props: { photo: 'ab' } });
    const frame = w.get('[data-test=query-photo]');
    await frame.trigger('keydown', { key: 'Enter' });
    for (let i = 0; i < 40; i += 1) await frame.trigger('keydown', { key: 'ArrowLeft' });
    for (let i = 0; i < 80; i += 1) await frame.trigger('keydown', { key: 'ArrowRight', shiftKey: true });
    await frame.trigger('keydown', { key: 'Enter' });
    expect(w.emitted('crop')![0]).toMatchObject([{ x: 0, width: 1 }]);
  });

  it('is a drawn tile with its name where the photo is not there', async () => {
    const w = mount(QueryPhoto, { props: { photo: 'ab' } });
    await w.get('img').trigger('error');
    expect(w.text()).toContain('Missing');
    await w.setProps({ photo: 'cd' });
    expect(w.find('img[alt="Query"]').exists()).toBe(true);
  });

  it('stands in the address as four fractions; anything else is no part', () => {
    expect(cropText({ x: 0.1, y: 0.25, width: 1 / 3, height: 0.5 })).toBe('0.100,0.250,0.333,0.500');
    expect(parseCrop('0.100,0.250,0.333,0.500')).toEqual({ x: 0.1, y: 0.25, width: 0.333, height: 0.5 });
    for (const wrong of ['', '0.1', '0,0,0,1', '0,0,2,1', 'a,b,c,d', undefined])
      expect(parseCrop(wrong)).toBeUndefined();
  });
});

describe('the menu on a photo', () => {
  it('selects the photo under the pointer; elsewhere the menu of the browser comes', async () => {
    const library = useLibrary();
    const select = vi.spyOn(library, 'select').mockImplementation((photo) => {
      library.selectedPhoto = photo;
      return Promise.resolve();
    });
    const w = mount(PhotoMenu, {
      attachTo: document.body,
      slots: { default: '<button><i data-photo="ab"></i><b>caption</b></button><p>text</p>' },
    });
    await w.get('p').trigger('contextmenu');
    await nextTick();
    expect(document.querySelector('[role="menu"]')).toBeNull();
    await w.get('b').trigger('contextmenu');
    await vi.waitFor(() => expect(document.querySelector('[role="menu"]')).not.toBeNull());
    expect(select.mock.calls).toEqual([['ab']]);
    const lines = [...document.querySelectorAll('[role="menuitem"]')].map((m) => m.textContent);
    expect(lines.some((l) => l.includes('Search with the selected photo'))).toBe(true);
    w.unmount();
  });
});

it('a file that is dropped is taken, once', () => {
  const taken: File[] = [];
  const { over, on } = useDrop((f) => taken.push(f));
  const event = (files: File[]) => ({ preventDefault: vi.fn(), dataTransfer: { files } }) as unknown as DragEvent;
  on.dragover(event([]));
  expect(over.value).toBe(true);
  on.drop(event([new File(['x'], 'a.jpg')]));
  on.drop(event([]));
  expect([over.value, taken.map((f) => f.name)]).toEqual([false, ['a.jpg']]);
});

describe('the drawing on the table', () => {
  const line = (x: number): Stroke => ({ erase: false, width: 0.01, points: [{ x, y: 0, pressure: 0.5 }] });
  const fresh = async () => {
    vi.resetModules();
    return (await import('../../../src/renderer/views/draw/drawing.ts')).drawing;
  };

  it('is there again after a reload, and the way back from it is', async () => {
    const before = await fresh();
    before.add(line(0.1));
    before.add(line(0.2));
    before.undo();
    const after = await fresh();
    expect(after.strokes.value).toEqual([line(0.1)]);
    after.undo();
    expect([after.strokes.value, after.canUndo.value, after.canRedo.value]).toEqual([[], false, true]);
  });

  it('is empty where what was kept cannot be read', async () => {
    sessionStorage.setItem('covis-drawing', '{"no":');
    expect((await fresh()).strokes.value).toEqual([]);
  });
});

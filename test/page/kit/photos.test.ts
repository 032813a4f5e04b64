import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import KitPhotoTile from '../../../src/renderer/kit/KitPhotoTile.vue';
import KitStage from '../../../src/renderer/kit/KitStage.vue';
import { PHOTO_URL } from '../../../src/renderer/kit/photo-url.ts';
import { sized } from '../setup.ts';

afterEach(() => {
  document.body.replaceChildren();
});

describe('KitPhotoTile', () => {
  it('is one picture with one name, states in it', () => {
    const w = mount(KitPhotoTile, {
      props: { id: 'abc', alt: 'a.jpg', chosen: true, collected: true, folded: 2, verdict: 'true' },
    });
    expect(w.findAll('[role=img]')).toHaveLength(1);
    expect(w.get('[role=img]').attributes('aria-label')).toBe(
      'a.jpg, true, chosen, in the collection, 2 folded under it',
    );
    // What is inside is not said again.
    expect(w.get('img').attributes('alt')).toBe('');
    for (const sign of ['.mark', '.star', '.fold', '.letter'])
      expect(w.get(sign).attributes('aria-hidden')).toBe('true');
  });

  it('is silent where the text beside it says its name', () => {
    const w = mount(KitPhotoTile, { props: { id: 'abc' } });
    expect(w.find('[role=img]').exists()).toBe(false);
    expect(w.get('.photo').attributes('aria-hidden')).toBe('true');
  });

  it.each(['query', 'true', 'false', 'junk'] as const)('tells %s by a letter, not by colour alone', (verdict) => {
    const letters = { query: 'Q', true: '✓', false: '✕', junk: '–' };
    expect(
      mount(KitPhotoTile, { props: { id: 'a', verdict } })
        .get('.letter')
        .text(),
    ).toBe(letters[verdict]);
  });

  it('draws a missing photo with its name and asks for nothing', () => {
    const w = mount(KitPhotoTile, { props: { id: null, alt: 'cam1/a.jpg' } });
    expect(w.find('img').exists()).toBe(false);
    expect(w.text()).toContain('Missing');
    expect(w.text()).toContain('cam1/a.jpg');
    expect(w.get('[role=img]').attributes('aria-label')).toBe('cam1/a.jpg, missing');
  });

  it('draws one that cannot be read, never the broken picture; another id is tried anew', async () => {
    const w = mount(KitPhotoTile, { props: { id: 'bad', alt: 'a.jpg' } });
    await w.get('img').trigger('error');
    expect(w.find('img').exists()).toBe(false);
    expect(w.text()).toContain('Unreadable');
    expect(w.get('[role=img]').attributes('aria-label')).toBe('a.jpg, cannot be read');
    await w.setProps({ id: 'good' });
    expect(w.find('img').exists()).toBe(true);
  });

  it('shows the small photo until the sharp one has come', async () => {
    const w = mount(KitPhotoTile, { props: { id: 'a', size: 256, sharp: 640 }, attachTo: document.body });
    const [small, sharp] = w.findAll('img');
    expect(small!.attributes('src')).toBe('/asset/photo/a?s=256');
    expect(sharp!.attributes('src')).toBe('/asset/photo/a?s=640');
    expect(sharp!.isVisible()).toBe(false);
    await sharp!.trigger('load');
    expect(w.findAll('img')[1]!.attributes('style') ?? '').not.toContain('none');
  });

  it('takes photos from where the app says', () => {
    const w = mount(KitPhotoTile, {
      props: { id: 'a', size: 64 },
      global: { provide: { [PHOTO_URL as symbol]: (id: string, size: number) => `elsewhere/${id}/${size}` } },
    });
    expect(w.get('img').attributes('src')).toBe('elsewhere/a/64');
  });
});

describe('KitStage', () => {
  let back: () => void;
  beforeEach(() => {
    back = sized(810, 300);
    vi.useFakeTimers();
  });
  afterEach(() => {
    back();
    vi.useRealTimers();
  });
  const make = async (more: object = {}) => {
    const w = mount(KitStage, {
      props: { left: 'a', leftName: 'Query', right: 'b', rightName: 'Positive', ...more },
      slots: {
        overlay: (p: { left: { width: number } | null; right: { x: number } | null }) =>
          `left ${p.left?.width ?? 'none'} right ${p.right?.x ?? 'none'}`,
      },
      attachTo: document.body,
    });
    for (const image of w.findAll('img')) {
      Object.defineProperty(image.element, 'naturalWidth', { value: 400 });
      Object.defineProperty(image.element, 'naturalHeight', { value: 300 });
      await image.trigger('load');
    }
    return w;
  };
  const width = (w: Awaited<ReturnType<typeof make>>) => w.get('img').element.style.width;

  it('lays two photos side by side, whole, and tells the overlay where they are', async () => {
    const w = await make();
    expect(w.attributes('aria-label')).toBe('Query and Positive');
    expect(w.findAll('img').map((i) => i.attributes('alt'))).toEqual(['Query', 'Positive']);
    // 810 less a gap of 10: 400 by 300 each, as large as the photos.
    expect(width(w)).toBe('400px');
    expect(w.text()).toContain('left 400 right 410');
  });

  it('zooms by + and −, shows whole by 0, moves by arrows only when enlarged', async () => {
    const w = await make();
    const key = async (k: string): Promise<boolean> => {
      const event = new KeyboardEvent('keydown', { key: k, bubbles: true, cancelable: true });
      w.element.dispatchEvent(event);
      await nextTick();
      return event.defaultPrevented;
    };
    expect(await key('ArrowRight')).toBe(false);
    await key('+');
    expect(width(w)).toBe('500px');
    const before = w.get('img').element.style.left;
    expect(await key('ArrowRight')).toBe(true);
    expect(Number.parseFloat(w.get('img').element.style.left)).toBeLessThan(Number.parseFloat(before));
    await key('-');
    expect(width(w)).toBe('400px');
    await key('+');
    await key('0');
    expect(width(w)).toBe('400px');
  });

  it('has a button that shows whole, only while enlarged', async () => {
    const w = await make();
    expect(w.find('button').exists()).toBe(false);
    await w.trigger('keydown', { key: '+' });
    await w.get('button').trigger('click');
    expect(width(w)).toBe('400px');
  });

  it('slides by arrows, Home and End', async () => {
    const w = await make({ mode: 'slider' });
    const handle = w.get('[role=slider]');
    expect(handle.attributes('aria-valuenow')).toBe('50');
    await handle.trigger('keydown', { key: 'ArrowRight' });
    expect(handle.attributes('aria-valuenow')).toBe('52');
    await handle.trigger('keydown', { key: 'Home' });
    expect(handle.attributes('aria-valuenow')).toBe('0');
    await handle.trigger('keydown', { key: 'End' });
    expect(handle.attributes('aria-valuenow')).toBe('100');
  });

  it('flickers by itself, by Space by hand, and stops when it goes', async () => {
    const w = await make({ mode: 'flicker' });
    const shown = () => w.get('.which').text();
    expect(shown()).toBe('Query');
    await vi.advanceTimersByTimeAsync(700);
    expect(shown()).toBe('Positive');
    await w.trigger('keydown', { key: ' ' });
    expect(shown()).toBe('Query');
    await vi.advanceTimersByTimeAsync(5000);
    expect(shown()).toBe('Query');
    const other = await make({ mode: 'flicker' });
    other.unmount();
    w.unmount();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('turns only by hand where less motion is asked for', async () => {
    const asked = vi.spyOn(globalThis, 'matchMedia').mockReturnValue({ matches: true } as MediaQueryList);
    const w = await make({ mode: 'flicker' });
    await vi.advanceTimersByTimeAsync(5000);
    expect(w.get('.which').text()).toBe('Query');
    await w.trigger('keydown', { key: ' ' });
    expect(w.get('.which').text()).toBe('Positive');
    asked.mockRestore();
  });

  it('is whole again with another photo, and draws one that cannot be read', async () => {
    const w = await make();
    await w.trigger('keydown', { key: '+' });
    await w.setProps({ left: 'c' });
    expect(width(w)).toBe('400px');
    await w.get('img').trigger('error');
    expect(w.text()).toContain('Query');
    expect(w.get('[role=img]').attributes('aria-label')).toBe('Query, cannot be read');
  });

  it('shows one photo alone, without slider or second side', async () => {
    const w = await make({ right: undefined });
    expect(w.findAll('img')).toHaveLength(1);
    expect(w.find('[role=slider]').exists()).toBe(false);
    expect(w.attributes('aria-label')).toBe('Query');
  });
});

import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineComponent, h, nextTick, ref } from 'vue';
import KitPhotoGrid from '../../../src/renderer/kit/KitPhotoGrid.vue';
import KitTable from '../../../src/renderer/kit/KitTable.vue';
import { Selection } from '../../../src/renderer/kit/selection.ts';
import type { KitSort } from '../../../src/renderer/kit/types.ts';
import { sized } from '../setup.ts';

let back: () => void;
beforeEach(() => {
  back = sized(600, 330);
});
afterEach(() => {
  back();
  document.body.replaceChildren();
});

interface Row {
  readonly id: string;
  readonly name: string;
  readonly n: number;
}
const ROWS: readonly Row[] = Array.from({ length: 50_000 }, (_, i) => ({
  id: `r${i}`,
  name: `row ${i}`,
  n: (i * 7) % 100,
}));
const COLUMNS = [
  { key: 'name', label: 'Name', value: (r: Row) => r.name, sortable: true },
  { key: 'n', label: 'N', value: (r: Row) => r.n, sortable: true, align: 'end' as const },
];

describe('KitTable', () => {
  const make = (rows = ROWS) => {
    const opened: string[] = [];
    const Held = defineComponent({
      setup() {
        const selected = ref<string | number | null>(null);
        const sort = ref<KitSort | null>(null);
        return () =>
          h(KitTable<Row>, {
            rows,
            columns: COLUMNS,
            rowKey: (r: Row) => r.id,
            label: 'Rows',
            rowHeight: 30,
            selected: selected.value,
            'onUpdate:selected': (v: string | number | null) => (selected.value = v),
            sort: sort.value,
            'onUpdate:sort': (v: KitSort | null) => (sort.value = v),
            onOpen: (r: Row) => opened.push(r.id),
          });
      },
    });
    return { w: mount(Held, { attachTo: document.body }), opened };
  };
  const texts = (w: ReturnType<typeof make>['w']) =>
    w.findAll('.body [role=row]').map((r) => r.find('[role=gridcell]').text());
  const chosen = (w: ReturnType<typeof make>['w']) => w.find('[aria-selected=true]');

  it('has only what is seen in the page, and says how many there are', async () => {
    const { w } = make();
    await nextTick();
    expect(w.findAll('.body [role=row]').length).toBeLessThan(30);
    expect(texts(w).slice(0, 2)).toEqual(['row 0', 'row 1']);
    expect(w.get('[role=grid]').attributes('aria-rowcount')).toBe('50001');
    expect(w.get('.body').attributes('style')).toContain(`${50_000 * 30}px`);
  });

  it('shows other rows when it is scrolled', async () => {
    const { w } = make();
    const grid = w.get('[role=grid]');
    grid.element.scrollTop = 30 * 1000;
    await grid.trigger('scroll');
    expect(texts(w)).toContain('row 1000');
    expect(texts(w)).not.toContain('row 0');
    expect(
      w
        .findAll('.body [role=row]')
        .find((r) => r.text().startsWith('row 1000'))!
        .attributes('aria-rowindex'),
    ).toBe('1002');
  });

  it('moves by keys, keeps the row in sight, opens by Enter and double click', async () => {
    const { w, opened } = make();
    const grid = w.get('[role=grid]');
    await grid.trigger('keydown', { key: 'ArrowDown' });
    expect(chosen(w).text()).toContain('row 0');
    await grid.trigger('keydown', { key: 'End' });
    await nextTick();
    expect(chosen(w).text()).toContain('row 49999');
    expect(grid.attributes('aria-activedescendant')).toBe(chosen(w).attributes('id'));
    await grid.trigger('keydown', { key: 'ArrowUp' });
    await grid.trigger('keydown', { key: 'Enter' });
    expect(opened).toEqual(['r49998']);
    await grid.trigger('keydown', { key: 'Home' });
    await nextTick();
    await nextTick();
    await w.findAll('.body [role=row]')[3]!.trigger('dblclick');
    expect(opened).toEqual(['r49998', 'r3']);
  });

  it('sorts by a press on a heading: numbers first from the largest, then turned', async () => {
    const { w } = make(ROWS.slice(0, 100));
    const heads = () => w.findAll('[role=columnheader]');
    await heads()[1]!.get('button').trigger('click');
    expect(heads().map((x) => x.attributes('aria-sort'))).toEqual(['none', 'descending']);
    const n = () => Number(w.findAll('.body [role=row]')[0]!.findAll('[role=gridcell]')[1]!.text());
    expect(n()).toBe(99);
    await heads()[1]!.get('button').trigger('click');
    expect(n()).toBe(0);
    await heads()[0]!.get('button').trigger('click');
    expect(heads().map((x) => x.attributes('aria-sort'))).toEqual(['ascending', 'none']);
  });

  it('keeps the chosen row chosen when the order changes', async () => {
    const { w } = make(ROWS.slice(0, 100));
    await w.findAll('.body [role=row]')[2]!.trigger('click');
    await w.findAll('[role=columnheader]')[1]!.get('button').trigger('click');
    await nextTick();
    await nextTick();
    expect(chosen(w).text()).toContain('row 2');
  });

  it('leaves keys that are pressed in its cells or with Ctrl alone', async () => {
    const { w } = make();
    const event = new KeyboardEvent('keydown', { key: 'End', ctrlKey: true, bubbles: true, cancelable: true });
    w.get('[role=grid]').element.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
    await w.get('button').trigger('keydown', { key: 'End' });
    expect(chosen(w).exists()).toBe(false);
  });

  it('says that it is empty', () => {
    expect(make([]).w.text()).toContain('Nothing here');
  });
});

describe('KitPhotoGrid', () => {
  const PHOTOS = Array.from({ length: 10_000 }, (_, i) => ({ id: `p${i}`, name: `photo ${i}.jpg` }));
  const make = (photos = PHOTOS, more: { single?: boolean } = {}) => {
    const selection = ref(new Selection());
    const shown = ref(photos);
    const opened: string[] = [];
    const Held = defineComponent({
      setup: () => () =>
        h(KitPhotoGrid<(typeof PHOTOS)[number]>, {
          photos: shown.value,
          label: 'Photos',
          modelValue: selection.value as Selection,
          'onUpdate:modelValue': (s: Selection) => (selection.value = s),
          onOpen: (p: { id: string }) => opened.push(p.id),
          ...more,
        }),
    });
    const w = mount(Held, { attachTo: document.body });
    const key = async (k: string, o: object = {}): Promise<void> => {
      await w.get('[role=listbox]').trigger('keydown', { key: k, ...o });
      await nextTick();
    };
    return { w, selection, shown, opened, key };
  };
  const chosen = (s: { value: Selection }) => [...s.value.chosen];

  it('has only what is seen in the page, every photo with a name, place and number', async () => {
    const { w } = make();
    await nextTick();
    const options = w.findAll('[role=option]');
    expect(options.length).toBeGreaterThan(8);
    expect(options.length).toBeLessThan(80);
    expect(options[1]!.attributes()).toMatchObject({
      'aria-posinset': '2',
      'aria-setsize': '10000',
      'aria-selected': 'false',
    });
    expect(options[1]!.get('[role=img]').attributes('aria-label')).toBe('photo 1.jpg');
    // 600 px wide, 8 px at either side, tiles of 132 px and gaps of 6: four in a row.
    expect(w.get('.seen').attributes('style')).toContain('repeat(4,');
  });

  it('click, Ctrl and Shift choose as everywhere', async () => {
    const { w, selection } = make();
    await nextTick();
    const at = (i: number) => w.findAll('[role=option]')[i]!;
    await at(1).trigger('click');
    await at(4).trigger('click', { shiftKey: true });
    expect(chosen(selection)).toEqual(['p1', 'p2', 'p3', 'p4']);
    await at(2).trigger('click', { ctrlKey: true });
    expect(chosen(selection)).toEqual(['p1', 'p3', 'p4']);
    expect(at(3).attributes('aria-selected')).toBe('true');
  });

  it('arrows go by one and by a row, Home and End to the ends, Ctrl A chooses all, Esc lets go', async () => {
    const { w, selection, key } = make();
    await nextTick();
    await key('ArrowRight');
    await key('ArrowRight');
    await key('ArrowDown');
    expect(chosen(selection)).toEqual(['p5']);
    await key('ArrowUp', { shiftKey: true });
    expect(chosen(selection)).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
    await key('End');
    expect(chosen(selection)).toEqual(['p9999']);
    await nextTick();
    const current = w.get('[role=listbox]').attributes('aria-activedescendant');
    expect(w.get(`#${current}`).get('[role=img]').attributes('aria-label')).toContain('photo 9999.jpg, chosen');
    await key('Home');
    expect(chosen(selection)).toEqual(['p0']);
    await key('a', { ctrlKey: true });
    expect(selection.value.chosen.size).toBe(10_000);
    await key('Escape');
    expect(selection.value.chosen.size).toBe(0);
  });

  it('from nowhere Home and End lead to the ends', async () => {
    const first = make();
    await first.key('Home');
    expect(chosen(first.selection)).toEqual(['p0']);
    const last = make();
    await last.key('End');
    expect(chosen(last.selection)).toEqual(['p9999']);
  });

  it('Enter and a double click open, Space takes the current one in and out', async () => {
    const { w, selection, opened, key } = make();
    await nextTick();
    await key('ArrowRight');
    await key('Enter');
    await w.findAll('[role=option]')[2]!.trigger('dblclick');
    expect(opened).toEqual(['p0', 'p2']);
    await key(' ');
    expect(chosen(selection)).toEqual([]);
    await key(' ');
    expect(chosen(selection)).toEqual(['p0']);
  });

  it('lets go of photos that are gone from its list', async () => {
    const { selection, shown, key } = make();
    await key('a', { ctrlKey: true });
    shown.value = PHOTOS.slice(0, 3);
    await nextTick();
    expect(chosen(selection)).toEqual(['p0', 'p1', 'p2']);
  });

  it('chooses one at a time where that is asked for', async () => {
    const { w, selection, key } = make(PHOTOS, { single: true });
    await nextTick();
    await w.findAll('[role=option]')[1]!.trigger('click');
    await w.findAll('[role=option]')[4]!.trigger('click', { shiftKey: true });
    expect(chosen(selection)).toEqual(['p4']);
    await key('a', { ctrlKey: true });
    expect(chosen(selection)).toEqual(['p4']);
    expect(w.get('[role=listbox]').attributes('aria-multiselectable')).toBe('false');
  });
});

import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineComponent, h, nextTick, ref, shallowRef } from 'vue';
import { z } from 'zod';
import KitPhotoGrid from '../../../src/renderer/kit/KitPhotoGrid.vue';
import type { PhotoList } from '../../../src/renderer/kit/photo-list.ts';
import { Selection } from '../../../src/renderer/kit/selection.ts';
import { shellWord } from '../../../src/shared/shell-word.ts';
import { optionsText } from '../../../src/renderer/views/collections/command-line.ts';
import { common, fieldNames } from '../../../src/renderer/views/collections/use-described.ts';
import { withValue } from '../../../src/renderer/views/collections/rule-kinds.ts';
import { sized } from '../setup.ts';

let back: () => void;
beforeEach(() => (back = sized(600, 330)));
afterEach(() => {
  back();
  document.body.replaceChildren();
});

interface Photo {
  readonly id: string;
  readonly name: string;
}
const photo = (i: number): Photo => ({ id: `p${i}`, name: `photo ${i}` });

describe('a grid of a list that is fetched by parts', () => {
  const make = (total: number, there: (i: number) => boolean, more: object = {}) => {
    const selection = ref(new Selection());
    const wanted: [number, number][] = [];
    const asked: [number, number][] = [];
    const moved: [readonly string[], number][] = [];
    const list = shallowRef<PhotoList<Photo>>({
      total,
      at: (i) => (there(i) ? photo(i) : undefined),
      want: (first, end) => void wanted.push([first, end]),
      indexOf: (id) => Number(id.slice(1)),
      ids: (first, end) => {
        asked.push([first, end]);
        return Promise.resolve(Array.from({ length: end - first }, (_, k) => `p${first + k}`));
      },
    });
    const w = mount(
      defineComponent({
        setup: () => () =>
          h(KitPhotoGrid<Photo>, {
            photos: list.value,
            label: 'Photos',
            keeps: true,
            modelValue: selection.value as Selection,
            'onUpdate:modelValue': (s: Selection) => (selection.value = s),
            onMove: (photos: readonly string[], to: number) => void moved.push([photos, to]),
            ...more,
          }),
      }),
      { attachTo: document.body },
    );
    const key = async (k: string, o: object = {}): Promise<void> => {
      await w.get('[role=listbox]').trigger('keydown', { key: k, ...o });
      await nextTick();
      await nextTick();
    };
    return { w, selection, wanted, asked, moved, key };
  };

  it('wants what is seen and no more, and has a place for what is on its way', async () => {
    const { w, wanted } = make(100_000, (i) => i < 4);
    await nextTick();
    const options = w.findAll('[role=option]');
    expect(options.length).toBeLessThan(80);
    expect(options[0]!.attributes('aria-setsize')).toBe('100000');
    expect(options[4]!.attributes()).toMatchObject({ 'aria-busy': 'true', 'aria-label': 'On its way' });
    expect(wanted.every(([first, end]) => first === 0 && end <= 80)).toBe(true);
  });

  it('chooses what is clicked on before it has come, by its place, alone and beside others', async () => {
    const { w, selection, asked } = make(100_000, (i) => i < 4);
    await nextTick();
    const at = (i: number) => w.findAll('[role=option]')[i]!;
    await at(6).trigger('click');
    await at(9).trigger('click', { ctrlKey: true });
    await nextTick();
    expect(asked).toEqual([
      [6, 7],
      [9, 10],
    ]);
    expect([[...selection.value.chosen], selection.value.current]).toEqual([['p6', 'p9'], 'p9']);
  });

  it('chooses in the order of the clicks, also where an earlier one has to be asked for', async () => {
    const { w, selection, key } = make(100_000, (i) => i < 4);
    await nextTick();
    const at = (i: number) => w.findAll('[role=option]')[i]!;
    await Promise.all([at(6).trigger('click'), at(2).trigger('click')]);
    await key('Shift');
    expect([[...selection.value.chosen], selection.value.current]).toEqual([['p2'], 'p2']);
    await Promise.all([at(6).trigger('click'), at(8).trigger('click', { shiftKey: true })]);
    await key('Shift');
    await key('Shift');
    expect([...selection.value.chosen]).toEqual(['p6', 'p7', 'p8']);
  });

  it('asks for the ids between two clicks that nobody has loaded, and for all by Ctrl A', async () => {
    const { w, selection, asked, key } = make(50_000, (i) => i < 60);
    await nextTick();
    await w.findAll('[role=option]')[2]!.trigger('click');
    await key('End', { shiftKey: true });
    expect(asked.at(-1)).toEqual([2, 50_000]);
    expect([selection.value.chosen.size, selection.value.current, selection.value.anchor]).toEqual([
      49_998,
      'p49999',
      'p2',
    ]);
    await key('a', { ctrlKey: true });
    expect(selection.value.chosen.size).toBe(50_000);
  });

  it('keeps what is chosen elsewhere when all of it is chosen, and moves by Ctrl without choosing', async () => {
    const { w, selection, key } = make(8, () => true);
    selection.value = new Selection(['elsewhere']);
    await nextTick();
    await key('a', { ctrlKey: true });
    expect(selection.value.chosen.size).toBe(9);
    await w.findAll('[role=option]')[1]!.trigger('click');
    await key('ArrowRight', { ctrlKey: true });
    expect([[...selection.value.chosen], selection.value.current]).toEqual([['p1'], 'p2']);
    await key(' ', { ctrlKey: true });
    expect([...selection.value.chosen]).toEqual(['p1', 'p2']);
  });

  it('moves what is chosen as one block by Alt and arrows, not beyond the ends, and only where the order is a person’s', async () => {
    const { selection, moved, key } = make(12, () => true, { sortable: true });
    selection.value = new Selection(['p4', 'p6'], 'p6');
    await nextTick();
    await key('ArrowRight', { altKey: true });
    await key('ArrowLeft', { altKey: true });
    // 600 px hold four in a row.
    await key('ArrowDown', { altKey: true });
    expect(moved).toEqual([
      [['p4', 'p6'], 8],
      [['p4', 'p6'], 3],
      [['p4', 'p6'], 11],
    ]);
    selection.value = new Selection(['p0'], 'p0');
    await nextTick();
    await key('ArrowLeft', { altKey: true });
    expect(moved).toHaveLength(3);
    const fixed = make(12, () => true);
    fixed.selection.value = new Selection(['p4'], 'p4');
    await nextTick();
    await fixed.key('ArrowRight', { altKey: true });
    expect(fixed.moved).toEqual([]);
  });
});

describe('fields of several photos', () => {
  it('are shown where all say the same, nothing included, and as several where they do not', () => {
    const of = (title?: string[]) => ({ fields: title === undefined ? {} : { title } });
    expect(common([of(['a']), of(['a'])], 'title')).toEqual(['a']);
    expect(common([of(), of()], 'title')).toEqual([]);
    expect(common([of(['a']), of()], 'title')).toBeNull();
    expect(common([of(['a', 'b']), of(['b', 'a'])], 'title')).toBeNull();
  });

  it('come in the order of Dublin Core, a person’s own after them', () => {
    expect(fieldNames(['title', 'date'], ['signature', 'date', 'archive'])).toEqual([
      'title',
      'date',
      'archive',
      'signature',
    ]);
  });
});

describe('the command that a dialog shows', () => {
  const schema = z.strictObject({
    longSide: z.int().optional(),
    gallery: z.boolean().default(true),
    removeGps: z.boolean().default(false),
    photos: z.enum(['copy', 'none']).default('copy'),
    baseUrl: z.string().optional(),
  });

  it('has what differs from the defaults, by the names that the command line makes of the schema', () => {
    expect(optionsText(schema, { gallery: true, removeGps: false, photos: 'copy' })).toBe('');
    expect(
      optionsText(schema, {
        longSide: 2000,
        gallery: false,
        removeGps: true,
        photos: 'none',
        baseUrl: 'https://a.b/c d',
      }),
    ).toBe(" --long-side 2000 --no-gallery --remove-gps --photos none --base-url 'https://a.b/c d'");
    expect(optionsText(schema, { gallery: false, longSide: 5 }, ['gallery'])).toBe(' --long-side 5');
  });

  it('is quoted so that a shell takes each name as one word', () => {
    expect(['Castles@2', 'Old castles@2', 'a"b', '$HOME'].map(shellWord)).toEqual([
      'Castles@2',
      "'Old castles@2'",
      `'a"b'`,
      "'$HOME'",
    ]);
  });
});

it('a condition loses what is emptied and keeps the rest', () => {
  const draft = { is: 'size', field: 'long', from: 3 } as const;
  expect(withValue(draft, 'to', 9)).toEqual({ is: 'size', field: 'long', from: 3, to: 9 });
  for (const nothing of [undefined, null, ''])
    expect(withValue(draft, 'from', nothing)).toEqual({ is: 'size', field: 'long' });
});

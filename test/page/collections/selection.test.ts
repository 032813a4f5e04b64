import { beforeEach, describe, expect, it } from 'vitest';
import type { Provenance } from '../../../src/shared/facts/collections.ts';
import type { useLibrary } from '../../../src/renderer/stores/library.ts';
import type { useSelection } from '../../../src/renderer/stores/selection.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

type Store = ReturnType<typeof useSelection>;
type Library = ReturnType<typeof useLibrary>;

const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
let engine: FakeEngine;
let selection: Store;
let library: Library;

beforeEach(async () => {
  engine = fakeEngine({ 'photos.info': () => ({ clusters: [] }) as never });
  selection = (await import('../../../src/renderer/stores/selection.ts')).useSelection();
  library = (await import('../../../src/renderer/stores/library.ts')).useLibrary();
});

const chosen = (): string => [...selection.chosen].sort().join('');
const found = (photo: string): Provenance => ({
  how: 'search',
  query: 'q',
  method: 'cosine',
  network: 'n',
  score: 0.5,
  rank: ids.indexOf(photo) + 1,
});

describe('the one selection of photos', () => {
  it('has the library’s selected photo as its current one, both ways', async () => {
    selection.take(selection.state.click(ids, 'b'));
    expect([chosen(), library.selectedPhoto]).toEqual(['b', 'b']);
    await library.select('e');
    // What is selected elsewhere is looked at, and not chosen.
    expect([chosen(), selection.state.current]).toEqual(['b', 'e']);
    await settled();
    expect(engine.asked.map((a) => a.route)).toContain('photos.info');
  });

  it('is what actions are about; without a choice the selected photo is', () => {
    expect(selection.meant).toEqual([]);
    library.selectedPhoto = 'c';
    expect(selection.meant).toEqual(['c']);
    selection.choose(['d', 'e']);
    expect(selection.meant).toEqual(['d', 'e']);
  });

  it('keeps how photos were come by, of the list in which they were chosen', () => {
    selection.choose(['a', 'b'], found);
    selection.choose(['b', 'c'], () => ({ ...found('c'), how: 'map' }), true);
    const origins = selection.originsOf(['a', 'b', 'c', 'd']);
    expect([...origins].map(([photo, o]) => [photo, o.how, o.rank])).toEqual([
      ['a', 'search', 1],
      ['b', 'search', 2],
      ['c', 'map', 3],
    ]);
    // Chosen again by hand: what was known of it no longer holds.
    selection.clear();
    selection.choose(['a']);
    expect(selection.originsOf(['a']).size).toBe(0);
  });

  it('has what is meant or dragged without being chosen from the list in sight that was worked in last', () => {
    const map = (): Provenance => ({ ...found('a'), how: 'map', rank: null });
    selection.shows(found);
    selection.shows(map);
    library.selectedPhoto = 'c';
    expect(selection.originsOf(['c']).get('c')?.how).toBe('map');
    selection.shows(found);
    expect(selection.originsOf(['c']).get('c')).toEqual(found('c'));
    // What is chosen keeps how it was chosen, in whatever list that is looked at later.
    selection.choose(['d']);
    expect(selection.originsOf(['c', 'd']).has('d')).toBe(false);
    selection.hides(found);
    selection.hides(map);
    expect(selection.originsOf(['c']).size).toBe(0);
  });

  it('brings back many that a click or Esc let go of', () => {
    selection.choose(['a', 'b', 'c'], found);
    selection.take(selection.state.click(ids, 'e'));
    expect([chosen(), selection.earlier.size]).toEqual(['e', 3]);
    selection.again();
    expect([chosen(), selection.earlier.size]).toEqual(['abce', 0]);
    expect(selection.originsOf(['b']).get('b')?.rank).toBe(2);
    selection.clear();
    selection.again();
    expect(chosen()).toBe('abce');
  });

  it('does not take a reach that shrinks for letting go', () => {
    let state = selection.state.click(ids, 'a');
    selection.take(state);
    state = selection.state.click(ids, 'f', { shift: true });
    selection.take(state);
    selection.take(selection.state.click(ids, 'b', { shift: true }));
    expect([chosen(), selection.earlier.size]).toEqual(['ab', 0]);
  });

  it('lets go by Esc: of many and stops there, of the one that is selected and goes on', () => {
    selection.choose(['a', 'b']);
    expect([selection.letGo(), chosen()]).toEqual([true, '']);
    selection.take(selection.state.click(ids, 'c'));
    expect([selection.letGo(), chosen(), library.selectedPhoto]).toEqual([false, '', 'c']);
    expect(selection.letGo()).toBe(false);
    // One that was chosen and is not the selected one is a choice of its own.
    selection.choose(['d']);
    expect(selection.letGo()).toBe(true);
  });

  it('inverts within a result and leaves the rest of what is chosen', () => {
    selection.choose(['a', 'b', 'z']);
    selection.take(selection.state.inverted(['a', 'b', 'c']));
    expect(chosen()).toBe('cz');
  });

  it('ends with its library', async () => {
    library.info = { path: '/one', networks: [] } as never;
    await settled();
    selection.choose(['a', 'b'], found);
    library.info = { path: '/two', networks: [] } as never;
    await settled();
    expect([selection.count, selection.originsOf(['a']).size]).toEqual([0, 0]);
  });

  it('takes a hundred thousand at once', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `p${i}`);
    selection.choose(many, () => found('a'));
    expect(selection.count).toBe(100_000);
    selection.take(selection.state.toggled('p99999'));
    expect(selection.count).toBe(99_999);
  });
});

import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineComponent } from 'vue';
import type { JobInfo, LibraryInfo, PhotoInfo } from '../../../src/shared/domain.ts';
import { action, meet, type Action } from '../../../src/renderer/actions/action.ts';
import { searchThis, showCluster, showManifold, showMatches } from '../../../src/renderer/actions/selected-photo.ts';
import { findPlaces, importModels, openLibrary } from '../../../src/renderer/actions/library.ts';
import * as jobActions from '../../../src/renderer/actions/jobs.ts';
import { accept, reject } from '../../../src/renderer/actions/review.ts';
import { help, palette } from '../../../src/renderer/actions/everywhere.ts';
import { ACTIONS } from '../../../src/renderer/actions/index.ts';
import { chosenKeys, keyLabel, keyName, keysOf, pressed, withKeys } from '../../../src/renderer/actions/keys.ts';
import { perform, stateOf, useAction } from '../../../src/renderer/actions/use-action.ts';
import { actionOf, keyTakenBy, listenToKeys } from '../../../src/renderer/app/keyboard.ts';
import { useJobs } from '../../../src/renderer/stores/jobs.ts';
import { useLibrary } from '../../../src/renderer/stores/library.ts';
import { useNotices } from '../../../src/renderer/stores/notices.ts';
import { usePanels } from '../../../src/renderer/stores/panels.ts';
import { usePlace } from '../../../src/renderer/stores/place.ts';
import { VIEWS } from '../../../src/renderer/views/index.ts';

const RENDERER = join(import.meta.dirname, '..', '..', '..', 'src', 'renderer');

beforeEach(() => {
  setActivePinia(createPinia());
  chosenKeys.value = {};
});
afterEach(() => {
  document.body.innerHTML = '';
  vi.restoreAllMocks();
});

describe('the list of all actions', () => {
  it('has every id once', () => {
    const ids = ACTIONS.map((a) => a.id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('has no two actions with one key in one place', () => {
    const shared: string[] = [];
    for (const [i, a] of ACTIONS.entries())
      for (const b of ACTIONS.slice(i + 1))
        for (const key of a.keys) if (meet(a, b) && b.keys.includes(key)) shared.push(`${key}: ${a.id}, ${b.id}`);
    expect(shared).toEqual([]);
  });

  it('keeps the ids under which people’s own keys are stored, and their first keys', () => {
    // What 0.1.0 stored in settings.json.
    const keys = Object.fromEntries(ACTIONS.map((a) => [a.id, a.keys.join(' ')]));
    expect(keys).toMatchObject({
      clusters: '1',
      tuples: '2',
      train: '3',
      search: '4',
      manifold: '5',
      map: '6',
      measure: '7',
      jobs: '8',
      photos: '9',
      draw: '0',
      palette: 'mod+k',
      help: '?',
      theme: 'shift+t',
      back: 'escape',
      undo: 'u mod+z',
      redo: 'shift+u mod+shift+z',
      next: 'j arrowdown',
      previous: 'k arrowup',
      nextOpen: 'd',
      selectRow: 'space',
      searchThis: 's',
      showCluster: 'g',
      showMatches: 'i',
      showManifold: 'm',
      why: 'h',
      eraser: 'e',
      lasso: 'v',
      accept: 'a',
      reject: 'x',
      sameObject: 'o',
      swap: 'w',
      note: 'n',
      clear: 'backspace',
      photoRight: 'arrowright',
      photoLeft: 'arrowleft',
      compare: 'c',
      points: 'p',
      lines: 'l',
      rename: 'r',
      split: 'y',
      frame: 'f',
    });
  });

  it('speaks of views that are there, and of actions that take back what was done', () => {
    const views = VIEWS.map((v) => v.name);
    const ids = ACTIONS.map((a) => a.id);
    for (const a of ACTIONS) {
      expect(views).toEqual(expect.arrayContaining([...(a.within ?? [])]));
      if (a.undoneBy !== null) expect(ids, a.id).toContain(a.undoneBy);
    }
  });

  it('has a view or the shell that does what an action does not do by itself', () => {
    const files = readdirSync(RENDERER, { recursive: true, encoding: 'utf8' }).filter((f) => /\.(vue|ts)$/.test(f));
    const text = files.map((f) => readFileSync(join(RENDERER, f), 'utf8')).join('\n');
    const aliases = (id: string): string => `(?:${id}|${id}Action)`;
    const undone = ACTIONS.filter(
      (a) => a.run === null && !new RegExp(`useAction\\(\\s*${aliases(a.id)}\\b`).test(text),
    );
    expect(undone.map((a) => a.id)).toEqual([]);
  });

  it('refuses an action that nobody could do', () => {
    expect(() => action({ id: 'x', label: 'X', group: 'Map' })).toThrow('x says neither');
  });
});

describe('when actions apply', () => {
  const state = (...actions: Action[]) => actions.map(stateOf);

  it('those of the selected photo: with one, in its cluster where it has one', () => {
    const library = useLibrary();
    const none = 'No photo is selected';
    expect(state(searchThis, showManifold, showMatches, showCluster)).toEqual([none, none, none, none]);
    library.selectedPhoto = 'ab';
    expect(state(searchThis, showManifold, showMatches, showCluster)).toEqual([true, true, true, true]);
    library.selectedInfo = { clusters: [] } as unknown as PhotoInfo;
    expect(state(showCluster)).toEqual(['The photo is in no cluster']);
    library.selectedInfo = { clusters: [{ id: 'c', name: 'castle' }] } as unknown as PhotoInfo;
    expect(state(showCluster)).toEqual([true]);
  });

  it('those of the selected photo lead to their views', () => {
    const library = useLibrary();
    library.selectedPhoto = 'ab';
    library.selectedInfo = { clusters: [{ id: 'c', name: 'castle' }] } as unknown as PhotoInfo;
    const went = vi.spyOn(usePlace(), 'go').mockReturnValue();
    for (const a of [searchThis, showManifold, showMatches, showCluster]) perform(a);
    expect(went.mock.calls.map(([to]) => to)).toEqual([
      { name: 'search', query: { photo: 'ab' } },
      { name: 'manifold', query: { photo: 'ab' } },
      { name: 'photos', query: { tab: 'matches', photo: 'ab' } },
      { name: 'cluster', params: { id: 'c' }, query: { photo: 'ab' } },
    ]);
  });

  it('jobs: with a library, with photos, with clusters where they need them', () => {
    const library = useLibrary();
    const { extract, prepareDrawing, mineTuples, trainDefaults, evaluate } = jobActions;
    const all = [extract, prepareDrawing, mineTuples, trainDefaults, evaluate];
    expect(new Set(state(...all))).toEqual(new Set(['No library is open']));
    library.info = { photos: 0, clusters: 0, networks: [], defaults: [] } as unknown as LibraryInfo;
    expect(new Set(state(...all))).toEqual(new Set(['The library has no photos yet']));
    library.info = { photos: 3, clusters: 0, networks: [], defaults: [] } as unknown as LibraryInfo;
    expect(state(...all)).toEqual([true, true, ...Array<string>(3).fill('The library has no clusters yet')]);
    library.info = { photos: 3, clusters: 1, networks: [], defaults: [] } as unknown as LibraryInfo;
    expect(new Set(state(...all))).toEqual(new Set([true]));
  });

  it('jobs start with the network in use, and only what runs can be cancelled', () => {
    const library = useLibrary();
    const jobs = useJobs();
    library.info = {
      photos: 3,
      clusters: 1,
      networks: [{ id: 'aa', name: 'a' }],
      defaults: [{ takes: 'photos', network: 'aa' }],
    } as unknown as LibraryInfo;
    const start = vi.spyOn(jobs, 'start').mockResolvedValue();
    perform(jobActions.mineTuples);
    perform(jobActions.prepareDrawing);
    expect(start.mock.calls).toEqual([[{ kind: 'mine', network: 'aa' }], [{ kind: 'extract', domain: 'edges' }]]);
    expect(stateOf(jobActions.cancelJob)).toBe('No job runs');
    jobs.jobs = [{ id: 5, state: 'running' } as JobInfo];
    const cancel = vi.spyOn(jobs, 'cancel').mockResolvedValue();
    perform(jobActions.cancelJob);
    expect(cancel).toHaveBeenCalledWith(5);
  });

  it('what chooses a folder applies in a browser, too, with a library and without', () => {
    expect(state(openLibrary, importModels, findPlaces)).toEqual([true, true, true]);
    expect(openLibrary.keys).toEqual(['mod+o']);
  });

  it('what views do: in those views, and as the view says; the one mounted last comes first', async () => {
    expect(stateOf(accept)).toBe('Only in Tuples and Manifold');
    const done: string[] = [];
    const one = (name: string, when?: () => true | string) =>
      defineComponent({
        setup() {
          useAction(accept, () => done.push(name), when);
          return () => null;
        },
      });
    const under = mount(one('under'));
    expect(stateOf(accept)).toBe(true);
    const over = mount(one('over', () => 'Choose a negative first'));
    expect(stateOf(accept)).toBe('Choose a negative first');
    perform(accept);
    expect([done, useNotices().notices[0]?.text]).toEqual([[], 'Accept: choose a negative first']);
    over.unmount();
    perform(accept);
    expect(done).toEqual(['under']);
    under.unmount();
    expect(stateOf(reject)).toBe('Only in Tuples and Manifold');
  });

  it('says what goes wrong on the way', async () => {
    const failing = action({ id: 'f', label: 'F', group: 'Map', run: () => Promise.reject(new Error('no luck')) });
    perform(failing);
    await Promise.resolve();
    await Promise.resolve();
    expect(useNotices().notices[0]?.text).toBe('no luck');
  });
});

describe('keys', () => {
  const event = (key: string, more: KeyboardEventInit = {}) =>
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  const press = (key: string, target: EventTarget = document.body, more: KeyboardEventInit = {}) => {
    const e = event(key, more);
    target.dispatchEvent(e);
    return e;
  };

  it('are written as events come', () => {
    expect(pressed(event('k', { ctrlKey: true }))).toBe('mod+k');
    expect(pressed(event('T', { shiftKey: true }))).toBe('shift+t');
    expect(pressed(event('?', { shiftKey: true }))).toBe('?');
    expect(pressed(event(' '))).toBe('space');
    expect(pressed(event('ArrowDown', { shiftKey: true }))).toBe('shift+arrowdown');
    expect([
      pressed(event('Shift')),
      pressed(event('a', { altKey: true })),
      pressed(event('a', { metaKey: true })),
    ]).toEqual(['', '', '']);
  });

  it('are read by people', () => {
    expect([keyName('mod+shift+z'), keyName('arrowup'), keyName('+'), keyName('mod++')]).toEqual([
      'Ctrl Shift Z',
      '↑',
      '+',
      'Ctrl +',
    ]);
    chosenKeys.value = { accept: ['y', 'space'] };
    expect([keyLabel(accept), keysOf(reject), withKeys('Take it', accept)]).toEqual([
      'Y or Space',
      ['x'],
      'Take it (Y or Space)',
    ]);
    chosenKeys.value = { accept: [] };
    expect([keyLabel(accept), withKeys('Take it', accept)]).toEqual(['', 'Take it']);
  });

  it('mean what the view that is shown does with them', () => {
    const inTuples = action({ id: 't', label: 'T', group: 'Tuple', keys: ['q'], within: ['tuples'] });
    const inMap = action({ id: 'm', label: 'M', group: 'Map', keys: ['q'], within: ['map'] });
    const everywhere = action({ id: 'e', label: 'E', group: 'Everywhere', keys: ['z'], run: () => undefined });
    const all = [inTuples, inMap, everywhere];
    usePlace().view = 'map';
    expect([actionOf(all, 'q')?.id, actionOf(all, 'z')?.id, actionOf(all, '')]).toEqual(['m', 'e', undefined]);
    expect(keyTakenBy(all, 'q', inMap)).toBeUndefined();
    expect(keyTakenBy(all, 'q', everywhere)?.id).toBe('t');
    expect(keyTakenBy(all, 'z', inMap)?.id).toBe('e');
  });

  describe('in the window', () => {
    const run = vi.fn();
    const plain = action({
      id: 'plain',
      label: 'Plain',
      group: 'Map',
      keys: ['q', 'space', 'arrowdown', 'enter'],
      run,
    });
    const never = action({
      id: 'never',
      label: 'Never',
      group: 'Map',
      keys: ['n', 'mod+o'],
      applies: () => 'Not today',
      run,
    });
    let stop = () => {};
    beforeEach(() => {
      run.mockReset();
      stop = listenToKeys([plain, never, palette, help]);
    });
    afterEach(() => stop());
    const put = (html: string): HTMLElement => {
      document.body.innerHTML = html;
      return document.body.firstElementChild as HTMLElement;
    };

    it('do what they mean, once', () => {
      const e = press('q');
      expect([run.mock.calls.length, e.defaultPrevented]).toEqual([1, true]);
      const other = event('q');
      other.preventDefault();
      document.body.dispatchEvent(other);
      expect(run).toHaveBeenCalledTimes(1);
    });

    it('are dead while a person types or chooses, and under a dialog or a menu', () => {
      for (const html of [
        '<input>',
        '<textarea></textarea>',
        '<select></select>',
        '<div contenteditable="true"></div>',
      ])
        press('q', put(html));
      put('<div role="dialog"></div>');
      press('q');
      put('<div role="menu"></div>');
      press('q');
      expect(run).not.toHaveBeenCalled();
    });

    it('leave a ticked box its space, a slider its arrows and a button what presses it', () => {
      press(' ', put('<input type="checkbox">'));
      press('ArrowDown', put('<input type="range">'));
      press('Enter', put('<button>b</button>'));
      press(' ', put('<button>b</button>'));
      expect(run).not.toHaveBeenCalled();
      press('q', put('<input type="checkbox">'));
      press('q', put('<input type="range">'));
      press('q', put('<button>b</button>'));
      press(' ', put('<button role="option">b</button>'));
      expect(run).toHaveBeenCalledTimes(4);
    });

    it('of the palette work while typing and over dialogs', () => {
      press('k', put('<div role="dialog"><input></div>').firstElementChild!, { ctrlKey: true });
      expect(usePanels().palette).toBe(true);
      press('k', document.body, { ctrlKey: true });
      expect(usePanels().palette).toBe(false);
    });

    it('say why something cannot be done, and leave combinations to the browser then', () => {
      expect(press('n').defaultPrevented).toBe(true);
      expect(useNotices().notices[0]?.text).toBe('Never: not today');
      expect(press('o', document.body, { ctrlKey: true }).defaultPrevented).toBe(false);
      expect(run).not.toHaveBeenCalled();
    });
  });
});

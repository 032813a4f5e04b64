import { flushPromises, mount, type VueWrapper } from '@vue/test-utils';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Component } from 'vue';
import type { FolderEntry, FolderListing, LibraryInfo, RecentLibrary } from '../../../src/shared/domain.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { sized } from '../setup.ts';
import { fakeEngine, type FakeEngine } from '../support/fake-engine.ts';
import type { RouteResults } from '../../../src/shared/routes/index.ts';
import { looksLike } from '../../../src/renderer/views/start/folder-words.ts';

vi.setConfig({ testTimeout: 60_000 });
const ID = (n: number): string => String(n).repeat(32).slice(0, 32);
const folder = (n: number, name: string, more: Partial<FolderEntry> = {}): FolderEntry => ({
  id: ID(n),
  name,
  path: `/home/${name}`,
  kind: 'folder',
  photos: 0,
  more: false,
  ...more,
});
const HOME = folder(1, 'home');
const listing = (folders: readonly FolderEntry[], more: Partial<FolderListing> = {}): FolderListing => ({
  here: HOME,
  above: [],
  folders,
  files: [],
  left: 0,
  leftFiles: 0,
  outside: 0,
  huge: false,
  ...more,
});
const library = (n: number, name: string, more: Partial<RecentLibrary> = {}): RecentLibrary => ({
  id: ID(n),
  name,
  path: `/home/${name}`,
  opened: new Date().toISOString(),
  gone: false,
  photos: 208,
  clusters: 16,
  bytes: 12_600_000,
  pictures: 2,
  ...more,
});
const INFO = { path: '/home/x', name: 'x', photos: 0, networks: [], defaults: [] } as unknown as LibraryInfo;

let unsize: () => void;
beforeAll(() => (unsize = sized(720, 400)));
afterAll(() => unsize());
let mounted: VueWrapper | undefined;
afterEach(() => {
  mounted?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

/** Waits as long as a slow machine takes to fetch a part of the page. */
const soon = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 20_000 });

/** Mounts a part of the page over an engine of the test's. */
async function show(file: string, engine: FakeEngine): Promise<VueWrapper> {
  const { default: part } = (await import(`../../../src/renderer/views/start/${file}.vue`)) as { default: Component };
  // The channel opens when something is asked.
  engine.answers['library.current'] ??= () => null;
  const { request } = await import('../../../src/renderer/transport/index.ts');
  await request('library.current', {});
  mounted = mount(part, { attachTo: document.body });
  await flushPromises();
  return mounted;
}
const said = (): string => document.body.textContent ?? '';
const button = (name: string | RegExp): HTMLElement =>
  [...document.querySelectorAll<HTMLElement>('button')].find((b) => {
    const text = b.getAttribute('aria-label') ?? b.textContent?.trim() ?? '';
    return typeof name === 'string' ? text === name : name.test(text);
  })!;
const askedOf = (engine: FakeEngine, route: string): unknown[] =>
  engine.asked.filter((a) => a.route === route).map((a) => a.params);

it('a folder says what of its images is not read', () => {
  const entry = { id: 'f', name: 'phone', path: '/phone', kind: 'photos', photos: 12, more: false } as const;
  expect(looksLike(entry)).toBe('12 photos');
  expect(looksLike({ ...entry, unread: [{ kind: 'HEIC', count: 1400 }] })).toBe('12 photos; 1,400 HEIC not read');
  expect(looksLike({ ...entry, kind: 'folder', photos: 0, unread: [{ kind: 'camera raw', count: 3 }] })).toBe(
    '3 camera raw not read',
  );
});

describe('the start page', () => {
  const overview = (recent: readonly RecentLibrary[]) => ({
    recent,
    damaged: [] as RouteResults<'start.overview'>['damaged'],
    sample: { there: false, photos: 208, places: 16, bytes: 12_600_000, path: '/home/sample' },
    roots: [HOME],
  });

  it('says what the sample takes, and that there is nothing yet', async () => {
    await show('StartPage', fakeEngine({ 'start.overview': () => overview([]) }));
    expect(said()).toContain('208 drawn photos of 16 places');
    expect(said()).toContain('12.6 MB');
    expect(said()).toContain('None yet');
  });

  it('says which files of the settings could not be read, and where they are kept', async () => {
    const damaged = [
      { file: '/home/c/libraries.json', why: 'is cut short, or no JSON', keptAs: null },
      {
        file: '/home/c/settings.json',
        why: 'could not be read in full',
        keptAs: '/home/c/settings.json.damaged-2026-01-02',
      },
    ];
    await show('StartPage', fakeEngine({ 'start.overview': () => ({ ...overview([]), damaged }) }));
    const all = [...document.querySelectorAll('[data-test=damaged] li')].map((li) => li.textContent);
    expect(all[0]).toContain('libraries.json, a file of your settings, is cut short, or no JSON');
    expect(all[0]).toContain('kept under another name: /home/c/libraries.json');
    expect(all[1]).toContain('until that file is removed: /home/c/settings.json.damaged-2026-01-02');
  });

  it('opens a library of the list; of one that is gone it says so and offers to find it, not to open it', async () => {
    const engine = fakeEngine({
      'start.overview': () => overview([library(2, 'Castles'), library(3, 'Lost', { gone: true, bytes: null })]),
      'start.leaving': () => [],
      'start.open': () => INFO,
      'start.forget': () => null,
    });
    await show('StartPage', engine);
    expect(said()).toContain('208 photos · 16 clusters · 12.6 MB');
    expect(document.querySelectorAll('[data-test=recent]').length).toBe(2);
    const gone = document.querySelector('[data-test=recent].gone')!;
    expect(gone.textContent).toContain('No longer where it was');
    expect(gone.querySelector('button.open')).toBeNull();
    button(/^Open Castles/).click();
    await flushPromises();
    expect(askedOf(engine, 'start.open')).toEqual([{ folder: ID(2), stopJobs: false }]);
    button(/^Take Lost out/).click();
    await flushPromises();
    expect(askedOf(engine, 'start.forget')).toEqual([{ library: ID(3) }]);
  });

  it('asks before what runs is stopped, and stops nothing where that is not answered', async () => {
    const engine = fakeEngine({
      'start.overview': () => overview([library(2, 'Castles')]),
      'start.leaving': () => ['Train', 'Mine tuples'],
      'start.open': () => INFO,
    });
    await show('StartPage', engine);
    const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
    const questions = useQuestions();
    button(/^Open Castles/).click();
    await soon(() => expect(questions.question?.text).toContain('“Train” is at work and 1 more waits'));
    questions.answer(null);
    await flushPromises();
    expect(askedOf(engine, 'start.open')).toEqual([]);
    button(/^Open Castles/).click();
    await soon(() => expect(questions.question).not.toBeNull());
    questions.answer('stop');
    await soon(() => expect(askedOf(engine, 'start.open')).toEqual([{ folder: ID(2), stopJobs: true }]));
  });
});

describe('the choice of a folder', () => {
  async function picker(engine: FakeEngine, purpose: 'library' | 'photos') {
    await show('FolderDialog', engine);
    const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
    const answer = useQuestions().folder(purpose);
    await soon(() => expect(document.querySelector('[data-test=folders] [role=grid]')).not.toBeNull());
    await flushPromises();
    // In a box: a promise that is returned would be waited for.
    return { answer };
  }
  const press = (key: string, more: KeyboardEventInit = {}): void => {
    document
      .querySelector('[role=grid]')!
      .dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
  };

  it('goes down, up and chooses by keys; what is sent is ids', async () => {
    const inner = folder(4, 'Trip', { kind: 'photos', photos: 5 });
    const engine = fakeEngine({
      'start.folders': ({ folder: id }) =>
        id === ID(3)
          ? listing([inner], { here: folder(3, 'Pictures'), above: [HOME] })
          : listing([folder(2, 'Music'), folder(3, 'Pictures')]),
    });
    const { answer } = await picker(engine, 'photos');
    await soon(() => expect(said()).toContain('Music'));
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) {
      press(key);
      await flushPromises();
    }
    expect(said()).toContain('Trip');
    press('Backspace');
    await flushPromises();
    press('Enter');
    await flushPromises();
    press('ArrowDown');
    await flushPromises();
    press('Enter', { ctrlKey: true });
    expect(await answer).toEqual(inner);
    expect(askedOf(engine, 'start.folders')).toEqual([
      { find: '' },
      { folder: ID(3), find: '' },
      { folder: ID(1), find: '' },
      { folder: ID(3), find: '' },
    ]);
  });

  it('says why a folder is none for this, and what is not listed', async () => {
    const engine = fakeEngine({
      'start.folders': () =>
        listing([folder(2, 'Closed', { kind: 'closed', photos: null })], { left: 12, outside: 3, huge: true }),
    });
    const { answer } = await picker(engine, 'library');
    await soon(() => expect(said()).toContain('May not be read'));
    expect(said()).toContain('12 more folders are not listed');
    expect(said()).toContain('3 links lead to where this page may not look');
    expect(said()).toContain('not all names were looked at');
    expect(button(/^Open this folder/).getAttribute('aria-description')).toContain('holds no library');
    press('ArrowDown');
    await flushPromises();
    expect(button(/^Open Closed/).getAttribute('aria-description')).toContain('may not be read');
    press('Enter', { ctrlKey: true });
    button('Cancel').click();
    expect(await answer).toBeNull();
  });

  it('says what went wrong', async () => {
    const engine = fakeEngine({
      'start.folders': () => {
        throw new CovisError('INPUT_INVALID', 'This folder may not be read', { file: '/home/x' });
      },
    });
    await picker(engine, 'photos');
    await soon(() => expect(said()).toContain('This folder may not be read: /home/x'));
  });
});

describe('a new library', () => {
  it('takes one name, says what is wrong with another, and shows a refusal where it was asked', async () => {
    let taken = true;
    const engine = fakeEngine({
      'start.overview': () => ({
        recent: [],
        damaged: [],
        sample: { there: false, photos: 1, places: 1, bytes: 1, path: '' },
        roots: [HOME],
      }),
      'start.leaving': () => [],
      'start.create': () => {
        if (taken) throw new CovisError('STATE_CONFLICT', 'There is something of this name already');
        return INFO;
      },
      'clusters.list': () => [],
    });
    await show('NewLibraryDialog', engine);
    const { useStart } = await import('../../../src/renderer/stores/start.ts');
    const start = useStart();
    start.making = { kind: 'nothing' };
    await soon(() => expect(document.querySelector('[data-test=new-library]')).not.toBeNull());
    await flushPromises();
    const field = document.querySelector<HTMLInputElement>('[data-test=new-library] input')!;
    const type = async (text: string): Promise<void> => {
      field.value = text;
      field.dispatchEvent(new Event('input'));
      await flushPromises();
    };
    await type('../up');
    expect(said()).toMatch(/The name may not/);
    button('Make it').click();
    expect(askedOf(engine, 'start.create')).toEqual([]);
    await type('Castles');
    button('Make it').click();
    await soon(() => expect(said()).toContain('There is something of this name already'));
    taken = false;
    button('Make it').click();
    await soon(() => expect(start.making).toBeNull());
    expect(askedOf(engine, 'start.create')).toEqual(Array(2).fill({ within: ID(1), name: 'Castles', stopJobs: false }));
  });
});

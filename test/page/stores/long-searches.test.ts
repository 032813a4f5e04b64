import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CovisError } from '../../../src/shared/errors.ts';
import type { RouteResults } from '../../../src/shared/routes/index.ts';
import { fakeEngine, type FakeEngine } from '../support/fake-engine.ts';

type Answer = RouteResults<'search.run'>;

const PHOTO = 'a'.repeat(32);
const cg = { photo: PHOTO, method: 'cg', top: 5 } as const;
const answered = { hits: [], milliseconds: 1 } as unknown as Answer;

let engine: FakeEngine;
let open: { wait: string | undefined; answer: (a: Answer) => void; refuse: (e: Error) => void }[];
beforeEach(() => {
  open = [];
  engine = fakeEngine({
    'search.run': ({ wait }) => new Promise((answer, refuse) => open.push({ wait, answer, refuse })),
    'search.progress': () => ({
      progress: { step: 'Finding neighbours', done: 34, total: 100, unit: 'descriptors', rate: 1, left: 66 },
    }),
    'search.stop': ({ wait }) => {
      open.find((o) => o.wait === wait)!.refuse(new CovisError('CANCELLED', 'Cancelled'));
      return null;
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

const asked = (route: string): readonly unknown[] => engine.asked.filter((a) => a.route === route).map((a) => a.params);
const store = async () => {
  const { useLongSearches } = await import('../../../src/renderer/stores/long-searches.ts');
  return useLongSearches();
};

it('what is prepared is shown with how far it is, of its own face alone, until it is given up', async () => {
  const long = await store();
  const { default: LongSearches } = await import('../../../src/renderer/views/common/LongSearches.vue');
  const [search, draw] = [
    mount(LongSearches, { props: { face: 'search' } }),
    mount(LongSearches, { props: { face: 'draw' } }),
  ];
  const outcome = long.ask('search', cg).catch((e: CovisError) => e.code);
  expect(search.text()).toBe('');
  await vi.waitFor(() => expect(search.text()).toContain('Diffusion, gradients: Finding neighbours'));
  expect(search.text()).toContain('34 of 100 descriptors');
  expect(search.get('[role=progressbar]').attributes('aria-valuenow')).toBe('34');
  expect(draw.text()).toBe('');
  await search.setProps({ last: 'cosine' });
  expect(search.text()).toContain('Below stands the last answer, by Cosine.');
  await search.get('button').trigger('click');
  expect(await outcome).toBe('CANCELLED');
  expect(asked('search.stop')).toEqual([{ wait: open[0]!.wait }]);
  await vi.waitFor(() => expect(search.text()).toBe(''));
  // Nobody looks any more.
  const looks = asked('search.progress').length;
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(asked('search.progress').length).toBe(looks);
});

it('methods that prepare nothing go as they are', async () => {
  const long = await store();
  void long.ask('search', { photo: PHOTO, top: 5 });
  await vi.waitFor(() => expect(asked('search.run')).toEqual([{ photo: PHOTO, top: 5 }]));
});

it('the same question waits for the same answer, and has the same name later', async () => {
  const long = await store();
  const [one, two] = [long.ask('search', cg), long.ask('search', cg)];
  await vi.waitFor(() => expect(open.length).toBe(1));
  open[0]!.answer(answered);
  expect(await one).toEqual(answered);
  expect(await two).toEqual(answered);
  void long.ask('search', cg);
  await vi.waitFor(() => expect(open.length).toBe(2));
  expect(open[1]!.wait).toBe(open[0]!.wait);
  void long.ask('search', { ...cg, top: 6 });
  await vi.waitFor(() => expect(open.length).toBe(3));
  expect(open[2]!.wait).not.toBe(open[0]!.wait);
});

it('what is asked again after it was given up is another search, with its own answer', async () => {
  const long = await store();
  const outcome = long.ask('search', cg).catch((e: CovisError) => e.code);
  await vi.waitFor(() => expect(open.length).toBe(1));
  long.keepOnly('search', []);
  const again = long.ask('search', cg);
  expect(await outcome).toBe('CANCELLED');
  await vi.waitFor(() => expect(open.length).toBe(2));
  // One of them is looked at, not both.
  await vi.waitFor(() => expect(asked('search.progress').length).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(asked('search.progress').length).toBe(1);
  open[1]!.answer(answered);
  expect(await again).toEqual(answered);
});

it('what is asked instead gives up what its face asked before, and nothing of another face', async () => {
  const long = await store();
  const outcome = long.ask('search', cg).catch((e: CovisError) => e.code);
  void long.ask('draw', cg);
  const kept = { ...cg, method: 'jacobi' } as const;
  void long.ask('search', kept);
  await vi.waitFor(() => expect(open.length).toBe(3));
  expect(new Set(open.map((o) => o.wait)).size).toBe(3);
  long.keepOnly('search', [kept]);
  expect(await outcome).toBe('CANCELLED');
  expect(asked('search.stop')).toEqual([{ wait: open[0]!.wait }]);
});

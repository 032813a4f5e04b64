import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { CollectionInfo } from '../../../src/shared/facts/collections.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

vi.setConfig({ testTimeout: 60_000 });
const collection = {
  id: 'one',
  name: 'One',
  kind: 'manual',
  items: 3,
  current: true,
  fields: {},
  cover: [],
  uncommitted: false,
  version: { number: 2, tags: [] },
} as unknown as CollectionInfo;
const NETWORKS = ['aaaa', 'bbbb'].map((id) => ({ id, name: `network ${id}` }));

let engine: FakeEngine;
let view: VueWrapper | undefined;

beforeEach(async () => {
  engine = fakeEngine({
    'collections.list': () => [collection],
    'collections.membership': ({ photos }) => ({ of: photos.map((p) => (p === 'in' ? ['one'] : [])) }),
    'collections.named': () => ({ list: 'p7', total: 2 }),
    'collections.add': () => ({ action: 1, added: 2, already: 0 }),
    'collections.move': () => ({ action: 2, moved: 2 }),
    'folds.under': ({ photos }) => ({ under: photos.map(() => null), folds: photos.map(() => 0) }),
    'photos.info': () => ({ clusters: [] }) as never,
    'sets.list': () => [{ key: 'aaaa-320', name: 'Set', network: 'aaaa', regional: false }] as never,
    'exemplars.next': ({ n = 20 }) => ({
      photos: Array.from({ length: Math.min(n, 4) }, (_, i) => `p${i}`),
      how: 'classifier',
      positive: 6,
      negative: 5,
      list: 'p1',
    }),
  });
  const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
  const library = useLibrary();
  library.info = { path: '/library', networks: NETWORKS, defaults: [] } as never;
  const { outbox } = await import('../../../src/renderer/transport/index.ts');
  outbox.opened('/library');
}, 60_000);
afterEach(() => {
  view?.unmount();
  document.body.innerHTML = '';
  vi.unstubAllGlobals();
});

async function still(): Promise<void> {
  for (let i = 0; i < 6; i += 1) {
    await settled();
    await nextTick();
  }
  await new Promise((r) => setTimeout(r, 20));
}

it('an export takes the descriptors of the network that is chosen, where a format reads any', async () => {
  const ExportDialog = (await import('../../../src/renderer/views/collections/ExportDialog.vue')).default;
  view = mount(ExportDialog, { props: { collection, open: true }, attachTo: document.body });
  await still();
  const command = (): string => document.querySelector('[data-test=collection-command]')!.textContent;
  const select = (): HTMLSelectElement | null =>
    document.querySelector('select[data-test=export-network], [data-test=export-network] select');
  expect(command()).toContain('One@2 --format folder --out FOLDER');
  const found = select()!;
  expect([...found.options].map((o) => o.textContent.trim())).toEqual([
    'The default one',
    ...NETWORKS.map((n) => n.name),
  ]);
  found.value = found.options[2]!.value;
  found.dispatchEvent(new Event('change', { bubbles: true }));
  await still();
  expect(command()).toContain('--network bbbb');
  // A table has no use for descriptors.
  const format = (title: string): HTMLInputElement =>
    [...document.querySelectorAll<HTMLLabelElement>('label.format')].find((l) => l.textContent.includes(title))!.querySelector('input')!; // prettier-ignore
  format('JSON Lines').click();
  format('Folder').click();
  await still();
  expect(select()).toBeNull();
  expect(command()).toContain('One@2 --format jsonl --out FOLDER');
});

/** Answers the next choice of a file with a list of this name. */
function givesFile(name: string): void {
  const { click } = HTMLInputElement.prototype;
  vi.spyOn(HTMLInputElement.prototype, 'click').mockImplementation(function (this: HTMLInputElement) {
    if (this.type !== 'file') return click.call(this);
    Object.defineProperty(this, 'files', { value: [new File(['a\nb\n'], name)] });
    this.dispatchEvent(new Event('change'));
  });
}

it('a list of photos is put before the one that is chosen, or at the end', async () => {
  const { useCollectionFiles } = await import('../../../src/renderer/stores/collection-files.ts');
  const { useQuestions } = await import('../../../src/renderer/stores/questions.ts');
  const { useSelection } = await import('../../../src/renderer/stores/selection.ts');
  const transport = await import('../../../src/renderer/transport/index.ts');
  vi.spyOn(transport, 'sendInParts').mockResolvedValue('sent');
  givesFile('order.txt');
  const last = (route: string): unknown => engine.asked.findLast((a) => a.route === route)?.params;
  const files = useCollectionFiles();
  await files.byList(collection, 'move');
  expect(last('collections.move')).toMatchObject({ collection: 'one', list: 'p7' });
  expect(last('collections.move')).not.toHaveProperty('before');

  useSelection().choose(['in']);
  const moving = files.byList(collection, 'move');
  await still();
  expect(useQuestions().question?.answers.map((a) => a.value)).toEqual(['before', 'end']);
  useQuestions().answer('before');
  await moving;
  expect(last('collections.move')).toMatchObject({ list: 'p7', before: 'in' });

  const adding = files.byList(collection, 'add');
  await still();
  useQuestions().answer('before');
  await adding;
  expect(last('collections.add')).toMatchObject({ list: 'p7', before: 'in' });

  // A photo of another collection is no place in this one.
  useSelection().choose(['elsewhere']);
  await files.byList(collection, 'add');
  expect(last('collections.add')).not.toHaveProperty('before');
  vi.restoreAllMocks();
});

it('as many photos are to be judged next as a person says, among those of their conditions', async () => {
  const TeachPart = (await import('../../../src/renderer/views/collections/TeachPart.vue')).default;
  const RuleNode = (await import('../../../src/renderer/views/collections/RuleNode.vue')).default;
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: TeachPart }] });
  await router.push('/');
  view = mount(TeachPart, {
    props: { collection },
    global: { plugins: [router], stubs: { ActionButton: true, KitPhotoGrid: true } },
    attachTo: document.body,
  });
  await still();
  const last = (): unknown => engine.asked.findLast((a) => a.route === 'exemplars.next')?.params;
  expect(last()).toEqual({ exemplars: { collection: 'One' }, set: 'aaaa-320', by: 'uncertainty', n: 20 });
  const n = view.get('[data-test=teach-n]');
  await n.setValue('3');
  await still();
  expect(last()).toMatchObject({ n: 3 });
  expect(view.text()).toContain('Next 3');
  const asked = (): number => engine.asked.filter((a) => a.route === 'exemplars.next').length;
  const before = asked();
  for (const wrong of ['0', '1001', '2.5', '']) {
    await n.setValue(wrong);
    await still();
  }
  expect(asked()).toBe(before);
  await n.setValue('5');
  view.getComponent(RuleNode).vm.$emit('change', { is: 'all', of: [{ is: 'name', pattern: 'a*' }] });
  await still();
  expect(last()).toMatchObject({ n: 5, among: { is: 'all', of: [{ is: 'name', pattern: 'a*' }] } });
  expect(view.text()).toContain('Among photos of which holds');
});

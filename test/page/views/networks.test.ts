import { mount } from '@vue/test-utils';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import type { LibraryInfo, NetworkInfo } from '../../../src/shared/domain.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const network = (id: string, name: string): NetworkInfo =>
  ({ id, name, origin: 'made', licence: 'MIT', bytes: 5, dim: 3 }) as unknown as NetworkInfo;
let standard: { network: string; reason: string };
let engine: FakeEngine;
beforeEach(() => {
  standard = { network: 'aaaaaaaa', reason: '0.981 of run 1 is below 0.997 (run 1)' };
  engine = fakeEngine({
    'library.current': () =>
      ({
        name: 'places',
        networks: [network('aaaaaaaa', 'start'), network('bbbbbbbb', 'run 1')],
        defaults: [{ takes: 'photos', name: 'start', since: null, ...standard }],
      }) as unknown as LibraryInfo,
    'clusters.list': () => [],
    'networks.catalogue': () => ({ entries: [], from: 'https://mirror.example/models' }),
    'networks.default': ({ network: id }) => {
      standard = { network: id, reason: 'chosen by a person' };
      return { takes: 'photos', name: 'run 1', since: null, ...standard };
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

it(
  'shows which network is the default and why, and makes another the default when that is asked for',
  { timeout: 60_000 },
  async () => {
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    const { default: NetworksDialog } = await import('../../../src/renderer/views/train/NetworksDialog.vue');
    const library = useLibrary();
    await library.refresh();
    expect(library.network?.name).toBe('start');
    const dialog = mount(NetworksDialog, { props: { open: true }, attachTo: document.body });
    await nextTick();
    const said = (): string => document.body.textContent.replaceAll(/\s+/g, ' ');
    // Before the catalogue has come.
    expect(said()).toContain('Downloads come from their address or by npm');
    await settled();
    await nextTick();
    expect(said()).toContain('Downloads come from mirror.example or by npm');
    const rows = (): { text: string; button: HTMLButtonElement | null }[] =>
      [...document.querySelectorAll('[data-test="own-network"]')].map((row) => ({
        text: row.textContent,
        button: row.querySelector<HTMLButtonElement>('[data-test="prefer"]'),
      }));
    // The newest is first.
    expect(rows().map((r) => r.button?.getAttribute('aria-label') ?? null)).toEqual(['Make run 1 the default', null]);
    expect(rows()[1]!.text).toContain('Default: 0.981 of run 1 is below 0.997 (run 1)');
    rows()[0]!.button!.click();
    await settled();
    await nextTick();
    expect(engine.asked).toContainEqual({ route: 'networks.default', params: { network: 'bbbbbbbb' } });
    expect(rows()[0]!.text).toContain('Default: chosen by a person');
    expect(rows()[1]!.button).not.toBeNull();
    expect(library.network?.name).toBe('run 1');
    dialog.unmount();
  },
);

import { mount, type VueWrapper } from '@vue/test-utils';
import { createPinia, setActivePinia, type Pinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import LateDialogs from '../../../src/renderer/app/LateDialogs.vue';
import { DIALOGS } from '../../../src/renderer/app/dialogs.ts';
import { useNotices } from '../../../src/renderer/stores/notices.ts';
import { usePanels } from '../../../src/renderer/stores/panels.ts';
import { useQuestions } from '../../../src/renderer/stores/questions.ts';
import { FakeSocket } from '../support/fake-socket.ts';

/** Code comes as fast as the machine brings it. */
const COMING = { timeout: 20_000 };
vi.setConfig({ testTimeout: 60_000 });
let pinia: Pinia;
let shown: VueWrapper;
const dialogs = (): string[] => [...document.querySelectorAll('[role=dialog]')].map((d) => d.textContent ?? '');

beforeEach(() => {
  FakeSocket.install();
  pinia = createPinia();
  setActivePinia(pinia);
  shown = mount(LateDialogs, { global: { plugins: [pinia] }, attachTo: document.body });
});
afterEach(() => {
  shown.unmount();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  document.body.innerHTML = '';
});

it('a dialog is made when it is first wanted, open, and closes for who wanted it', async () => {
  expect(dialogs()).toEqual([]);
  const answer = useQuestions().ask({
    title: 'Leave?',
    text: 'Something is at work.',
    answers: [{ value: 'go', label: 'Go' }],
  });
  await vi.waitFor(() => expect(dialogs()).toEqual([expect.stringContaining('Something is at work.')]), COMING);
  document.querySelector<HTMLButtonElement>('[role=dialog] footer button')!.click();
  expect(await answer).toBe('go');
  await vi.waitFor(() => expect(dialogs()).toEqual([]), COMING);
});

it('one that is told whether it is open says that it was closed', async () => {
  usePanels().help = true;
  await vi.waitFor(() => expect(dialogs()).toEqual([expect.stringContaining('Keys')]), COMING);
  document.querySelector<HTMLButtonElement>('[role=dialog] button[aria-label=Close]')!.click();
  await vi.waitFor(() => expect(usePanels().help).toBe(false));
});

it('what was wanted before its code came begins as it would have', async () => {
  usePanels().export('descriptors');
  const foot = (): string => document.querySelector('[role=dialog] footer')?.textContent ?? '';
  // In a browser it is a download, unless somebody says otherwise.
  await vi.waitFor(() => expect(foot()).toContain('Download'), COMING);
  expect(foot()).not.toContain('Choose a folder');
  usePanels().exporting = null;
  await nextTick();
  usePanels().export('descriptors');
  await vi.waitFor(() => expect(dialogs()).toHaveLength(1), COMING);
});

it('code that cannot be fetched is said, and fetched when the dialog is wanted again', async () => {
  const log = DIALOGS.find((d) => d.load.toString().includes('LogDialog'))!;
  const load = vi.spyOn(log, 'load').mockRejectedValueOnce(new TypeError('Failed to fetch'));
  usePanels().log = true;
  await vi.waitFor(() =>
    expect(useNotices().notices.map((n) => n.text)).toEqual([expect.stringContaining('Failed to fetch')]),
  );
  expect(dialogs()).toEqual([]);
  usePanels().log = false;
  await nextTick();
  usePanels().log = true;
  await vi.waitFor(() => expect(dialogs()).toEqual([expect.stringContaining('Log')]), COMING);
  expect(load).toHaveBeenCalledTimes(2);
});

import { mount, type VueWrapper } from '@vue/test-utils';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nextTick } from 'vue';
import type { PlanStatus } from '../../../src/shared/facts/plans.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

// Modules are loaded anew for each test, which takes a busy machine a while.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const UID = '0123456789abcdef';
const none = { done: 0, running: 0, waiting: 0, failed: 0, lost: 0, open: 0 };
const plan = (state: PlanStatus['state'], more: Partial<PlanStatus> = {}): PlanStatus => ({
  uid: UID,
  folder: '/data/castles.plans/extract',
  title: 'Extract descriptors of MobileNet',
  work: 'extract',
  created: '2026-01-02T03:04:05.000Z',
  state,
  message: null,
  executor: 'slurm',
  stages: [{ name: 'extract', shards: 200, counts: { ...none, done: 120, running: 50, waiting: 29, failed: 1 } }],
  faults: [],
  items: { planned: 800_000, done: 480_000, failed: 3 },
  asked: null,
  ...more,
});

let plans: PlanStatus[];
let executors: ('local' | 'slurm')[];
let engine: FakeEngine;
let view: VueWrapper;
let stop = (): void => undefined;

beforeEach(() => {
  plans = [];
  executors = ['local'];
  engine = fakeEngine({
    'plans.list': () => ({ plans, executors }),
    'plans.retry': () => null,
    'plans.cancel': () => null,
    'plans.collect': () => ({ job: 7 }),
    'plans.forget': () => null,
    'jobs.start': () => ({ job: 8 }),
    'jobs.list': () => [],
    'library.current': () => null,
  });
});
afterEach(() => {
  stop();
  stop = () => undefined;
  view.unmount();
  vi.unstubAllGlobals();
  document.body.innerHTML = '';
});

/** The list of plans, as Jobs has it. */
async function shown(): Promise<VueWrapper> {
  const { default: PlanList } = await import('../../../src/renderer/views/jobs/PlanList.vue');
  const { usePlans } = await import('../../../src/renderer/stores/plans.ts');
  stop = usePlans().listen();
  view = mount(PlanList, { attachTo: document.body });
  await usePlans().refresh();
  await settled();
  await nextTick();
  return view;
}
const button = (label: string) => view.find(`button[aria-label="${label}: Extract descriptors of MobileNet"]`);
const asked = (route: string): unknown[] => engine.asked.filter((a) => a.route === route).map((a) => a.params);

describe('a plan in Jobs', () => {
  it('is one job with its shards by how they stand, and can be cancelled', async () => {
    plans = [plan('running')];
    const text = (await shown()).find('[data-test=plan]').text();
    expect(text).toContain('Extract descriptors of MobileNet');
    expect(text).toContain('by Slurm');
    expect(text).toMatch(/120 \/ 200 shards, 50 running, 29 waiting, 1 failed/);
    expect(text).toMatch(/480,000 of 800,000 photos described, 3 could not be described/);
    expect(button('Retry').exists()).toBe(false);
    await button('Cancel').trigger('click');
    await settled();
    expect(asked('plans.cancel')).toEqual([{ uid: UID }]);
  });

  it('names what failed with its sentence, and does it again', async () => {
    const message = 'The disk is full: 0 bytes are free';
    plans = [
      plan('failed', {
        faults: [{ stage: 'extract', shard: 17, state: 'failed', message, host: 'node3' }],
        message: 'sbatch refused: no',
      }),
    ];
    const text = (await shown()).find('[data-test=plan]').text();
    expect(text).toContain(`Shard 17 on node3: ${message}`);
    expect(text).toContain('sbatch refused: no');
    await button('Retry').trigger('click');
    await settled();
    expect(asked('plans.retry')).toEqual([{ uid: UID }]);
  });

  it('is done again with other resources, where that is said', async () => {
    plans = [plan('failed')];
    executors = ['local', 'slurm'];
    await shown();
    await button('Retry with…').trigger('click');
    const form = (): HTMLElement => document.querySelector('[data-test=retry-form]')!;
    // Its code comes as it is opened.
    await vi.waitFor(() => expect(form()).not.toBeNull());
    await settled();
    await nextTick();
    // Of Slurm, as it was submitted: nothing is asked of this machine's processes.
    expect(form().textContent).toContain('Memory');
    expect(form().textContent).not.toContain('Processes at a time');
    const field = [...form().querySelectorAll('label')].find((l) => l.textContent.trim() === 'Memory')!;
    const input = document.getElementById(field.getAttribute('for')!) as HTMLInputElement;
    input.value = 'x2';
    input.dispatchEvent(new Event('input'));
    input.dispatchEvent(new Event('change'));
    await nextTick();
    document.querySelector<HTMLButtonElement>('[data-test=retry-now]')!.click();
    await settled();
    expect(asked('plans.retry')).toEqual([{ uid: UID, failed: false, mem: 'x2' }]);
  });

  it('is collected where that was not done, and forgotten at the end', async () => {
    plans = [plan('ready')];
    await shown();
    await button('Collect').trigger('click');
    await settled();
    expect(asked('plans.collect')).toEqual([{ uid: UID }]);
    plans = [plan('collected')];
    engine.say({ event: 'changed', what: 'plans' });
    await settled();
    await nextTick();
    expect(button('Collect').exists()).toBe(false);
    await button('Forget').trigger('click');
    await settled();
    expect(asked('plans.forget')).toEqual([{ uid: UID }]);
  });
});

describe('the dialog that begins a plan', () => {
  it('asks for what goes with who does it', async () => {
    const { default: PlanDialog } = await import('../../../src/renderer/views/jobs/PlanDialog.vue');
    view = mount(PlanDialog, { attachTo: document.body, props: { open: true } });
    await settled();
    await nextTick();
    const form = (): string => document.querySelector('[data-test=plan-form]')?.textContent ?? '';
    await nextTick();
    expect(form()).toContain('sbatch is not on this one');
    expect(form()).not.toContain('Partition');
    document.querySelector<HTMLButtonElement>('[data-test=begin-plan]')!.click();
    await settled();
    expect(asked('jobs.start')).toEqual([{ job: { kind: 'submit', work: 'extract', executor: 'local' } }]);
  });

  it('offers every kind that the command line plans, and asks each for what it takes', async () => {
    const { default: PlanDialog } = await import('../../../src/renderer/views/jobs/PlanDialog.vue');
    const { PLANNED_WORKS } = await import('../../../src/shared/facts/planned.ts');
    const { PLANNED } = await import('../../../src/shared/jobs/planned-works.ts');
    view = mount(PlanDialog, { attachTo: document.body, props: { open: true } });
    await settled();
    await nextTick();
    const form = (): HTMLElement => document.querySelector('[data-test=plan-form]')!;
    const work = (): HTMLSelectElement =>
      [...form().querySelectorAll('select')].find((s) => s.textContent.includes(PLANNED.extract.title))!;
    expect([...work().options].map((o) => o.textContent.trim())).toEqual(PLANNED_WORKS.map((w) => PLANNED[w].title));
    work().value = 'ladder';
    work().dispatchEvent(new Event('change'));
    await settled();
    await nextTick();
    expect(form().textContent).toContain('Poolings');
    expect(form().textContent).not.toContain('Shards');
    form().querySelector<HTMLElement>('.choices [role=switch], .choices input')!.click();
    await nextTick();
    document.querySelector<HTMLButtonElement>('[data-test=begin-plan]')!.click();
    await settled();
    expect(asked('jobs.start')).toMatchObject([
      { job: { kind: 'submit', work: 'ladder', executor: 'local', poolings: ['gem'] } },
    ]);
  });
});

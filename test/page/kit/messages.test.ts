import { mount } from '@vue/test-utils';
import { Box } from '@lucide/vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import KitChart from '../../../src/renderer/kit/KitChart.vue';
import KitEmpty from '../../../src/renderer/kit/KitEmpty.vue';
import KitNotice from '../../../src/renderer/kit/KitNotice.vue';
import KitProgress from '../../../src/renderer/kit/KitProgress.vue';
import { sized } from '../setup.ts';

describe('KitEmpty', () => {
  it('says what belongs here, with what brings it', () => {
    const w = mount(KitEmpty, {
      props: { icon: Box, title: 'No clusters yet', text: 'Import models.', command: 'covis import' },
      slots: { default: '<button>Import…</button>' },
    });
    expect(w.get('h2').text()).toBe('No clusters yet');
    expect(w.get('code').text()).toBe('covis import');
    expect(w.find('button').exists()).toBe(true);
    expect(w.get('svg').attributes('aria-hidden')).toBe('true');
  });
});

describe('KitProgress', () => {
  it('tells how far, how long, and can be ended once', async () => {
    const w = mount(KitProgress, {
      props: { label: 'Mining', done: 431, total: 1284, unit: 'tuples', left: 134, cancellable: true },
    });
    const bar = w.get('[role=progressbar]');
    expect(bar.attributes()).toMatchObject({
      'aria-label': 'Mining',
      'aria-valuenow': '431',
      'aria-valuemax': '1284',
      'aria-valuetext': '431 of 1,284 tuples, 2 min 10 s left',
    });
    await w.get('button').trigger('click');
    expect(w.emitted('cancel')).toHaveLength(1);
    await w.setProps({ ending: true });
    expect(w.text()).toContain('ending…');
    expect(w.get('button').attributes('disabled')).toBeDefined();
  });

  it('claims no number that it does not know', () => {
    const bar = mount(KitProgress, { props: { label: 'Reading' } }).get('[role=progressbar]');
    expect(bar.attributes('aria-valuenow')).toBeUndefined();
    expect(bar.attributes('aria-valuetext')).toBeUndefined();
    expect(
      mount(KitProgress, { props: { label: 'Reading' } })
        .find('button')
        .exists(),
    ).toBe(false);
  });

  it('never draws more than all', () => {
    const w = mount(KitProgress, { props: { label: 'x', done: 12, total: 10 } });
    expect((w.get('.fill').element as HTMLElement).style.width).toBe('100%');
  });
});

describe('KitNotice', () => {
  it('an error is said at once, the rest in its turn; the kind is said in words', async () => {
    const w = mount(KitNotice, { props: { kind: 'error', text: 'It failed.', hint: 'Try this.', dismissible: true } });
    expect(w.attributes('role')).toBe('alert');
    expect(w.text()).toContain('Error: It failed.');
    expect(w.text()).toContain('Try this.');
    await w.get('[aria-label=Dismiss]').trigger('click');
    expect(w.emitted('dismiss')).toHaveLength(1);
    expect(mount(KitNotice, { props: { text: 'x' } }).attributes('role')).toBe('status');
    expect(
      mount(KitNotice, { props: { text: 'x' } })
        .find('button')
        .exists(),
    ).toBe(false);
  });
});

describe('KitChart', () => {
  let back: () => void;
  beforeEach(() => {
    back = sized(400, 200);
  });
  afterEach(() => {
    back();
    document.body.replaceChildren();
  });
  const SERIES = [
    {
      name: 'training',
      colour: 'accent',
      points: [
        [1, 0.4],
        [2, 0.2],
        [3, 0.1],
      ] as const,
    },
    {
      name: 'held out',
      colour: 'euclidean',
      dashed: true,
      points: [
        [1, 0.5],
        [3, 0.3],
      ] as const,
    },
  ];
  const make = async (more: object = {}) => {
    const w = mount(KitChart, {
      props: { series: SERIES, xLabel: 'epoch', label: 'Loss', ...more },
      attachTo: document.body,
    });
    await w.vm.$nextTick();
    return w;
  };

  it('has room for its numbers where text is twice as large', async () => {
    const roomOf = async () => {
      const { default: Chart } = await import('../../../src/renderer/kit/KitChart.vue');
      const w = mount(Chart, { props: { series: SERIES, xLabel: 'epoch', label: 'Loss' }, attachTo: document.body });
      await w.vm.$nextTick();
      const plot = w.get('line.grid');
      const left = Number(plot.attributes('x1'));
      const longest = Math.max(...w.findAll('text.y').map((t) => t.text().length));
      const rows = w.findAll('line.grid').map((l) => Number(l.attributes('y1')));
      return { each: (left - 8) / longest, below: 200 - Math.max(...rows) };
    };
    const small = await roomOf();
    document.documentElement.style.fontSize = '26px';
    vi.resetModules();
    const { measureText } = await import('../../../src/renderer/kit/text-size.ts');
    measureText();
    const large = await roomOf();
    document.documentElement.removeAttribute('style');
    vi.resetModules();
    // A digit of eleven pixels is about 6.2 wide.
    expect(small.each).toBeGreaterThan(6.2);
    expect(large.each).toBeGreaterThan(12.4);
    expect(large.below).toBe(2 * small.below);
  });

  it('draws each series, tells them apart by dashes and a legend', async () => {
    const w = await make();
    const lines = w.findAll('polyline');
    expect(lines).toHaveLength(2);
    expect(lines.map((l) => l.attributes('stroke'))).toEqual(['var(--accent)', 'var(--euclidean)']);
    expect(lines[0]!.attributes('stroke-dasharray')).toBeUndefined();
    expect(lines[1]!.attributes('stroke-dasharray')).toBeDefined();
    expect(w.get('.legend').text()).toContain('held out');
    // Larger is higher, later is to the right.
    const points = lines[0]!
      .attributes('points')!
      .split(' ')
      .map((p) => p.split(',').map(Number));
    expect(points.map(([x]) => x)).toEqual([...points.map(([x]) => x)].sort((a, b) => a! - b!));
    expect(points[0]![1]).toBeLessThan(points[2]![1]!);
  });

  it('tells its numbers as a table', async () => {
    const w = await make();
    expect(w.findAll('tbody tr').map((r) => r.text().replaceAll(/\s+/g, ' '))).toEqual([
      '10.40000.5000',
      '20.2000',
      '30.10000.3000',
    ]);
  });

  it('is read off by arrows, place by place, and says it', async () => {
    const w = await make();
    const plot = w.get('.plot');
    await plot.trigger('keydown', { key: 'ArrowRight' });
    expect(w.get('[aria-live]').text()).toBe('epoch 1: training 0.4000, held out 0.5000');
    await plot.trigger('keydown', { key: 'ArrowRight' });
    expect(w.get('[aria-live]').text()).toBe('epoch 2: training 0.2000');
    await plot.trigger('keydown', { key: 'End' });
    expect(w.get('[aria-live]').text()).toContain('epoch 3');
    await plot.trigger('keydown', { key: 'Escape' });
    expect(w.find('.read').exists()).toBe(false);
  });

  it('draws bars from zero', async () => {
    const w = await make({ kind: 'bar', xNames: ['', 'a', 'b', 'c'] });
    const rects = w.findAll('rect');
    expect(rects).toHaveLength(5);
    const heights = rects.map((r) => Number(r.attributes('height')));
    // 0.4 to 0.2 to 0.1 are as 4 to 2 to 1.
    expect(heights[0]! / heights[2]!).toBeCloseTo(4, 5);
    expect(heights[1]! / heights[2]!).toBeCloseTo(2, 5);
    expect(w.findAll('text.x').map((t) => t.text())).toEqual(expect.arrayContaining(['a', 'b', 'c']));
  });

  it('says that there is nothing yet', async () => {
    const w = await make({ series: [] });
    expect(w.text()).toContain('Nothing measured yet');
    expect(w.find('table').exists()).toBe(false);
  });
});

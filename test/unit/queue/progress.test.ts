import { afterEach, describe, expect, it, vi } from 'vitest';
import { cancelled, ProgressMeter, silentContext } from '../../../src/main/engine/queue/context.ts';
import type { JobProgress } from '../../../src/shared/domain.ts';

afterEach(() => vi.restoreAllMocks());

/** A meter on a clock that is set by hand, in milliseconds, and what it reported. */
function metered(): { meter: ProgressMeter; at: (ms: number) => void; reports: JobProgress[] } {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const reports: JobProgress[] = [];
  return { meter: new ProgressMeter((p) => reports.push(p)), at: (ms) => (now = ms), reports };
}

describe('progress', () => {
  it('tells the seconds left in all where a task says what comes, at the pace of steps before', () => {
    const { meter, at, reports } = metered();
    meter.ahead({ photos: 30, tuples: 0 });
    meter.step('Reading', 20, 'photos');
    expect(reports.at(-1)).not.toHaveProperty('whole');
    at(2000);
    meter.progress(10);
    // Ten at five a second, and thirty more of them.
    expect(reports.at(-1)).toMatchObject({ left: 2, whole: 8 });
    at(4000);
    meter.progress(20);
    meter.ahead({ photos: 10, tuples: 6 });
    meter.step('Training', 4, 'tuples');
    // Nobody knows yet how long a tuple takes.
    expect(reports.at(-1)).not.toHaveProperty('whole');
    at(6000);
    meter.progress(2);
    expect(reports.at(-1)).toMatchObject({ left: 2, whole: 2 + 6 + 2 });
    at(8000);
    meter.progress(4);
    meter.ahead({ photos: 5, tuples: 0 });
    meter.step('Describing', 5, 'photos');
    // Nothing was described yet: as long as photos took before.
    expect(reports.at(-1)).toMatchObject({ left: null, whole: 2 });
    meter.step('Whitening', 0, '');
    expect(reports.at(-1)).toMatchObject({ whole: 1 });
  });

  it('says a step at once, then at most ten times a second, and its end in any case', () => {
    const { meter, at, reports } = metered();
    at(1000);
    meter.step('Reading', 50, 'photos');
    expect(reports).toEqual([{ step: 'Reading', done: 0, total: 50, unit: 'photos', rate: 0, left: null }]);
    at(1099);
    meter.progress(1);
    expect(reports.length).toBe(1);
    at(1100);
    meter.progress(2);
    expect(reports.map((r) => r.done)).toEqual([0, 2]);
    at(1101);
    meter.progress(3);
    meter.progress(50);
    expect(reports.map((r) => r.done)).toEqual([0, 2, 50]);
  });

  it('tells units a second, the newest with three tenths, and the seconds that are left', () => {
    const { meter, at, reports } = metered();
    meter.step('Reading', 100, 'photos');
    at(2000);
    meter.progress(20);
    // Twenty in two seconds, eighty to go.
    expect(reports.at(-1)).toMatchObject({ done: 20, rate: 10, left: 8 });
    at(3000);
    meter.progress(40);
    // Twenty in the last second: 10 + 0.3 (20 - 10).
    expect(reports.at(-1)).toMatchObject({ done: 40, rate: 13 });
    expect(reports.at(-1)!.left).toBeCloseTo(60 / 13, 9);
    at(4000);
    meter.progress(40);
    expect(reports.at(-1)).toMatchObject({ done: 40, rate: 13 });
    at(5000);
    meter.progress(60);
    // Nothing for a second, then twenty in two seconds from where something came last.
    expect(reports.at(-1)!.rate).toBeCloseTo(13 + 0.3 * (10 - 13), 9);
  });

  it('tells the seconds that are left of what is slow, too', () => {
    const { meter, at, reports } = metered();
    meter.step('Training', 10, 'epochs');
    at(4000);
    meter.progress(2);
    expect(reports.at(-1)).toMatchObject({ done: 2, rate: 0.5, left: 16 });
    meter.step('Writing', 1, 'file');
    at(6000);
    meter.progress(1);
    expect(reports.at(-1)).toMatchObject({ done: 1, rate: 0.5, left: 0 });
  });

  it('begins anew with each step, and knows no end of a step whose size is not known', () => {
    const { meter, at, reports } = metered();
    meter.step('First', 10, 'photos');
    at(1000);
    meter.progress(5);
    expect(reports.at(-1)!.rate).toBe(5);
    meter.step('Second', 0, '');
    expect(reports.at(-1)).toEqual({ step: 'Second', done: 0, total: 0, unit: '', rate: 0, left: null });
    at(2000);
    meter.progress(30);
    expect(reports.at(-1)).toMatchObject({ step: 'Second', done: 30, rate: 30, left: null });
  });

  it('takes no rate from an instant', () => {
    const { meter, at, reports } = metered();
    meter.step('First', 10, 'photos');
    at(50);
    meter.progress(10);
    expect(reports.at(-1)).toMatchObject({ done: 10, rate: 0, left: null });
    meter.step('Again', 10, 'photos');
    at(101);
    meter.progress(10);
    expect(reports.at(-1)!.rate).toBeCloseTo(10 / 0.051, 6);
  });
});

describe('a context that nobody watches', () => {
  it('keeps the warnings and never stops', () => {
    const warnings: string[] = [];
    const task = silentContext(warnings);
    task.step('Reading', 3, 'photos');
    task.progress(1);
    task.changed('photos');
    task.check();
    task.warn('a');
    task.warn('b');
    expect(warnings).toEqual(['a', 'b']);
    expect(cancelled()).toMatchObject({ code: 'CANCELLED' });
  });
});

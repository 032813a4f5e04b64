import { describe, expect, it } from 'vitest';
import { JobWatch, wordOf } from '../../../src/main/desktop/job-watch.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import type { JobInfo, JobState } from '../../../src/shared/domain.ts';

function job(id: number, state: JobState, seconds = 0): EngineEvent & { event: 'job' } {
  const started = '2026-01-01T10:00:00.000Z';
  const ended = state !== 'queued' && state !== 'running';
  const facts: JobInfo = {
    id,
    kind: 'train',
    title: `Training ${id}`,
    state,
    created: started,
    started: state === 'queued' ? null : started,
    finished: ended ? new Date(Date.parse(started) + 1000 * seconds).toISOString() : null,
    progress: null,
    error: state === 'failed' ? { code: 'INPUT_MISSING', message: 'No photo is here' } : null,
    warnings: [],
    result: null,
  };
  return { event: 'job', job: facts };
}
const progress = (id: number, done: number, total: number): EngineEvent => ({
  event: 'progress',
  id,
  progress: { step: '', done, total, unit: '', rate: 0, left: null },
});

describe('the jobs that the desktop knows of', () => {
  it('are shown as the share of the one that runs', () => {
    const watch = new JobWatch();
    expect(watch.progress).toBe('idle');
    watch.take(job(2, 'queued'));
    expect(watch.progress).toBe('idle');
    watch.take(job(1, 'running'));
    expect(watch.progress).toBe('busy');
    watch.take(progress(1, 3, 12));
    expect(watch.progress).toBe(0.25);
    watch.take(progress(1, 13, 12));
    expect(watch.progress).toBe(1);
    watch.take(progress(1, 7, 0));
    expect(watch.progress).toBe('busy');
    // One that is not known any more does not come back by what is left of its progress.
    watch.take(job(1, 'done', 5));
    watch.take(progress(1, 3, 12));
    expect(watch.progress).toBe('idle');
  });

  it('are worth a word when they end by themselves after half a minute', () => {
    const watch = new JobWatch();
    expect(watch.take(job(1, 'done', 29.9))).toBeUndefined();
    expect(watch.take(job(1, 'cancelled', 300))).toBeUndefined();
    const done = watch.take(job(1, 'done', 30));
    expect(wordOf(done!)).toEqual({ title: 'Done', body: 'Training 1' });
    expect(wordOf({ ...done!, warnings: ['cut.jpg cannot be read', 'x', 'y'] }).body).toBe(
      'Training 1: cut.jpg cannot be read, and 2 more warnings',
    );
    const failed = watch.take(job(3, 'failed', 31));
    expect(wordOf(failed!)).toEqual({ title: 'Failed', body: 'Training 3: No photo is here' });
  });

  it('are asked about before they are stopped', () => {
    const watch = new JobWatch();
    expect(watch.question).toBeUndefined();
    watch.take(job(4, 'queued'));
    expect(watch.question).toBe('“Training 4” is waiting');
    watch.take(job(4, 'running'));
    expect(watch.question).toBe('“Training 4” is running');
    watch.take(job(5, 'queued'));
    expect(watch.question).toBe('“Training 4” is running and 1 more waits');
    watch.take(job(6, 'queued'));
    expect(watch.question).toBe('“Training 4” is running and 2 more wait');
    for (const id of [4, 5, 6]) watch.take(job(id, 'cancelled'));
    expect(watch.question).toBeUndefined();
  });

  it('are gone with the engine, and with the library', () => {
    for (const event of [
      { event: 'engine', state: 'restarting', message: '' },
      { event: 'changed', what: 'library' },
    ] satisfies EngineEvent[]) {
      const watch = new JobWatch();
      watch.take(job(1, 'running'));
      watch.take({ event: 'changed', what: 'photos' });
      expect(watch.jobs).toHaveLength(1);
      watch.take(event);
      expect(watch.jobs).toEqual([]);
    }
  });
});

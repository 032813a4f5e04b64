import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ProgressMeter } from '../../../src/main/engine/queue/context.ts';
import { JobQueue } from '../../../src/main/engine/queue/queue.ts';
import { getJob } from '../../../src/main/engine/queue/records.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import type { JobProgress } from '../../../src/shared/domain.ts';
import { temporaryFolder } from '../../support/folders.ts';

const logged = vi.hoisted(() => [] as string[]);
vi.mock('../../../src/main/engine/environment/log.ts', async (original) => ({
  ...(await original<object>()),
  logger: (part: string) => {
    const say =
      (level: string) =>
      (...what: unknown[]): void => {
        logged.push(`${level} ${part} ${what.map((w) => (w instanceof Error ? w.message : String(w))).join(' ')}`);
      };
    return { info: say('info'), error: say('error'), warn: say('warn'), debug: say('debug') };
  },
}));

const [PLAIN, WAIT, THROW, TEXT, BYTES, QUIT] = [0, 1, 2, 3, 4, 5];
const folder = temporaryFolder();
let library: Library;
let worker: URL;
beforeAll(() => {
  library = Library.create(join(folder, 'library'));
  const file = join(folder, 'worker.mjs');
  writeFileSync(
    file,
    `import { parentPort, workerData } from 'node:worker_threads';
     const [PLAIN, WAIT, THROW, TEXT, BYTES, QUIT] = [0, 1, 2, 3, 4, 5];
     const { params: { seed }, stop } = workerData;
     const flag = new Uint8Array(stop);
     const progress = (done) => ({ type: 'progress', progress: { step: 'Working', done, total: 2, unit: 'x', rate: 1, left: 1 } });
     parentPort.postMessage(progress(1));
     parentPort.postMessage(progress(2));
     if (seed === THROW) throw new Error('out of ink');
     if (seed === TEXT) throw 'only words';
     if (seed === QUIT) process.exit(3);
     const result = { bytes: stop.byteLength, flag: flag[0] };
     const wait = () => seed === WAIT && flag[0] === 0 ? setTimeout(wait, 2)
       : parentPort.postMessage({ type: 'end', warnings: [], state: seed === WAIT ? 'cancelled' : 'done', result: { ...result, told: flag[0] } });
     wait();`,
  );
  worker = pathToFileURL(file);
});
afterAll(() => library.close());
afterEach(() => {
  vi.restoreAllMocks();
  logged.length = 0;
});

function queued(): { queue: JobQueue; events: EngineEvent[]; until: (found: () => boolean) => Promise<void> } {
  const events: EngineEvent[] = [];
  return {
    queue: new JobQueue(library, worker, (e) => events.push(e)),
    events,
    until: async (found) => {
      while (!found()) await new Promise((r) => setTimeout(r, 2));
    },
  };
}
const state = (id: number): string => getJob(library, id)!.state;
const over = (id: number) => (): boolean => state(id) !== 'queued' && state(id) !== 'running';

describe('the thread of a job', () => {
  it('is given one byte that is 0 and becomes 1 when it shall end', async () => {
    const { queue, until } = queued();
    const plain = queue.start('mine', { seed: PLAIN });
    await until(over(plain));
    expect(getJob(library, plain)!.result).toEqual({ bytes: 1, flag: 0, told: 0 });
    const asked = queue.start('mine', { seed: WAIT });
    await until(() => queue.list().some((j) => j.id === asked && j.progress?.done === 2));
    queue.cancel(asked);
    await until(over(asked));
    expect(getJob(library, asked)).toMatchObject({ state: 'cancelled', result: { bytes: 1, flag: 0, told: 1 } });
  });

  it('is logged as it begins and ends', async () => {
    const { queue, until } = queued();
    const id = queue.start('mine', { seed: PLAIN });
    await until(over(id));
    expect(logged).toEqual([`info queue Job ${id}, mine: started`, `info queue Job ${id}, mine: done`]);
    logged.length = 0;
    const quits = queue.start('mine', { seed: QUIT });
    await until(over(quits));
    expect(logged.at(-1)).toBe(`info queue Job ${quits}, mine: thread ended with 3`);
    logged.length = 0;
    const waits = queue.start('mine', { seed: WAIT });
    await until(() => queue.list()[0]!.progress?.done === 2);
    await queue.close();
    expect(logged.at(-1)).toBe(`info queue Job ${waits}, mine: interrupted`);
    expect(state(waits)).toBe('running');
  });

  it('says what it threw, an error by its message and anything else as text', async () => {
    const { queue, until } = queued();
    for (const [seed, text] of [
      [THROW, 'out of ink'],
      [TEXT, 'only words'],
    ] as const) {
      const id = queue.start('mine', { seed });
      await until(over(id));
      expect(getJob(library, id)!.error).toEqual({
        code: 'INTERNAL',
        message: `The job's thread ended unexpectedly (1): ${text}`,
      });
      expect(getJob(library, id)!.warnings).toEqual([]);
      expect(logged).toContainEqual(
        expect.stringMatching(new RegExp(`^error queue Job ${id}, mine: its thread failed: .*${text}`)),
      );
    }
    const id = queue.start('mine', { seed: QUIT });
    await until(over(id));
    expect(getJob(library, id)!.error!.message).toBe("The job's thread ended unexpectedly (3)");
  });

  it('has its last progress told with it, and none once it has ended', async () => {
    const { queue, events, until } = queued();
    const first = queue.start('mine', { seed: BYTES });
    const second = queue.start('mine', { seed: PLAIN });
    await until(over(second));
    const told = events.flatMap((e) => (e.event === 'job' ? [[e.job.id, e.job.state, e.job.progress]] : []));
    expect(told).toEqual([
      [first, 'queued', null],
      [first, 'running', null],
      [second, 'queued', null],
      [first, 'done', null],
      [second, 'running', null],
      [second, 'done', null],
    ]);
    expect(events.flatMap((e) => (e.event === 'progress' ? [[e.id, e.progress.done]] : []))).toEqual([
      [first, 1],
      [first, 2],
      [second, 1],
      [second, 2],
    ]);
  });

  it('is not there for jobs that are taken out, the one before and the one behind stay', async () => {
    const { queue, until } = queued();
    const [a, b, c, d] = [WAIT, PLAIN, PLAIN, PLAIN].map((seed) => queue.start('mine', { seed })) as [
      number,
      number,
      number,
      number,
    ];
    queue.cancel(b);
    expect([state(b), state(c)]).toEqual(['cancelled', 'queued']);
    queue.cancel(d);
    expect(getJob(library, d)).toMatchObject({ state: 'cancelled', warnings: [], error: null });
    queue.cancel(b);
    expect(state(c)).toBe('queued');
    await until(() => queue.list().some((j) => j.id === a && j.progress?.done === 2));
    queue.cancel(a);
    await until(over(c));
    expect([a, b, c, d].map(state)).toEqual(['cancelled', 'cancelled', 'done', 'cancelled']);
  });
});

describe('progress before any step', () => {
  it('has no name, no end and no rate but what came since the beginning of time', () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const reports: JobProgress[] = [];
    const meter = new ProgressMeter((p) => reports.push(p));
    now = 99;
    meter.progress(1);
    expect(reports).toEqual([]);
    now = 100;
    meter.progress(1);
    expect(reports).toEqual([{ step: '', done: 1, total: 0, unit: '', rate: 10, left: null }]);
    now = 101;
    meter.progress(0);
    expect(reports.at(-1)).toMatchObject({ done: 0, rate: 10, left: null });
  });

  it('takes fifty milliseconds for an instant, and no step back for speed', () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const reports: JobProgress[] = [];
    const meter = new ProgressMeter((p) => reports.push(p));
    meter.step('Reading', 10, 'photos');
    now = 1200;
    meter.progress(6);
    expect(reports.at(-1)).toMatchObject({ done: 6, rate: 30 });
    now = 1400;
    meter.progress(4);
    expect(reports.at(-1)).toMatchObject({ done: 4, rate: 30 });
    expect(reports.at(-1)!.left).toBeCloseTo(6 / 30, 9);
    now = 1600;
    meter.progress(10);
    // Four more than the six, in the four tenths of a second since.
    expect(reports.at(-1)!.rate).toBeCloseTo(30 + 0.3 * (4 / 0.4 - 30), 9);
    expect(reports.at(-1)!.left).toBe(0);
  });
});

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { addEmbedded } from '../../../src/main/engine/network/networks.ts';
import { networkOfJob } from '../../../src/main/engine/network/network-of-job.ts';
import { byName } from '../../../src/main/engine/queue/called.ts';
import { JobQueue } from '../../../src/main/engine/queue/queue.ts';
import { addJob, describeJob, getJob, jobEnded, jobStarted, listJobs } from '../../../src/main/engine/queue/records.ts';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import type { JobKind } from '../../../src/shared/jobs/index.ts';
import type { JobInfo } from '../../../src/shared/domain.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** What a job's thread is asked to do, told by its seed. */
const [PLAIN, CRASH, QUIT, CHANGED, WAIT, FAIL] = [0, 1, 2, 3, 4, 5];

const folder = temporaryFolder();
let library: Library;
let worker: URL;
beforeAll(() => {
  library = Library.create(join(folder, 'library'));
  // A thread that does what its seed says, in the queue's own words.
  const file = join(folder, 'worker.mjs');
  writeFileSync(
    file,
    `import { parentPort, workerData } from 'node:worker_threads';
     const [PLAIN, CRASH, QUIT, CHANGED, WAIT, FAIL] = [0, 1, 2, 3, 4, 5];
     const { params, stop, kind, libraryPath } = workerData;
     const flag = new Uint8Array(stop);
     const end = (m) => parentPort.postMessage({ type: 'end', warnings: [], ...m });
     if (params.seed === CRASH) throw new Error('out of paper');
     if (params.seed === QUIT) process.exit(7);
     parentPort.postMessage({ type: 'progress', progress: { step: 'Working', done: 1, total: 2, unit: 'x', rate: 1, left: 1 } });
     if (params.seed === CHANGED) parentPort.postMessage({ type: 'changed', what: 'tuples' });
     const wait = () => Atomics.load(flag, 0) === 1 ? end({ state: 'cancelled' })
       : params.seed === WAIT ? setTimeout(wait, 5)
       : params.seed === FAIL ? end({ state: 'failed', error: { code: 'INPUT_CORRUPT', message: 'broken' } })
       : end({ state: 'done', warnings: ['careful'], result: { kind, libraryPath, given: params } });
     wait();`,
  );
  worker = pathToFileURL(file);
});
afterAll(() => library.close());

/** A queue with what it tells, and a way to wait for a job to end. */
function queued(): {
  queue: JobQueue;
  events: EngineEvent[];
  ended: (id: number) => Promise<JobInfo>;
  working: (id: number) => Promise<void>;
} {
  const events: EngineEvent[] = [];
  const queue = new JobQueue(library, worker, (e) => events.push(e));
  const until = async <T>(found: () => T | undefined): Promise<T> => {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      await new Promise((r) => setTimeout(r, 5));
    }
  };
  return {
    queue,
    events,
    ended: (id) =>
      until(() => {
        const job = getJob(library, id)!;
        return job.state === 'queued' || job.state === 'running' ? undefined : job;
      }),
    working: (id) => until(() => (events.some((e) => e.event === 'progress' && e.id === id) ? true : undefined)).then(),
  };
}
const states = (events: readonly EngineEvent[], id: number): string[] =>
  events.flatMap((e) => (e.event === 'job' && e.job.id === id ? [e.job.state] : []));

describe('the queue', () => {
  it('gives the thread what the job is, and keeps what it answers', async () => {
    const { queue, events, ended } = queued();
    const id = queue.start('mine', { seed: CHANGED });
    expect(await ended(id)).toMatchObject({
      id,
      kind: 'mine',
      title: 'Mine tuples',
      state: 'done',
      error: null,
      warnings: ['careful'],
      result: { kind: 'mine', libraryPath: library.path, given: { seed: CHANGED } },
      started: expect.any(String),
      finished: expect.any(String),
    });
    expect(events).toContainEqual({ event: 'changed', what: 'tuples' });
    expect(events).toContainEqual({
      event: 'progress',
      id,
      progress: { step: 'Working', done: 1, total: 2, unit: 'x', rate: 1, left: 1 },
    });
    expect(states(events, id)).toEqual(['queued', 'running', 'done']);
  });

  it('calls what is sent or downloaded by the name that people know, in all that a job says', async () => {
    const { queue, ended } = queued();
    const path = join(tmpdir(), 'covis-incoming-x', 'sent');
    const id = queue.start('collection-import', { folder: path }, { called: { path, name: 'castles.zip' } });
    const job = await ended(id);
    expect(job.title).toBe('Import the collection castles.zip');
    expect(job.result).toMatchObject({ given: { folder: 'castles.zip' } });
    expect(JSON.stringify(job)).not.toContain('covis-incoming');

    const folder = join(tmpdir(), 'covis-download-x');
    const written = { file: join(folder, 'Tiny.onnx'), also: [`${folder}: 3 MB`] };
    expect(byName(written, { path: folder, name: 'castles-network' })).toEqual({
      file: 'Tiny.onnx',
      also: ['castles-network: 3 MB'],
    });
  });

  it('says with which network photos are described, where that is known', () => {
    const title = (kind: JobKind, given: object): string =>
      describeJob(kind, given, { network: (params) => networkOfJob(library, kind, params) }).title;
    expect(title('extract', {})).toBe('Extract descriptors');
    const first = addEmbedded(library, 'tiny');
    const { uid, spec } = addEmbedded(library, 'efficientnet-lite0');
    expect(first.spec.name).not.toBe(spec.name);
    expect(title('extract', { network: uid })).toBe(`Extract descriptors with ${spec.name}`);
    expect(title('mine', { network: spec.name })).toBe(`Mine tuples with ${spec.name}`);
    expect(title('map', {})).toBe(`Map of all photos with ${first.spec.name}`);
    // Of a set that was imported, none; of a network that takes edges, there is none here; a file is still to come.
    expect(title('map', { set: 'mine' })).toBe('Map of all photos');
    expect(title('extract', { domain: 'edges' })).toBe('Extract descriptors');
    expect(title('extract', { network: './resnet.onnx' })).toBe('Extract descriptors');
    // What makes the network of its descriptors has none before.
    expect(title('adapt', { network: uid })).toBe('Adapt to my photos');
  });

  it('says what a job that waits or runs may make, by what it was told', () => {
    const added = (kind: 'extract' | 'adapt', params: object): number =>
      addJob(library, kind, kind, describeJob(kind, params).params);
    const [photos, edges, undo] = [
      added('extract', {}),
      added('extract', { domain: 'edges' }),
      added('adapt', { undo: true }),
    ];
    expect([photos, edges, undo].map((id) => getJob(library, id)!.brings)).toEqual([
      ['descriptors'],
      ['edge-descriptors'],
      [],
    ]);
    jobStarted(library, photos);
    expect(getJob(library, photos)!.brings).toEqual(['descriptors']);
    for (const id of [photos, edges, undo]) jobEnded(library, id, { state: 'cancelled', warnings: [] });
    expect(getJob(library, photos)!.brings).toBeUndefined();
  });

  it('runs one job at a time, in the order in which they came', async () => {
    const { queue, working, ended } = queued();
    const [a, b, c] = [WAIT, PLAIN, PLAIN].map((seed) => queue.start('mine', { seed })) as [number, number, number];
    await working(a);
    expect([a, b, c].map((id) => getJob(library, id)!.state)).toEqual(['running', 'queued', 'queued']);
    const listed = queue.list();
    expect(listed.find((j) => j.id === a)!.progress).toMatchObject({ step: 'Working', done: 1 });
    expect(listed.find((j) => j.id === b)!.progress).toBeNull();
    queue.cancel(a);
    await ended(c);
    const [first, second] = [getJob(library, b)!, getJob(library, c)!];
    expect(first.finished! <= second.started!).toBe(true);
    expect(queue.list().every((j) => j.progress === null)).toBe(true);
  });

  it('asks a running job to end, and takes a waiting one out without starting it', async () => {
    const { queue, events, working, ended } = queued();
    const running = queue.start('mine', { seed: WAIT });
    const [waiting, after] = [queue.start('mine', { seed: PLAIN }), queue.start('mine', { seed: PLAIN })];
    await working(running);
    queue.cancel(waiting);
    expect(getJob(library, waiting)).toMatchObject({ state: 'cancelled', started: null });
    queue.cancel(987_654);
    expect(getJob(library, running)!.state).toBe('running');
    queue.cancel(running);
    expect(await ended(running)).toMatchObject({ state: 'cancelled', error: null, result: null });
    expect((await ended(after)).state).toBe('done');
    expect(states(events, waiting)).toEqual(['queued', 'cancelled']);
  });

  it('says why a job failed, also when its thread died, and goes on with the next', async () => {
    const { queue, ended } = queued();
    const ids = [FAIL, CRASH, QUIT, PLAIN].map((seed) => queue.start('mine', { seed }));
    expect(await ended(ids[0]!)).toMatchObject({
      state: 'failed',
      error: { code: 'INPUT_CORRUPT', message: 'broken' },
    });
    expect(await ended(ids[1]!)).toMatchObject({
      state: 'failed',
      error: { code: 'INTERNAL', message: expect.stringMatching(/ended unexpectedly \(1\): out of paper$/) },
    });
    expect(await ended(ids[2]!)).toMatchObject({
      state: 'failed',
      error: { code: 'INTERNAL', message: expect.stringMatching(/ended unexpectedly \(7\)$/) },
    });
    expect((await ended(ids[3]!)).state).toBe('done');
  });

  it('ends its thread when it closes, and starts nothing more', async () => {
    const { queue, events, working } = queued();
    const running = queue.start('mine', { seed: WAIT });
    const waiting = queue.start('mine', { seed: PLAIN });
    await working(running);
    const before = events.length;
    await queue.close();
    await new Promise((r) => setTimeout(r, 50));
    expect(events.length).toBe(before);
    expect([running, waiting].map((id) => getJob(library, id)!.state)).toEqual(['running', 'queued']);
    const late = queue.start('mine', { seed: PLAIN });
    expect(getJob(library, late)!.state).toBe('queued');
  });
});

describe('what a job is told', () => {
  it('is checked before it is queued', () => {
    const { queue, events } = queued();
    expect(() => queue.start('mine', { seed: 0.5 })).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect(events).toEqual([]);
  });
});

describe('records of jobs', () => {
  it('are listed newest first, two hundred at most', () => {
    const own = Library.create(join(folder, 'many'));
    const ids = Array.from({ length: 203 }, (_, i) => addJob(own, 'mine', `job ${i}`, {}));
    const listed = listJobs(own);
    expect(listed.length).toBe(200);
    expect(listed.map((j) => j.id)).toEqual(ids.toReversed().slice(0, 200));
    expect(listed[0]).toMatchObject({ state: 'queued', started: null, finished: null, error: null, warnings: [] });
    expect(getJob(own, 99_999)).toBeUndefined();
    own.close();
  });

  it('keep error, warnings and result as they were', () => {
    const id = addJob(library, 'mine', 'x', {});
    jobStarted(library, id);
    expect(getJob(library, id)!.state).toBe('running');
    const error = { code: 'INPUT_MISSING', message: 'gone', file: 'a' } as const;
    jobEnded(library, id, { state: 'failed', error, warnings: ['w'], result: 0 });
    expect(getJob(library, id)).toMatchObject({ state: 'failed', error, warnings: ['w'], result: 0 });
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClusterInfo, JobInfo, LibraryInfo, NetworkInfo, PhotoInfo } from '../../../src/shared/domain.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { fakeEngine, settled, type FakeEngine } from '../support/fake-engine.ts';

const network = (id: string, edges = false): NetworkInfo =>
  ({ id, name: `network ${id}`, ...(edges ? { edges: {} } : {}) }) as unknown as NetworkInfo;
const libraryInfo = (change: Partial<LibraryInfo> = {}): LibraryInfo =>
  ({
    name: 'places',
    path: '/p',
    photos: 5,
    clusters: 2,
    networks: [network('aa'), network('bb'), network('dd'), network('cc', true)],
    defaults: [
      { takes: 'photos', network: 'bb', name: 'network bb', reason: 'chosen by a person', since: null },
      { takes: 'edges', network: 'cc', name: 'network cc', reason: 'the first', since: null },
    ],
    ...change,
  }) as LibraryInfo;
const job = (id: number, change: Partial<JobInfo> = {}): JobInfo =>
  ({
    id,
    kind: 'mine',
    title: 'Mine',
    state: 'running',
    progress: null,
    error: null,
    warnings: [],
    ...change,
  }) as JobInfo;

let engine: FakeEngine;
beforeEach(() => {
  vi.useFakeTimers();
  engine = fakeEngine();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('library', () => {
  const open = async () => {
    engine.answers = { 'library.current': () => libraryInfo(), 'clusters.list': () => [] };
    const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
    const library = useLibrary();
    library.listen();
    await library.refresh();
    return library;
  };

  it('takes the default network of photos, whatever is newer, until another is chosen', async () => {
    const library = await open();
    expect(library.loaded).toBe(true);
    expect(library.network?.id).toBe('bb');
    library.chosenNetwork = 'aa';
    expect(library.withNetwork).toEqual({ network: 'aa' });
    library.chosenNetwork = 'gone';
    expect(library.network?.id).toBe('bb');
  });

  it('reads itself again after a change that concerns it, and not after others', async () => {
    const library = await open();
    const before = engine.asked.length;
    engine.say({ event: 'changed', what: 'mining' });
    await settled();
    expect(engine.asked).toHaveLength(before);
    expect(library.changed('mining')).toBe(1);
    engine.answers['library.current'] = () => libraryInfo({ photos: 9 });
    engine.say({ event: 'changed', what: 'clusters' });
    await settled();
    expect(library.info?.photos).toBe(9);
  });

  describe('of thousands of clusters', () => {
    const many = Array.from({ length: 1300 }, (_, i) => ({ id: `c${i}` }) as unknown as ClusterInfo);
    const pages = () => engine.asked.filter((a) => a.route === 'clusters.list').map((a) => a.params);
    /** What is not seen is read once all that was asked is answered, when nothing else is done. */
    const read = async () => {
      for (let i = 0; i < 5; i += 1) {
        await settled();
        await vi.advanceTimersByTimeAsync(60);
      }
      await settled();
    };
    const openMany = async () => {
      engine.answers['clusters.list'] = ({ from = 0, limit }) => many.slice(from, from + (limit ?? many.length));
      engine.answers['library.current'] = () => libraryInfo({ clusters: many.length });
      const { useLibrary } = await import('../../../src/renderer/stores/library.ts');
      const library = useLibrary();
      library.listen();
      await library.refresh();
      return library;
    };

    it('shows the first that are seen, and has all of them from messages of at most 500', async () => {
      const library = await openMany();
      expect([library.loaded, library.allClusters]).toEqual([true, false]);
      expect(library.clusters.map((c) => c.id)).toEqual(many.slice(0, 60).map((c) => c.id));
      await read();
      expect(pages()).toEqual([{ limit: 60 }, ...[60, 560, 1060].map((from) => ({ from, limit: 500 }))]);
      expect(library.clusters.map((c) => c.id)).toEqual(many.map((c) => c.id));
      expect(library.allClusters).toBe(true);
    });

    it('keeps those that are shown while they are read again, and reads none again after a change of other things', async () => {
      const library = await openMany();
      await read();
      const before = pages().length;
      engine.say({ event: 'changed', what: 'networks' });
      await settled();
      expect(pages()).toHaveLength(before);
      many.push({ id: 'new' } as unknown as ClusterInfo);
      const { promise: slow, resolve } = Promise.withResolvers<readonly ClusterInfo[]>();
      const answer = engine.answers['clusters.list']!;
      engine.answers['clusters.list'] = (p) => (p.from === 560 ? (slow as Promise<ClusterInfo[]>) : answer(p));
      engine.say({ event: 'changed', what: 'clusters' });
      // What overtakes the reading of the library lets that of its clusters go on.
      engine.say({ event: 'changed', what: 'networks' });
      await read();
      expect([library.clusters.length, library.allClusters]).toEqual([1300, true]);
      resolve(many.slice(560, 1060));
      await read();
      expect([library.clusters.length, library.clusters.at(-1)!.id]).toEqual([1301, 'new']);
    });

    it('are read anew after a reading that failed, which a notice said', async () => {
      const library = await openMany();
      await read();
      const answer = engine.answers['clusters.list']!;
      engine.answers['clusters.list'] = (p) => {
        if (p.from === 560) throw new CovisError('INPUT_CORRUPT', 'The library is damaged', { file: 'library.db' });
        return answer(p);
      };
      many.length = 600;
      engine.say({ event: 'changed', what: 'clusters' });
      await read();
      engine.answers['clusters.list'] = answer;
      engine.say({ event: 'changed', what: 'networks' });
      await read();
      const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
      expect(useNotices().notices.map((n) => n.text)).toEqual(['The library is damaged: library.db']);
      expect(library.clusters).toHaveLength(600);
    });
  });

  it('keeps the answer that was asked for last', async () => {
    const library = await open();
    const info = (id: string) => ({ id, name: id, clusters: [] }) as unknown as PhotoInfo;
    const { promise: slow, resolve } = Promise.withResolvers<PhotoInfo>();
    engine.answers['photos.info'] = ({ id }) => (id === 'a1' ? slow : info(id));
    const first = library.select('a1');
    await library.select('b2');
    resolve(info('a1'));
    await first;
    expect(library.selectedInfo?.id).toBe('b2');
    await library.select(null);
    expect(library.selectedInfo).toBeNull();
  });

  it('says why it cannot be read and stays as it was', async () => {
    const library = await open();
    engine.answers['library.current'] = () => {
      throw new CovisError('INPUT_CORRUPT', 'The library is damaged', { file: 'library.db' });
    };
    await library.refresh();
    const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
    expect(useNotices().notices.map((n) => n.text)).toEqual(['The library is damaged: library.db']);
    expect(library.info?.photos).toBe(5);
  });

  it('is read again by itself when the engine is back, and so is what watches any change', async () => {
    const library = await open();
    const { useConnection } = await import('../../../src/renderer/stores/connection.ts');
    const connection = useConnection();
    connection.listen();
    const before = library.changed('mining');
    engine.cut();
    expect(connection.state).toBe('lost');
    expect(connection.message).toContain('covis serve was lost');
    await vi.advanceTimersByTimeAsync(1500);
    engine.answers['library.current'] = () => libraryInfo({ photos: 11 });
    engine.accept();
    await settled();
    expect(connection.state).toBe('back');
    expect(library.info?.photos).toBe(11);
    expect(library.changed('mining')).toBe(before + 1);
    await vi.advanceTimersByTimeAsync(3000);
    expect(connection.state).toBe('ready');
  });
});

describe('jobs', () => {
  const open = async (list: readonly JobInfo[]) => {
    engine.answers['jobs.list'] = () => list;
    const { useJobs } = await import('../../../src/renderer/stores/jobs.ts');
    const jobs = useJobs();
    jobs.listen();
    await jobs.refresh();
    return jobs;
  };
  const notices = async () => (await import('../../../src/renderer/stores/notices.ts')).useNotices().notices;

  it('follows what the engine says of a job, newest first', async () => {
    const jobs = await open([job(1, { state: 'done' })]);
    engine.say({ event: 'job', job: job(2) });
    engine.say({ event: 'job', job: job(3, { state: 'queued', kind: 'train' }) });
    expect(jobs.jobs.map((j) => j.id)).toEqual([3, 2, 1]);
    expect([jobs.running?.id, jobs.waiting]).toEqual([2, 1]);
    expect([jobs.going('train')?.id, jobs.going('evaluate')]).toEqual([3, null]);
    const progress = { step: 'Mining', done: 3, total: 9, unit: 'queries', rate: 1, left: 6 };
    engine.say({ event: 'progress', id: 2, progress });
    expect(jobs.running?.progress).toEqual(progress);
  });

  it('says when a job has failed, with its reason, and when one is done', async () => {
    await open([]);
    engine.say({ event: 'job', job: job(1, { state: 'failed', error: { code: 'X', message: 'No space' } }) });
    engine.say({ event: 'job', job: job(2, { state: 'done', title: 'Train' }) });
    await vi.waitFor(async () => expect(await notices()).toHaveLength(2));
    expect((await notices()).map((n) => [n.kind, n.text])).toEqual([
      ['error', 'Mine failed: No space'],
      ['done', 'Train finished'],
    ]);
  });

  it('says what came of a job, and what it warned of, with the way to the rest', async () => {
    await open([]);
    const result = { clusters: [], unclustered: ['a'], steps: [], photos: 1, pairs: 0, verified: 0, scenes: 0 };
    const warnings = ['This photo cannot be read: cut.jpg', 'This photo is an empty file: none.jpg'];
    engine.say({
      event: 'job',
      job: job(1, { state: 'done', kind: 'cluster', title: 'Cluster trip', result, warnings }),
    });
    await vi.waitFor(async () => expect(await notices()).toHaveLength(1));
    const shown = (await notices())[0]!;
    expect([shown.kind, shown.text, shown.to?.to]).toEqual(['warning', 'Cluster trip finished', { name: 'jobs' }]);
    expect(shown.hint).toMatch(
      /^No place was found in 1 photo: .*\. This photo cannot be read: cut\.jpg, and 1 more warning$/,
    );
  });

  it('says how many photos the places have of those that were looked at', async () => {
    await open([]);
    const place = { id: 'a', name: 'A', photos: ['a', 'b'], points: 0 };
    const result = { clusters: [place], steps: [], photos: 4, pairs: 0, verified: 0, scenes: 0 };
    const said = async (id: number, unclustered: string[]): Promise<string | undefined> => {
      const title = `Cluster trip ${id}`;
      engine.say({
        event: 'job',
        job: job(id, { state: 'done', kind: 'cluster', title, result: { ...result, unclustered } }),
      });
      const word = async () => (await notices()).find((n) => n.text === `${title} finished`);
      await vi.waitFor(async () => expect(await word()).toBeDefined());
      return (await word())?.hint;
    };
    expect(await said(1, ['c', 'd'])).toBe(
      '1 cluster of 2 of 4 photos. 2 photos are in none: they share too little with others',
    );
    expect(await said(2, ['c'])).toBe(
      '1 cluster of 3 of 4 photos. 1 photo is in none: it shares too little with others',
    );
    expect(await said(3, [])).toBe('1 cluster of 4 photos');
  });

  it('says why a job cannot be started or cancelled', async () => {
    const jobs = await open([]);
    engine.answers['jobs.start'] = () => {
      throw new CovisError('STATE_EMPTY', 'Nothing to mine', { hint: 'Import first' });
    };
    await jobs.start({ kind: 'mine' });
    engine.answers['jobs.cancel'] = () => {
      throw new CovisError('NOT_FOUND', 'No such job');
    };
    await jobs.cancel(7);
    expect((await notices()).map((n) => [n.text, n.hint])).toEqual([
      ['Nothing to mine', 'Import first'],
      ['No such job', ''],
    ]);
    expect(engine.asked.at(-2)).toEqual({ route: 'jobs.start', params: { job: { kind: 'mine' } } });
  });

  it('keeps its list while the engine is away and reads it again when it is back', async () => {
    const jobs = await open([job(1)]);
    engine.cut();
    await settled();
    expect(jobs.jobs).toHaveLength(1);
    engine.answers['jobs.list'] = () => [job(1, { state: 'done' }), job(2)];
    await vi.advanceTimersByTimeAsync(1500);
    engine.accept();
    await settled();
    expect(jobs.jobs.map((j) => j.state)).toEqual(['done', 'running']);
  });
});

describe('review', () => {
  const open = async () => {
    const { useReview } = await import('../../../src/renderer/stores/review.ts');
    const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
    return { review: useReview(), notices: useNotices() };
  };

  it('says what was undone and leads to where it was decided, which may be in a view that is not shown', async () => {
    const { review, notices } = await open();
    engine.answers['review.undo'] = () => ({ label: 'Accepted: tuple 4 of run 2', run: 2, tuple: 3 });
    await review.turn('undo');
    expect(notices.notices).toMatchObject([
      {
        text: 'Undone: Accepted: tuple 4 of run 2',
        to: { label: 'Show', to: { name: 'tuples', params: { run: 2 }, query: { tuple: 3 } } },
      },
    ]);
  });

  it('says where there is nothing to undo, and leads nowhere from what has no tuple', async () => {
    const { review, notices } = await open();
    engine.answers['review.undo'] = () => null;
    engine.answers['review.redo'] = () => ({ label: 'Renamed', run: null, tuple: null });
    await review.turn('undo');
    await review.turn('redo');
    expect(notices.notices.map((n) => [n.text, n.to])).toEqual([
      ['There is nothing to undo', null],
      ['Done again: Renamed', null],
    ]);
  });

  it('says whether a decision was noted', async () => {
    const { review, notices } = await open();
    engine.answers['review.decide'] = () => ({ action: 1 });
    const judgement = { query: 'a'.repeat(8), other: 'b'.repeat(8), aspect: 'positive', verdict: 'accept' } as const;
    expect(await review.decide('Accepted', [judgement])).toBe(true);
    delete engine.answers['review.decide'];
    expect(await review.decide('Accepted', [judgement])).toBe(false);
    expect(notices.notices).toHaveLength(1);
  });
});

describe('notices', () => {
  it('go by themselves, errors later; the same text is there once; one can be put away', async () => {
    const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
    const store = useNotices();
    store.add('done', 'Saved');
    store.add('done', 'Saved');
    store.error(new CovisError('INTERNAL', 'Broken'));
    store.error(new Error('Odd'));
    expect(store.notices.map((n) => n.text)).toEqual(['Saved', 'Broken', 'Odd']);
    store.dismiss(store.notices[2]!.id);
    vi.advanceTimersByTime(5000);
    expect(store.notices.map((n) => n.text)).toEqual(['Broken']);
    vi.advanceTimersByTime(7000);
    expect(store.notices).toEqual([]);
  });

  it('that offer undo go with what is done or undone after it, by whatever way; others stay', async () => {
    const { useNotices } = await import('../../../src/renderer/stores/notices.ts');
    const { useReview } = await import('../../../src/renderer/stores/review.ts');
    const { useCollections } = await import('../../../src/renderer/stores/collections.ts');
    const [store, review, collections] = [useNotices(), useReview(), useCollections()];
    const stop = store.listen();
    engine.answers['review.undo'] = () => ({ label: 'Merged', run: null, tuple: null });
    engine.answers['review.goTo'] = () => ({ turned: 2 });
    engine.answers['review.decide'] = () => ({ action: 1 });
    engine.answers['collections.delete'] = () => ({ action: 1 });
    const judgement = { query: 'a'.repeat(8), other: 'b'.repeat(8), aspect: 'positive', verdict: 'accept' } as const;
    const ways: Record<string, () => unknown> = {
      key: () => review.turn('undo'),
      list: () => review.goTo(null),
      decision: () => review.decide('Accepted', [judgement]),
      collection: () => collections.write('collections.delete', { collection: 'Towers' }),
      'another window': () => engine.say({ event: 'changed', what: 'decisions' }),
      'another toast': () => store.addUndoable('Split. Undo (U)'),
    };
    store.add('done', 'Saved');
    for (const [way, go] of Object.entries(ways)) {
      store.addUndoable('Merged. Undo (U)');
      expect(store.notices.map((n) => n.text)).toContain('Merged. Undo (U)');
      await go();
      await settled();
      expect(
        store.notices.map((n) => n.text),
        way,
      ).not.toContain('Merged. Undo (U)');
    }
    engine.say({ event: 'changed', what: 'clusters' });
    await settled();
    expect(store.notices.map((n) => n.text)).toContain('Saved');
    expect(store.notices.map((n) => n.text)).toContain('Split. Undo (U)');
    stop();
  });
});

describe('theme', () => {
  it('follows the system until a person chooses, and remembers the choice', async () => {
    localStorage.clear();
    vi.stubGlobal('matchMedia', () => ({ matches: true }));
    const { theme, toggleTheme } = await import('../../../src/renderer/stores/theme.ts');
    expect([theme.value, document.documentElement.dataset['theme']]).toEqual(['light', 'light']);
    toggleTheme();
    await settled();
    expect([theme.value, document.documentElement.dataset['theme'], localStorage.getItem('covis-theme')]).toEqual([
      'dark',
      'dark',
      'dark',
    ]);
    vi.resetModules();
    expect((await import('../../../src/renderer/stores/theme.ts')).theme.value).toBe('dark');
    localStorage.clear();
  });
});

import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { decisionLog } from '../../../src/main/engine/mining/decisions.ts';
import { once } from '../../../src/main/engine/mining/once.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
let made = 0;
let path = '';
let photos: string[] = [];
let cluster = '';
beforeEach(() => {
  path = join(folder, `l${(made += 1)}`);
  const { library } = syntheticLibrary(path, {
    photos: 30,
    clusters: 3,
    dim: 4,
    pairsPerPhoto: 4,
    distractors: 6,
    seed: 1,
  });
  photos = library.db.prepare('SELECT hash FROM photo ORDER BY id LIMIT 4').pluck().all() as string[];
  cluster = library.db.prepare('SELECT uid FROM cluster LIMIT 1').pluck().get() as string;
  library.close();
});

const key = (n: number): string => `a-key-of-a-page-${n}`;
function log(): readonly string[] {
  const library = Library.open(path);
  const lines = decisionLog(library, 0, 100).map((a) => `${a.kind} ${a.label}`);
  library.close();
  return lines;
}
async function withEngine<T>(
  work: (ask: (route: string, params: unknown) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const engine = new Engine({ checkResults: true });
  await engine.open(path);
  try {
    return await work(async (route, params) => {
      const reply = await engine.dispatch(route, params, 'page');
      return reply.ok ? reply.data : reply.error.code;
    });
  } finally {
    await engine.close();
  }
}
const decision = (n: number, other = photos[1]): unknown => ({
  label: `Accepted ${n}`,
  judgements: [{ query: photos[0], other, aspect: 'positive', verdict: 'accept' }],
  once: key(n),
});

it('a decision that comes again is answered as before and not done again, also after a restart', async () => {
  const first = await withEngine(async (ask) => {
    const answer = await ask('review.decide', decision(1));
    expect(await ask('review.decide', decision(1))).toEqual(answer);
    await ask('review.decide', decision(2, photos[2]));
    return answer;
  });
  await withEngine(async (ask) => expect(await ask('review.decide', decision(1))).toEqual(first));
  expect(log()).toEqual(['do Accepted 1', 'do Accepted 2']);
});

it('undo, redo and changes of clusters, too: a repeat undoes nothing further', async () => {
  await withEngine(async (ask) => {
    await ask('review.decide', decision(1));
    await ask('review.decide', decision(2, photos[2]));
    const undone = await ask('review.undo', { once: key(3) });
    expect(undone).toMatchObject({ label: 'Accepted 2' });
    expect(await ask('review.undo', { once: key(3) })).toEqual(undone);
    const redone = await ask('review.redo', { once: key(4) });
    expect(await ask('review.redo', { once: key(4) })).toEqual(redone);
    const edit = { edit: { kind: 'rename', cluster, name: 'The gate' }, once: key(5) };
    const renamed = await ask('clusters.edit', edit);
    expect(await ask('clusters.edit', edit)).toEqual(renamed);
    // Nothing to undo is an answer that is kept as well.
    expect(await ask('review.redo', { once: key(6) })).toBeNull();
  });
  expect(log().map((l) => l.split(' ')[0])).toEqual(['do', 'do', 'undo', 'redo', 'do']);
});

it('each is done where there is no key, and what is refused can be sent anew', async () => {
  await withEngine(async (ask) => {
    const { once: _, ...bare } = decision(1) as { once: string };
    await ask('review.decide', bare);
    await ask('review.decide', bare);
    expect(await ask('review.decide', decision(7, photos[0]))).toBe('INPUT_INVALID');
    expect(await ask('review.decide', decision(7, photos[3]))).toEqual({ action: 3 });
    expect(await ask('review.undo', { once: 'short' })).toBe('VALIDATION_FAILED');
  });
});

it('the answer and what was done are there together or not at all', () => {
  const library = Library.open(path);
  const rename = (name: string): unknown => library.db.prepare('UPDATE cluster_all SET alias = ?').run(name);
  expect(() =>
    once(library, key(8), () => {
      rename('half');
      throw new Error('cut');
    }),
  ).toThrow('cut');
  expect(library.db.prepare('SELECT alias FROM cluster_all LIMIT 1').pluck().get()).toBeNull();
  expect(once(library, key(8), () => (rename('whole'), { done: 1 }))).toEqual({ done: 1 });
  expect(once(library, key(8), () => ({ done: 2 }))).toEqual({ done: 1 });
  library.close();
});

it('of ten thousand answers the oldest are let go', () => {
  const library = Library.open(path);
  library.transaction(() => {
    for (let i = 0; i < 10_002; i += 1) once(library, `a-long-run-of-keys-${i}`, () => i);
  });
  expect(library.db.prepare('SELECT COUNT(*), MIN(once) FROM answered').raw().get()).toEqual([
    10_000,
    'a-long-run-of-keys-10',
  ]);
  expect(once(library, 'a-long-run-of-keys-10001', () => -1)).toBe(10_001);
  library.close();
});

it('thousands of decisions at once are one action, done beside in a thread, answered once, and taken back as one', async () => {
  const library = Library.open(path);
  const all = library.db.prepare('SELECT hash FROM photo ORDER BY id').pluck().all() as string[];
  library.close();
  const judgements = all.flatMap((query, i) =>
    all
      .slice(i + 1)
      .flatMap((other) =>
        (['positive', 'negative', 'positive'] as const).map((aspect) => ({ query, other, aspect, verdict: 'reject' })),
      ),
  );
  // All pairs of the 36 photos, three times.
  const pairs = (36 * 35) / 2;
  expect(judgements).toHaveLength(3 * pairs);
  const storm = { label: 'A storm', judgements: [...judgements, ...judgements].slice(0, 2500), once: key(20) };
  await withEngine(async (ask) => {
    expect(await ask('review.decide', storm)).toEqual({ action: 1 });
    expect(await ask('review.decide', storm)).toEqual({ action: 1 });
    const gone = [{ ...judgements[0], query: '0'.repeat(32) }];
    expect(await ask('review.decide', { ...storm, judgements: [...storm.judgements, ...gone], once: key(21) })).toBe(
      'NOT_FOUND',
    );
    const count = (): unknown => {
      const now = Library.open(path);
      const counts = now.db
        .prepare('SELECT (SELECT COUNT(*) FROM decision), (SELECT COUNT(*) FROM verdict)')
        .raw()
        .get();
      now.close();
      return counts;
    };
    expect(count()).toEqual([2500, 2 * pairs]);
    expect(await ask('review.undo', { once: key(22) })).toMatchObject({ label: 'A storm' });
    expect(count()).toEqual([2500, 0]);
  });
});

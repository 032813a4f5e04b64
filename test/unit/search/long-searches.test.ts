import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobProgress } from '../../../src/shared/domain.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { SearchClient } from '../../../src/main/engine/search/client.ts';
import type { SearchRequest } from '../../../src/main/engine/search/requests.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { Waits } from '../../../src/main/engine/search/waits.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SYNTHETIC_PIXELS, syntheticLibrary } from '../../support/synthetic-library.ts';

const PHOTOS = 4000;
const { library, network } = syntheticLibrary(join(temporaryFolder(), 'library'), {
  ...{ photos: PHOTOS, clusters: 40, dim: 16, pairsPerPhoto: 2, seed: 8 },
});
const photoOf = (id: number): string =>
  library.db.prepare('SELECT hash FROM photo WHERE id = ?').pluck().get(id) as string;
const by = (method: SearchRequest['method'], id = 5): SearchRequest => ({
  ...{ photo: photoOf(id), set: `${network.uid}-${SYNTHETIC_PIXELS}`, top: 20, method },
});
/** From each of 4,000 descriptors on 2,000 others: minutes. */
const long = (id = 5): SearchRequest => ({ ...by('offline', id), ranking: { truncation: 2000 } });
const DIFFUSING = { step: 'Diffusing from every descriptor', total: PHOTOS, unit: 'descriptors' };

const open: SearchClient[] = [];
function client(leaseMs?: number): SearchClient {
  const c = new SearchClient(library.path, leaseMs);
  open.push(c);
  return c;
}
afterEach(async () => {
  for (const c of open.splice(0)) await c.close();
});

async function until<T>(what: () => T | null | undefined | false): Promise<T> {
  for (;;) {
    const found = what();
    if (found !== null && found !== undefined && found !== false) return found;
    await rest(10);
  }
}
/** What a search says once it diffuses, and has done some of it. */
const diffusing = (c: SearchClient, wait: string, more = 0): Promise<JobProgress> =>
  until(() => {
    const p = c.progress(wait);
    return p?.step === DIFFUSING.step && p.done > more && p;
  });
const outcome = (search: Promise<unknown>): Promise<string> =>
  search.then(
    () => 'answered',
    (e: unknown) => (e as { code: string }).code,
  );

describe('a search that prepares something for minutes', () => {
  it('says how far it is, keeps nobody waiting, and ends when it is given up', async () => {
    const c = client();
    const waiting = outcome(c.search(long(), 'first'));
    expect(await diffusing(c, 'first')).toMatchObject(DIFFUSING);
    // All that another thread does.
    expect((await c.search(by('cosine'))).hits.length).toBe(20);
    expect((await c.around({ photo: photoOf(9), set: by('cosine').set, k: 7 })).nodes.length).toBeGreaterThan(0);
    const before = (await diffusing(c, 'first')).done;
    expect((await diffusing(c, 'first', before)).done).toBeLessThan(PHOTOS);
    c.stop('first');
    expect(await waiting).toBe('CANCELLED');
    expect(c.progress('first')).toBeNull();
    // Its thread is free again.
    expect((await c.search(by('cg'), 'second')).hits[0]).toMatchObject({ photo: photoOf(5), relation: 'query' });
    expect(c.progress('second')).toBeNull();
  });

  it('goes on for another photo that needs the same', async () => {
    const c = client();
    const one = outcome(c.search(long(5), 'one'));
    let { done } = await diffusing(c, 'one', 20);
    const two = outcome(c.search(long(6), 'two'));
    c.stop('one');
    expect(await one).toBe('CANCELLED');
    // Longer than what was given up would have been left alone, it is never begun anew.
    for (const until = performance.now() + 800; performance.now() < until; await rest(5)) {
      const now = c.progress('two');
      expect(now?.done).toBeGreaterThanOrEqual(done);
      done = now!.done;
    }
    c.stop('two');
    expect(await two).toBe('CANCELLED');
  });

  it('is waited for by others, who are told so, and can be given up before it begins', async () => {
    const c = client();
    const one = outcome(c.search(long(), 'one'));
    await diffusing(c, 'one');
    const [two, three] = [c.search(by('cg'), 'two'), outcome(c.search(by('dba'), 'three'))];
    expect(c.progress('two')).toMatchObject({ ...DIFFUSING, step: `After another search: ${DIFFUSING.step}` });
    c.stop('three');
    expect(await three).toBe('CANCELLED');
    c.stop('one');
    expect(await one).toBe('CANCELLED');
    expect((await two).hits.length).toBe(20);
  });

  it('is one for all who wait under its name, and a name is of one search', async () => {
    const c = client();
    const [one, two] = await Promise.all([c.search(by('cg'), 'name'), c.search(by('cg'), 'name')]);
    expect(two).toBe(one);
    const waiting = outcome(c.search(by('dba'), 'name'));
    expect(() => c.search(by('dba', 7), 'name')).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }));
    expect(await waiting).toBe('answered');
  });

  it('is given up where nobody asks any more how far it is, and not before', async () => {
    const c = client(1500);
    const waiting = outcome(c.search(long(), 'name'));
    await diffusing(c, 'name');
    for (let i = 0; i < 25; i += 1) {
      await rest(100);
      expect(c.progress('name')).not.toBeNull();
    }
    expect(await waiting).toBe('CANCELLED');
  });

  it('ends with its library', async () => {
    const c = client();
    const [named, nameless] = [outcome(c.search(long(), 'name')), outcome(c.search(long(6)))];
    await diffusing(c, 'name');
    await c.close();
    expect([await named, await nameless]).toEqual(['CANCELLED', 'CANCELLED']);
  });
});

describe('what cannot ask', () => {
  it('is refused before anything is prepared', async () => {
    const steps: string[] = [];
    const task = { ...silentContext(), step: (name: string) => steps.push(name) };
    const session = new SearchSession(library);
    const nobody = '0'.repeat(32);
    for (const method of ['ann', 'cg', 'bow'] as const) {
      await expect(session.search({ ...by(method), photo: nobody }, task)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(
        session.search({ ...by(method), photo: undefined, bytes: Buffer.from('no photo') }, task),
      ).rejects.toThrow();
    }
    expect(steps).toEqual([]);
    await session.search(by('ann'), task);
    expect(steps).toEqual(['Building the index']);
    await session.close();
  });
});

describe('names of what is waited for', () => {
  it('are free again when it has come, or failed', async () => {
    const waits = new Waits<number>();
    expect(await waits.join('a', { x: 1 }, () => Promise.resolve(1))).toBe(1);
    await expect(waits.join('a', { x: 2 }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(waits.look('a')).toBeUndefined();
    expect(await waits.join('a', { x: 3 }, () => Promise.resolve(3))).toBe(3);
    waits.stop('nobody');
  });
});

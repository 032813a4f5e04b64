import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { z } from 'zod';
import { answers } from '../../../src/main/engine/answers/answers.ts';
import { ANSWERS, type AllAnswers } from '../../../src/main/engine/answers/index.ts';
import { Uploads } from '../../../src/main/engine/answers/uploads.ts';
import { Engine } from '../../../src/main/engine/engine.ts';
import { none } from '../../../src/shared/fields.ts';
import { HOST_ROUTES, ROUTE_NAMES } from '../../../src/shared/routes/index.ts';
import { route } from '../../../src/shared/routes/route.ts';
import { SAMPLE } from '../../support/small-library.ts';

/** An engine whose route answers otherwise than the compiler allows. */
const planted = (route: keyof AllAnswers, answer: unknown, checkResults?: boolean): Engine =>
  new Engine({
    answers: { [route]: () => answer } as never,
    ...(checkResults === undefined ? {} : { checkResults }),
  });

const CLUSTER = {
  id: 'c0ffee00',
  name: 'castle',
  scene: 'castle',
  place: 1,
  photos: 13,
  missing: 0,
  points: 100,
  observations: 400,
  meanReprojectionError: null,
  cover: null,
  pairs: 3,
  excluded: false,
  modelled: true,
};

describe('answers', () => {
  it('are there for every route, and for nothing else', () => {
    expect(Object.keys(ANSWERS).sort()).toEqual([...ROUTE_NAMES].sort());
  });
});

describe('the compiler', () => {
  const some = { 'one.number': route({ who: 'page', params: none, result: z.object({ n: z.int() }) }) };

  it('takes an answer to every route with the type that the route says, and nothing else', () => {
    expect(Object.keys(answers(some, { 'one.number': () => ({ n: 1 }) }))).toEqual(['one.number']);
    // @ts-expect-error A route without an answer.
    answers(some, {});
    // @ts-expect-error Text where a number is promised.
    answers(some, { 'one.number': () => ({ n: 'one' }) });
    // @ts-expect-error A field is missing.
    answers(some, { 'one.number': () => ({}) });
    // @ts-expect-error A route that there is not.
    answers(some, { 'one.number': () => ({ n: 1 }), 'two.numbers': () => ({ n: 2 }) });
    // @ts-expect-error A parameter that the route does not take.
    answers(some, { 'one.number': (_, { m }: { m: number }) => ({ n: m }) });
  });
});

describe('results', () => {
  const list = async (engine: Engine): Promise<unknown> => engine.dispatch('clusters.list', {}, 'page');
  const broken = (message: string): object => ({ ok: false, error: { code: 'INTERNAL', message } });

  it('are checked in tests without being asked to', async () => {
    expect(process.env['COVIS_CHECK_RESULTS']).toBe('1');
    expect(await list(planted('clusters.list', [CLUSTER]))).toEqual({ ok: true, data: [CLUSTER] });
    expect(await list(planted('clusters.list', [CLUSTER, { ...CLUSTER, photos: '13' }]))).toEqual(
      broken(
        'clusters.list answered what it does not promise, at 1.photos: Invalid input: expected number, received string',
      ),
    );
  });

  it('may not lack a field, carry one that the route does not say, or be no number', async () => {
    const { cover: _, ...without } = CLUSTER;
    expect(await list(planted('clusters.list', [without]))).toMatchObject(
      broken(expect.stringContaining('at 0.cover:') as never),
    );
    expect(await list(planted('clusters.list', [{ ...CLUSTER, root: '/home/somebody' }]))).toEqual(
      broken('clusters.list answered what it does not promise: nothing is said of 0.root'),
    );
    expect(await list(planted('clusters.list', [{ ...CLUSTER, meanReprojectionError: NaN }]))).toMatchObject(
      broken(expect.stringContaining('at 0.meanReprojectionError:') as never),
    );
    expect(await list(planted('clusters.list', null))).toMatchObject(
      broken(expect.stringContaining('at its root:') as never),
    );
  });

  it('are looked into at any depth', async () => {
    const page = { tuples: [{ negatives: [{ photo: 1 }] }] };
    const reply = planted('tuples.page', page).dispatch('tuples.page', { list: 'l1', from: 0, limit: 1 }, 'page');
    expect(await reply).toMatchObject({
      ok: false,
      error: { code: 'INTERNAL', message: expect.stringMatching(/tuples\.0\./) },
    });
  });

  it('do not count as more for fields that hold undefined, which no message carries', async () => {
    expect(await list(planted('clusters.list', [{ ...CLUSTER, root: undefined }]))).toMatchObject({ ok: true });
  });

  it('go out as they are where checking is off', async () => {
    expect(await list(planted('clusters.list', 'anything', false))).toEqual({ ok: true, data: 'anything' });
  });
});

describe('requests', () => {
  const engine = new Engine();

  it.each(['nothing', 'constructor', '__proto__', 'toString', ''])('for the route "%s" find none', async (route) => {
    expect(await engine.dispatch(route, {}, 'host')).toEqual({
      ok: false,
      error: { code: 'ROUTE_NOT_FOUND', message: `There is no route ${route}` },
    });
  });

  it.each([...HOST_ROUTES])('for %s are refused to pages, whatever they send', async (route) => {
    for (const params of [{}, { path: '/etc', paths: ['/etc'] }, undefined])
      expect(await engine.dispatch(route, params, 'page')).toEqual({
        ok: false,
        error: { code: 'FORBIDDEN_SENDER', message: `${route} is not for pages` },
      });
  });

  it('say which parameters are not taken', async () => {
    expect(await engine.dispatch('clusters.covisible', { id: 'abcdef01', view: -1, all: true }, 'page')).toEqual({
      ok: false,
      error: {
        code: 'VALIDATION_FAILED',
        message: 'clusters.covisible: view takes a whole number from 0, not -1',
      },
    });
  });

  it('without parameters are taken by routes that have none', async () => {
    for (const params of [undefined, null, {}])
      expect(await engine.dispatch('library.current', params, 'page')).toEqual({ ok: true, data: null });
  });

  it('for what is in a library say that none is open', async () => {
    for (const route of [
      'clusters.list',
      'photos.overview',
      'tuples.runs',
      'sets.list',
      'jobs.list',
      'edges.info',
      'review.undo',
    ])
      expect(await engine.dispatch(route, {}, 'page'), route).toEqual({
        ok: false,
        error: { code: 'STATE_EMPTY', message: 'No library is open' },
      });
  });

  it('come to an answer with what they took, and wait for it', async () => {
    const asked: unknown[] = [];
    const own = new Engine({
      answers: {
        'photos.random': async (_, params) => {
          asked.push(params);
          await Promise.resolve();
          return [];
        },
      },
    });
    expect(await own.dispatch('photos.random', { count: 3, seed: 7 }, 'page')).toEqual({ ok: true, data: [] });
    expect(asked).toEqual([{ count: 3, seed: 7 }]);
  });

  it('that fail otherwise than foreseen are told as ours', async () => {
    const own = new Engine({
      answers: {
        'jobs.list': () => {
          throw new TypeError('x is not a function');
        },
      },
    });
    expect(await own.dispatch('jobs.list', {}, 'page')).toEqual({
      ok: false,
      error: { code: 'INTERNAL', message: 'x is not a function' },
    });
  });
});

describe('assets', () => {
  const engine = new Engine();
  const jpeg = readFileSync(join(SAMPLE, 'castle', 'images', 'castle_01.jpg'));
  let upload = '';
  beforeAll(() => {
    upload = engine.upload(jpeg);
  });
  afterAll(() => engine.close());
  const ask = (path: string, query = ''): Promise<unknown> => engine.asset(path, new URLSearchParams(query));

  it('are what was sent, upright and small', async () => {
    expect(await ask(`upload/${upload}`)).toMatchObject({ type: 'image/jpeg' });
  });

  it.each([
    '',
    'photo',
    'whole',
    'whole/..%2f',
    'photo/',
    'photo/../../etc/passwd',
    'upload/0123456789abcdef',
    'constructor/0123456789abcdef',
    '__proto__/0123456789abcdef',
    'toString/0123456789abcdef',
    'shared/0123456789abcdef/..',
    'matches/0123456789abcdef/',
    'sketch/0123456789abcdef',
    'nothing/0123456789abcdef',
  ])('are not at "%s"', async (path) => {
    const reason = /^(shared|matches)/.test(path)
      ? /No library is open|There is nothing here/
      : /There is nothing here/;
    await expect(ask(path)).rejects.toThrow(reason);
  });

  it('of a library need one', async () => {
    await expect(ask('photo/0123456789abcdef')).rejects.toMatchObject({ code: 'STATE_EMPTY' });
    await expect(ask('edges/0123456789abcdef')).rejects.toMatchObject({ code: 'STATE_EMPTY' });
  });

  it('refuse a network by anything but its id', async () => {
    await expect(ask('edges/0123456789abcdef', 'network=/etc/passwd')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('uploads', () => {
  const bytes = (n: number): Uint8Array => Uint8Array.of(n);

  it('are kept until sixteen newer ones came; the same again counts as new', () => {
    const uploads = new Uploads();
    const first = uploads.add(bytes(0));
    const second = uploads.add(bytes(1));
    for (let i = 2; i < 16; i += 1) uploads.add(bytes(i));
    expect(uploads.add(bytes(0))).toBe(first);
    uploads.add(bytes(16));
    expect(Uint8Array.from(uploads.get(first)!)).toEqual(bytes(0));
    expect(uploads.get(second)).toBeUndefined();
  });

  it('are neither empty nor above 64 MiB', () => {
    const uploads = new Uploads();
    expect(() => uploads.add(new Uint8Array(0))).toThrow('between 1 byte and 64 MiB');
    expect(() => uploads.add(new Uint8Array((64 << 20) + 1))).toThrow('between 1 byte and 64 MiB');
    expect(uploads.add(new Uint8Array(64 << 20))).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('what a page asks for wrongly', () => {
  const refusal = async (route: string, params: unknown): Promise<string> => {
    const reply = await new Engine().dispatch(route, params, 'page');
    if (reply.ok) throw new Error('was taken');
    expect(reply.error.code).toBe('VALIDATION_FAILED');
    return reply.error.message;
  };

  it.each([
    [
      'jobs.start',
      { job: { kind: 'train', batch: 0 } },
      'jobs.start: job.batch takes a whole number from 1 to 10000, not 0',
    ],
    [
      'jobs.start',
      { job: { kind: 'mine', mining: { minOverlap: 7 } } },
      'jobs.start: job.mining.minOverlap takes a number from 0 to 1, not 7',
    ],
    ['photos.random', { count: 0.5, seed: 1 }, 'photos.random: count takes a whole number from 1 to 200, not 0.5'],
    ['photos.duplicates', {}, 'photos.duplicates: bits takes a whole number from 0 to 16, and is missing'],
    ['photos.overview', { all: true }, 'photos.overview: There is no all'],
  ])('%s %j is said as the command line says it', async (route, params, message) => {
    expect(await refusal(route, params)).toBe(message);
  });

  it('names of networks that are paths, and paths, are not for pages', async () => {
    expect(await refusal('jobs.start', { job: { kind: 'train', network: '/etc/passwd' } })).toMatch(/job\.network/);
    expect(await refusal('jobs.start', { job: { kind: 'train', detector: '/etc/passwd' } })).toBe(
      'jobs.start: There is no job.detector',
    );
    expect(await refusal('jobs.start', { job: { kind: 'import', sources: ['/etc'] } })).toMatch(/job/);
  });
});

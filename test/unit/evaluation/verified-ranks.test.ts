import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as h5 from 'h5wasm/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { verifyRanks } from '../../../src/main/engine/evaluation/verify-ranks.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import type { Neighbours } from '../../../src/main/engine/retrieval/neighbours.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const file = join(folder, 'features.h5');
const DIM = 16;
const MOST = 40;

/** Photos whose first `n` features are those of the query, moved alike; the others match nothing. */
const SHARED: Readonly<Record<string, number>> = {
  'q.jpg': MOST,
  few: 8,
  many: 30,
  'in/a folder': 20,
  none: 0,
  again: 20,
};

beforeAll(async () => {
  await h5.ready;
  const out = new h5.File(file, 'w');
  // A name with folders is a group in a group, as hloc writes it.
  const put = (name: string, points: Float32Array, n: number[], columns: Float32Array, m: number[]): void => {
    let group: h5.Group = out;
    for (const part of name.split('/')) group = group.create_group(part);
    group.create_dataset({ name: 'keypoints', data: points, shape: n });
    group.create_dataset({ name: 'descriptors', data: columns, shape: m });
  };
  const own = random(1);
  const places = Array.from({ length: MOST }, () => [own.between(0, 900), own.between(0, 900)] as const);
  const looks = Array.from({ length: MOST }, () => Array.from({ length: DIM }, () => own.between(-1, 1)));
  for (const [i, [name, shared]] of Object.entries(SHARED).entries()) {
    const r = random(100 + i);
    const points = places.flatMap(([x, y], k) =>
      k < shared ? [x + 30, y - 20] : [r.between(0, 900), r.between(0, 900)],
    );
    const columns = new Float32Array(DIM * MOST);
    for (let k = 0; k < MOST; k += 1)
      for (let d = 0; d < DIM; d += 1) columns[d * MOST + k] = k < shared ? looks[k]![d]! : r.between(-1, 1);
    put(name, Float32Array.from(points), [MOST, 2], columns, [DIM, MOST]);
  }
  put('odd', new Float32Array(6), [3, 2], new Float32Array(2 * DIM), [DIM, 2]);
  put('deep', new Float32Array(6), [2, 3], new Float32Array(2 * DIM), [DIM, 2]);
  out.close();
});

const ROWS = ['none', 'few', 'many', 'in/a folder', 'again'];
const ranks = (...lists: [number[], number[]][]): Neighbours => ({
  k: lists[0]![0].length,
  ids: Uint32Array.from(lists.flatMap(([ids]) => ids)),
  scores: Float32Array.from(lists.flatMap(([, scores]) => scores)),
});
const verified = (
  r: Neighbours,
  photos: number,
  rows: readonly string[] | string = ROWS,
  asked: readonly string[] | string = ['q.jpg', 'q.jpg'],
): Promise<Neighbours> => verifyRanks(r, rows, asked, file, photos, silentContext());

describe('rankings that are verified', () => {
  it('go by matches that one motion explains, equal ones and those without any as they were', async () => {
    const given = ranks(
      [
        [0, 1, 2, 3, 4],
        [0.9, 0.8, 0.7, 0.6, 0.5],
      ],
      [
        [4, 3, 0, 2, 1],
        [0.9, 0.8, 0.7, 0.6, 0.5],
      ],
    );
    const out = await verified(given, 5);
    expect(out.k).toBe(5);
    expect([...out.ids]).toEqual([2, 3, 4, 1, 0, 2, 4, 3, 1, 0]);
    // Whole numbers are matches; half of what the score was says the rest.
    const expected = [30.35, 20.3, 20.25, 8.4, 0.45, 30.3, 20.45, 20.4, 8.25, 0.35];
    out.scores.forEach((s, i) => expect(s).toBeCloseTo(expected[i]!, 4));
    // What was given stays as it is.
    expect([...given.ids]).toEqual([0, 1, 2, 3, 4, 4, 3, 0, 2, 1]);
  });

  it('are verified as far as was asked for', async () => {
    const given = ranks([
      [0, 1, 2, 3, 4],
      [0.9, 0.8, 0.7, 0.6, 0.5],
    ]);
    const two = await verified(given, 2);
    expect([...two.ids]).toEqual([1, 0, 2, 3, 4]);
    expect([...two.scores].slice(2)).toEqual([...given.scores].slice(2));
    expect([...(await verified(given, 99)).ids]).toEqual([2, 3, 4, 1, 0]);
    expect(await verified(given, 0)).toEqual(given);
  });

  it('keep scores below zero, and of one and more, between the whole numbers', async () => {
    const out = await verified(
      ranks([
        [0, 1, 2],
        [-0.5, 2, 5],
      ]),
      3,
    );
    expect([...out.ids]).toEqual([2, 1, 0]);
    [30.999, 8.999, 0].forEach((s, i) => expect(out.scores[i]).toBeCloseTo(s, 4));
  });

  it('name photos by lists in files, and say which list is missing', async () => {
    const names = (name: string, list: readonly string[]): string => {
      writeFileSync(join(folder, name), `${list.join('\n')}\n`);
      return join(folder, name);
    };
    const given = ranks([
      [0, 1, 2],
      [0.9, 0.8, 0.7],
    ]);
    const out = await verified(given, 3, names('rows.txt', ROWS), names('asked.txt', ['q.jpg']));
    expect([...out.ids]).toEqual([2, 1, 0]);
    await expect(verified(given, 3, '', ['q.jpg'])).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: '--local needs --names, a file with the name of each row',
    });
    await expect(verified(given, 3, ROWS, '')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: '--local needs --query-names, a file with the name of each row',
    });
  });

  it('are refused where keypoints and descriptors do not fit, or a photo has none', async () => {
    const given = ranks([[0], [0.9]]);
    await expect(verified(given, 1, ['odd'])).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'odd has 3 x 2 keypoints and 2 descriptors',
    });
    await expect(verified(given, 1, ['deep'])).rejects.toMatchObject({
      code: 'INPUT_CORRUPT',
      message: 'deep has 2 x 3 keypoints and 2 descriptors',
    });
    await expect(verified(given, 1, ['nobody'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('say how far they are, and end between queries when they are told to', async () => {
    const given = ranks([[0], [0.9]], [[1], [0.9]]);
    const told: string[] = [];
    await verifyRanks(given, ROWS, ['q.jpg', 'q.jpg'], file, 1, {
      ...silentContext(),
      step: (name, total, unit) => told.push(`${name} ${total} ${unit}`),
      check: () => told.push('?'),
      progress: (n) => told.push(String(n)),
    });
    expect(told).toEqual(['Verifying 2 queries', '?', '1', '?', '2']);
  });
});

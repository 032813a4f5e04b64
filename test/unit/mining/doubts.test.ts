import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { judgements } from '../../../src/main/engine/mining/decisions.ts';
import { doubtsOf, ofBothPlaces } from '../../../src/main/engine/mining/doubts.ts';
import { storeMiningRun } from '../../../src/main/engine/mining/runs.ts';
import { DEFAULT_MINING } from '../../../src/main/engine/mining/candidates.ts';
import { separation } from '../../../src/main/engine/mining/separation.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const made = (name: string): Library =>
  syntheticLibrary(join(folder, name), { photos: 24, clusters: 3, dim: 4, pairsPerPhoto: 4, distractors: 0, seed: 1 })
    .library;
/** Photos of each place. */
function placesOf(library: Library): number[][] {
  const { groupOf } = separation(library, judgements(library));
  const of = new Map<number, number[]>();
  for (const id of library.db.prepare('SELECT id FROM photo ORDER BY id').pluck().all() as number[])
    of.set(groupOf(id), [...(of.get(groupOf(id)) ?? []), id]);
  return [...of.values()].sort((x, y) => x[0]! - y[0]!);
}
function match(library: Library, x: number, y: number, inliers: number, apart: string | null): void {
  library.db
    .prepare('INSERT INTO photo_match (a, b, inliers, matches, confirmed, apart) VALUES (?, ?, ?, ?, ?, ?)')
    .run(Math.min(x, y), Math.max(x, y), inliers, Buffer.alloc(0), Buffer.alloc(0), apart);
}

describe('doubts of labels', () => {
  it('are of two places of which photos match, and not of what many photos share', () => {
    const library = made('places');
    const [x, y, z] = placesOf(library) as [number[], number[], number[]];
    match(library, x[0]!, y[0]!, 15, 'elsewhere');
    match(library, x[1]!, z[1]!, 200, 'common');
    match(library, y[1]!, z[1]!, 14, null);
    const { maybeSame } = doubtsOf(library, separation(library, judgements(library)));
    expect(maybeSame(x[2]!, y[3]!)).toBe(true);
    expect(maybeSame(y[3]!, x[2]!)).toBe(true);
    expect(maybeSame(x[1]!, z[1]!)).toBe(false);
    expect(maybeSame(y[1]!, z[1]!)).toBe(false);
    library.close();
  });

  it('are of a pair that was matched in vain, or that something else joined; not of one that was never matched', () => {
    const library = made('pairs');
    const [x] = placesOf(library) as [number[]];
    match(library, x[0]!, x[1]!, 0, null);
    match(library, x[0]!, x[2]!, 60, null);
    match(library, x[0]!, x[3]!, 60, 'common');
    match(library, x[1]!, x[2]!, 16, 'lone');
    const { unconfirmed } = doubtsOf(library, separation(library, judgements(library)));
    expect([1, 2, 3, 4].map((i) => unconfirmed(x[i]!, x[0]!))).toEqual([true, false, true, false]);
    expect(unconfirmed(x[1]!, x[2]!)).toBe(false);
    library.close();
  });
});

describe('an answer about two places', () => {
  it('is one about all negatives of the run that are of them, each pair once', () => {
    const library = made('answers');
    const [x, y, z] = placesOf(library) as [number[], number[], number[]];
    const cluster = library.db.prepare('SELECT id FROM cluster ORDER BY id LIMIT 1').pluck().get() as number;
    const tuple = (query: number, other: number, negatives: readonly number[]): unknown => ({
      pair: { query, other, cluster, shared: 40, overlap: 0.5, scale: 1 },
      positiveSimilarity: 0.9,
      negatives: negatives.map((photo) => ({ photo, similarity: 0.5, rank: 1, links: null, mutual: false, shared: 0 })),
      strategies: 4,
      disagreement: 0,
      suspicion: 0,
      alternatives: [],
    });
    const tuples = [
      tuple(x[0]!, x[1]!, [y[0]!, z[0]!]),
      tuple(y[2]!, y[1]!, [x[3]!, z[2]!]),
      tuple(y[0]!, y[1]!, [x[0]!]),
      tuple(z[0]!, z[1]!, [x[0]!, y[0]!]),
      tuple(x[2]!, x[1]!, [y[0]!]),
    ];
    const run = storeMiningRun(
      library,
      { tuples, queries: 5, meanNegativeDistance: 1, warnings: [] } as unknown as Parameters<typeof storeMiningRun>[1],
      { networkId: null, set: 's', setName: 's', size: null, seed: 0, parameters: DEFAULT_MINING },
    );
    const apart = separation(library, judgements(library));
    const asked = { query: x[0]!, other: y[0]!, aspect: 'negative', verdict: 'accept', run, tuple: 0 } as const;
    const pairs = ofBothPlaces(library, apart, asked).map((j) => [j.query, j.other, j.verdict, j.tuple]);
    expect(pairs).toEqual([
      [x[0], y[0], 'accept', 0],
      [y[2], x[3], 'accept', 1],
      [x[2], y[0], 'accept', 4],
    ]);
    const positive = { ...asked, aspect: 'positive' } as const;
    expect(ofBothPlaces(library, apart, positive)).toEqual([positive]);
    library.close();
  });
});

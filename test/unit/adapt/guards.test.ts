import { describe, expect, it } from 'vitest';
import { bestOf, type Compared } from '../../../src/main/engine/adapt/candidates.ts';
import { chooseGuards, type CollectionStatistics } from '../../../src/main/engine/adapt/guards.ts';

interface Pair {
  readonly shared: number;
  readonly overlap: number;
  readonly scale: number;
}

/** So many directed pairs of a kind each, of photo after photo. */
function collection(
  kinds: readonly (readonly [number, Pair])[],
  places: readonly number[] = [5, 5, 5, 5, 5],
  longSides: readonly number[] = [640, 640],
): CollectionStatistics {
  const pairs = kinds.flatMap(([n, pair]) => Array.from({ length: n }, () => pair));
  return {
    photos: 25,
    placeSizes: Uint32Array.from(places),
    longSides: Uint32Array.from(longSides),
    query: Uint32Array.from(pairs, (_, i) => i % 25),
    shared: Uint32Array.from(pairs, (p) => p.shared),
    overlap: Float64Array.from(pairs, (p) => p.overlap),
    scale: Float64Array.from(pairs, (p) => p.scale),
  };
}
const STRONG = { shared: 200, overlap: 0.5, scale: 1.1 };
const WEAK = { shared: 12, overlap: 0.06, scale: 1.2 };
const TURNED = { shared: 12, overlap: 0.06, scale: 2 };

describe('guards', () => {
  it('are strict where that leaves plenty, and loose where it would leave little', () => {
    expect(chooseGuards(collection([[3000, STRONG]]), 320)).toMatchObject({
      minShared: 30,
      minOverlap: 0.2,
      pairs: 3000,
      epochs: 4,
      queriesPerEpoch: 160,
    });
    const few = chooseGuards(
      collection([
        [20, STRONG],
        [100, WEAK],
      ]),
      320,
    );
    expect(few).toMatchObject({ minShared: 10, minOverlap: 0.05, pairs: 120, epochs: 3, queriesPerEpoch: 60 });
    expect(few.said.find((s) => s.name === 'minShared')!.why).toBe(
      '30 points and an overlap of 0.2 would leave 20 of 120 pairs; 10 is where a pair begins to count as relevant',
    );
  });

  it('let the scale change more where most pairs do', () => {
    expect(chooseGuards(collection([[100, WEAK]]), 320).maxScale).toBe(1.5);
    expect(
      chooseGuards(
        collection([
          [40, WEAK],
          [60, TURNED],
        ]),
        320,
      ),
    ).toMatchObject({ maxScale: 2.5, pairs: 100 });
  });

  it('hold a half out of large places and a third of small ones, and describe as search does', () => {
    expect(chooseGuards(collection([[100, WEAK]], [9, 9, 9]), 320)).toMatchObject({ parts: 2, size: 320 });
    expect(chooseGuards(collection([[100, WEAK]], [3, 4, 9]), 480)).toMatchObject({ parts: 3, size: 480 });
  });

  it('say what is missing, for whitening and for training', () => {
    const enough = chooseGuards(collection([[60, WEAK]]), 320);
    expect([enough.noWhitening, enough.noTraining]).toEqual([null, null]);
    const few = chooseGuards(collection([[20, WEAK]]), 320);
    expect(few.noWhitening).toBeNull();
    expect(few.noTraining).toMatch(/^20 pairs of photos may be learned from, and it takes 48/);
    expect(chooseGuards(collection([]), 320).noWhitening).toMatch(/^0 pairs .* it takes 16/);
    expect(chooseGuards(collection([[60, WEAK]], [10, 10]), 320).noTraining).toMatch(/2 places, and it takes 3/);
  });

  it('have a sentence each', () => {
    const { said } = chooseGuards(collection([[60, WEAK]], [5], [200, 640]), 320);
    expect(said.map((s) => s.name)).toEqual([
      'minShared',
      'minOverlap',
      'maxScale',
      'parts',
      'epochs',
      'queriesPerEpoch',
      'learningRate',
      'batch',
      'size',
    ]);
    for (const s of said) expect(s.why).toMatch(/^\w.{20,}/);
    expect(said.at(-1)!.why).toContain('1 photo is smaller and stays as it is');
  });
});

describe('the candidate that search takes', () => {
  const compared = (name: Compared['name'], mean: number, low: number | null): Compared => ({
    name,
    map: { mean, low: null, high: null },
    difference: { mean: mean - 0.5, low, high: low === null ? null : 1 },
  });

  it('is the best of those that are better beyond their interval', () => {
    const whitened = compared('whitened', 0.6, 0.02);
    expect(bestOf([whitened, compared('trained', 0.7, -0.01), compared('trained-whitened', 0.55, 0.01)])).toBe(
      whitened,
    );
    expect(bestOf([whitened, compared('trained', 0.7, 0.05)])?.name).toBe('trained');
    expect(bestOf([whitened, compared('trained-whitened', 0.6, 0.03)])?.name).toBe('whitened');
  });

  it('is none where no interval lies above the start, or there is none', () => {
    expect(bestOf([compared('whitened', 0.6, 0), compared('trained', 0.9, null)])).toBeUndefined();
    expect(bestOf([])).toBeUndefined();
  });
});

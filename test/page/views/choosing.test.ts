import { describe, expect, it } from 'vitest';
import type { SearchHit, SetInfo, TrainingRunInfo } from '../../../src/shared/domain.ts';
import { windowTitle } from '../../../src/renderer/app/router.ts';
import { withPoint } from '../../../src/renderer/stores/live.ts';
import { MOST_OVERLAID, lookOf, seriesOf } from '../../../src/renderer/views/train/curves.ts';
import { commonSets, ranked } from '../../../src/renderer/views/train/use-before-after.ts';

describe('the loss within an epoch', () => {
  it('grows point by point, and what is gone through again takes the place of what was there', () => {
    const once = withPoint(withPoint([], [0.1, 5]), [0.2, 4]);
    expect(once).toEqual([
      [0.1, 5],
      [0.2, 4],
    ]);
    expect(withPoint(once, [0.15, 3])).toEqual([
      [0.1, 5],
      [0.15, 3],
    ]);
  });
  it('stays bounded, and keeps its newest point', () => {
    let points: readonly (readonly [number, number])[] = [];
    for (let i = 1; i <= 5000; i += 1) points = withPoint(points, [i, i]);
    expect(points.length).toBeLessThanOrEqual(401);
    expect(points.at(-1)).toEqual([5000, 5000]);
  });
  it('is drawn thin beside the loss of whole epochs, and of no other measure', () => {
    const run = { id: 3, mapBefore: null, epochs: [] } as unknown as TrainingRunInfo;
    expect(seriesOf(run, [], 'loss', [[0.5, 1]]).map((s) => [s.points.length, s.thin === true])).toEqual([
      [0, false],
      [1, true],
    ]);
    expect(seriesOf(run, [], 'map', [[0.5, 1]])).toHaveLength(1);
  });
});

it('runs that lie over one another differ in colour and in dashes', () => {
  const looks = Array.from({ length: MOST_OVERLAID }, (_, i) => lookOf(i));
  expect(new Set(looks.map((l) => l.colour)).size).toBe(MOST_OVERLAID);
  expect(new Set(looks.map((l) => l.dashes)).size).toBe(MOST_OVERLAID);
});

describe('before and after', () => {
  const hit = (photo: string, relation: SearchHit['relation']): SearchHit => ({ photo, relation }) as SearchHit;
  it('counts what matches of what can be judged, without the query', () => {
    const hits = [
      hit('q', 'query'),
      hit('a', 'positive'),
      hit('b', 'other'),
      hit('c', 'unknown'),
      hit('d', 'same-place'),
    ];
    expect(ranked(hits)).toMatchObject({ right: 1, judged: 2 });
    expect(ranked(hits).hits.map((h) => h.photo)).toEqual(['a', 'b', 'c', 'd']);
  });
  it('compares at a size at which both networks described the photos, that of the training first', () => {
    const set = (network: string, size: number, regional = false): SetInfo =>
      ({ key: `${network}-${size}`, network, size, regional }) as SetInfo;
    const sets = [set('old', 128), set('old', 320), set('new', 320), set('new', 128), set('new', 640)];
    expect(commonSets(sets, 'old', 'new', 128)?.after.key).toBe('new-128');
    expect(commonSets(sets, 'old', 'new', 500)?.before.key).toBe('old-320');
    expect(commonSets([set('old', 64), set('new', 64, true)], 'old', 'new', 64)).toBeNull();
  });
});

it('the window is called by what is shown', () => {
  expect(windowTitle(undefined, 'L', 'castle')).toBe('castle — L — Covis');
  expect(windowTitle(undefined, 'L')).toBe('L — Covis');
});

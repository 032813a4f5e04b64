import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { photoOverview, photoPlaces, timeBins } from '../../../src/main/engine/library/when-and-where.ts';
import { PhotoLists } from '../../../src/main/engine/collections/lists.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const DAY = 86_400;
const WORLD = { south: -90, west: -180, north: 91, east: 181 };
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 1000;

describe('bars of time', () => {
  it('are days, months or years, as many as can be told apart, and none is left out between', () => {
    expect(timeBins([])).toEqual([]);
    expect(timeBins([[day('2021-06-05'), 2], [day('2021-06-07'), 1]])).toEqual([
      { from: day('2021-06-05'), to: day('2021-06-06'), label: '5 Jun 2021', count: 2 },
      { from: day('2021-06-06'), to: day('2021-06-07'), label: '6 Jun 2021', count: 0 },
      { from: day('2021-06-07'), to: day('2021-06-08'), label: '7 Jun 2021', count: 1 },
    ]); // prettier-ignore
    const months = timeBins([[day('2020-12-31'), 1], [day('2021-06-07'), 4], [day('2021-06-30'), 1]]); // prettier-ignore
    expect(months.map((b) => [b.label, b.count])).toEqual([
      ...[['Dec 2020', 1], ['Jan 2021', 0], ['Feb 2021', 0], ['Mar 2021', 0]],
      ...[['Apr 2021', 0], ['May 2021', 0], ['Jun 2021', 5]],
    ]); // prettier-ignore
    const years = timeBins([[day('1969-12-31'), 1], [day('2021-06-07'), 1]]); // prettier-ignore
    expect([years.length, years[0]!.label, years.at(-1)!.label]).toEqual([53, '1969', '2021']);
  });
});

describe('when and where', () => {
  let library: Library;
  beforeAll(() => {
    const size = { photos: 40, clusters: 2, dim: 4, pairsPerPhoto: 1, seed: 1 };
    ({ library } = syntheticLibrary(join(folder, 'library'), size));
    const { db } = library;
    // Ten in each of two places on two days, ten with a time alone, ten with nothing; one of the first is gone.
    db.exec(`UPDATE photo SET taken = ${10 * DAY + 5}, latitude = 10.01, longitude = 20.01 WHERE id <= 10;
      UPDATE photo SET taken = ${12 * DAY}, latitude = -33.5, longitude = 151.25 WHERE id BETWEEN 11 AND 20;
      UPDATE photo SET taken = -1 WHERE id BETWEEN 21 AND 30;
      DELETE FROM photo_file WHERE photo_id = 1;
      INSERT INTO photo_fold VALUES (3, 'under', 2, 'proposal')`);
  });
  afterAll(() => library.close());

  it('are summed up of photos that have a file', () => {
    const sums = photoOverview(library);
    expect(sums).toMatchObject({ photos: 39, undated: 10, unplaced: 20, folded: 1, located: 19 });
    expect(sums.extent).toEqual({ south: -33.5, west: 20.01, north: 10.01, east: 151.25 });
    expect(sums.bins.filter((b) => b.count > 0).map((b) => [b.label, b.count])).toEqual([
      ['31 Dec 1969', 10],
      ['11 Jan 1970', 9],
      ['13 Jan 1970', 10],
    ]);
    const early = photoOverview(library, { from: 10 * DAY, to: 11 * DAY });
    expect([early.photos, early.located]).toEqual([39, 9]);
    expect(early.extent).toEqual({ south: 10.01, west: 20.01, north: 10.01, east: 20.01 });
    expect(photoOverview(library, { from: 0, to: 1 })).toMatchObject({ located: 0, extent: null });
  });

  it('places are cells of a grid with what is in them, within a time and a part of the map', () => {
    const places = photoPlaces(library, { box: WORLD, cell: 1 });
    expect(places.map((p) => p.photos)).toEqual([10, 9]);
    expect(places[0]!.box).toEqual({ south: -34, west: 151, north: -33, east: 152 });
    expect(places[1]!.latitude).toBeCloseTo(10.01, 9);
    expect(places[1]!.longitude).toBeCloseTo(20.01, 9);
    expect(photoPlaces(library, { box: WORLD, cell: 1, taken: { from: 12 * DAY, to: 13 * DAY } })).toHaveLength(1);
    expect(photoPlaces(library, { box: { ...WORLD, south: 0 }, cell: 1 })).toHaveLength(1);
    // All of the world in one cell.
    expect(photoPlaces(library, { box: WORLD, cell: 180 }).reduce((n, p) => n + p.photos, 0)).toBe(19);
  });

  it('are no more places than can be shown, and lose no photo by that', () => {
    const { library: many } = syntheticLibrary(join(folder, 'many'), {
      ...{ photos: 1000, clusters: 2, dim: 4, pairsPerPhoto: 1, seed: 1 },
    });
    many.db.exec('UPDATE photo SET latitude = (id * 17) % 180 - 90 + 0.5, longitude = (id * 31) % 360 - 180 + 0.5');
    const places = photoPlaces(many, { box: WORLD, cell: 1 });
    expect(places.length).toBeLessThanOrEqual(400);
    expect(places.length).toBeGreaterThan(100);
    expect(places.reduce((n, p) => n + p.photos, 0)).toBe(1000);
    for (const { box, photos, latitude, longitude } of places) {
      const inside = many.db
        .prepare(
          'SELECT COUNT(*) AS n FROM photo WHERE latitude >= ? AND latitude < ? AND longitude >= ? AND longitude < ?',
        )
        .get(box.south, box.north, box.west, box.east) as { n: number };
      expect(inside.n).toBe(photos);
      expect(latitude >= box.south && latitude < box.north && longitude >= box.west && longitude < box.east).toBe(true);
    }
    many.close();
  });

  it('narrow a list of photos, as whether they are folded does', () => {
    const lists = new PhotoLists(library);
    const total = (filter: object): number =>
      lists.open({ collection: null, filter: { gone: false, ...filter }, sort: 'taken', descending: false }).total;
    expect(total({})).toBe(39);
    expect(total({ taken: { from: 10 * DAY, to: 12 * DAY } })).toBe(9);
    expect(total({ box: { south: -34, west: 151, north: -33, east: 152 } })).toBe(10);
    expect(total({ folded: true })).toBe(1);
    expect(total({ folded: false })).toBe(38);
    expect(total({ folded: false, taken: { from: 10 * DAY, to: 12 * DAY } })).toBe(8);
  });
});

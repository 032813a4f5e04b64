import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  geometryGroundTruth,
  geometryTruth,
  meanAveragePrecision,
} from '../../../src/main/engine/evaluation/geometry-protocol.ts';
import { whiteningSample } from '../../../src/main/engine/training/whitening-sample.ts';
import { splitPlaces } from '../../../src/main/engine/mining/split.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { contributions } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { syntheticLibrary, SYNTHETIC_PIXELS } from '../../support/synthetic-library.ts';

const folder = temporaryFolder();
const { library, network } = syntheticLibrary(join(folder, 'library'), {
  photos: 90,
  clusters: 8,
  dim: 6,
  pairsPerPhoto: 4,
  distractors: 10,
  seed: 3,
});
const { db } = library;
// Some pairs share few points, one photo is of a mixed folder and in no cluster.
db.exec('UPDATE pair_all SET shared = shared % 25 WHERE a % 3 = 0');
db.exec("UPDATE scene SET mixed = 1 WHERE name = 'distractors'");
const split = splitPlaces(library, 0);
const place = new Map(db.prepare('SELECT id, place FROM photo').raw().all() as [number, number][]);
const viewOf = new Map(
  (db.prepare('SELECT photo_id, cluster_id, view_index FROM view').raw().all() as [number, number, number][]).map(
    ([p, c, v]) => [`${c} ${v}`, p],
  ),
);
const shared = new Map<string, number>();
for (const [c, a, b, n] of db.prepare('SELECT cluster_id, a, b, shared FROM pair').raw().all() as [
  number,
  number,
  number,
  number,
][]) {
  const [x, y] = [viewOf.get(`${c} ${a}`)!, viewOf.get(`${c} ${b}`)!];
  shared.set(`${x} ${y}`, n);
  shared.set(`${y} ${x}`, n);
}
const photos = [...place.keys()].sort((a, b) => a - b);
const loose = photos.slice(-10);
const sorted = (s: Iterable<number>): number[] => [...s].sort((a, b) => a - b);

describe('places that are held out', () => {
  it('are three in ten of those that can be measured, whole, and others by another seed', () => {
    const places = new Set([...split.heldOut].map((p) => place.get(p)));
    expect(split.heldOutPlaces).toBe(places.size);
    expect(places.size).toBe(Math.round(0.3 * 8));
    for (const p of photos) {
      const expected = places.has(place.get(p)) ? 'held' : loose.includes(p) ? 'neither' : 'training';
      expect(split.heldOut.has(p) ? 'held' : split.training.has(p) ? 'training' : 'neither').toBe(expected);
    }
    expect(splitPlaces(library, 0)).toEqual(split);
    const others = [1, 2, 3, 4].map((seed) => sorted(splitPlaces(library, seed).heldOut).join());
    expect(new Set([...others, sorted(split.heldOut).join()]).size).toBeGreaterThan(2);
  });
});

describe('the benchmark of geometry', () => {
  it('asks with held-out photos that have a relevant one: of their cluster, with ten shared points', () => {
    for (const least of [10, 15]) {
      const truth = geometryGroundTruth(library, split, least);
      expect(truth.database).toEqual(photos);
      const expected = sorted(split.heldOut).flatMap((photo) => {
        const positives = photos.filter((p) => (shared.get(`${photo} ${p}`) ?? 0) >= least);
        const junk = photos.filter(
          (p) => (place.get(p) === place.get(photo) && !positives.includes(p)) || loose.includes(p),
        );
        return positives.length === 0 ? [] : [{ photo, positives, junk }];
      });
      expect(
        truth.queries.map((q) => ({ photo: q.photo, positives: sorted(q.positives), junk: sorted(q.junk) })),
      ).toEqual(expected);
      expect(truth.queries.every((q) => q.junk.has(q.photo))).toBe(true);
    }
    expect(geometryGroundTruth(library, split)).toEqual(geometryGroundTruth(library, split, 10));
  });

  it('calls more than ten shared points easy, three to ten hard, and the rest of the place junk', () => {
    const { truth, photos: ids } = geometryTruth(library, split);
    expect(ids).toEqual(photos);
    const asked = sorted(split.heldOut).filter((photo) => photos.some((p) => (shared.get(`${photo} ${p}`) ?? 0) >= 3));
    expect(sorted(truth.queries.map((q) => ids[q.row!]!))).toEqual(asked);
    let hard = 0;
    for (const q of truth.queries) {
      const photo = ids[q.row!]!;
      const of = (keep: (n: number) => boolean): number[] =>
        photos.flatMap((p, row) => (keep(shared.get(`${photo} ${p}`) ?? 0) ? [row] : []));
      expect(sorted(q.labels.easy!)).toEqual(of((n) => n > 10));
      expect(sorted(q.labels.hard!)).toEqual(of((n) => n >= 3 && n <= 10));
      expect(sorted(q.labels.junk!)).toEqual(
        photos.flatMap((p, row) =>
          (place.get(p) === place.get(photo) && (shared.get(`${photo} ${p}`) ?? 0) < 3) || loose.includes(p)
            ? [row]
            : [],
        ),
      );
      hard += q.labels.hard!.length;
    }
    expect(hard).toBeGreaterThan(5);
  });

  it('measures as a plain sort and the definition of average precision do', () => {
    const set = loadDescriptors(library, network, SYNTHETIC_PIXELS);
    const truth = geometryGroundTruth(library, split);
    const vector = new Map(Array.from(set.ids, (id, i) => [id, set.data.subarray(i * set.dim, (i + 1) * set.dim)]));
    const cosine = (a: number, b: number): number => vector.get(a)!.reduce((s, x, k) => s + x * vector.get(b)![k]!, 0);
    const aps = truth.queries.map((q) => {
      const list = photos.filter((p) => !q.junk.has(p)).sort((a, b) => cosine(q.photo, b) - cosine(q.photo, a));
      let sum = 0;
      let found = 0;
      list.forEach((p, rank) => {
        if (!q.positives.has(p)) return;
        sum += 0.5 * ((rank === 0 ? 1 : found / rank) + (found + 1) / (rank + 1));
        found += 1;
      });
      return sum / q.positives.size;
    });
    expect(meanAveragePrecision(truth, set)).toBeCloseTo(aps.reduce((a, b) => a + b, 0) / aps.length, 6);
    // A query that has no descriptor finds nothing.
    const gone = truth.queries[0]!.photo;
    const keep = Array.from(set.ids).flatMap((id, i) => (id === gone ? [] : [i]));
    const asking = {
      ...set,
      ids: Uint32Array.from(keep, (i) => set.ids[i]!),
      data: Float32Array.from(keep.flatMap((i) => [...set.data.subarray(i * set.dim, (i + 1) * set.dim)])),
    };
    expect(meanAveragePrecision(truth, set, asking)).toBeCloseTo(
      aps.slice(1).reduce((a, b) => a + b, 0) / aps.length,
      6,
    );
  });

  it('learns whitening from the pairs of the training places alone', () => {
    const set = loadDescriptors(library, network, SYNTHETIC_PIXELS);
    const sample = whiteningSample(library, split, set);
    const training = photos.filter((p) => split.training.has(p));
    expect(sample.vectors.rows).toBe(training.length);
    training.forEach((p, i) => {
      const at = set.ids.indexOf(p);
      expect(sample.vectors.data.subarray(i * 6, i * 6 + 6)).toEqual(set.data.subarray(at * 6, at * 6 + 6));
    });
    expect(sample.queries.length).toBe(sample.positives.length);
    expect(sample.queries.length).toBeGreaterThan(20);
    sample.queries.forEach((q, i) => {
      expect(shared.get(`${training[q]} ${training[sample.positives[i]!]}`)).toBeGreaterThanOrEqual(30);
    });
  });
});

describe('what each place of two photos adds to their similarity', () => {
  it('is its share of the power that the channel pools', () => {
    const r = random(2);
    const map = (height: number, width: number) => ({
      channels: 3,
      height,
      width,
      data: Float32Array.from({ length: 3 * height * width }, () => r.between(-0.5, 2)),
    });
    for (const p of [1, 3, 4.6]) {
      const [a, b] = [map(2, 3), map(4, 1)];
      const gem = (m: typeof a): number[] => {
        const n = m.height * m.width;
        const f = [0, 1, 2].map(
          (c) => (m.data.subarray(c * n, (c + 1) * n).reduce((s, v) => s + Math.max(v, 1e-6) ** p, 0) / n) ** (1 / p),
        );
        return f.map((v) => v / (Math.hypot(...f) + 1e-6));
      };
      const [x, y] = [gem(a), gem(b)];
      const got = contributions(a, b, p);
      expect(got.similarity).toBeCloseTo(
        x.reduce((s, v, c) => s + v * y[c]!, 0),
        9,
      );
      for (const [m, grid] of [
        [a, got.a],
        [b, got.b],
      ] as const) {
        const n = m.height * m.width;
        expect(grid.length).toBe(n);
        for (let i = 0; i < n; i += 1) {
          const expected = [0, 1, 2].reduce((s, c) => {
            const powers = m.data.subarray(c * n, (c + 1) * n).map((v) => Math.max(v, 1e-6) ** p);
            return s + (x[c]! * y[c]! * powers[i]!) / powers.reduce((u, v) => u + v, 0);
          }, 0);
          expect(grid[i]).toBeCloseTo(expected, 5);
        }
      }
    }
  });
});

import type { EvaluationResult } from '../../../shared/domain.ts';
import { subsetOf, subsetText } from '../library/collection-subset.ts';
import { now, type Library } from '../library/library.ts';
import type { DescriptorSet } from '../retrieval/extract.ts';
import { covisiblePairs } from '../mining/candidates.ts';
import type { Split } from '../mining/split.ts';
import { rankByScore, row, similarities, type Matrix } from '../retrieval/rank.ts';
import { RELEVANT_SHARED } from '../sfm/covisibility.ts';
import { unplacedPhotos } from '../sfm/places.ts';
import type { GroundTruth } from './ground-truth.ts';
import { averagePrecision, positiveRanks } from './average-precision.ts';
import { integer, record, select, text } from '../library/rows.ts';
import { presentPhotos } from '../library/tables/photo.ts';

export interface GeometryGroundTruth {
  readonly name: string;
  /** Photo ids, ascending. */
  readonly database: readonly number[];
  readonly queries: readonly {
    readonly photo: number;
    readonly positives: ReadonlySet<number>;
    readonly junk: ReadonlySet<number>;
  }[];
}

/**
 * Ground truth from geometry alone. Queries: photos of held-out places with a relevant photo. Relevant: same cluster and at least
 * `minShared` shared points. Junk: the query itself, photos of its place that share fewer, and photos of mixed folders in no cluster. Database: every photo of the library that is not gone,
 * those of the training places and of places without a model as distractors.
 */
export function geometryGroundTruth(library: Library, split: Split, minShared = RELEVANT_SHARED): GeometryGroundTruth {
  const placeOf = new Map(presentPhotos(library).map((p) => [p.id, p.place]));
  const database = [...placeOf.keys()];
  const members = new Map<number, number[]>();
  for (const id of database) {
    const place = placeOf.get(id)!;
    const list = members.get(place);
    if (list === undefined) members.set(place, [id]);
    else list.push(id);
  }
  const relevant = new Map<number, Set<number>>();
  for (const p of covisiblePairs(library, minShared)) {
    if (!split.heldOut.has(p.query) || p.query === p.other) continue;
    if (!placeOf.has(p.query) || !placeOf.has(p.other)) continue;
    let set = relevant.get(p.query);
    if (set === undefined) relevant.set(p.query, (set = new Set()));
    set.add(p.other);
  }
  const unplaced = unplacedPhotos(library);
  const queries = [...relevant.keys()]
    .sort((a, b) => a - b)
    .map((photo) => {
      const positives = relevant.get(photo)!;
      const place = members.get(placeOf.get(photo)!)!.filter((id) => !positives.has(id));
      return { photo, positives, junk: new Set([...place, ...unplaced]) };
    });
  const side = split.separate
    ? `${split.heldOutPlaces} held-out places`
    : 'the training places themselves, because there are too few to hold any out';
  return {
    name: `geometry: queries of ${side} against all ${database.length} photos, relevant = same cluster and at least ${minShared} shared points, same place otherwise junk, trapezoidal AP, single scale`,
    database,
    queries,
  };
}

/**
 * Mean average precision of a ranking by inner product. Photos without a descriptor are ranked nowhere.
 * @param asking descriptors of the queries where they ask with something else, like a drawing of themselves.
 */
export function meanAveragePrecision(
  truth: GeometryGroundTruth,
  descriptors: DescriptorSet,
  asking: DescriptorSet = descriptors,
): number {
  const rowOf = new Map<number, number>();
  descriptors.ids.forEach((id, i) => rowOf.set(id, i));
  const present = truth.database.filter((id) => rowOf.has(id));
  const all: Matrix = { data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim };
  const data = new Float32Array(present.length * descriptors.dim);
  present.forEach((id, i) => data.set(row(all, rowOf.get(id)!), i * descriptors.dim));
  const database: Matrix = { data, rows: present.length, dim: descriptors.dim };
  const askingRow = new Map(Array.from(asking.ids, (id, i) => [id, i]));
  const questions: Matrix = { data: asking.data, rows: asking.ids.length, dim: asking.dim };
  let sum = 0;
  for (const q of truth.queries) {
    const at = askingRow.get(q.photo);
    if (at === undefined) continue;
    const ranking = Array.from(rankByScore(similarities(database, row(questions, at))), (i) => present[i]!);
    sum += averagePrecision(positiveRanks(ranking, q.positives, q.junk), q.positives.size);
  }
  return sum / truth.queries.length;
}

/** A protocol with the version of a collection that it was measured on, where that is not the whole library. */
function protocolOn(library: Library, protocol: string): string {
  const subset = subsetOf(library);
  return subset === undefined ? protocol : `${protocol}; on ${subsetText(subset)}`;
}

/** Keeps a measurement under the geometry protocol. */
export function storeEvaluation(library: Library, networkId: number, size: number, r: EvaluationResult): void {
  library.db
    .prepare(
      'INSERT INTO evaluation (created, network_id, size, protocol, queries, database_size, map, map_whitened) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(now(), networkId, size, protocolOn(library, r.protocol), r.queries, r.database, r.map, r.mapWhitened);
}

/** Photos that share so many points are hard positives: the same object from far apart (methods.md 1.2). */
export const HARD_SHARED = { least: 3, most: 10 } as const;

/**
 * The benchmark that geometry gives without annotation: queries are the held-out photos; photos of the same cluster that share more than ten
 * points are easy, those that share three to ten are hard, other photos of the place and the query itself are junk.
 * `images` are all photos by id; `photos` are their ids.
 */
export function geometryTruth(library: Library, split: Split): { truth: GroundTruth; photos: readonly number[] } {
  const rows = select(
    library.db,
    'SELECT p.id, p.place, (SELECT f.name FROM photo_file f WHERE f.photo_id = p.id LIMIT 1) AS name FROM present_photo p ORDER BY p.id',
    record({ id: integer, place: integer, name: text }),
  ).all();
  const rowOf = new Map(rows.map((r, i) => [r.id, i]));
  const shared = new Map<number, Map<number, number>>();
  for (const p of covisiblePairs(library, HARD_SHARED.least)) {
    if (!split.heldOut.has(p.query) || p.query === p.other) continue;
    if (!rowOf.has(p.query) || !rowOf.has(p.other)) continue;
    let of = shared.get(p.query);
    if (of === undefined) shared.set(p.query, (of = new Map()));
    of.set(p.other, Math.max(p.shared, of.get(p.other) ?? 0));
  }
  const members = new Map<number, number[]>();
  rows.forEach((r, i) => {
    const list = members.get(r.place);
    if (list === undefined) members.set(r.place, [i]);
    else list.push(i);
  });
  const unplaced = [...unplacedPhotos(library)].flatMap((id) => rowOf.get(id) ?? []);
  const queries = [...shared].map(([id, of]) => {
    const row = rowOf.get(id)!;
    const easy: number[] = [];
    const hard: number[] = [];
    for (const [other, n] of of) (n > HARD_SHARED.most ? easy : hard).push(rowOf.get(other)!);
    const counted = new Set([...easy, ...hard]);
    const junk = [...members.get(rows[row]!.place)!.filter((i) => !counted.has(i)), ...unplaced];
    return { name: rows[row]!.name, bbx: null, row, labels: { easy, hard, junk } };
  });
  return { truth: { name: 'geometry', images: rows.map((r) => r.name), queries }, photos: rows.map((r) => r.id) };
}

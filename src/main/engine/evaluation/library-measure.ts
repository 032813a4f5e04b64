import type {
  MeasurementDetail,
  MeasurementInfo,
  PairedTest,
  Protocol,
  QueryScoreInfo,
} from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { subsetOf, subsetText } from '../library/collection-subset.ts';
import { now, type Library } from '../library/library.ts';
import { whileUnchanged } from '../library/memo.ts';
import { ambiguousNames } from '../library/library-names.ts';
import { firstFew } from '../library/name-lists.ts';
import type { Crop } from '../library/pixels.ts';
import { LeftOut, ofCurrentPhoto } from '../library/current-photo.ts';
import { upright } from '../library/photos.ts';
import { splitPlaces } from '../mining/split.ts';
import { reportedParameters } from '../../../shared/methods/parameters.ts';
import type { Queries, Ranking } from '../retrieval/methods/method.ts';
import type { Ranker } from '../retrieval/ranker.ts';
import { Describer } from '../retrieval/search.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';
import { geometryTruth } from './geometry-protocol.ts';
import { judge, type GroundTruth } from './ground-truth.ts';
import { foundIn, measureFound, precisionRecall, type Found, type Measurement } from './measure.ts';
import { pairedTest } from './statistics.ts';
import { loadTruth, matchTruth } from './truths.ts';
import {
  measurementDetail as detailSchema,
  measurementInfo,
  openedMeasurement as openedSchema,
  type OpenedMeasurement,
} from '../../../shared/facts/measurements.ts';
import { counted } from '../../../shared/counted.ts';
import { integer, json, real, record, select, text } from '../library/rows.ts';
import { hashById } from '../library/tables/photo.ts';

/** Protocols of the geometry's own benchmark, and the labels that each counts. */
export const GEOMETRY_PROTOCOLS: Readonly<Record<string, Protocol>> = {
  sfm: 'hard',
  'sfm-medium': 'medium',
  'sfm-easy': 'easy',
};

const GEOMETRY_TEXT: Readonly<Record<string, string>> = {
  sfm: 'geometry, hard: photos that share 3 to 10 points are positive, those that share more are ignored',
  'sfm-medium': 'geometry, medium: photos that share at least 3 points are positive',
  'sfm-easy':
    'geometry, easy: photos that share more than 10 points are positive, those that share 3 to 10 are ignored',
};

/** A ground truth laid over a descriptor set: its rows are the set's images. */
export interface Benchmark {
  /** Id of the ground truth, or `sfm` with the seed of its split. */
  readonly id: string;
  readonly protocol: string;
  readonly judged: Protocol;
  readonly text: string;
  readonly truth: GroundTruth;
  /** Photo of each query. */
  readonly photos: readonly number[];
  /** Images of the set that are ranked, as rows of the truth. */
  readonly images: readonly number[];
}

/**
 * The geometry's own benchmark on a set. @throws CovisError `STATE_EMPTY` when no query has a positive.
 */
export function geometryBenchmark(library: Library, set: LoadedSet, protocol: string, seed: number): Benchmark {
  const split = splitPlaces(library, seed);
  const { truth, photos } = geometryTruth(library, split);
  const side = split.separate
    ? `queries of ${split.heldOutPlaces} held-out places`
    : 'queries of the training places themselves, because there are too few to hold any out';
  return laid(
    set,
    truth,
    photos,
    truth.queries.map((q) => photos[q.row!]!),
    {
      id: `sfm ${seed}`,
      protocol,
      judged: GEOMETRY_PROTOCOLS[protocol]!,
      text: `${GEOMETRY_TEXT[protocol]!}; ${side}; the rest of a place is ignored`,
    },
  );
}

/**
 * An imported ground truth on a set. Images of its list that the library lacks count as never found; photos that it does not list are distractors.
 * @throws CovisError `STATE_EMPTY` when the library has none of its images or queries.
 */
export function truthBenchmark(
  library: Library,
  set: LoadedSet,
  id: string,
  protocol: Protocol,
  text: string,
  task: TaskContext,
): Benchmark {
  const { truth, photos, queries, ambiguous, repeated } = matchTruth(library, loadTruth(library, id));
  if (ambiguous.length > 0)
    throw new CovisError(
      'INPUT_INVALID',
      `${ambiguous.length} names of ${truth.name} may mean several photos of the library: ${firstFew(ambiguousNames(ambiguous))}`,
      {
        hint: 'Names with their folders, as the library has them, tell them apart.',
      },
    );
  const missing = photos.filter((p) => p === undefined).length - repeated.length;
  const asked = truth.queries.flatMap((_, i) => (queries[i] === undefined ? [] : [i]));
  if (missing + repeated.length === photos.length || asked.length === 0)
    throw new CovisError(
      'STATE_EMPTY',
      `The library has ${photos.length - missing} of the ${photos.length} images and ${asked.length} of the ${truth.queries.length} queries of ${truth.name}`,
      {
        hint: 'Photos are found by their names: folders that both sides have must agree, and endings may be left out.',
      },
    );
  if (missing > 0)
    task.warn(`${missing} of ${photos.length} images of ${truth.name} are not in the library; they count as not found`);
  if (repeated.length > 0)
    task.warn(
      `${counted(repeated.length, 'image')} of ${truth.name} with the content of another one, counted once: ${firstFew(repeated)}`,
    );
  if (asked.length < truth.queries.length)
    task.warn(
      `${truth.queries.length - asked.length} of ${truth.queries.length} queries of ${truth.name} are not in the library and are left out`,
    );
  const kept = { ...truth, queries: asked.map((i) => truth.queries[i]!) };
  return laid(
    set,
    kept,
    photos,
    asked.map((i) => queries[i]!),
    { id, protocol, judged: protocol, text },
  );
}

/** Images that the truth does not list follow as distractors; queries that are not in its list leave the database. */
function laid(
  set: LoadedSet,
  truth: GroundTruth,
  listed: readonly (number | undefined)[],
  photos: readonly number[],
  facts: Pick<Benchmark, 'id' | 'protocol' | 'judged' | 'text'>,
): Benchmark {
  const rowOf = new Map<number, number>();
  listed.forEach((p, i) => p !== undefined && rowOf.set(p, i));
  const outside = new Set(truth.queries.flatMap((q, i) => (q.row === null ? [photos[i]!] : [])));
  let next = listed.length;
  const images = Array.from(set.ids, (id) => rowOf.get(id) ?? (outside.has(id) ? -1 : next++));
  return { ...facts, truth, photos, images };
}

/**
 * A box of a ground truth, in pixels of the file as stored (benchmarks and their tools do not turn photos by EXIF), as a part of the photo
 * as displayed, in fractions.
 * @param photo pixels as displayed, and the EXIF orientation.
 */
export function displayedBox(
  bbx: readonly [number, number, number, number],
  photo: { readonly width: number; readonly height: number; readonly orientation: number },
): Crop {
  const [width, height] = photo.orientation >= 5 ? [photo.height, photo.width] : [photo.width, photo.height];
  const [left, top, right, bottom] = bbx;
  const a = upright(left / width, top / height, photo.orientation);
  const b = upright(right / width, bottom / height, photo.orientation);
  const [x, y] = [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  return { x, y, width: Math.abs(a[0] - b[0]), height: Math.abs(a[1] - b[1]) };
}

/** Descriptors of the queries: cropped where the truth has boxes and the set has a network, stored ones otherwise. */
async function queriesOf(
  library: Library,
  set: LoadedSet,
  b: Benchmark,
  task: TaskContext,
): Promise<{ queries: Queries; kept: number[] }> {
  const imageOf = new Map<number, number>();
  set.ids.forEach((id, i) => imageOf.set(id, i));
  const kept: number[] = [];
  const rows: Float32Array[] = [];
  const owners: number[] = [];
  const facts = select(
    library.db,
    'SELECT width, height, orientation FROM photo WHERE id = ?',
    record({ width: integer, height: integer, orientation: integer }),
  );
  let describer: Describer | undefined;
  const gone = new LeftOut();
  task.step('Describing queries', b.truth.queries.length, 'queries');
  try {
    for (const [q, query] of b.truth.queries.entries()) {
      task.check();
      task.progress(q + 1);
      const photo = b.photos[q]!;
      const image = imageOf.get(photo);
      if (query.bbx !== null && set.network !== undefined && set.size !== undefined && set.owners === undefined) {
        const crop = displayedBox(query.bbx, facts.one(photo));
        describer ??= await Describer.create(library, set.network, set.size);
        try {
          const asking = describer;
          rows.push(await ofCurrentPhoto(library, photo, (file) => asking.describe(file, crop)));
        } catch (error) {
          if (!gone.takes(error)) throw error;
          continue;
        }
        owners.push(kept.length);
        kept.push(q);
      } else if (image !== undefined) {
        for (let r = 0; r < set.vectors.rows; r += 1) {
          if ((set.owners?.[r] ?? r) !== image) continue;
          rows.push(set.vectors.data.subarray(r * set.vectors.dim, (r + 1) * set.vectors.dim));
          owners.push(kept.length);
        }
        kept.push(q);
      }
    }
  } finally {
    await describer?.release();
  }
  gone.say((m) => task.warn(m));
  const data = new Float32Array(rows.length * set.vectors.dim);
  rows.forEach((r, i) => data.set(r, i * set.vectors.dim));
  const vectors = { data, rows: rows.length, dim: set.vectors.dim };
  return {
    queries: { vectors, count: kept.length, ...(set.owners === undefined ? {} : { owners: Uint32Array.from(owners) }) },
    kept,
  };
}

/** A measurement with what it was made of; the contract of `covis evaluate LIBRARY --json` under a protocol. */
export interface LibraryMeasurement extends Omit<Measurement, 'perQuery'> {
  readonly perQuery: readonly QueryScoreInfo[];
  readonly set: string;
  readonly network: string | null;
  readonly method: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly msPerQuery: number;
  readonly offlineMs: number;
  readonly id: number;
}

/** What rankings that are in memory at a time may take. */
const RANKINGS_BYTES = 64 * 2 ** 20;
/** Of each image its number, its score, and its row of the truth. */
const RANKED_BYTES = 12;

/** Queries so many at a time that their rankings take so many bytes at most. @param top images of a ranking. */
function* inParts({ vectors, owners, count }: Queries, top: number, bytes: number): Generator<Queries> {
  const most = Math.max(1, Math.floor(bytes / (RANKED_BYTES * Math.max(1, top))));
  // Rows of a query lie together.
  let row = 0;
  for (let first = 0; first < count; first += most) {
    const last = Math.min(count, first + most);
    const from = row;
    if (owners === undefined) row = last;
    else while (row < owners.length && owners[row]! < last) row += 1;
    const part = vectors.data.subarray(from * vectors.dim, row * vectors.dim);
    yield {
      vectors: { data: part, rows: row - from, dim: vectors.dim },
      count: last - first,
      ...(owners === undefined ? {} : { owners: owners.subarray(from, row).map((q) => q - first) }),
    };
  }
}

/** A task of which a part is done: what it reports comes behind that. */
function within(task: TaskContext, done: number): TaskContext {
  return {
    step: () => undefined,
    progress: (n) => task.progress(done + n),
    warn: (message) => task.warn(message),
    changed: (what) => task.changed(what),
    check: () => task.check(),
  };
}

/** The truth of those queries that were asked. */
function askedOf(b: Benchmark, kept: readonly number[]): GroundTruth {
  return { ...b.truth, queries: kept.map((q) => b.truth.queries[q]!) };
}

/** Rows of the truth in place of images. Query photos that it keeps out of its database are taken out; -1 fills what they leave at the end. */
function inTruth({ ids, k }: Pick<Ranking, 'ids' | 'k'>, count: number, b: Benchmark): Int32Array {
  const rows = new Int32Array(count * k).fill(-1);
  for (let q = 0; q < count; q += 1) {
    let w = q * k;
    for (let j = 0; j < k; j += 1) {
      const row = b.images[ids[q * k + j]!]!;
      if (row >= 0) rows[w++] = row;
    }
  }
  return rows;
}

/**
 * Ranks the benchmark's queries with a prepared method, measures and keeps the result.
 * @param bytes that rankings may take; queries go part by part.
 */
export async function measureLibrary(
  library: Library,
  set: LoadedSet,
  ranker: Ranker,
  b: Benchmark,
  task: TaskContext,
  bytes = RANKINGS_BYTES,
): Promise<LibraryMeasurement> {
  const { queries, kept } = await queriesOf(library, set, b, task);
  const judged = judge(askedOf(b, kept), b.judged);
  const found: number[][] = [];
  let ms = 0;
  task.step('Ranking', queries.count, 'queries');
  for (const part of inParts(queries, set.ids.length, bytes)) {
    const began = performance.now();
    const first = found.length;
    const ranking = await ranker.rank(part, set.ids.length, within(task, first));
    ms += performance.now() - began;
    found.push(
      ...foundIn({ ids: inTruth(ranking, part.count, b), queries: part.count, top: ranking.k }, judged, first),
    );
    task.progress(found.length);
  }
  const measured = recordRanking(
    library,
    {
      key: set.key,
      name: set.name,
      method: ranker.parameters.method,
      parameters: reportedParameters(ranker.parameters),
      msPerQuery: ms / Math.max(1, queries.count),
      offlineMs: ranker.facts.offlineMs,
    },
    b,
    found,
    kept,
  );
  task.changed('measurements');
  return { ...measured, set: set.name, network: set.network?.uid ?? null };
}

/** How a ranking came about. */
export interface RankedBy {
  readonly key: string;
  readonly name: string;
  readonly method: string;
  readonly parameters: Readonly<Record<string, number>>;
  readonly msPerQuery: number;
  readonly offlineMs: number;
}

/**
 * Measures rankings under a benchmark and keeps the result.
 * @param found of each kept query. @param kept queries of the benchmark that were asked.
 */
export function recordRanking(
  library: Library,
  by: RankedBy,
  b: Benchmark,
  found: Found,
  kept: readonly number[] = b.truth.queries.map((_, q) => q),
): Omit<LibraryMeasurement, 'set' | 'network'> {
  const truth = askedOf(b, kept);
  const m = measureFound(found, truth, b.judged);
  const text = `${b.text}; ${m.ap} AP`;
  const hash = hashById(library);
  const facts = {
    text,
    mpAtK: m.mpAtK,
    recallAtK: m.recallAtK ?? null,
    ukbench: m.ukbench ?? null,
    skipped: m.skipped,
    curve: precisionRecall(found, truth, b.judged),
    perQuery: m.perQuery.map((s) => ({
      ...s,
      photo: hash.get(b.photos[kept[s.index]!]!) ?? null,
    })),
    msPerQuery: by.msPerQuery,
    offlineMs: by.offlineMs,
  };
  // What was measured on a collection stands beside what was measured on the whole library, not in its place.
  const subset = subsetOf(library);
  const { lastInsertRowid } = library.db
    .prepare(
      `INSERT INTO measurement (created, set_key, set_name, method, parameters, truth, protocol, map, low, high, queries, facts)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      now(),
      subset === undefined ? by.key : `${by.key} ${subset.digest}`,
      subset === undefined ? by.name : `${by.name}, ${subsetText(subset)}`,
      by.method,
      JSON.stringify(by.parameters),
      b.id,
      b.protocol,
      m.map,
      m.interval.low,
      m.interval.high,
      m.queries,
      JSON.stringify(facts),
    );
  return {
    ...m,
    protocol: text,
    perQuery: facts.perQuery,
    method: by.method,
    parameters: by.parameters,
    msPerQuery: by.msPerQuery,
    offlineMs: by.offlineMs,
    id: Number(lastInsertRowid),
  };
}

/**
 * Tests whether measurement b differs from a on the queries that both have.
 * @throws CovisError `NOT_FOUND`, `INPUT_INVALID` when they share no query.
 */
export function pairMeasurements(library: Library, a: number, b: number): PairedTest {
  return whileUnchanged(library, `paired ${a} ${b}`, () => pairedOf(library, a, b));
}

function pairedOf(library: Library, a: number, b: number): PairedTest {
  const second = new Map(queriesMeasured(library, b).map((q) => [q.query, q.ap]));
  const both = queriesMeasured(library, a).filter((q) => second.has(q.query));
  if (both.length === 0) throw new CovisError('INPUT_INVALID', 'These measurements have no query in common');
  return pairedTest(
    both.map((q) => q.ap),
    both.map((q) => second.get(q.query)!),
  );
}

const COLUMNS = `id, created, set_key AS setKey, set_name AS setName, method, parameters, truth, protocol, map, low, high, queries`;
const INFO = {
  id: integer,
  created: text,
  setKey: text,
  setName: text,
  method: text,
  parameters: json(measurementInfo.shape.parameters),
  truth: text,
  protocol: text,
  map: real,
  low: real,
  high: real,
  queries: integer,
};
/** What a measurement knows beyond its cell, but for its queries. */
const FACTS = openedSchema.omit({
  id: true,
  created: true,
  setKey: true,
  setName: true,
  method: true,
  parameters: true,
  truth: true,
  protocol: true,
  map: true,
  low: true,
  high: true,
  queries: true,
});
const QUERIES = json(detailSchema.shape.perQuery);

/** The newest measurement of every cell (set, method, truth, protocol). */
export function listMeasurements(library: Library): MeasurementInfo[] {
  return select(
    library.db,
    `SELECT ${COLUMNS} FROM measurement WHERE id IN (SELECT MAX(id) FROM measurement GROUP BY set_key, method, truth, protocol) ORDER BY id DESC`,
    record(INFO),
  ).all();
}

/** A measurement without its queries. @throws CovisError `NOT_FOUND`. */
export function openedMeasurement({ db }: Library, id: number): OpenedMeasurement {
  const found = select(
    db,
    `SELECT ${COLUMNS}, json_remove(facts, '$.perQuery') AS facts FROM measurement WHERE id = ?`,
    record({ ...INFO, facts: json(FACTS) }),
  ).get(id);
  if (found === undefined) throw new CovisError('NOT_FOUND', `There is no measurement ${id}`);
  const { facts, ...info } = found;
  return { ...info, ...facts };
}

/** The queries of a measurement, in the order of the ground truth. @throws CovisError `NOT_FOUND`. */
export function queriesMeasured({ db }: Library, id: number): QueryScoreInfo[] {
  const found = select(db, "SELECT facts -> '$.perQuery' FROM measurement WHERE id = ?", QUERIES).get(id);
  if (found === undefined) throw new CovisError('NOT_FOUND', `There is no measurement ${id}`);
  return found;
}

/** A measurement with all its queries. @throws CovisError `NOT_FOUND`. */
export function measurementDetail(library: Library, id: number): MeasurementDetail {
  return { ...openedMeasurement(library, id), perQuery: queriesMeasured(library, id) };
}

/** Choosing photos of a library that stand for all. */
import type { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import type { ChoiceReport, CoverPointFact } from '../../../shared/facts/collection-choices.ts';
import type { chooseJob } from '../../../shared/jobs/choose.ts';
import { qualityById } from '../features/quality-store.ts';
import { foldedUnder } from '../library/fold-log.ts';
import type { Library } from '../library/library.ts';
import { integer, list, nullable, real, record, select, text } from '../library/rows.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { hashById, idByHash } from '../library/tables/photo.ts';
import type { TaskContext } from '../queue/context.ts';
import { takeRows } from '../retrieval/rank.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';
import { bestShotScores } from './best-shot.ts';
import {
  cellOf,
  coverage,
  distanceOf,
  drawn,
  facilityLocation,
  kCenter,
  knee,
  stratified,
  typical,
  type Chosen,
  type ChooseOptions,
} from './choose.ts';
import { Cosines } from '../retrieval/cosines.ts';
import { answerRule } from './rules.ts';
import { ofEach, stratumOf, valuesOf, type Candidate } from './strata.ts';
import { readRule } from './rule-tree.ts';
import { addPhotos } from './gather.ts';

export type ChooseParameters = z.output<(typeof chooseJob)['params']>;

/** Ways of choosing that compare descriptors. */
export const COMPARING: readonly ChooseParameters['by'][] = ['k-center', 'facility', 'typical'];
/** A photo of no quality at all is still worth so much. */
const LEAST_WORTH = 0.001;
const MOST_CURVE = 200;

type Row = Candidate;

const ROW = record<Row>({
  id: integer,
  place: integer,
  taken: nullable(integer),
  latitude: nullable(real),
  longitude: nullable(real),
  camera: nullable(text),
  width: integer,
  height: integer,
});

/** Names of places: of the scene that each is labelled by. */
export function placeNames(library: Library): Map<number, string> {
  return new Map(select(library.db, 'SELECT id, name FROM scene ORDER BY id', list(integer, text)).all());
}

/**
 * Chooses photos and, where a collection is named, adds them to it as one action. Photos of the collection are kept and count.
 * @param set descriptors; undefined where there are none, which the comparing ways refuse.
 * @throws CovisError `STATE_EMPTY` where there is nothing to choose among or to compare by, `NOT_FOUND`, `INPUT_INVALID`, `CANCELLED`.
 */
export async function choosePhotos(
  library: Library,
  p: ChooseParameters,
  set: LoadedSet | undefined,
  task: TaskContext,
): Promise<ChoiceReport> {
  const notes: string[] = [];
  const say = (n: number, one: string, many: string): void => {
    if (n > 0) notes.push(n === 1 ? `1 photo ${one}` : `${n} photos ${many}`);
  };
  const comparing = COMPARING.includes(p.by);
  if (comparing && set === undefined)
    throw new CovisError('STATE_EMPTY', `There are no descriptors to choose by ${p.by}`, {
      hint: 'Extract them first: covis extract.',
    });
  refuseUnread(p);
  const kept = keptPhotos(library, p);
  const values = p.valuesOf === undefined ? undefined : valuesOf(library, p.valuesOf);
  const answer = await answerRule(library, p.among === undefined ? { is: 'all', of: [] } : readRule(p.among));
  notes.push(...answer.notes);
  const folded = p.heads ? foldedUnder(library) : new Map<number, number>();
  const wanted = new Set([...answer.photos.filter((id) => !folded.has(id)), ...kept]);
  say(
    answer.photos.filter((id) => folded.has(id) && !wanted.has(id)).length,
    'is folded under another and left out',
    'are folded under others and left out',
  );
  const rowOf = new Map(Array.from(set?.ids ?? [], (id, r) => [id, r]));
  const all = select(
    library.db,
    'SELECT id, place, taken, latitude, longitude, camera, width, height FROM present_photo ORDER BY id',
    ROW,
  )
    .all()
    .filter((r) => wanted.has(r.id));
  const ofKept = new Set(kept);
  const photos = comparing
    ? all.filter((r) => rowOf.has(r.id))
    : values === undefined
      ? all
      : all.filter((r) => values.has(r.id) || ofKept.has(r.id));
  const lack = comparing ? `no descriptor in "${set?.name ?? ''}"` : `no value of ${p.valuesOf ?? ''}`;
  say(all.length - photos.length, `has ${lack} and is left out`, `have ${lack} and are left out`);
  if (photos.length === 0) throw new CovisError('STATE_EMPTY', 'There is no photo to choose among');
  const at = new Map(photos.map((r, i) => [r.id, i]));
  const keep = kept.flatMap((id) => at.get(id) ?? []);
  say(kept.length - keep.length, 'that is to be kept is not there', 'that are to be kept are not there');
  const strata =
    p.by === 'grid'
      ? (r: Row): string => cellOf(r, p.hours, p.km)
      : values === undefined
        ? stratumOf(library, p.field)
        : (r: Row): string => values.get(r.id) ?? '';
  const n = p.each === undefined ? p.n : ofEach(photos.map(strata), p.each, keep);
  if (n > photos.length)
    notes.push(
      `There ${photos.length === 1 ? 'is only one photo' : `are only ${photos.length} photos`} to choose among`,
    );
  if (n <= keep.length)
    notes.push(`${keep.length} ${keep.length === 1 ? 'photo is' : 'photos are'} kept already, so that none is chosen`);
  const worth = worthOf(library, p, photos, notes);
  const options: ChooseOptions = { n: Math.max(n, keep.length), keep, worth, seed: p.seed, task };
  const rows = comparing ? await compared(set!, rowOf, photos, p, options) : undefined;
  const chosen =
    rows?.chosen.rows ??
    (p.by === 'random'
      ? drawn([...photos.keys()], options)
      : stratified(photos.map(strata), p.each === undefined ? p.shares : 'equal', options));
  const cover = rows?.chosen ?? (await coverOf(set, rowOf, photos, chosen, notes, task));
  const hash = hashById(library);
  const curve = cover?.curve.map((c): CoverPointFact => ({ n: c.n, mean: c.mean, radius: distanceOf(c.least) })) ?? [];
  const done = {
    photos: chosen.map((i) => hash.one(photos[i]!.id)),
    among: photos.length,
    set: cover === undefined ? null : (set?.key ?? null),
    candidates: rows?.candidates ?? null,
    radius: curve.at(-1)?.radius ?? null,
    mean: curve.at(-1)?.mean ?? null,
    curve: thinned(curve),
    knee: (cover === undefined ? undefined : knee(cover.curve)) ?? null,
    places: placesOf(library, photos, chosen),
    notes,
  };
  return {
    ...done,
    action: added(
      library,
      p,
      chosen.map((i) => photos[i]!.id),
      photos.length,
      set,
    ),
  };
}

/** @throws CovisError `INPUT_INVALID` for what the way of choosing does not read. */
function refuseUnread(p: ChooseParameters): void {
  if (p.valuesOf !== undefined && p.by !== 'stratified')
    throw new CovisError('INPUT_INVALID', '--values-of is of --by stratified', { hint: 'Say --by stratified, too.' });
  if (p.each !== undefined && p.by !== 'stratified' && p.by !== 'grid')
    throw new CovisError('INPUT_INVALID', '--each is of strata and cells', {
      hint: 'Say --by stratified or --by grid, too.',
    });
}

/** Photos of the collection, and those that were named. @throws CovisError `NOT_FOUND`. */
function keptPhotos(library: Library, p: ChooseParameters): number[] {
  const byHash = idByHash(library);
  const named = (p.keep ?? []).map((hash) => {
    const id = byHash.get(hash);
    if (id === undefined) throw new CovisError('NOT_FOUND', `The library has no photo ${hash}`);
    return id;
  });
  if (p.collection === undefined) return [...new Set(named)];
  const items = select(
    library.db,
    'SELECT photo_id FROM collection_item WHERE collection_id = ? AND member = 1 ORDER BY position, photo_id',
    integer,
  ).all(collectionNamed(library, p.collection).id);
  return [...new Set([...items, ...named])];
}

/** 1 − w + w · score; undefined where quality does not count. */
function worthOf(
  library: Library,
  p: ChooseParameters,
  photos: readonly Row[],
  notes: string[],
): Float64Array | undefined {
  if (p.quality === 0) return undefined;
  const measured = qualityById(library);
  const missing = photos.filter((r) => !measured.has(r.id)).length;
  if (missing === photos.length)
    throw new CovisError('STATE_EMPTY', 'The quality of these photos was not measured yet', {
      hint: 'Measure it first: covis quality.',
    });
  if (missing > 0)
    notes.push(
      `${missing} ${missing === 1 ? 'photo was' : 'photos were'} not measured, which counts as the worst shot: covis quality does it.`,
    );
  const scores = bestShotScores(library, p.weights);
  return Float64Array.from(photos, (r) => Math.max(LEAST_WORTH, 1 - p.quality + p.quality * (scores.get(r.id) ?? 0)));
}

/** The descriptors of some photos. */
function part(set: LoadedSet, rowOf: ReadonlyMap<number, number>, photos: readonly Row[]): LoadedSet['vectors'] {
  const whole = photos.length === set.ids.length && photos.every((r, i) => set.ids[i] === r.id);
  return whole
    ? set.vectors
    : takeRows(
        set.vectors,
        photos.map((r) => rowOf.get(r.id)!),
      );
}

async function compared(
  set: LoadedSet,
  rowOf: ReadonlyMap<number, number>,
  photos: readonly Row[],
  p: ChooseParameters,
  o: ChooseOptions,
): Promise<{ readonly chosen: Chosen; readonly candidates?: number }> {
  const vectors = part(set, rowOf, photos);
  const cosines = await Cosines.create(vectors);
  o.task?.step('Choosing', Math.min(o.n, photos.length), 'photos');
  if (p.by === 'k-center') return { chosen: kCenter(vectors, cosines, o) };
  if (p.by === 'typical') return { chosen: await typical(vectors, cosines, o) };
  const found = facilityLocation(vectors, cosines, o);
  return { chosen: found, candidates: found.candidates };
}

/** Coverage of what was chosen without comparing, of the photos that have descriptors. */
async function coverOf(
  set: LoadedSet | undefined,
  rowOf: ReadonlyMap<number, number>,
  photos: readonly Row[],
  chosen: readonly number[],
  notes: string[],
  task: TaskContext,
): Promise<Chosen | undefined> {
  const known = photos.filter((r) => rowOf.has(r.id));
  const at = new Map(known.map((r, i) => [r.id, i]));
  const rows = chosen.flatMap((i) => at.get(photos[i]!.id) ?? []);
  if (set === undefined || rows.length === 0) {
    notes.push('Without descriptors it is not known how well these photos stand for all');
    return undefined;
  }
  if (known.length < photos.length)
    notes.push(`Coverage is of the ${known.length} photos that have a descriptor in "${set.name}"`);
  return coverage(await Cosines.create(part(set, rowOf, known)), rows, task);
}

/** Points of equal distance, the last one with them. */
function thinned(curve: readonly CoverPointFact[]): CoverPointFact[] {
  if (curve.length <= MOST_CURVE) return [...curve];
  const step = (curve.length - 1) / (MOST_CURVE - 1);
  return Array.from({ length: MOST_CURVE }, (_, i) => curve[Math.round(i * step)]!);
}

function placesOf(library: Library, photos: readonly Row[], chosen: readonly number[]): ChoiceReport['places'] {
  const names = placeNames(library);
  const taken = Map.groupBy(chosen, (i) => photos[i]!.place);
  return [...Map.groupBy(photos, (r) => r.place)]
    .map(([place, of]) => ({
      id: place,
      place: names.get(place) ?? String(place),
      chosen: taken.get(place)?.length ?? 0,
      photos: of.length,
    }))
    .sort((a, b) => b.chosen - a.chosen || b.photos - a.photos || a.id - b.id)
    .map(({ place, chosen: c, photos: n }) => ({ place, chosen: c, photos: n }));
}

/** Adds what was chosen to the collection. @returns the action; null without one. */
function added(
  library: Library,
  p: ChooseParameters,
  photos: readonly number[],
  among: number,
  set: LoadedSet | undefined,
): number | null {
  if (p.collection === undefined || p.dryRun) return null;
  const { uid } = collectionNamed(library, p.collection);
  const seed = p.seed === undefined ? '' : `, seed ${p.seed}`;
  const worth = p.quality === 0 ? '' : `, quality ${p.quality}`;
  const { action } = addPhotos(
    library,
    uid,
    photos.map((photo, i) => ({ photo, rank: i + 1 })),
    {
      how: 'chosen',
      query: `${p.n} of ${among} photos${seed}${worth}`,
      method: p.by === 'stratified' ? `stratified by ${p.valuesOf ?? p.field}` : p.by,
      network: COMPARING.includes(p.by) ? (set?.network?.uid ?? null) : null,
    },
  );
  return action;
}

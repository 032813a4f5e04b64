/** The part of a library that something is learned on, and what a network has learned from. */
import { createHash } from 'node:crypto';
import { CovisError } from '../../../shared/errors.ts';
import type { LearnedPart } from '../../../shared/facts/adapt.ts';
import { drawFold, type Drawing, type Fold, type Geometry } from '../evaluation/protocols.ts';
import { libraryGeometry } from '../evaluation/library-geometry.ts';
import { recordedPhotos } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { integer, nullable, select, text } from '../library/rows.ts';
import { splitPlaces, type Split } from '../mining/split.ts';
import type { NetworkRow } from '../network/networks.ts';
import { parametersOf } from './runs.ts';

const DIGITS = 16;

/** Photos of a fold that training may use: known ones that are in a cluster. */
function trainingRows(g: Geometry, { known }: Fold): number[] {
  return Array.from(known.keys()).filter((i) => known[i] === 1 && g.modelled[i] === 1);
}

/** Of the photos that may be used, what they show, and the pairs among them: what changes them makes it another part. */
function digestOf(g: Geometry, rows: readonly number[]): string {
  const hash = createHash('sha256');
  const usable = new Set(rows);
  for (const i of rows) hash.update(`${g.ids[i]!} ${g.group[i]!} ${g.same[i]!}\n`);
  g.a.forEach((a, k) => {
    if (usable.has(a) && usable.has(g.b[k]!)) hash.update(`${g.ids[a]!}-${g.ids[g.b[k]!]!}\n`);
  });
  return hash.digest('hex').slice(0, DIGITS);
}

/** All photos, as a fold of which nothing is held out. */
function everything(g: Geometry): Fold {
  return drawFold(g, { protocol: 'own', parts: 1, seed: 0 }, 0);
}

/** What a part is called in records. @param fold null for all photos. */
export function partOf(g: Geometry, drawing: Drawing, fold: number | null): LearnedPart {
  const drawn = fold === null ? everything(g) : drawFold(g, drawing, fold);
  return { ...drawing, fold, upTo: g.ids.at(-1) ?? 0, digest: digestOf(g, trainingRows(g, drawn)) };
}

/** A recorded part, drawn again. */
export interface DrawnPart {
  readonly g: Geometry;
  /** Training sees these photos and no others. */
  readonly split: Split;
  /** Rows of `g` that ask by the part's protocol. */
  readonly asking: Uint32Array;
}

/**
 * Draws a recorded part again.
 * @throws CovisError `STATE_CONFLICT` where the geometry has changed since.
 */
export function drawPart(library: Library, part: LearnedPart): DrawnPart {
  const g = libraryGeometry(library, part.upTo);
  const drawn = part.fold === null ? everything(g) : drawFold(g, part, part.fold);
  const rows = trainingRows(g, drawn);
  if (digestOf(g, rows) !== part.digest)
    throw new CovisError('STATE_CONFLICT', 'Places or pairs of this library have changed since this was begun', {
      hint: 'Begin anew with what is there now.',
    });
  const ids = (from: Iterable<number>): Set<number> => new Set([...from].map((i) => g.ids[i]!));
  const training = ids(rows);
  const heldOut = part.fold === null ? training : ids(drawn.asking);
  const places = new Set(Array.from(drawn.asking, (i) => g.group[i]!)).size;
  const split = { training, heldOut, heldOutPlaces: places, separate: part.fold !== null };
  return { g, split, asking: drawn.asking };
}

/** A recorded part as a split. @throws CovisError as {@link drawPart}. */
export function splitOf(library: Library, part: LearnedPart): Split {
  return drawPart(library, part).split;
}

/** What a network has learned from. */
export interface Learned {
  /** Photo ids. */
  readonly photos: ReadonlySet<number>;
  /** For people. */
  readonly text: string;
  /** The network that it came of and that has learned nothing here; itself where that holds for it. Null where that one is gone. */
  readonly before: string | null;
}

/**
 * Photos of a recorded part; where the geometry has changed since, all that were there count as seen.
 * @param within photos of the version of a collection that it was drawn of, if it was.
 */
function photosOfPart(library: Library, part: LearnedPart, within?: ReadonlySet<number>): Iterable<number> {
  try {
    return splitOf(library, part).training;
  } catch (error) {
    if (!(error instanceof CovisError) || error.code !== 'STATE_CONFLICT') throw error;
    const { ids } = libraryGeometry(library, part.upTo);
    return within === undefined ? ids : ids.filter((id) => within.has(id));
  }
}

/** Goes back through the networks that one was made of, and gathers what each of them learned of this library. */
export function learnedOf(library: Library, network: NetworkRow): Learned {
  const { db } = library;
  const photos = new Set<number>();
  const parentOf = select(db, 'SELECT parent FROM network WHERE uid = ?', nullable(text));
  const whitenedOf = select(db, "SELECT json_extract(spec, '$.whitening') FROM network WHERE uid = ?", nullable(text));
  const runsOf = select(
    db,
    'SELECT t.id FROM training_run t JOIN network n ON n.id = t.result_id WHERE n.uid = ? ORDER BY t.id',
    integer,
  );
  let before: string | null = network.uid;
  const seen = new Set<string>();
  for (let uid: string | null = network.uid; uid !== null && !seen.has(uid);) {
    seen.add(uid);
    const parent: string | null = parentOf.get(uid) ?? null;
    let learned = false;
    for (const id of runsOf.all(uid)) {
      const parameters = parametersOf(library, id);
      learned = true;
      const split = parameters.learn === undefined ? splitPlaces(library, parameters.seed) : undefined;
      const from =
        split === undefined
          ? photosOfPart(library, parameters.learn!, recordedPhotos(library, parameters.collection))
          : split.training;
      for (const p of from) photos.add(p);
      // Pools are mined of all photos but those that are held out.
      if (parameters.pools !== null)
        for (const p of libraryGeometry(library).ids) if (split?.heldOut.has(p) !== true) photos.add(p);
    }
    const whitening = whitenedOf.get(uid) ?? null;
    if (whitening !== null && (parent === null || (whitenedOf.get(parent) ?? null) !== whitening)) {
      const { seed, learn } = JSON.parse(whitening) as { seed: number; learn?: LearnedPart };
      // A network that was brought with its whitening learned that elsewhere.
      if (parent !== null) {
        learned = true;
        const from = learn === undefined ? splitPlaces(library, seed).training : photosOfPart(library, learn);
        for (const p of from) photos.add(p);
      }
    }
    if (learned) before = parent;
    uid = parent;
  }
  const text_ =
    photos.size === 0
      ? 'learned nothing of this library, as far as it is known here'
      : `learned from ${photos.size} ${photos.size === 1 ? 'photo' : 'photos'} of this library`;
  return { photos, text: text_, before };
}

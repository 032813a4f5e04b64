import type { Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import { RELEVANT_SHARED } from '../sfm/covisibility.ts';
import { integer, list, select } from '../library/rows.ts';
import { placeOfPhotos } from '../library/tables/photo.ts';

/**
 * Photos by what they may be used for. Whole places go to one side, so that nothing of a held-out place is trained on.
 * Photos of places without a 3D model are on neither: they are distractors of the evaluation.
 */
export interface Split {
  readonly training: ReadonlySet<number>;
  readonly heldOut: ReadonlySet<number>;
  readonly heldOutPlaces: number;
  /** False where the library has too few places to hold any out; then `heldOut` are the training photos themselves. */
  readonly separate: boolean;
}

const HELD_OUT_FRACTION = 0.3;
/** Below this many places nothing is held out: training needs foreign places for its negatives. */
const FEWEST_PLACES = 4;

/**
 * Divides the places that have a 3D model at random by `seed`: three in ten of those that can be measured (two photos that share
 * enough points) are held out.
 */
export function splitPlaces(library: Library, seed: number): Split {
  const { db } = library;
  const places = select(db, 'SELECT DISTINCT place FROM cluster ORDER BY place', integer).all();
  const measurable = select(
    db,
    'SELECT DISTINCT place FROM cluster c WHERE EXISTS (SELECT 1 FROM pair p WHERE p.cluster_id = c.id AND p.shared >= ?) ORDER BY place',
    integer,
  ).all(RELEVANT_SHARED);
  const photos = placeOfPhotos(library);
  const told = toldPlaces(library);
  const separate = [...told.values()].includes(1) || (places.length >= FEWEST_PLACES && measurable.length >= 2);
  const drawn = measurable.filter((place) => !told.has(place));
  const count = separate ? Math.max(told.size > 0 ? 0 : 1, Math.round(drawn.length * HELD_OUT_FRACTION)) : 0;
  const held = new Set(random(seed).shuffled(drawn).slice(0, count));
  for (const [place, heldOut] of told) if (heldOut === 1) held.add(place);
  const modelled = new Set(places);
  const ids = (keep: (place: number) => boolean): Set<number> =>
    new Set([...photos].filter(([, place]) => keep(place)).map(([id]) => id));
  const training = ids((p) => modelled.has(p) && !held.has(p));
  return {
    training,
    heldOut: separate ? ids((p) => held.has(p)) : training,
    heldOutPlaces: held.size,
    separate,
  };
}

/** Places of which a list of pairs says itself whether they are held out: 1 where they are. */
export function toldPlaces({ db }: Library): Map<number, number> {
  return new Map(
    select(
      db,
      'SELECT c.place, MAX(s.held_out) FROM cluster c JOIN scene s ON s.id = c.scene_id WHERE s.held_out IS NOT NULL GROUP BY c.place',
      list(integer, integer),
    ).all(),
  );
}

import type { AdaptReport, MovedQuery } from '../../../shared/facts/adapt.ts';
import type { Answer, Geometry } from '../evaluation/protocols.ts';
import type { Library } from '../library/library.ts';
import { select, text } from '../library/rows.ts';
import { photoHash } from '../library/tables/photo.ts';

const KEPT = 6;

/** The photos that gained and lost most, with what came first before and after. Of a photo that asked in several folds the first is told. */
export function movedQueries(
  library: Library,
  g: Geometry,
  before: readonly (readonly Answer[])[],
  after: readonly (readonly Answer[])[],
): Pick<AdaptReport, 'gained' | 'lost'> {
  const nameOf = select(library.db, 'SELECT name FROM known_file WHERE photo_id = ? LIMIT 1', text);
  const seen = new Set<number>();
  const pairs = before.flatMap((list, f) => {
    const then = new Map(after[f]!.map((a) => [a.query, a]));
    return list.flatMap((b): [Answer, Answer][] => {
      const a = then.get(b.query);
      if (a === undefined || seen.has(b.query)) return [];
      seen.add(b.query);
      return [[b, a]];
    });
  });
  const facts = ([b, a]: readonly [Answer, Answer]): MovedQuery => {
    const id = g.ids[b.query]!;
    const found = (x: Answer): MovedQuery['foundBefore'] =>
      x.first.map(({ row, verdict }) => ({
        photo: photoHash(library, g.ids[row]!),
        verdict: verdict === 1 ? 'right' : verdict === 0 ? 'wrong' : 'unknown',
      }));
    return {
      photo: photoHash(library, id),
      name: nameOf.get(id) ?? '',
      before: b.ap,
      after: a.ap,
      foundBefore: found(b),
      foundAfter: found(a),
    };
  };
  const sorted = pairs.sort(([b, a], [d, c]) => c.ap - d.ap - (a.ap - b.ap) || b.query - d.query);
  return {
    gained: sorted
      .filter(([b, a]) => a.ap > b.ap)
      .slice(0, KEPT)
      .map(facts),
    lost: sorted
      .filter(([b, a]) => a.ap < b.ap)
      .slice(-KEPT)
      .reverse()
      .map(facts),
  };
}

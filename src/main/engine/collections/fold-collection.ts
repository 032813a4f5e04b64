import { foldedUnder } from '../library/fold-log.ts';
import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import { collectionNamed } from '../library/tables/collection.ts';
import { bestShotScores, BEST_SHOT } from './best-shot.ts';
import { foldPhotos } from './fold-items.ts';

/**
 * Folds the near duplicates of a collection as the library has them, as one action: under the library's head where it is in the collection,
 * else under the one of them with the best score (the lower photo of equal ones). Folds that the collection has already stay.
 */
export function foldCollection(
  library: Library,
  collection: string,
): { readonly action: number | null; readonly folded: number } {
  const c = collectionNamed(library, collection);
  const items = select(
    library.db,
    'SELECT photo_id FROM collection_item WHERE collection_id = ? AND member = 1 AND head IS NULL ORDER BY photo_id',
    integer,
  ).all(c.id);
  const heads = foldedUnder(library);
  const scores = bestShotScores(library, BEST_SHOT);
  const groups = [...Map.groupBy(items, (photo) => heads.get(photo) ?? photo)].filter(([, of]) => of.length > 1);
  const folds = groups.map(([head, of]) => {
    const best = of.toSorted((a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || a - b)[0]!;
    const own = of.includes(head) ? head : best;
    return { head: own, photos: of.filter((p) => p !== own) };
  });
  return foldPhotos(library, c.uid, folds, `Fold near duplicates of ${c.name}`);
}

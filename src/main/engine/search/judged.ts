import type { Protocol, SearchHit } from '../../../shared/domain.ts';
import { judge } from '../evaluation/ground-truth.ts';
import { loadTruth, matchTruth } from '../evaluation/truths.ts';
import type { Library } from '../library/library.ts';
import { photoByHash } from '../library/photos.ts';
import { idByHash } from '../library/tables/photo.ts';

/** Relations by a ground truth; undefined when the photo is none of its queries. */
export function judgedBy(
  library: Library,
  hits: readonly SearchHit[],
  photo: string,
  truth: { readonly id: string; readonly protocol: Protocol },
): { hits: SearchHit[]; name: string } | undefined {
  const { truth: t, photos, queries, ambiguous } = matchTruth(library, loadTruth(library, truth.id));
  if (ambiguous.length > 0) return undefined;
  const asking = photoByHash(library, photo).id;
  const q = queries.indexOf(asking);
  if (q < 0) return undefined;
  const { positives, ignored } = judge(t, truth.protocol)[q]!;
  const imageOf = new Map<number, number>();
  photos.forEach((p, i) => p !== undefined && imageOf.set(p, i));
  const idOf = idByHash(library);
  const judged = hits.map((h): SearchHit => {
    const id = idOf.one(h.photo);
    const image = imageOf.get(id) ?? -1;
    const relation =
      id === asking ? 'query' : positives.has(image) ? 'positive' : ignored.has(image) ? 'same-place' : 'other';
    return { ...h, relation };
  });
  return { hits: judged, name: `${t.name}, ${truth.protocol}` };
}

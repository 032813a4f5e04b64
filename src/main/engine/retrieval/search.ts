import type { SearchHit } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { decode, toInput } from '../library/pixels.ts';
import { photoByHash } from '../library/photos.ts';
import { DESCRIPTOR, IMAGE } from '../network/head.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { RELEVANT_SHARED } from '../sfm/covisibility.ts';
import { Runner } from '../network/runtime.ts';
import { rankByScore, row, similarities, type Matrix } from './rank.ts';
import type { DescriptorSet } from '../network/extract.ts';

/** Descriptor of one photo that need not be in the library. */
export async function describeOne(
  library: Library,
  network: NetworkRow,
  file: string | Uint8Array,
  size: number,
): Promise<Float32Array> {
  const pixels = await decode(file, size);
  const runner = await Runner.create(loadNetwork(library, network).graph);
  try {
    return (await runner.run({ [IMAGE]: toInput(pixels, network.spec.preprocess) }))[DESCRIPTOR]!.slice();
  } finally {
    await runner.release();
  }
}

/** The stored descriptor of a library photo; undefined if it has none yet. */
export function storedDescriptor(set: DescriptorSet, photoId: number): Float32Array | undefined {
  const at = set.ids.indexOf(photoId);
  return at < 0 ? undefined : row({ data: set.data, rows: set.ids.length, dim: set.dim }, at);
}

/**
 * Ranks the library by cosine similarity to a query descriptor.
 * @param query the library photo that asks, for which each hit's relation is known from geometry; undefined for a foreign photo.
 * @throws CovisError `STATE_EMPTY` when the library has no descriptors of this network.
 */
export function search(
  library: Library,
  set: DescriptorSet,
  descriptor: Float32Array,
  top: number,
  query?: string,
): SearchHit[] {
  if (set.ids.length === 0) {
    throw new CovisError('STATE_EMPTY', 'The photos have no descriptors of this network yet', {
      hint: 'Extract them first: Jobs, Extract, or covis extract.',
    });
  }
  const matrix: Matrix = { data: set.data, rows: set.ids.length, dim: set.dim };
  const scores = similarities(matrix, descriptor);
  const order = rankByScore(scores).subarray(0, top);
  const asking = query === undefined ? undefined : photoByHash(library, query);
  const facts = library.db.prepare(
    `SELECT p.hash, p.place, (SELECT f.name FROM photo_file f WHERE f.photo_id = p.id LIMIT 1) AS name FROM photo p WHERE p.id = ?`,
  );
  const clusters = library.db.prepare(
    'SELECT DISTINCT c.uid AS id, c.name FROM view v JOIN cluster c ON c.id = v.cluster_id WHERE v.photo_id = ? ORDER BY c.id',
  );
  const sharedWith = asking === undefined ? undefined : sharedPoints(library, asking.id);
  return Array.from(order, (at): SearchHit => {
    const id = set.ids[at]!;
    const f = facts.get(id) as { hash: string; place: number; name: string };
    const shared = sharedWith?.get(id) ?? null;
    return {
      photo: f.hash,
      name: f.name,
      clusters: clusters.all(id) as { id: string; name: string }[],
      score: scores[at]!,
      relation:
        asking === undefined
          ? 'unknown'
          : id === asking.id
            ? 'query'
            : (shared ?? 0) >= RELEVANT_SHARED
              ? 'positive'
              : f.place === asking.place
                ? 'same-place'
                : 'other',
      shared,
    };
  });
}

/** Photos that share points with this one, and how many (the most over clusters). */
function sharedPoints(library: Library, photoId: number): Map<number, number> {
  const rows = library.db
    .prepare(
      `SELECT vo.photo_id AS other, MAX(p.shared) AS shared FROM view vq
       JOIN pair p ON p.cluster_id = vq.cluster_id AND (p.a = vq.view_index OR p.b = vq.view_index)
       JOIN view vo ON vo.cluster_id = p.cluster_id AND vo.view_index = CASE WHEN p.a = vq.view_index THEN p.b ELSE p.a END
       WHERE vq.photo_id = ? AND vo.photo_id IS NOT NULL GROUP BY vo.photo_id`,
    )
    .all(photoId) as { other: number; shared: number }[];
  return new Map(rows.map((r) => [r.other, r.shared]));
}

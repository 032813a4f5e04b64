import type { SearchHit } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { describe, InputMaker } from '../inputs/inputs.ts';
import type { Drawing } from '../edges/sketch-files.ts';
import type { Crop } from '../library/pixels.ts';
import { photoByHash } from '../library/photos.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { RELEVANT_SHARED } from '../sfm/covisibility.ts';
import { unplacedPhotos } from '../sfm/places.ts';
import { computedBy, computing, openRunner } from '../network/computing.ts';
import type { ShapedRunner } from '../network/runtime.ts';
import type { LoadedSet } from './vector-sets.ts';
import { integer, list, record, select, text } from '../library/rows.ts';
import { clustersOfPhoto } from '../library/tables/cluster.ts';

/** Describes images that need not be in the library, with one network that is made ready once. Release it when done. */
export class Describer {
  readonly network: NetworkRow;
  readonly size: number;
  readonly #runner: ShapedRunner;
  readonly #maker: InputMaker;
  readonly #device: string | null;

  private constructor(
    network: NetworkRow,
    size: number,
    opened: { readonly result: ShapedRunner; readonly device: string | null },
    maker: InputMaker,
  ) {
    this.network = network;
    this.size = size;
    this.#runner = opened.result;
    this.#device = opened.device;
    this.#maker = maker;
  }

  /** @param size long side in pixels of a whole photo, whatever part of it asks. */
  static async create(library: Library, network: NetworkRow, size: number): Promise<Describer> {
    const maker = await InputMaker.create(network.spec, size, library);
    const opened = await computing(undefined, () => openRunner(loadNetwork(library, network).graph));
    return new Describer(network, size, opened, maker);
  }

  /** @throws CovisError `INPUT_*` naming the file. */
  async describe(file: string | Uint8Array, crop?: Crop): Promise<Float32Array> {
    computedBy(this.#device);
    return Float32Array.from(await describe(this.#runner, await this.#maker.ofFile(file, crop)));
  }

  /** The descriptor of a drawing. @throws CovisError `INPUT_INVALID` for an empty one and for networks of photos. */
  async describeDrawing(drawing: Drawing): Promise<Float32Array> {
    computedBy(this.#device);
    return Float32Array.from(await describe(this.#runner, await this.#maker.ofDrawing(drawing)));
  }

  async release(): Promise<void> {
    await this.#runner.release();
    await this.#maker.release();
  }
}

/** One result before its facts are looked up: an image of the set and its score. */
export interface Found {
  readonly image: number;
  readonly score: number;
  readonly box?: SearchHit['box'];
  readonly inliers?: number;
}

/**
 * Results with what is known of each photo.
 * @param query the library photo that asks, for which each hit's relation is known from geometry; undefined for a foreign photo.
 */
export function hitsOf(
  library: Library,
  set: Pick<LoadedSet, 'ids'>,
  found: readonly Found[],
  query?: string,
): SearchHit[] {
  const asking = query === undefined ? undefined : photoByHash(library, query);
  const facts = select(
    library.db,
    `SELECT p.hash, p.place, p.width, p.height, (SELECT f.name FROM known_file f WHERE f.photo_id = p.id LIMIT 1) AS name FROM photo p WHERE p.id = ?`,
    record({ hash: text, place: integer, width: integer, height: integer, name: text }),
  );
  const clusters = clustersOfPhoto(library);
  const unplaced = asking === undefined ? new Set<number>() : unplacedPhotos(library);
  const sharedWith = asking === undefined ? undefined : sharedPoints(library, asking.id);
  return found.map(({ image, score, box, inliers }): SearchHit => {
    const id = set.ids[image]!;
    const f = facts.one(id);
    const shared = sharedWith?.get(id) ?? null;
    return {
      photo: f.hash,
      name: f.name,
      clusters: clusters.all(id),
      score,
      relation:
        asking === undefined
          ? 'unknown'
          : id === asking.id
            ? 'query'
            : (shared ?? 0) >= RELEVANT_SHARED
              ? 'positive'
              : unplaced.has(id) || unplaced.has(asking.id)
                ? 'unknown'
                : f.place === asking.place
                  ? 'same-place'
                  : 'other',
      shared,
      aspect: f.width / f.height,
      ...(box === undefined ? {} : { box }),
      ...(inliers === undefined ? {} : { inliers }),
    };
  });
}

/** Photos that share points with this one, and how many (the most over clusters). */
function sharedPoints(library: Library, photoId: number): Map<number, number> {
  const rows = select(
    library.db,
    `SELECT vo.photo_id AS other, MAX(p.shared) AS shared FROM view vq
     JOIN pair p ON p.cluster_id = vq.cluster_id AND (p.a = vq.view_index OR p.b = vq.view_index)
     JOIN view vo ON vo.cluster_id = p.cluster_id AND vo.view_index = CASE WHEN p.a = vq.view_index THEN p.b ELSE p.a END
     WHERE vq.photo_id = ? AND vo.photo_id IS NOT NULL GROUP BY vo.photo_id`,
    list(integer, integer),
  );
  return new Map(rows.all(photoId));
}

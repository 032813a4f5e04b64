import type { ManifoldView } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { photoByHash } from '../library/photos.ts';
import { manifoldDefaults } from '../mining/manifold-library.ts';
import { describedRow, manifoldAround, separationNow } from '../mining/manifold-view.ts';
import { DiffusionSolver } from '../retrieval/diffusion.ts';
import type { SparseGraph } from '../retrieval/graph.ts';
import { graphAround } from '../retrieval/graph-around.ts';
import type { Finding, GraphCache } from '../retrieval/graph-cache.ts';
import type { LoadedSet } from '../retrieval/vector-sets.ts';

/** What is asked of the manifold. */
export interface AskedManifold {
  readonly photo: string;
  readonly set?: string | undefined;
  readonly network?: string | undefined;
  readonly size?: number | undefined;
  readonly k?: number | undefined;
  readonly positivesK?: number | undefined;
  readonly negativesK?: number | undefined;
}

/** A set with its graph. */
interface WithGraph {
  readonly version: string;
  readonly set: LoadedSet;
  readonly cache: GraphCache;
}

/** Some tenths of a second of one processor, where descriptors have 256 dimensions. */
export const AT_ONCE = 1e8;
/** Rows of the part of a graph that is shown first, at least. */
const FEWEST_AROUND = 200;
/** Of what a person waits for, its neighbours take so much: the thread has to begin, too, and to read the set. */
const SHARE_AROUND = 0.3;

/** Photos between two rankings: what is near in a set, and what is near along its graph. */
export class Manifold {
  readonly #library: Library;
  readonly #atOnce: number;
  #solver: { readonly key: string; readonly solver: DiffusionSolver } | undefined;

  /** @param atOnce products of descriptors that a person waits for; where there are more, a part is shown first. */
  constructor(library: Library, atOnce: number) {
    this.#library = library;
    this.#atOnce = atOnce;
  }

  /**
   * A photo on the manifold of a set: at once on the part of the graph that is nearest to it, where finding all neighbours takes long; that
   * is then done meanwhile.
   * @throws CovisError `INPUT_INVALID` for regional sets, `NOT_FOUND` for the photo.
   */
  async around({ set, cache, version }: WithGraph, r: AskedManifold): Promise<ManifoldView> {
    const { limits, gamma } = limitsOf(set, r);
    const { rows } = set.vectors;
    const photo = photoByHash(this.#library, r.photo);
    const atOnce = rows * rows <= this.#atOnce;
    const known = atOnce ? await cache.graph(limits.k, gamma) : await cache.graphThere(limits.k, gamma);
    if (known === undefined) {
      const self = describedRow(set, photo.id);
      const count = Math.max(FEWEST_AROUND, Math.floor((SHARE_AROUND * this.#atOnce) / rows));
      const part = await graphAround(set.vectors, self, { count, k: limits.k, gamma });
      cache.meanwhile(limits.k);
      return manifoldAround(this.#library, set, part.graph, part, photo, limits, part.rows.length);
    }
    const solver = await this.#solverOf(`${version} ${limits.k}`, known.s);
    return manifoldAround(this.#library, set, known.a, solver, photo, limits);
  }

  /** Has ready what {@link around} begins with in a large set: its graph, where its neighbours were found before, and which photos show one place. */
  async ahead({ set, cache, version }: WithGraph): Promise<void> {
    const { rows } = set.vectors;
    if (set.owners !== undefined || rows * rows <= this.#atOnce) return;
    const { limits, gamma } = limitsOf(set, {});
    const known = await cache.graphThere(limits.k, gamma);
    if (known !== undefined) await this.#solverOf(`${version} ${limits.k}`, known.s);
    separationNow(this.#library);
  }

  async #solverOf(key: string, s: SparseGraph): Promise<DiffusionSolver> {
    if (this.#solver?.key !== key) this.#solver = { key, solver: await DiffusionSolver.create(s) };
    return this.#solver.solver;
  }

  /** How far the graph is that {@link around} waits for; begins it where nobody has. */
  async graph({ set, cache }: WithGraph, r: Omit<AskedManifold, 'photo'>): Promise<Finding> {
    const { limits, gamma } = limitsOf(set, r);
    const { rows } = set.vectors;
    if (rows * rows <= this.#atOnce || (await cache.graphThere(limits.k, gamma)) !== undefined)
      return { done: rows, of: rows, ready: true };
    const { done, of, ready } = cache.meanwhile(limits.k);
    return { done, of, ready };
  }
}

function limitsOf(
  set: LoadedSet,
  r: Omit<AskedManifold, 'photo'>,
): {
  readonly limits: { readonly k: number; readonly positivesK: number; readonly negativesK: number };
  readonly gamma: number;
} {
  if (set.owners !== undefined)
    throw new CovisError('INPUT_INVALID', 'A manifold has one descriptor a photo, and this set has several', {
      hint: 'Choose a set of whole photos.',
    });
  const defaults = manifoldDefaults(set.vectors.rows);
  const limits = {
    k: Math.min(r.k ?? defaults.k, set.vectors.rows),
    positivesK: r.positivesK ?? defaults.positivesK,
    negativesK: r.negativesK ?? defaults.negativesK,
  };
  return { limits, gamma: defaults.gamma };
}

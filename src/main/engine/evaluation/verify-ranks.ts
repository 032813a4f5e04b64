import { Hdf5File } from '../formats/hdf5.ts';
import { readNames } from './ground-truth-files.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Neighbours } from '../retrieval/neighbours.ts';
import { verify, type LocalFeatures } from '../retrieval/spatial.ts';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';

const KEPT = 512;

/** Local features of hloc: `NAME/keypoints` [n, 2] and `NAME/descriptors` [dim, n]. The last few photos' are kept in memory. */
class LocalFile {
  readonly #h5: Hdf5File;
  readonly #file: string;
  readonly #known = new Map<string, LocalFeatures>();

  constructor(h5: Hdf5File, file: string) {
    this.#h5 = h5;
    this.#file = file;
  }

  get(name: string): LocalFeatures {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const points = this.#h5.read(`${name}/keypoints`);
    const columns = this.#h5.read(`${name}/descriptors`);
    const [dim = 0, count = 0] = columns.shape;
    if (points.shape[0] !== count || points.shape[1] !== 2)
      throw new CovisError(
        'INPUT_CORRUPT',
        `${name} has ${points.shape.join(' x ')} keypoints and ${counted(count, 'descriptor')}`,
        { file: this.#file },
      );
    const descriptors = new Float32Array(count * dim);
    for (let d = 0; d < dim; d += 1)
      for (let i = 0; i < count; i += 1) descriptors[i * dim + d] = columns.data[d * count + i]!;
    const features = { count, dim, positions: points.data, descriptors };
    this.#known.set(name, features);
    for (const old of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(old);
    }
    return features;
  }
}

/** Puts the first `photos` of each ranking in the order of their verified matches; equal numbers keep their order. */
export async function verifyRanks(
  ranks: Neighbours,
  names: readonly string[] | string,
  queryNames: readonly string[] | string,
  file: string,
  photos: number,
  task: TaskContext,
): Promise<Neighbours> {
  const list = (n: readonly string[] | string, flag: string): readonly string[] => {
    if (typeof n !== 'string') return n;
    if (n === '') throw new CovisError('INPUT_INVALID', `--local needs ${flag}, a file with the name of each row`);
    return readNames(n);
  };
  const rows = list(names, '--names');
  const asked = list(queryNames, '--query-names');
  const h5 = await Hdf5File.open(file);
  try {
    const local = new LocalFile(h5, file);
    const queries = ranks.ids.length / ranks.k;
    task.step('Verifying', queries, 'queries');
    const out = { k: ranks.k, ids: ranks.ids.slice(), scores: ranks.scores.slice() };
    for (let q = 0; q < queries; q += 1) {
      task.check();
      const at = q * ranks.k;
      const count = Math.min(photos, ranks.k);
      const query = local.get(asked[q] ?? '');
      const checked = Array.from({ length: count }, (_, j) => {
        const id = ranks.ids[at + j]!;
        return { id, j, inliers: verify(query, local.get(rows[id] ?? '')).inliers };
      }).sort((a, b) => b.inliers - a.inliers || a.j - b.j);
      checked.forEach(({ id, j, inliers }, to) => {
        out.ids[at + to] = id;
        // Whole numbers are verified matches; the old score, below one, orders what has none.
        out.scores[at + to] = inliers + Math.min(0.999, Math.max(0, ranks.scores[at + j]! / 2));
      });
      task.progress(q + 1);
    }
    return out;
  } finally {
    h5.close();
  }
}

import { existsSync } from 'node:fs';
import { UMAP } from 'umap-js';
import { CovisError } from '../../../shared/errors.ts';
import { readNpy, writeNpy } from '../formats/npy.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { random } from '../library/random.ts';
import { exactNeighbours } from './neighbours.ts';
import type { Matrix } from './rank.ts';

const NEIGHBOURS = 15;
/** Fewer descriptors than this have no neighbourhoods worth a map. */
const FEWEST = 4;

/**
 * A map of descriptors in two dimensions by UMAP, from exact neighbours under the cosine distance. The same seed gives the same map.
 * @returns [rows, 2], each axis from 0 to 1.
 * @throws CovisError `STATE_EMPTY` for fewer than four rows, `CANCELLED`.
 */
export async function layOut(m: Matrix, seed: number, task: TaskContext): Promise<Float32Array> {
  if (m.rows < FEWEST)
    throw new CovisError('STATE_EMPTY', `A map needs at least ${FEWEST} descriptors, there are ${m.rows}`);
  task.step('Finding neighbours', m.rows, 'descriptors');
  const k = Math.min(NEIGHBOURS, m.rows - 1);
  const lists = await exactNeighbours(m, m, k + 1, task);
  const indices: number[][] = [];
  const distances: number[][] = [];
  for (let i = 0; i < m.rows; i += 1) {
    // UMAP expects a point to be its own first neighbour, which duplicates may prevent.
    const others = Array.from(lists.ids.subarray(i * lists.k, (i + 1) * lists.k))
      .map((id, j) => ({ id, d: Math.max(0, 1 - lists.scores[i * lists.k + j]!) }))
      .filter((n) => n.id !== i)
      .slice(0, k - 1);
    indices.push([i, ...others.map((n) => n.id)]);
    distances.push([0, ...others.map((n) => n.d)]);
  }
  const r = random(seed);
  const umap = new UMAP({ nComponents: 2, nNeighbors: k, minDist: 0.15, random: () => r.next() });
  umap.setPrecomputedKNN(indices, distances);
  const epochs = umap.initializeFit(indices);
  task.step('Laying out the map', epochs, 'rounds');
  for (let e = 0; e < epochs; e += 1) {
    task.check();
    umap.step();
    task.progress(e + 1);
  }
  return scaled(umap.getEmbedding());
}

/** Share of a position that is the photo's rank along the axis: islands far apart would leave dense places no room. */
const BY_RANK = 0.65;

/** Axes from 0 to 1, stretched where many photos lie. */
function scaled(points: readonly (readonly number[])[]): Float32Array {
  const out = new Float32Array(2 * points.length);
  for (const axis of [0, 1]) {
    const values = points.map((p) => p[axis]!);
    const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || a - b);
    const low = values[order[0]!]!;
    const size = Math.max(values[order.at(-1)!]! - low, 1e-9);
    order.forEach((i, rank) => {
      const linear = (values[i]! - low) / size;
      out[2 * i + axis] = BY_RANK * (rank / (points.length - 1)) + (1 - BY_RANK) * linear;
    });
  }
  return out;
}

/** Keeps a set's map: positions and the photo ids that they belong to. */
export function storeMap(library: Library, key: string, ids: Uint32Array, positions: Float32Array): void {
  const [file, names] = mapFiles(library, key);
  writeNpy(file, positions, [ids.length, 2]);
  writeNpy(names, ids, [ids.length]);
}

/** The files of a set's map: positions, and the photos that they are of. */
export function mapFiles(library: Library, key: string): [positions: string, photos: string] {
  return [library.file('descriptors', `${key}.map.npy`), library.file('descriptors', `${key}.map-ids.npy`)];
}

/** The stored map of a set; undefined when none was made. */
export function loadMap(library: Library, key: string): { ids: Uint32Array; positions: Float32Array } | undefined {
  const [file, names] = mapFiles(library, key);
  if (!existsSync(file) || !existsSync(names)) return undefined;
  const positions = readNpy(file).data;
  const ids = readNpy(names).data;
  if (!(positions instanceof Float32Array) || !(ids instanceof Uint32Array) || positions.length !== 2 * ids.length)
    return undefined;
  return { ids, positions };
}

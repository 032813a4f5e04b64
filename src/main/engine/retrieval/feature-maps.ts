import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { toInput, type Pixels } from '../library/pixels.ts';
import { LeftOut } from '../library/current-photo.ts';
import { presentPhotos } from '../library/photos.ts';
import { IMAGE, pooledMap } from '../network/head.ts';
import { GEM_P } from '../network/pooling-heads.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { prune } from '../network/onnx/normalise.ts';
import { PhotoSource } from '../inputs/photo-source.ts';
import { Runner } from '../network/runtime.ts';
import { poolRegions, regionGrid } from './regions.ts';
import { storeSet } from './vector-sets.ts';

/** The last feature map of one photo, [channels, height, width]. */
export interface FeatureMap {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** A network up to the map that it pools. Release it when done. */
export class FeatureRunner {
  readonly #runner: Runner;
  readonly #network: NetworkRow;
  /** GeM's exponent of the network. */
  readonly p: number;

  private constructor(runner: Runner, network: NetworkRow, p: number) {
    this.#runner = runner;
    this.#network = network;
    this.p = p;
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` for a network whose feature map is not named. */
  static async create(library: Library, network: NetworkRow): Promise<FeatureRunner> {
    if (network.spec.edges !== undefined)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `${network.spec.name} describes whole edge maps, not regions of photos`,
        {
          hint: 'Choose a network that takes photos.',
        },
      );
    const { graph } = loadNetwork(library, network);
    const features = pooledMap(graph, network.spec);
    const exponents = graph.initializers.get(GEM_P)?.data;
    // MAC is GeM without a limit; of one exponent per channel the mean stands for all.
    const p =
      exponents === undefined
        ? network.spec.pooling === 'spoc'
          ? 1
          : Infinity
        : Array.from(exponents, Number).reduce((sum, v) => sum + v, 0) / exponents.length;
    const cut = prune(graph, [features]);
    cut.outputs.splice(0, cut.outputs.length, {
      name: features,
      type: 'float',
      dims: ['N', 'K', 'h', 'w'],
    });
    return new FeatureRunner(await Runner.create(cut), network, p);
  }

  async run(pixels: Pixels): Promise<FeatureMap> {
    const out = await this.#runner.runShaped({ [IMAGE]: toInput(pixels, this.#network.spec.preprocess) });
    const { dims, data } = Object.values(out)[0]!;
    return { channels: dims[1]!, height: dims[2]!, width: dims[3]!, data };
  }

  async release(): Promise<void> {
    await this.#runner.release();
  }
}

/**
 * Describes the regions of every photo: R-MAC's grid on the last feature map, each region pooled as the network pools (methods.md 1.5).
 * @returns the key of the set that was stored.
 */
export async function extractRegions(
  library: Library,
  network: NetworkRow,
  size: number,
  half: boolean,
  task: TaskContext,
): Promise<{ set: string; photos: number; rows: number; dim: number }> {
  const photos = presentPhotos(library);
  task.step(`Describing regions with ${network.spec.name}`, photos.length, 'photos');
  const source = new PhotoSource(library, size);
  const runner = await FeatureRunner.create(library, network);
  const vectors: Float32Array[] = [];
  const boxes: number[] = [];
  const hashes: string[] = [];
  const hashOf = new Map(photos.map((p) => [p.id, p.hash]));
  const gone = new LeftOut();
  let done = 0;
  let described = 0;
  try {
    for await (const { id, value: pixels, error } of source.stream(photos.map((p) => p.id))) {
      task.check();
      task.progress((done += 1));
      if (pixels === undefined) {
        if (!gone.takes(error)) task.warn(error instanceof CovisError ? `${error.message}: ${error.file ?? ''}` : String(error));
        continue;
      }
      const map = await runner.run(pixels);
      const grid = regionGrid(map.width, map.height);
      vectors.push(poolRegions(map.data, map.channels, map.height, map.width, grid, runner.p));
      for (const r of grid) {
        boxes.push(r.x / map.width, r.y / map.height, r.width / map.width, r.height / map.height);
        hashes.push(hashOf.get(id)!);
      }
      described += 1;
    }
  } finally {
    await runner.release();
  }
  gone.say((m) => task.warn(m));
  const { dim } = network.spec;
  const data = new Float32Array(hashes.length * dim);
  let at = 0;
  for (const v of vectors) {
    data.set(v, at);
    at += v.length;
  }
  const set = storeSet(library, {
    name: `${network.spec.name}, regions, ${size} px`,
    vectors: { data, rows: hashes.length, dim },
    hashes,
    boxes: Float32Array.from(boxes),
    regional: true,
    half,
    network,
    size,
  });
  task.changed('descriptors');
  return { set, photos: described, rows: hashes.length, dim };
}

/**
 * How much each place of two feature maps adds to the similarity of their GeM descriptors. GeM's power f^p is a mean over places, so
 * that f_k is the sum over places of f_k x^p / Σ x^p: the contributions of either photo sum to the similarity.
 * @returns for each photo its [height, width] grid, and the similarity.
 */
export function contributions(
  a: FeatureMap,
  b: FeatureMap,
  p: number,
): { readonly a: Float32Array; readonly b: Float32Array; readonly similarity: number } {
  const pool = (m: FeatureMap): { f: Float64Array; powers: Float64Array; sums: Float64Array } => {
    const places = m.height * m.width;
    const powers = Float64Array.from(m.data, (v) => Math.max(v, 1e-6) ** p);
    const sums = new Float64Array(m.channels);
    for (let c = 0; c < m.channels; c += 1) for (let i = 0; i < places; i += 1) sums[c]! += powers[c * places + i]!;
    const f = sums.map((s) => (s / places) ** (1 / p));
    const norm = Math.sqrt(f.reduce((s, v) => s + v * v, 0)) + 1e-6;
    return { f: f.map((v) => v / norm), powers, sums };
  };
  const x = pool(a);
  const y = pool(b);
  const spread = (m: FeatureMap, own: typeof x, other: typeof x): Float32Array => {
    const places = m.height * m.width;
    const out = new Float32Array(places);
    for (let c = 0; c < m.channels; c += 1) {
      const share = (own.f[c]! * other.f[c]!) / own.sums[c]!;
      for (let i = 0; i < places; i += 1) out[i]! += share * own.powers[c * places + i]!;
    }
    return out;
  };
  return {
    a: spread(a, x, y),
    b: spread(b, y, x),
    similarity: x.f.reduce((s, v, c) => s + v * y.f[c]!, 0),
  };
}

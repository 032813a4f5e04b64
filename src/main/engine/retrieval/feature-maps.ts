import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import type { Pixels } from '../library/pixels.ts';
import { LeftOut } from '../library/current-photo.ts';
import { currentPhoto, presentPhotos } from '../library/photos.ts';
import { random } from '../library/random.ts';
import { DESCRIPTOR, IMAGE } from '../network/head.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import type { Graph } from '../network/onnx/graph.ts';
import { prune } from '../network/onnx/normalise.ts';
import { takeApart, type Parts } from '../network/parts.ts';
import { EPSILON } from '../network/pooling-heads.ts';
import { regionGrid, type Region } from '../network/region-grid.ts';
import { framed, frameOf, placed, refuseOtherSize, type Placed } from '../inputs/framing.ts';
import { PhotoSource } from '../inputs/photo-source.ts';
import { chosenPrecision, openRunner } from '../network/computing.ts';
import type { ShapedRunner, Tensors } from '../network/runtime.ts';
import { dot } from './rank.ts';
import { exponentOf, pooledRegions, poolRegions, sameRegion, type FeatureMap, type RegionPooling } from './regions.ts';
import { storeSet } from './vector-sets.ts';

/** @throws CovisError `INPUT_UNSUPPORTED` for a network whose feature map is not named, or that takes edge maps. */
function partsOf(library: Library, network: NetworkRow): { parts: Parts; graph: Graph } {
  if (network.spec.edges !== undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `${network.spec.name} describes whole edge maps, not regions of photos`, {
      hint: 'Choose a network that takes photos.',
    });
  const { graph } = loadNetwork(library, network);
  return { parts: takeApart(graph, network.spec), graph };
}

async function mapsOf(runner: ShapedRunner, names: readonly string[], image: Tensors): Promise<FeatureMap[]> {
  const out = await runner.runShaped(image);
  return names.map((name) => {
    const { dims, data } = out[name]!;
    return { channels: dims[1]!, height: dims[2]!, width: dims[3]!, data };
  });
}

/** A network up to the map that it pools, at its first scale. Release it when done. */
export class FeatureRunner {
  readonly #runner: ShapedRunner;
  readonly #network: NetworkRow;
  readonly #map: string;
  /** How the network pools the map, or its regions. */
  readonly pooling: RegionPooling;

  private constructor(runner: ShapedRunner, network: NetworkRow, map: string, pooling: RegionPooling) {
    this.#runner = runner;
    this.#network = network;
    this.#map = map;
    this.pooling = pooling;
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` for a network whose feature map is not named. */
  static async create(library: Library, network: NetworkRow): Promise<FeatureRunner> {
    const { body, maps, pooling } = partsOf(library, network).parts;
    return new FeatureRunner(await openRunner(prune(body, maps.slice(0, 1))), network, maps[0]!, pooling);
  }

  async run(pixels: Pixels): Promise<FeatureMap> {
    return (await mapsOf(this.#runner, [this.#map], { [IMAGE]: framed(pixels, this.#network.spec) }))[0]!;
  }

  /** The places of the map that a photo of these sides touches: all, but for networks that give it a margin. */
  within(pixels: Pick<Pixels, 'width' | 'height'>, map: Pick<FeatureMap, 'width' | 'height'>): Region {
    return photoOn(map, pixels, placed(pixels, this.#network.spec.input));
  }

  async release(): Promise<void> {
    await this.#runner.release();
  }
}

/** Regions of one photo. */
export interface RegionVectors {
  /** Of each region left, top, width and height, as fractions of the photo. */
  readonly boxes: readonly number[];
  /** [regions, dim], unit rows. */
  readonly vectors: Float32Array;
}

type Sides = Pick<Pixels, 'width' | 'height'>;

/** The places of a map that a photo touches, which lies in what the network takes. */
function photoOn(map: Sides, photo: Sides, at: Placed): Region {
  const span = (from: number, length: number, whole: number, places: number): [number, number] => {
    const first = Math.min(places - 1, Math.floor((from * places) / whole));
    return [first, Math.max(first + 1, Math.min(places, Math.ceil(((from + length) * places) / whole)))];
  };
  const [x, right] = span(at.left, photo.width, at.width, map.width);
  const [y, bottom] = span(at.top, photo.height, at.height, map.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** A region of the map as fractions of the photo; what lies in a margin is no part of it. */
function boxOf(r: Region, map: Sides, photo: Sides, at: Placed): number[] {
  const span = (from: number, length: number, places: number, whole: number, margin: number, side: number) => {
    const edge = (place: number): number => Math.min(1, Math.max(0, ((place * whole) / places - margin) / side));
    const start = edge(from);
    return [start, edge(from + length) - start] as const;
  };
  const [x, width] = span(r.x, r.width, map.width, at.width, at.left, photo.width);
  const [y, height] = span(r.y, r.height, map.height, at.height, at.top, photo.height);
  return [x, y, width, height];
}

/** Side of the image on which a network taken apart is compared with the whole, where it takes any. */
const TRIAL = { width: 96, height: 64 } as const;
/** Cosine from which two descriptors of one image are the same. */
const SAME = 0.9999;

/**
 * A network that describes regions: each is pooled on the map of every scale and goes through all that whole photos go through,
 * combination of scales, linear layer and normalisation. The region that covers a photo is the photo's descriptor, but of networks
 * that sum regions themselves. Release it when done.
 */
export class RegionDescriber {
  readonly #body: ShapedRunner;
  readonly #head: ShapedRunner;
  readonly #parts: Parts;
  readonly #network: NetworkRow;

  private constructor(body: ShapedRunner, head: ShapedRunner, parts: Parts, network: NetworkRow) {
    this.#body = body;
    this.#head = head;
    this.#parts = parts;
    this.#network = network;
  }

  /**
   * The network taken apart gives what it gives as a whole, or is refused.
   * @throws CovisError `INPUT_UNSUPPORTED`.
   */
  static async create(library: Library, network: NetworkRow): Promise<RegionDescriber> {
    const { parts, graph } = partsOf(library, network);
    const body = await openRunner(parts.body);
    const made = new RegionDescriber(body, await openRunner(parts.head), parts, network);
    try {
      const cosine = await made.#agreement(graph);
      if (!(cosine >= SAME))
        throw new CovisError(
          'INPUT_UNSUPPORTED',
          `Regions of ${network.spec.name} cannot be described as it describes photos: put together again it differs from the whole`,
          { hint: 'Import the backbone and start from that.' },
        );
    } catch (error) {
      await made.release();
      throw error;
    }
    return made;
  }

  /** The cosine of what the whole network and its parts say of one image. */
  async #agreement(graph: Graph): Promise<number> {
    const { width, height } = placed(TRIAL, this.#network.spec.input);
    const channels = graph.inputs[0]?.dims[1] === 1 ? 1 : 3;
    const draw = random(1);
    const data = Float32Array.from({ length: channels * height * width }, () => 2 * draw.next() - 1);
    const image = { [IMAGE]: { dims: [1, channels, height, width], data } };
    const whole = await openRunner(graph);
    try {
      const expected = (await whole.run(image))[DESCRIPTOR]!;
      const maps = await mapsOf(this.#body, this.#parts.maps, image);
      const got = await this.#through(
        maps.map((map) => {
          const all = regionGrid(map.width, map.height);
          const { regional, pooling } = this.#parts;
          if (!regional) return pooledRegions(map, all.slice(0, 1), pooling);
          const units = poolRegions(map, all, pooling);
          return Float32Array.from({ length: map.channels }, (_, c) =>
            all.reduce((sum, _, r) => sum + units[r * map.channels + c]!, 0),
          );
        }),
        1,
      );
      return dot(expected, got) / Math.sqrt(dot(expected, expected) * dot(got, got));
    } finally {
      await whole.release();
    }
  }

  /** Descriptors of what was pooled at each scale, [rows, channels]. */
  async #through(pooled: readonly Float32Array[], rows: number): Promise<Float32Array> {
    const inputs = this.#parts.pooled.map((name, k) => {
      const data = pooled[k]!;
      return [name, { dims: [rows, data.length / rows], data }] as const;
    });
    return (await this.#head.run(Object.fromEntries(inputs)))[DESCRIPTOR]!;
  }

  /** @throws CovisError `INPUT_INVALID` where the network gives no finite numbers. */
  async describe(pixels: Pixels): Promise<RegionVectors> {
    const { spec } = this.#network;
    const maps = await mapsOf(this.#body, this.#parts.maps, { [IMAGE]: framed(pixels, spec) });
    const first = maps[0]!;
    const at = placed(pixels, spec.input);
    const part = photoOn(first, pixels, at);
    const [, ...squares] = regionGrid(part.width, part.height);
    // The whole comes first, margin and all: it is what describes the photo.
    const grid = [
      { x: 0, y: 0, width: first.width, height: first.height },
      ...squares.map((r) => ({ ...r, x: r.x + part.x, y: r.y + part.y })),
    ];
    const pooled = maps.map((map) =>
      pooledRegions(
        map,
        grid.map((r) => sameRegion(r, first, map)),
        this.#parts.pooling,
      ),
    );
    const vectors = await this.#through(pooled, grid.length);
    if (!vectors.every(Number.isFinite))
      throw new CovisError('INPUT_INVALID', `${spec.name} gives values that are no finite numbers`, {
        hint: 'Its training went astray, or its weights are damaged: take another network.',
      });
    return { boxes: grid.flatMap((r) => boxOf(r, first, pixels, at)), vectors };
  }

  async release(): Promise<void> {
    await this.#body.release();
    await this.#head.release();
  }
}

/**
 * Describes the regions of every photo: R-MAC's grid on what the photo covers of the last feature map, which of a ViT is that of its patch
 * tokens; each region is pooled as the network pools (methods.md 1.5) and led through its scales, whitening and normalisation.
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
  refuseOtherSize(network.spec, size);
  const source = new PhotoSource(library, size, frameOf(network.spec));
  const describer = await RegionDescriber.create(library, network);
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
        if (!gone.takes(error))
          task.warn(error instanceof CovisError ? `${error.message}: ${error.file ?? ''}` : String(error));
        continue;
      }
      const found = await describer.describe(pixels).catch((error: unknown) => {
        // One photo that the network cannot take, most often a very small one, is no reason to lose the others.
        if (error instanceof CovisError && error.code !== 'INPUT_INVALID') throw error;
        const { width, height } = pixels;
        const why = error instanceof Error ? error.message : String(error);
        task.warn(
          `${network.spec.name} cannot describe ${width} x ${height} pixels: ${currentPhoto(library, id)}: ${why}`,
        );
      });
      if (found === undefined) continue;
      vectors.push(found.vectors);
      for (const b of found.boxes) boxes.push(b);
      for (let r = 0; r < found.boxes.length / 4; r += 1) hashes.push(hashOf.get(id)!);
      described += 1;
    }
  } finally {
    await describer.release();
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
    precision: chosenPrecision(),
    size,
  });
  task.changed('descriptors');
  return { set, photos: described, rows: hashes.length, dim };
}

/** What each channel's pooled value is, and which share of it each place holds: shares sum to 1. */
function shares(m: FeatureMap, pooling: RegionPooling): { f: Float64Array; share: Float64Array } {
  const places = m.height * m.width;
  const f = new Float64Array(m.channels);
  const share = new Float64Array(m.channels * places);
  for (let c = 0; c < m.channels; c += 1) {
    const values = m.data.subarray(c * places, (c + 1) * places);
    const p = exponentOf(pooling, c);
    let most = -Infinity;
    for (const v of values) most = Math.max(most, v);
    const of = (v: number): number =>
      pooling === 'mac' ? Number(v === most) : pooling === 'spoc' ? v : Math.max(v, EPSILON) ** p;
    let sum = 0;
    for (const v of values) sum += of(v);
    f[c] = pooling === 'mac' ? most : (sum / places) ** (1 / p);
    // Nothing anywhere is shared by none.
    if (sum !== 0) for (let i = 0; i < places; i += 1) share[c * places + i] = of(values[i]!) / sum;
  }
  const norm = Math.sqrt(f.reduce((s, v) => s + v * v, 0)) + EPSILON;
  return { f: f.map((v) => v / norm), share };
}

/**
 * How much each place of two feature maps adds to the similarity of their pooled descriptors. GeM's power f^p is a mean over places,
 * so that f_k is the sum over places of f_k x^p / Σ x^p; MAC's f_k is that of the places that have the largest value. The
 * contributions of either photo sum to the similarity.
 * @returns for each photo its [height, width] grid, and the similarity.
 */
export function contributions(
  a: FeatureMap,
  b: FeatureMap,
  pooling: RegionPooling,
): { readonly a: Float32Array; readonly b: Float32Array; readonly similarity: number } {
  const x = shares(a, pooling);
  const y = shares(b, pooling);
  const spread = (m: FeatureMap, own: typeof x, other: typeof x): Float32Array => {
    const places = m.height * m.width;
    const out = new Float32Array(places);
    for (let c = 0; c < m.channels; c += 1)
      for (let i = 0; i < places; i += 1) out[i]! += own.f[c]! * other.f[c]! * own.share[c * places + i]!;
    return out;
  };
  return { a: spread(a, x, y), b: spread(b, y, x), similarity: dot(x.f, y.f) };
}

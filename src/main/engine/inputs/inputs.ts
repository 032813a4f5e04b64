import type { EdgeSpec, NetworkSpec } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import type { Crop, Pixels } from '../library/pixels.ts';
import { ahead, type Streamed } from '../library/prefetch.ts';
import { DESCRIPTOR, IMAGE } from '../network/head.ts';
import { decodeFor, framed, frameOf, inMargin, onlySize, refuseOtherSize, type NetworkInput } from './framing.ts';
import { PhotoSource } from './photo-source.ts';
import { l2Normalise } from '../network/pooling.ts';
import type { GraphRunner } from '../network/runtime.ts';
import { openDetector, type EdgeDetector } from '../edges/detector.ts';
import { mirrorEdgeMap, padEdgeMap, type EdgeMap } from '../edges/edge-map.ts';
import { EDGE_SIZE, LEAST_SIDE } from '../edges/edge-network.ts';
import { edgeMapsOf, EdgeSource } from '../edges/edge-source.ts';
import { sketchMaps, type Drawing } from '../edges/sketch-files.ts';

export type { NetworkInput };

/** Long side in pixels at which the embedded network does best on photos of one to two megapixels. */
export const PHOTO_SIZE = 320;

/** Long side in pixels that a network takes when nobody says otherwise. */
export function defaultSize(spec: Pick<NetworkSpec, 'edges' | 'input' | 'size'>): number {
  return onlySize(spec) ?? spec.size ?? (spec.edges === undefined ? PHOTO_SIZE : EDGE_SIZE);
}

/** Long sides of all scales of an edge network. */
export function sidesOf(spec: EdgeSpec, size: number): number[] {
  return spec.scales.map((s) => Math.round(s * size));
}

/** The network described at one scale, without mirror images and padding: what training and its measure use. */
export function singleScale(spec: NetworkSpec): NetworkSpec {
  return spec.edges === undefined
    ? spec
    : { ...spec, edges: { ...spec.edges, scales: [1], mirror: false, padding: 0 } };
}

/** An edge map as input of a network, padded with zeros to what the network takes. */
export function edgeInput(map: EdgeMap, padding: number, { input }: Pick<NetworkSpec, 'input'> = {}): NetworkInput {
  return inMargin(padEdgeMap(map, padding, LEAST_SIDE), 1, input);
}

/**
 * Turns photos, image files and drawings into the inputs of one network, at one size: a photo network takes the pixels; an edge network
 * takes edge maps of all scales and their mirror images, whose descriptors are summed. Release it when done.
 */
export class InputMaker {
  readonly size: number;
  readonly #spec: NetworkSpec;
  readonly #photos: PhotoSource | undefined;
  readonly #detector: EdgeDetector | undefined;
  readonly #edges: EdgeSource | undefined;

  private constructor(spec: NetworkSpec, size: number, library?: Library, detector?: EdgeDetector) {
    this.size = size;
    this.#spec = spec;
    this.#detector = detector;
    if (library !== undefined && detector === undefined) this.#photos = new PhotoSource(library, size, frameOf(spec));
    if (library !== undefined && detector !== undefined) this.#edges = new EdgeSource(library, detector);
  }

  /** @param library whose photos are asked for, and which may keep the network's detector. */
  static async create(spec: NetworkSpec, size: number, library?: Library): Promise<InputMaker> {
    refuseOtherSize(spec, size);
    const detector = spec.edges === undefined ? undefined : await openDetector(spec.edges.detector, library);
    return new InputMaker(spec, size, library, detector);
  }

  /** The inputs of a photo of the library. @throws CovisError `INPUT_*` naming its file. */
  async ofPhoto(photoId: number): Promise<NetworkInput[]> {
    const { edges } = this.#spec;
    if (edges !== undefined) return this.#ofMaps(await this.mapsOfPhoto(photoId));
    return [framed(await this.#photos!.get(photoId), this.#spec)];
  }

  /** The input of a photo of the library that is changed first. @throws CovisError `INPUT_INVALID` for an edge network, `INPUT_*` naming its file. */
  async ofChangedPhoto(photoId: number, change: (pixels: Pixels) => Promise<Pixels>): Promise<NetworkInput> {
    if (this.#photos === undefined)
      throw new CovisError('INPUT_INVALID', `${this.#spec.name} takes edge maps, not photos`);
    return framed(await change(await this.#photos.get(photoId)), this.#spec);
  }

  /** Edge maps of a photo of the library at all scales. @throws CovisError `INPUT_INVALID` for a photo network, `INPUT_*` naming the photo's file. */
  mapsOfPhoto(photoId: number): Promise<EdgeMap[]> {
    const { edges } = this.#spec;
    if (edges === undefined || this.#edges === undefined)
      throw new CovisError('INPUT_INVALID', `${this.#spec.name} takes photos, not edge maps`);
    return this.#edges.get(photoId, sidesOf(edges, this.size));
  }

  /** The inputs of an image file. @throws CovisError `INPUT_*` naming it. */
  async ofFile(file: string | Uint8Array, crop?: Crop): Promise<NetworkInput[]> {
    const { edges } = this.#spec;
    if (edges !== undefined)
      return this.#ofMaps(await edgeMapsOf(this.#detector!, file, sidesOf(edges, this.size), crop));
    return [framed(await decodeFor(this.#spec, file, this.size, crop), this.#spec)];
  }

  /** The inputs of a drawing, which has its own way to an edge map (methods.md 2.5). @throws CovisError `INPUT_INVALID` for a photo network or an empty drawing. */
  async ofDrawing(drawing: Drawing): Promise<NetworkInput[]> {
    const { edges } = this.#spec;
    if (edges === undefined)
      throw new CovisError(
        'INPUT_INVALID',
        `${this.#spec.name} takes photos; drawings need a network that takes edges`,
      );
    const maps = await sketchMaps(drawing, sidesOf(edges, this.size));
    // Drawings are padded already.
    return this.#ofMaps(maps, 0);
  }

  /** Inputs of photos in order, a few ahead; what fails comes as an error in its place. */
  stream(photoIds: readonly number[]): AsyncGenerator<Streamed<NetworkInput[]>> {
    return ahead(photoIds, (id) => this.ofPhoto(id));
  }

  async release(): Promise<void> {
    await this.#detector?.release();
  }

  #ofMaps(maps: readonly EdgeMap[], padding = this.#spec.edges!.padding): NetworkInput[] {
    return maps.flatMap((m) => {
      const inputs = [edgeInput(m, padding, this.#spec)];
      if (this.#spec.edges!.mirror) inputs.push(edgeInput(mirrorEdgeMap(m), padding, this.#spec));
      return inputs;
    });
  }
}

/** Inputs of one size as a batch; `indices` are positions in the list. */
export interface Batch {
  readonly indices: readonly number[];
  readonly batch: { readonly dims: readonly number[]; readonly data: Float32Array };
}

/** Groups inputs of equal size, of `atOnce` at most; those that go by themselves are groups of one. */
export function batches(inputs: readonly NetworkInput[], atOnce = Infinity): Batch[] {
  const groups = new Map<string, number[]>();
  inputs.forEach((x, i) => {
    const key = x.alone === true ? `alone ${i}` : x.dims.join('x');
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [i]);
    else list.push(i);
  });
  const parts = [...groups.values()].flatMap((all) => {
    const most = Math.min(all.length, atOnce);
    return Array.from({ length: Math.ceil(all.length / most) }, (_, k) => all.slice(k * most, (k + 1) * most));
  });
  return parts.map((indices) => {
    const first = inputs[indices[0]!]!;
    if (indices.length === 1) return { indices, batch: { dims: [...first.dims], data: first.data } };
    const data = new Float32Array(indices.length * first.data.length);
    indices.forEach((i, k) => data.set(inputs[i]!.data, k * first.data.length));
    return { indices, batch: { dims: [indices.length, ...first.dims.slice(1)], data } };
  });
}

/** Descriptor of each input, those of one size computed together, `atOnce` of them at most. */
export async function describeEach(
  runner: GraphRunner,
  inputs: readonly NetworkInput[],
  atOnce = Infinity,
): Promise<Float32Array[]> {
  const out: Float32Array[] = [];
  for (const { indices, batch } of batches(inputs, atOnce)) {
    const d = (await runner.run({ [IMAGE]: batch }))[DESCRIPTOR]!;
    const dim = d.length / indices.length;
    indices.forEach((i, k) => (out[i] = d.subarray(k * dim, (k + 1) * dim)));
  }
  return out;
}

/** Descriptor of one photo: that of its input, or the sum over its inputs, then L2 (methods.md 2.6). Inputs of one size go together. */
export async function describe(runner: GraphRunner, inputs: readonly NetworkInput[]): Promise<Float32Array> {
  const all = await describeEach(runner, inputs);
  if (all.length === 1) return all[0]!;
  const sum = new Float32Array(all[0]!.length);
  for (const d of all) for (let k = 0; k < d.length; k += 1) sum[k]! += d[k]!;
  return l2Normalise(sum);
}

/** Descriptors of several photos; those of one input each and of equal size go as one batch. */
export async function describeTogether(
  runner: GraphRunner,
  photos: readonly (readonly NetworkInput[])[],
): Promise<Float32Array[]> {
  if (photos.every((inputs) => inputs.length === 1))
    return describeEach(
      runner,
      photos.map((inputs) => inputs[0]!),
    );
  const out: Float32Array[] = [];
  for (const inputs of photos) out.push(await describe(runner, inputs));
  return out;
}

import type { DescriptorMap } from '../../../shared/domain.ts';
import { fetchArray, request } from '../../transport/index.ts';

const HASH_BYTES = 16;
const NONE = 0xffffffff;
const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** The photos of a map by position, as bytes: names are made of those that are looked at. */
export class MapPhotos {
  readonly length: number;
  readonly #hashes: Uint8Array;
  #places: Map<number, number> | undefined;

  constructor(hashes: Uint8Array) {
    this.#hashes = hashes;
    this.length = hashes.length / HASH_BYTES;
  }

  at(i: number): string {
    let text = '';
    for (let k = i * HASH_BYTES; k < (i + 1) * HASH_BYTES; k += 1) text += HEX[this.#hashes[k]!]!;
    return text;
  }

  /** The first 52 bits of a hash. */
  #begin(i: number): number {
    const h = this.#hashes;
    const at = i * HASH_BYTES;
    let n = 0;
    for (let k = 0; k < 6; k += 1) n = n * 256 + h[at + k]!;
    return n * 16 + (h[at + 6]! >> 4);
  }

  /** -1 where it is not on the map. */
  indexOf(photo: string): number {
    if (this.#places === undefined) {
      this.#places = new Map();
      for (let i = 0; i < this.length; i += 1) this.#places.set(this.#begin(i), i);
    }
    const found = this.#places.get(Number.parseInt(photo.slice(0, 13), 16)) ?? -1;
    return found >= 0 && this.at(found) === photo ? found : -1;
  }
}

/** A map as it is drawn. */
export interface ShownMap {
  readonly info: DescriptorMap;
  readonly photos: MapPhotos;
  /** From 0 to 1. */
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** What photos can be coloured by, by position: numbers of names, or numbers; null for none. */
export interface FieldValues {
  readonly name: string;
  readonly names: readonly string[] | null;
  readonly length: number;
  readonly at: (i: number) => number | null;
}

/** What there is of the map of a set of descriptors; null where there is none yet. @throws CovisError. */
export function fetchInfo(set: string): Promise<DescriptorMap | null> {
  return request('map.points', { set });
}

/** The places of a map. @throws CovisError. */
export async function fetchMap(info: DescriptorMap, signal: AbortSignal): Promise<ShownMap> {
  const n = info.photos;
  const bytes = await fetchArray(`map/${info.id}/points`, signal);
  const places = new Float32Array(bytes, n * HASH_BYTES, 2 * n);
  const axis = (k: 0 | 1): Float32Array => {
    const of = new Float32Array(n);
    for (let i = 0; i < n; i += 1) of[i] = places[2 * i + k]!;
    return of;
  };
  return { info, photos: new MapPhotos(new Uint8Array(bytes, 0, n * HASH_BYTES)), x: axis(0), y: axis(1) };
}

/** @throws CovisError. */
export async function fetchField(info: DescriptorMap, field: number, signal: AbortSignal): Promise<FieldValues> {
  const { name, names } = info.fields[field]!;
  const bytes = await fetchArray(`map/${info.id}/${field}`, signal);
  if (names === null) {
    const values = new Float32Array(bytes);
    return { name, names, length: values.length, at: (i) => (Number.isNaN(values[i]) ? null : values[i]!) };
  }
  const values = new Uint32Array(bytes);
  return { name, names, length: values.length, at: (i) => (values[i] === NONE ? null : values[i]!) };
}

import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { DescriptorMap } from '../../../shared/domain.ts';
import { Kept } from '../environment/kept.ts';
import type { Library } from '../library/library.ts';
import { stateOf } from '../library/memo.ts';
import { loadMap, mapFiles } from './map.ts';
import { integer, list, select, text } from '../library/rows.ts';

/** A stored map as pages fetch it: what it has, and its bytes, which grow with the photos. */
export interface MapData {
  readonly info: DescriptorMap;
  /** Of n photos: content hashes, 16 bytes each, then x and y of each as float32. */
  readonly points: Uint8Array;
  /** One of each field: an index into its names as u32, {@link NONE} for none, or a number as float32, NaN for none. */
  readonly fields: readonly Uint8Array[];
}

export const NONE = 0xffffffff;
const HASH_BYTES = 16;
/** No row's number. */
const NOWHERE = -1;
/** Rows that are read before other requests get their turn. */
const PIECE = 5000;

/** Maps that are kept for a library: two windows may show different ones, and one may be made anew while another's bytes are asked for. */
const KEPT = 2;
/** What was answered last for a library, by the state of it that it is of: its bytes are asked for next. */
const kept = new WeakMap<Library, Kept<MapData | null>>();

/** Changes with everything that a map is made of, whichever connection wrote it. */
function mapState(library: Library, set: string): string {
  const times = mapFiles(library, set).map((f) => statSync(f, { throwIfNoEntry: false })?.mtimeMs);
  return [set, stateOf(library), ...times].join(' ');
}

const bytesOf = (x: Uint32Array | Float32Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

/**
 * Values as numbers of the names that there are, in the order in which they come.
 * @param order which values, by their number. @param nameOf a value; null for none.
 */
function categories(of: Float64Array, order: Uint32Array, nameOf: (value: number) => string | null): Named {
  const known = new Map<string, number>();
  const byValue = new Map<number, number>();
  const numbers = new Uint32Array(order.length);
  for (let k = 0; k < order.length; k += 1) {
    const value = of[order[k]!]!;
    let number = byValue.get(value);
    if (number === undefined) {
      const name = nameOf(value);
      number = name === null ? NONE : (known.get(name) ?? known.size);
      if (name !== null) known.set(name, number);
      byValue.set(value, number);
    }
    numbers[k] = number;
  }
  return { names: [...known.keys()], of: numbers };
}

interface Named {
  readonly names: string[];
  readonly of: Uint32Array;
}

/** What is known of the photos of a map, in its order; of those that are gone nothing. */
class Facts {
  readonly #library: Library;
  /** Number in the map of each photo. */
  readonly #at: ReadonlyMap<number, number>;
  readonly there: Uint8Array;
  readonly hashes: Buffer;
  readonly width: Float64Array;
  readonly height: Float64Array;
  readonly place: Float64Array;
  readonly folder: Float64Array;
  /** The first cluster in force that sees it; none: {@link NOWHERE}. */
  readonly cluster: Float64Array;
  /** Points that a cluster in force sees of it at most; none: NaN. */
  readonly points: Float32Array;

  constructor(library: Library, ids: Uint32Array) {
    const n = ids.length;
    this.#library = library;
    const at = new Map<number, number>();
    for (let i = 0; i < n; i += 1) at.set(ids[i]!, i);
    this.#at = at;
    this.there = new Uint8Array(n);
    this.hashes = Buffer.alloc(n * HASH_BYTES);
    this.width = new Float64Array(n);
    this.height = new Float64Array(n);
    this.place = new Float64Array(n);
    this.folder = new Float64Array(n).fill(NOWHERE);
    this.cluster = new Float64Array(n).fill(NOWHERE);
    this.points = new Float32Array(n).fill(Number.NaN);
  }

  /** Reads all of it, some rows at a time; others have their turn in between. */
  async read(): Promise<void> {
    await this.#readPhotos();
    await this.#readFolders();
    await this.#readViews();
  }

  /** Those of the map that are there, by their numbers in it. */
  order(): Uint32Array {
    const order = new Uint32Array(this.there.length);
    let n = 0;
    for (let i = 0; i < this.there.length; i += 1) if (this.there[i] === 1) order[n++] = i;
    return order.subarray(0, n);
  }

  async #readPhotos(): Promise<void> {
    const part = select(
      this.#library.db,
      'SELECT id, hash, width, height, place FROM present_photo WHERE id > ? ORDER BY id LIMIT ?',
      list(integer, text, integer, integer, integer),
      'first',
    );
    for (let rows = part.all(-1, PIECE); rows.length > 0; rows = part.all(rows.at(-1)![0], PIECE)) {
      for (const [id, hash, width, height, place] of rows) {
        const i = this.#at.get(id);
        if (i === undefined) continue;
        this.there[i] = 1;
        this.hashes.write(hash, i * HASH_BYTES, HASH_BYTES, 'hex');
        this.width[i] = width;
        this.height[i] = height;
        this.place[i] = place;
      }
      await setImmediate();
    }
  }

  async #readFolders(): Promise<void> {
    const part = select(
      this.#library.db,
      'SELECT photo_id, MIN(scene_id) FROM photo_file WHERE photo_id > ? GROUP BY photo_id ORDER BY photo_id LIMIT ?',
      list(integer, integer),
      'first',
    );
    for (let rows = part.all(-1, PIECE); rows.length > 0; rows = part.all(rows.at(-1)![0], PIECE)) {
      for (const [photo, folder] of rows) {
        const i = this.#at.get(photo);
        if (i !== undefined) this.folder[i] = folder;
      }
      await setImmediate();
    }
  }

  /** Of all views; which clusters are in force is looked up here, which is faster than for each row. */
  async #readViews(): Promise<void> {
    const inForce = new Set(select(this.#library.db, 'SELECT id FROM cluster', integer).all());
    const part = select(
      this.#library.db,
      `SELECT cluster_id, view_index, photo_id, points_seen FROM view_all
       WHERE (cluster_id, view_index) > (?, ?) AND photo_id IS NOT NULL ORDER BY cluster_id, view_index LIMIT ?`,
      list(integer, integer, integer, integer),
      'first',
    );
    const after = (last: readonly [number, number, number, number]): [number, number, number] => [
      last[0],
      last[1],
      PIECE,
    ];
    for (let rows = part.all(-1, -1, PIECE); rows.length > 0; rows = part.all(...after(rows.at(-1)!))) {
      for (const [cluster, , photo, points] of rows) {
        const i = this.#at.get(photo);
        if (i === undefined || !inForce.has(cluster)) continue;
        if (this.cluster[i] === NOWHERE) this.cluster[i] = cluster;
        if (!(this.points[i]! >= points)) this.points[i] = points;
      }
      await setImmediate();
    }
  }
}

/** A set's stored map with what its photos can be coloured by; null when no map was made yet. */
export function descriptorMap(library: Library, set: string): Promise<MapData | null> {
  let known = kept.get(library);
  if (known === undefined) kept.set(library, (known = new Kept(KEPT)));
  return known.of(mapState(library, set), () => makeMap(library, set));
}

async function makeMap(library: Library, set: string): Promise<MapData | null> {
  const map = loadMap(library, set);
  if (map === undefined) return null;
  const facts = new Facts(library, map.ids);
  await facts.read();
  const order = facts.order();
  const n = order.length;
  const points = Buffer.alloc(n * (HASH_BYTES + 8));
  const places = new Float32Array(2 * n);
  for (let k = 0; k < n; k += 1) {
    const i = order[k]!;
    for (let b = 0; b < HASH_BYTES; b += 1) points[k * HASH_BYTES + b] = facts.hashes[i * HASH_BYTES + b]!;
    places[2 * k] = map.positions[2 * i]!;
    places[2 * k + 1] = map.positions[2 * i + 1]!;
  }
  points.set(bytesOf(places), n * HASH_BYTES);
  await setImmediate();
  const named = (of: Float64Array, nameOf: (value: number) => string | null): Named => categories(of, order, nameOf);
  const numbers = (of: (i: number) => number): Float32Array => {
    const values = new Float32Array(n);
    for (let k = 0; k < n; k += 1) values[k] = of(order[k]!);
    return values;
  };
  const names = (sql: string): ((id: number) => string | null) => {
    const known = new Map(select(library.db, sql, list(integer, text)).all());
    return (id) => known.get(id) ?? null;
  };
  const fields = [
    { name: 'Cluster', ...named(facts.cluster, names('SELECT id, name FROM cluster')) },
    { name: 'Folder', ...named(facts.folder, names('SELECT id, name FROM scene')) },
    { name: 'Place', ...named(facts.place, (place) => `place ${place}`) },
    { name: 'Points seen', names: null, of: numbers((i) => facts.points[i]!) },
    {
      name: 'Megapixels',
      names: null,
      of: numbers((i) => (facts.width[i]! * facts.height[i]!) / 1e6),
    },
    { name: 'Width over height', names: null, of: numbers((i) => facts.width[i]! / facts.height[i]!) },
  ];
  await setImmediate();
  const digest = createHash('sha256').update(points);
  for (const f of fields) digest.update(f.name).update(bytesOf(f.of)).update(JSON.stringify(f.names));
  return {
    info: {
      set,
      id: digest.digest('hex').slice(0, 16),
      photos: n,
      fields: fields.map(({ name, names: of }) => ({ name, names: of })),
    },
    points,
    fields: fields.map((f) => bytesOf(f.of)),
  };
}

/** Bytes of a map that was answered lately: its points, or a field by its number. Undefined for another, which is asked for anew. */
export async function mapBytes(library: Library, id: string, part: string): Promise<Uint8Array | undefined> {
  for (const made of kept.get(library)?.all() ?? []) {
    const data = await made.catch(() => null);
    if (data?.info.id !== id) continue;
    if (part === 'points') return data.points;
    return /^\d{1,2}$/.test(part) ? data.fields[Number(part)] : undefined;
  }
  return undefined;
}

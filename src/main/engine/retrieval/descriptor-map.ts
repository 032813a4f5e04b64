import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { DescriptorMap } from '../../../shared/domain.ts';
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

/** What was answered last for a library, and of which state of it: its bytes are asked for next. */
const kept = new WeakMap<Library, { readonly key: string; readonly data: MapData }>();

/** Changes with everything that a map is made of, whichever connection wrote it. */
function mapState(library: Library, set: string): string {
  const times = mapFiles(library, set).map((f) => statSync(f, { throwIfNoEntry: false })?.mtimeMs);
  return [set, stateOf(library), ...times].join(' ');
}

const bytesOf = (x: Uint32Array | Float32Array): Uint8Array => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

/** Values as numbers of the names that there are, in the order in which they come. */
function categories(values: readonly (string | null)[]): { readonly names: string[]; readonly of: Uint32Array } {
  const known = new Map<string, number>();
  const of = Uint32Array.from(values, (v) => {
    if (v === null) return NONE;
    const at = known.get(v);
    if (at === undefined) known.set(v, known.size);
    return at ?? known.size - 1;
  });
  return { names: [...known.keys()], of };
}

/** A set's stored map with what its photos can be coloured by; null when no map was made yet. */
export function descriptorMap(library: Library, set: string): MapData | null {
  const key = mapState(library, set);
  const known = kept.get(library);
  if (known?.key === key) return known.data;
  const map = loadMap(library, set);
  if (map === undefined) return null;
  const { db } = library;
  const at = new Map(Array.from(map.ids, (id, i) => [id, i]));
  const rows = select(
    db,
    'SELECT id, hash, width, height, place FROM present_photo ORDER BY id',
    list(integer, text, integer, integer, integer),
    'first',
  )
    .all()
    .flatMap(([id, hash, width, height, place]) => {
      const i = at.get(id);
      return i === undefined ? [] : [{ i, id, hash, width, height, place }];
    })
    .sort((a, b) => a.i - b.i);
  const folders = new Map(select(db, 'SELECT id, name FROM scene', list(integer, text)).all());
  const folderOf = new Map(
    select(
      db,
      'SELECT photo_id, MIN(scene_id) FROM photo_file GROUP BY photo_id',
      list(integer, integer),
      'first',
    ).all(),
  );
  const clusters = new Map(select(db, 'SELECT id, name FROM cluster', list(integer, text)).all());
  // Of all its views; the clusters in force are looked up here, which is faster than for each row.
  const seen = new Map<number, { cluster: number; points: number }>();
  for (const [photo, cluster, points] of select(
    db,
    'SELECT photo_id, cluster_id, points_seen FROM view_all WHERE photo_id IS NOT NULL ORDER BY cluster_id, view_index',
    list(integer, integer, integer),
    'first',
  ).iterate()) {
    if (!clusters.has(cluster)) continue;
    const known = seen.get(photo);
    if (known === undefined) seen.set(photo, { cluster, points });
    else known.points = Math.max(known.points, points);
  }
  const n = rows.length;
  const points = Buffer.alloc(n * (HASH_BYTES + 8));
  const places = new Float32Array(2 * n);
  rows.forEach((r, k) => {
    points.write(r.hash, k * HASH_BYTES, HASH_BYTES, 'hex');
    places.set(map.positions.subarray(2 * r.i, 2 * r.i + 2), 2 * k);
  });
  points.set(bytesOf(places), n * HASH_BYTES);
  const fields = [
    { name: 'Cluster', ...categories(rows.map((r) => clusters.get(seen.get(r.id)?.cluster ?? -1) ?? null)) },
    { name: 'Folder', ...categories(rows.map((r) => folders.get(folderOf.get(r.id) ?? -1) ?? null)) },
    { name: 'Place', ...categories(rows.map((r) => `place ${r.place}`)) },
    { name: 'Points seen', names: null, of: Float32Array.from(rows, (r) => seen.get(r.id)?.points ?? Number.NaN) },
    { name: 'Megapixels', names: null, of: Float32Array.from(rows, (r) => (r.width * r.height) / 1e6) },
    { name: 'Width over height', names: null, of: Float32Array.from(rows, (r) => r.width / r.height) },
  ];
  const digest = createHash('sha256').update(points);
  for (const f of fields) digest.update(f.name).update(bytesOf(f.of)).update(JSON.stringify(f.names));
  const data: MapData = {
    info: {
      set,
      id: digest.digest('hex').slice(0, 16),
      photos: n,
      fields: fields.map(({ name, names }) => ({ name, names })),
    },
    points,
    fields: fields.map((f) => bytesOf(f.of)),
  };
  kept.set(library, { key, data });
  return data;
}

/** Bytes of the map that was answered last: its points, or a field by its number. Undefined for another, which is asked for anew. */
export function mapBytes(library: Library, id: string, part: string): Uint8Array | undefined {
  const data = kept.get(library)?.data;
  if (data?.info.id !== id) return undefined;
  if (part === 'points') return data.points;
  return /^\d{1,2}$/.test(part) ? data.fields[Number(part)] : undefined;
}

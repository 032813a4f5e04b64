import { createHash } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import type { SetInfo } from '../../../shared/domain.ts';
import type { Precision } from '../../../shared/facts/backends.ts';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { readNpy, writeNpy } from '../formats/npy.ts';
import { now, type Library } from '../library/library.ts';
import { refuseWriting } from '../library/read-only.ts';
import { presentPhotos, hashFile } from '../library/photos.ts';
import { describedPhotos, loadDescriptors, precision } from './extract.ts';
import { networkRow, type NetworkRow } from '../network/networks.ts';
import { forgetStored, noteStored, verifyStored } from '../library/stored.ts';
import { findNamed, findOne } from '../library/find.ts';
import { dot, normaliseRows, row, type Matrix, takeRows } from './rank.ts';
import { flag, integer, nullable, record, select, text } from '../library/rows.ts';
import { countPhotos } from '../library/tables/photo.ts';

const HASH_BYTES = 16;
/** Cosine of two descriptors of one content, at least: what differs more was not made of it. */
export const SAME = 0.999;

/** Descriptors ready to be searched: unit vectors of photos, or of their regions. */
export interface LoadedSet {
  readonly key: string;
  readonly name: string;
  /** Photo id of each image. */
  readonly ids: Uint32Array;
  readonly vectors: Matrix;
  /** Image of each row, for regions. */
  readonly owners?: Uint32Array;
  /** Box of each row as displayed: x, y, width, height in fractions. */
  readonly boxes?: Float32Array;
  readonly network: NetworkRow | undefined;
  readonly size: number | undefined;
}

const ROW = record({
  id: integer,
  uid: text,
  name: text,
  network: nullable(text),
  size: nullable(integer),
  source: nullable(text),
  source_hash: nullable(text),
  regional: flag,
  dim: integer,
  rows: integer,
  photos: integer,
  half: flag,
  created: text,
  precision: nullable(precision),
});
const SELECT = `SELECT v.id, v.uid, v.name, n.uid AS network, v.size, v.source, v.source_hash, v.regional, v.dim, v.rows, v.photos, v.half, v.created, v.precision
  FROM vector_set v LEFT JOIN network n ON n.id = v.network_id`;

/** Hashes of source files by path, size and time of change, so that a list does not read gigabytes again. */
const sourceHashes = new Map<string, Promise<string>>();

function contentOf(file: string): Promise<string> {
  const { size, mtimeMs } = statSync(file);
  const key = `${file}\0${size}\0${mtimeMs}`;
  let hash = sourceHashes.get(key);
  if (hash === undefined) sourceHashes.set(key, (hash = hashFile(file)));
  return hash;
}

/** Key of a network's own descriptors. */
export function setKey(network: Pick<NetworkRow, 'uid'>, size: number): string {
  return `${network.uid}-${size}`;
}

/** Every descriptor set of the library, newest first, with what makes it stale. */
export async function listSets(library: Library): Promise<SetInfo[]> {
  const photos = countPhotos(library);
  const covers = (n: number): string | null => (n < photos ? `covers ${n} of ${photos} photos` : null);
  const own = select(
    library.db,
    `SELECT n.id, n.uid AS network, json_extract(n.spec, '$.name') AS name, json_extract(n.spec, '$.dim') AS dim, d.size, d.rows, d.created, d.precision
     FROM descriptor_set d JOIN network n ON n.id = d.network_id`,
    record({
      id: integer,
      network: text,
      name: text,
      dim: integer,
      size: integer,
      rows: integer,
      created: text,
      precision,
    }),
  ).all();
  const others = select(library.db, SELECT, ROW).all();
  const described = (d: { id: number; network: string; size: number; rows: number }): number =>
    describedPhotos(library, { id: d.id, uid: d.network }, d.size) ?? d.rows;
  const infos: SetInfo[] = own.map((d) => ({
    key: `${d.network}-${d.size}`,
    name: `${d.name}, ${d.size} px`,
    network: d.network,
    size: d.size,
    regional: false,
    dim: d.dim,
    rows: d.rows,
    photos: described(d),
    half: false,
    created: d.created,
    precision: d.precision,
    stale: covers(described(d)),
  }));
  for (const v of others) {
    const changed =
      v.source !== null && existsSync(v.source) && (await contentOf(v.source)) !== v.source_hash
        ? 'its file has changed since it was imported'
        : null;
    infos.push({
      key: v.uid,
      name: v.name,
      network: v.network,
      size: v.size,
      regional: v.regional,
      dim: v.dim,
      rows: v.rows,
      photos: v.photos,
      half: v.half,
      created: v.created,
      ...(v.precision === null ? {} : { precision: v.precision }),
      stale: changed ?? covers(v.photos),
    });
  }
  return infos.sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** Which set is meant: a network's own descriptors, or a stored one. */
export type FoundSet =
  | { readonly key: string; readonly network: NetworkRow; readonly size: number }
  | { readonly key: string; readonly network?: undefined };

/**
 * A set by its key (NETWORK-SIZE for a network's own), its exact name, or an unambiguous beginning of its key. NETWORK may be whatever
 * names a network, also of one that has described nothing yet.
 * @throws CovisError `NOT_FOUND` that lists what there is, `INPUT_INVALID` where several may be meant.
 */
export function findSet(library: Library, wanted: string): FoundSet {
  const own = select(
    library.db,
    `SELECT n.uid || '-' || d.size AS id, json_extract(n.spec, '$.name') || ', ' || d.size || ' px' AS name
     FROM descriptor_set d JOIN network n ON n.id = d.network_id ORDER BY d.id`,
    record({ id: text, name: text }),
  ).all();
  const stored = select(
    library.db,
    'SELECT uid AS id, name FROM vector_set ORDER BY id',
    record({ id: text, name: text }),
  ).all();
  const all = [...own, ...stored];
  const known = findNamed('descriptor set', wanted, all, (s) => s);
  const described = known === undefined ? ofNetwork(library, wanted) : undefined;
  if (described !== undefined) return described;
  const { id } = known ?? findOne('descriptor set', wanted, all, (s) => s, 'covis descriptors lists them.');
  return own.some((s) => s.id === id) ? ofNetwork(library, id)! : { key: id };
}

/** What NETWORK-SIZE means; undefined where that is no network. @throws CovisError `INPUT_INVALID` for the name of several. */
function ofNetwork(library: Library, wanted: string): FoundSet | undefined {
  const split = /^(.+)-(\d{1,9})$/.exec(wanted);
  if (split === null) return undefined;
  try {
    const network = networkRow(library, split[1]!);
    const size = Number(split[2]);
    return { key: setKey(network, size), network, size };
  } catch (error) {
    if (error instanceof CovisError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * Loads a set by what {@link findSet} takes.
 * @throws CovisError `NOT_FOUND`, `STATE_EMPTY` when nothing was extracted, `INPUT_CORRUPT`.
 */
export async function loadSet(library: Library, key: string): Promise<LoadedSet> {
  const found = findSet(library, key);
  if (found.network !== undefined) return networkSet(library, found.network, found.size);
  const row = select(library.db, `${SELECT} WHERE v.uid = ?`, ROW).one(found.key);
  const f = files(library, row.uid);
  const matrix = readNpy(f.data);
  const hashes = readNpy(f.ids);
  const boxes = row.regional && existsSync(f.boxes) ? readNpy(f.boxes) : undefined;
  if (
    !(matrix.data instanceof Float32Array) ||
    !(hashes.data instanceof Uint8Array) ||
    matrix.shape[0] !== row.rows ||
    matrix.shape[1] !== row.dim ||
    hashes.shape[0] !== row.rows ||
    hashes.shape[1] !== HASH_BYTES
  )
    throw new CovisError('INPUT_CORRUPT', 'This descriptor file does not fit what the library says of it', {
      file: f.data,
    });
  if (
    boxes !== undefined &&
    (!(boxes.data instanceof Float32Array) || boxes.shape[0] !== row.rows || boxes.shape[1] !== 4)
  )
    throw new CovisError('INPUT_CORRUPT', 'These boxes do not fit the regions that they belong to', {
      file: f.boxes,
      hint: 'Describe the regions again, or import the set again.',
    });
  verifyStored(library, [f.data, f.ids, ...(row.regional ? [f.boxes] : [])]);
  const vectors = normaliseRows({ data: matrix.data, rows: row.rows, dim: row.dim }, row.name, f.data);
  const network = row.network === null ? undefined : networkRow(library, row.network);
  const named = known(library, vectors, Buffer.from(hashes.data.buffer), {
    regional: row.regional,
    boxes: boxes?.data as Float32Array | undefined,
    file: f.data,
  });
  const common = {
    key: row.uid,
    name: row.name,
    ids: named.ids,
    vectors: named.vectors,
    network,
    size: row.size ?? undefined,
  };
  return row.regional
    ? { ...common, owners: named.owners, ...(named.boxes === undefined ? {} : { boxes: named.boxes }) }
    : common;
}

/** A network's own descriptors as a set. @throws CovisError `STATE_EMPTY` when there are none. */
export function networkSet(library: Library, network: NetworkRow, size: number): LoadedSet {
  const set = loadDescriptors(library, network, size);
  if (set.ids.length === 0)
    throw new CovisError('STATE_EMPTY', 'The photos have no descriptors of this network yet', {
      hint: 'Extract them first: Jobs, Extract, or covis extract.',
    });
  return {
    key: setKey(network, size),
    name: `${network.spec.name}, ${size} px`,
    ids: set.ids,
    vectors: { data: set.data, rows: set.ids.length, dim: set.dim },
    network,
    size,
  };
}

/**
 * Rows of the library's photos, without those of photos that are gone: rows of one photo follow each other, and a set of whole photos
 * has one row each, the first where files of earlier versions have several.
 * @throws CovisError `INPUT_CORRUPT` for a whole photo with two rows that differ by more than rounding.
 */
function known(
  library: Library,
  m: Matrix,
  hashes: Buffer,
  {
    regional,
    boxes,
    file,
  }: { readonly regional: boolean; readonly boxes: Float32Array | undefined; readonly file: string },
): { ids: Uint32Array; vectors: Matrix; owners: Uint32Array; boxes?: Float32Array } {
  const idOf = new Map(presentPhotos(library).map((p) => [p.hash, p.id]));
  const ids: number[] = [];
  const rowsOf: number[][] = [];
  const imageOf = new Map<number, number>();
  for (let r = 0; r < m.rows; r += 1) {
    const id = idOf.get(hashes.toString('hex', r * HASH_BYTES, (r + 1) * HASH_BYTES));
    if (id === undefined) continue;
    let image = imageOf.get(id);
    if (image === undefined) {
      imageOf.set(id, (image = ids.length));
      ids.push(id);
      rowsOf.push([]);
    } else if (!regional) {
      const first = rowsOf[image]![0]!;
      if (dot(row(m, first), row(m, r)) < SAME)
        throw new CovisError(
          'INPUT_CORRUPT',
          `Rows ${first} and ${r} of this set are one photo, and their descriptors differ`,
          { file, hint: 'Remove the set, and import it again without the row that is wrong.' },
        );
      continue;
    }
    rowsOf[image]!.push(r);
  }
  const rows = rowsOf.flat();
  const owners = rowsOf.flatMap((of, image) => of.map(() => image));
  const data = new Float32Array(rows.length * m.dim);
  rows.forEach((r, i) => data.set(m.data.subarray(r * m.dim, (r + 1) * m.dim), i * m.dim));
  return {
    ids: Uint32Array.from(ids),
    vectors: { data, rows: rows.length, dim: m.dim },
    owners: Uint32Array.from(owners),
    ...(boxes === undefined
      ? {}
      : { boxes: Float32Array.from(rows.flatMap((r) => [...boxes.subarray(4 * r, 4 * r + 4)])) }),
  };
}

/** The same set of some photos alone. @throws CovisError `STATE_EMPTY` where it describes none of them. */
export function restrictSet(set: LoadedSet, photos: ReadonlySet<number>): LoadedSet {
  const kept = Array.from(set.ids.keys()).filter((i) => photos.has(set.ids[i]!));
  if (kept.length === 0)
    throw new CovisError('STATE_EMPTY', `${set.name} describes no photo of the collection`, {
      hint: 'Extract descriptors first: Jobs, Extract, or covis extract.',
    });
  const ids = Uint32Array.from(kept, (i) => set.ids[i]!);
  if (set.owners === undefined) return { ...set, ids, vectors: takeRows(set.vectors, kept) };
  const image = new Map(kept.map((i, at) => [i, at]));
  const rows = Array.from(set.owners.keys()).filter((r) => image.has(set.owners![r]!));
  return {
    ...set,
    ids,
    vectors: takeRows(set.vectors, rows),
    owners: Uint32Array.from(rows, (r) => image.get(set.owners![r]!)!),
    ...(set.boxes === undefined
      ? {}
      : { boxes: Float32Array.from(rows.flatMap((r) => [...set.boxes!.subarray(4 * r, 4 * r + 4)])) }),
  };
}

function files(library: Library, uid: string): { data: string; ids: string; boxes: string } {
  const base = library.file('descriptors', uid);
  return { data: `${base}.npy`, ids: `${base}.ids.npy`, boxes: `${base}.boxes.npy` };
}

/** What {@link storeSet} keeps. */
export interface NewSet {
  readonly name: string;
  readonly vectors: Matrix;
  /** Content hash of each row's photo. */
  readonly hashes: readonly string[];
  readonly boxes?: Float32Array;
  readonly regional: boolean;
  readonly half: boolean;
  readonly network?: NetworkRow;
  /** In which the network computed it. */
  readonly precision?: Precision;
  readonly size?: number;
  readonly source?: { readonly file: string; readonly hash: string };
}

/**
 * Stores a set under its content's hash; files first, then the row that makes them count.
 * @returns its key. @throws CovisError `INTERNAL` where rows, photos and boxes are not equally many; nothing is stored then.
 */
export function storeSet(library: Library, s: NewSet): string {
  const { data, rows, dim } = s.vectors;
  if (
    data.length !== rows * dim ||
    s.hashes.length !== rows ||
    s.hashes.some((h) => h.length !== 2 * HASH_BYTES) ||
    (s.boxes !== undefined && s.boxes.length !== 4 * rows)
  )
    throw new CovisError(
      'INTERNAL',
      `A set has ${counted(rows, 'row')} of ${dim}, ${data.length} numbers, ${counted(s.hashes.length, 'photo')} and ${s.boxes?.length ?? 'no'} sides of boxes, which do not fit each other`,
    );
  const uid = createHash('sha256')
    .update(`${s.name} ${s.regional} ${s.half} ${dim}`)
    .update(s.hashes.join())
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
    .slice(0, 32);
  const f = files(library, uid);
  refuseWriting(library);
  forgetStored(library, Object.values(f));
  writeNpy(f.data, s.half ? Float16Array.from(data) : data, [rows, dim]);
  writeNpy(f.ids, new Uint8Array(Buffer.from(s.hashes.join(''), 'hex')), [rows, HASH_BYTES]);
  if (s.boxes !== undefined) writeNpy(f.boxes, s.boxes, [rows, 4]);
  library.transaction(() => {
    library.db
      .prepare(
        `INSERT INTO vector_set (uid, name, network_id, size, source, source_hash, regional, dim, rows, photos, half, created, precision)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(uid) DO UPDATE SET created = excluded.created`,
      )
      .run(
        uid,
        s.name,
        s.network?.id ?? null,
        s.size ?? null,
        s.source?.file ?? null,
        s.source?.hash ?? null,
        s.regional ? 1 : 0,
        dim,
        rows,
        new Set(s.hashes).size,
        s.half ? 1 : 0,
        now(),
        s.network === undefined ? null : (s.precision ?? 'single'),
      );
    noteStored(library, [f.data, f.ids, ...(s.boxes === undefined ? [] : [f.boxes])]);
  });
  return uid;
}

/** Takes a set out of the library, and its files. @throws CovisError `NOT_FOUND` for a key that is no stored set. */
export function removeSet(library: Library, wanted: string): void {
  const stored = select(
    library.db,
    'SELECT uid AS id, name FROM vector_set ORDER BY id',
    record({ id: text, name: text }),
  ).all();
  const { id: key } = findOne('imported descriptor set', wanted, stored, (s) => s);
  library.db.prepare('DELETE FROM vector_set WHERE uid = ?').run(key);
  forgetStored(library, Object.values(files(library, key)));
  for (const file of Object.values(files(library, key))) rmSync(file, { force: true });
}

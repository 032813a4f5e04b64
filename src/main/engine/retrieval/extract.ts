import { existsSync, rmSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import { PRECISIONS, type Precision } from '../../../shared/facts/backends.ts';
import { logger } from '../environment/log.ts';
import type { TaskContext } from '../queue/context.ts';
import { now, type Library } from '../library/library.ts';
import { readNpy, writeNpy } from '../formats/npy.ts';
import { ownFile, ownIfFree } from '../library/file-owner.ts';
import { nameOwner, readOwner } from '../library/lease.ts';
import { refuseWriting } from '../library/read-only.ts';
import { LeftOut } from '../library/current-photo.ts';
import {
  allPhotos,
  countAllPhotos,
  countPhotos,
  presentHashes,
  presentPhotos,
  type PhotoRow,
} from '../library/tables/photo.ts';
import { refuseOtherSize } from '../inputs/framing.ts';
import { describeTogether, InputMaker, type NetworkInput } from '../inputs/inputs.ts';
import type { Streamed } from '../library/prefetch.ts';
import { DescriptorJournal } from './journal.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { chosenPrecision, openRunner } from '../network/computing.ts';
import type { Graph } from '../network/onnx/graph.ts';
import type { GraphRunner, ShapedRunner } from '../network/runtime.ts';
import { integer, oneOf, select, text } from '../library/rows.ts';
import { forgetStored, noteStored, storedFile, verifyStored } from '../library/stored.ts';

/** Descriptors of photos: row i of `data` belongs to photo `ids[i]`. */
export interface DescriptorSet {
  readonly ids: Uint32Array;
  readonly data: Float32Array;
  readonly dim: number;
}

/** A photo's content hash in a file: 32 hex characters. */
const HASH_BYTES = 16;

/** Photos that are looked at together for equal sizes; larger batches are no faster on a CPU and cost memory. */
export const WINDOW = 8;

/** What is said of a file that cannot be read whole. */
const DAMAGED: ReadonlySet<string> = new Set([
  'INPUT_MISSING',
  'INPUT_CORRUPT',
  'INPUT_TRUNCATED',
  'INPUT_UNSUPPORTED',
]);

/**
 * Runs a network over images, unpadded; neighbours of equal size go as one batch. Images that cannot be decoded, and photos that are
 * gone, are reported and left out. @param onRow called in the order of the images.
 */
export async function describeStream(
  runner: GraphRunner,
  images: AsyncIterable<Streamed<NetworkInput[]>>,
  task: TaskContext,
  onRow: (id: number, descriptor: Float32Array) => void,
): Promise<void> {
  let done = 0;
  const gone = new LeftOut();
  let window: { id: number; inputs: NetworkInput[] }[] = [];
  const flush = async (): Promise<void> => {
    const ready = window;
    window = [];
    const descriptors = await describeTogether(
      runner,
      ready.map((w) => w.inputs),
    );
    ready.forEach((w, i) => onRow(w.id, descriptors[i]!));
    task.progress(done);
  };
  for await (const { id, value, error } of images) {
    task.check();
    done += 1;
    if (value === undefined && gone.takes(error)) task.progress(done);
    else if (value === undefined)
      task.warn(error instanceof CovisError ? `${error.message}: ${error.file ?? ''}` : String(error));
    else window.push({ id, inputs: value });
    if (window.length >= WINDOW) await flush();
  }
  await flush();
  gone.say((m) => task.warn(m));
}

/** {@link describeStream} of photos of a library. */
export function describePhotos(
  runner: GraphRunner,
  maker: Pick<InputMaker, 'stream'>,
  ids: readonly number[],
  task: TaskContext,
  onRow: (id: number, descriptor: Float32Array) => void,
): Promise<void> {
  return describeStream(runner, maker.stream(ids), task, onRow);
}

function files(library: Library, network: Pick<NetworkRow, 'uid'>, size: number): { data: string; ids: string } {
  const base = library.file('descriptors', `${network.uid}-${size}`);
  return { data: `${base}.npy`, ids: `${base}.ids.npy` };
}

/** Changes whenever the stored descriptors do; empty while there are none. */
export function descriptorVersion(library: Library, network: NetworkRow, size: number): string {
  const row = select(
    library.db,
    "SELECT rows || ' ' || created FROM descriptor_set WHERE network_id = ? AND size = ?",
    text,
  ).get(network.id, size);
  return row ?? '';
}

/** How many of the photos that are there a network has described at a size; undefined before it was asked to. */
export function describedPhotos(
  library: Library,
  network: Pick<NetworkRow, 'id' | 'uid'>,
  size: number,
): number | undefined {
  const rows = storedRows(library, network, size);
  const { ids } = files(library, network, size);
  // Without photos that are gone, which is nearly always, there is nothing to look up.
  if (rows === undefined || countPhotos(library) === countAllPhotos(library) || !existsSync(ids)) return rows;
  const { data } = readNpy(ids);
  const hashes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const there = new Set(presentPhotos(library).map((p) => p.hash));
  let count = 0;
  for (let at = 0; at < hashes.length; at += HASH_BYTES)
    if (there.delete(hashes.toString('hex', at, at + HASH_BYTES))) count += 1;
  return count;
}

function storedRows(library: Library, network: Pick<NetworkRow, 'id'>, size: number): number | undefined {
  return select(library.db, 'SELECT rows FROM descriptor_set WHERE network_id = ? AND size = ?', integer).get(
    network.id,
    size,
  );
}

/** A precision in a row. */
export const precision = oneOf(PRECISIONS);

/** In what the photos that a network has described at a size were described; undefined where there are none. New ones are described alike. */
export function heldPrecision(library: Library, network: Pick<NetworkRow, 'id'>, size: number): Precision | undefined {
  return select(
    library.db,
    'SELECT precision FROM descriptor_set WHERE network_id = ? AND size = ? AND rows > 0',
    precision,
  ).get(network.id, size);
}

/** @throws CovisError `STATE_CONFLICT` where photos are described in another precision than the one that was said: a set is of one. */
export function refuseOtherPrecision(
  library: Library,
  network: Pick<NetworkRow, 'id' | 'uid' | 'spec'>,
  size: number,
  said: Precision | undefined,
): void {
  const held = heldPrecision(library, network, size);
  if (said === undefined || held === undefined || said === held) return;
  throw new CovisError(
    'STATE_CONFLICT',
    `Photos are described in ${held} precision with ${network.spec.name} at ${size} px, and a set of descriptors is of one precision`,
    {
      hint: `Leave --precision out; or remove them with covis clean LIBRARY --remove descriptors:${network.uid}-${size} --force --yes and describe all in ${said}.`,
    },
  );
}

/** @throws CovisError as {@link openRunner}, that says what can be done where new photos would have to be described in half precision and cannot. */
async function openAlike(graph: Graph, as: Precision, held: Precision | undefined): Promise<ShapedRunner> {
  try {
    return await openRunner(graph, { precision: as });
  } catch (error) {
    if (held !== 'half' || !(error instanceof CovisError)) throw error;
    throw new CovisError(error.code, `${error.message}; the other photos were described in half precision`, {
      cause: error,
      hint: 'Describe the new ones on a machine that has it, or remove these descriptors and describe all in single.',
    });
  }
}

/** The stored descriptors of a network at a size, without those of photos that are gone; empty if there are none yet. */
export function loadDescriptors(library: Library, network: NetworkRow, size: number): DescriptorSet {
  return stored(library, network, size, presentHashes(library));
}

type Known = Pick<PhotoRow, 'id' | 'hash'>;

/** @param photos whose descriptors are wanted. */
function stored(library: Library, network: NetworkRow, size: number, photos: readonly Known[]): DescriptorSet {
  const { data, ids } = files(library, network, size);
  const rows = storedRows(library, network, size);
  if (rows === undefined) return { ids: new Uint32Array(0), data: new Float32Array(0), dim: network.spec.dim };
  if (rows > 0 && (!existsSync(data) || !existsSync(ids)))
    throw new CovisError('INPUT_MISSING', 'The stored descriptors of this network are gone', {
      file: existsSync(data) ? ids : data,
      hint: 'Extract again: Jobs, Extract, or covis extract.',
    });
  if (rows === 0) return { ids: new Uint32Array(0), data: new Float32Array(0), dim: network.spec.dim };
  verifyStored(library, [data, ids]);
  const matrix = readNpy(data);
  const hashes = readNpy(ids);
  // The matrix is written first, so a crash in between leaves rows without a name, which are dropped.
  if (
    !(matrix.data instanceof Float32Array) ||
    !(hashes.data instanceof Uint8Array) ||
    matrix.shape[1] !== network.spec.dim ||
    hashes.shape[1] !== HASH_BYTES ||
    matrix.shape[0]! < hashes.shape[0]!
  ) {
    throw new CovisError('INPUT_CORRUPT', 'This descriptor file does not fit its network', {
      file: data,
      hint: 'Delete it and extract again.',
    });
  }
  return named(matrix.data, Buffer.from(hashes.data.buffer), network.spec.dim, photos);
}

/** Rows of these photos, under the library's own ids; the first row of each. */
function named(matrix: Float32Array, hashes: Buffer, dim: number, photos: readonly Known[]): DescriptorSet {
  // Mostly the photos in their order, which is seen at once.
  const ordered = Buffer.from(photos.map((p) => p.hash).join(''), 'hex');
  if (ordered.equals(hashes)) {
    const ids = Uint32Array.from(photos, (p) => p.id);
    return { ids, data: matrix.subarray(0, ids.length * dim), dim };
  }
  const idOf = new Map(photos.map((p) => [p.hash, p.id]));
  const found: number[] = [];
  for (let r = 0; r < hashes.length / HASH_BYTES; r += 1) {
    const hash = hashes.toString('hex', r * HASH_BYTES, (r + 1) * HASH_BYTES);
    const id = idOf.get(hash);
    if (id === undefined) continue;
    idOf.delete(hash);
    if (found.length !== r) matrix.copyWithin(found.length * dim, r * dim, (r + 1) * dim);
    found.push(id);
  }
  return { ids: Uint32Array.from(found), data: matrix.subarray(0, found.length * dim), dim };
}

function store(
  library: Library,
  network: NetworkRow,
  size: number,
  set: DescriptorSet,
  as: Precision,
  also: () => void = () => undefined,
): void {
  const f = files(library, network, size);
  const hashOf = new Map(allPhotos(library).map((p) => [p.id, p.hash]));
  const hashes = Buffer.concat(Array.from(set.ids, (id) => Buffer.from(hashOf.get(id)!, 'hex')));
  forgetStored(library, [f.data, f.ids]);
  // Whoever finishes what is killed in between finds it.
  notePrecision(library, network, size, as);
  // Who dies in between leaves the new matrix with the old names: they may only be those of its first rows.
  if (!beginsWith(hashes, f.ids)) rmSync(f.ids, { force: true });
  writeNpy(f.data, set.data, [set.ids.length, set.dim]);
  writeNpy(f.ids, new Uint8Array(hashes), [set.ids.length, HASH_BYTES]);
  noteSet(library, network, size, set.ids.length, () => {
    notePrecision(library, network, size, as);
    also();
  });
}

function notePrecision(library: Library, network: Pick<NetworkRow, 'id'>, size: number, as: Precision): void {
  library.db
    .prepare('UPDATE descriptor_set SET precision = ? WHERE network_id = ? AND size = ?')
    .run(as, network.id, size);
}

/** True where the names of rows in a file are the first of these. */
function beginsWith(hashes: Buffer, file: string): boolean {
  if (!existsSync(file)) return true;
  try {
    const { data } = readNpy(file);
    const old = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return old.equals(hashes.subarray(0, old.length));
  } catch {
    // Damaged.
    return false;
  }
}

/** Notes that the files of a set are whole, and what they hold. */
function noteSet(
  library: Library,
  network: Pick<NetworkRow, 'id' | 'uid'>,
  size: number,
  rows: number,
  also: () => void = () => undefined,
): void {
  const f = files(library, network, size);
  library.transaction(() => {
    library.db
      .prepare(
        'INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, ?, ?, ?) ON CONFLICT(network_id, size) DO UPDATE SET rows = excluded.rows, created = excluded.created',
      )
      .run(network.id, size, rows, now());
    noteStored(library, [f.data, f.ids]);
    also();
  });
}

/** What one who was killed as all was stored has not done any more. */
function finishStoring(library: Library, network: Pick<NetworkRow, 'id' | 'uid'>, size: number): void {
  const f = files(library, network, size);
  const part = `${f.data}.part`;
  if (library.readOnly !== undefined) return;
  const release = existsSync(part) || storedFile(library, f.ids) === undefined ? ownIfFree(part) : undefined;
  if (release === undefined) return;
  try {
    if (storedFile(library, f.data) === undefined || storedFile(library, f.ids) === undefined)
      noteSet(library, network, size, readNpy(f.ids).shape[0]!);
    rmSync(part, { force: true });
  } finally {
    release();
  }
}

/** What is stored, or none of it where it is damaged, so that it is computed again. */
function soundDescriptors(
  library: Library,
  network: NetworkRow,
  size: number,
  photos: readonly PhotoRow[],
  warn: (message: string) => void,
): DescriptorSet {
  try {
    return stored(library, network, size, photos);
  } catch (error) {
    if (!(error instanceof CovisError) || !DAMAGED.has(error.code)) throw error;
    warn(`Stored descriptors are computed again. ${error.message}: ${error.file ?? ''}`);
    return { ids: new Uint32Array(0), data: new Float32Array(0), dim: network.spec.dim };
  }
}

/** What is kept, and the rows of further photos behind it. */
function joined(
  { ids, data, dim }: DescriptorSet,
  further: readonly PhotoRow[],
  rowOf: (hash: string) => Float32Array,
): DescriptorSet {
  const all = new Float32Array((ids.length + further.length) * dim);
  all.set(data);
  further.forEach((p, i) => all.set(rowOf(p.hash), (ids.length + i) * dim));
  return { ids: Uint32Array.from([...ids, ...further.map((p) => p.id)]), data: all, dim };
}

/** Photos that have no descriptor yet, of those that are there. @throws CovisError `INPUT_*` for stored descriptors that are damaged. */
export function undescribed(library: Library, network: NetworkRow, size: number): PhotoRow[] {
  refuseOtherSize(network.spec, size);
  const known = new Set(loadDescriptors(library, network, size).ids);
  return presentPhotos(library).filter((p) => !known.has(p.id));
}

/**
 * Stores descriptors that were computed elsewhere, of photos that have none yet; the same rows in the same order as {@link extract}.
 * @param rowOf by the photo's content; undefined for a photo that was not described. @param also in the transaction that makes them part of
 * the library. @returns how many were added. @throws CovisError `STATE_CONFLICT` while another job or process computes the same.
 */
export function addDescriptors(
  library: Library,
  network: NetworkRow,
  size: number,
  rowOf: (hash: string) => Float32Array | undefined,
  as: Precision,
  task: TaskContext,
  also: () => void,
): number {
  refuseWriting(library);
  refuseOtherPrecision(library, network, size, as);
  const release = ownFile(`${files(library, network, size).data}.part`, {
    taken: 'These photos are being described already, by the same network at the same size',
    hint: 'Wait until the other job or program is done, then collect again.',
    refused: 'Descriptors cannot be written here',
  });
  try {
    const kept = soundDescriptors(library, network, size, allPhotos(library), (m) => task.warn(m));
    const have = new Set(kept.ids);
    const found = presentPhotos(library).filter((p) => !have.has(p.id) && rowOf(p.hash) !== undefined);
    if (found.length === 0) {
      library.transaction(also);
      return 0;
    }
    store(
      library,
      network,
      size,
      joined(kept, found, (hash) => rowOf(hash)!),
      as,
      also,
    );
    task.changed('descriptors');
    return found.length;
  } finally {
    release();
  }
}

const LOOK_AGAIN_MS = 300;

/** Opens a journal; where another job or program has it, says whom it waits for until that is done. @throws CovisError `CANCELLED`. */
async function whenFree(file: string, dim: number, as: Precision, task: TaskContext): Promise<DescriptorJournal> {
  for (let told = ''; ;) {
    try {
      return new DescriptorJournal(file, dim, as);
    } catch (error) {
      if (!(error instanceof CovisError) || error.code !== 'STATE_CONFLICT') throw error;
    }
    const owner = readOwner(file);
    const who = `Waiting for ${owner === undefined ? 'another program' : nameOwner(owner)}, which describes the same photos`;
    if (who !== told) {
      task.step(who, 0, 'photos');
      logger('retrieval').info(who);
    }
    told = who;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    task.check();
  }
}

/**
 * Computes the descriptors that are not there yet, for all photos of the library, and stores them. Where another job or process computes the
 * same it is waited for, and what it computes is used.
 * New ones are described in the precision of those that are there, first ones in the one that was chosen.
 * Each photo's descriptor is on disk as soon as it is known, so that a second run goes on where the first was cancelled or killed.
 * Photos that are gone, or whose file holds another photo by now, are left out and counted in a warning.
 * @throws CovisError `INPUT_*`, `CANCELLED`.
 */
export async function extract(
  library: Library,
  network: NetworkRow,
  size: number,
  task: TaskContext,
): Promise<DescriptorSet & { readonly computed: number }> {
  refuseOtherSize(network.spec, size);
  const present = presentPhotos(library);
  const known = soundDescriptors(library, network, size, present, (m) => task.warn(m));
  if (known.ids.length === present.length) {
    if (present.length > 0) finishStoring(library, network, size);
    return { ...known, computed: 0 };
  }
  refuseWriting(library);
  const { dim } = network.spec;
  let computed: number;
  const held = heldPrecision(library, network, size);
  const as = held ?? chosenPrecision();
  const journal = await whenFree(`${files(library, network, size).data}.part`, dim, as, task);
  try {
    // Whoever had the journal before may have stored what was missing. Photos that are gone keep what was computed of them.
    const kept = soundDescriptors(library, network, size, allPhotos(library), () => undefined);
    const have = new Set(kept.ids);
    const hashOf = new Map(present.map((p) => [p.id, p.hash]));
    const missing = present.filter((p) => !have.has(p.id));
    const wanted = missing.filter((p) => !journal.has(p.hash)).map((p) => p.id);
    if (wanted.length > 0) {
      task.step(`Describing photos with ${network.spec.name}`, wanted.length, 'photos');
      const runner = await openAlike(loadNetwork(library, network).graph, as, held);
      try {
        const maker = await InputMaker.create(network.spec, size, library);
        try {
          await describePhotos(runner, maker, wanted, task, (id, d) => journal.append(hashOf.get(id)!, d));
        } finally {
          await maker.release();
        }
      } finally {
        await runner.release();
      }
    }
    const found = missing.filter((p) => journal.has(p.hash));
    if (found.length > 0) {
      store(
        library,
        network,
        size,
        joined(kept, found, (hash) => journal.get(hash)),
        as,
      );
      task.changed('descriptors');
    }
    computed = found.length;
  } catch (error) {
    journal.close();
    throw error;
  }
  journal.remove();
  return { ...loadDescriptors(library, network, size), computed };
}

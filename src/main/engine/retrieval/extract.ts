import { existsSync } from 'node:fs';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../jobs/context.ts';
import { now, type Library } from '../library/library.ts';
import { readNpy, writeNpy } from '../formats/npy.ts';
import { allPhotos } from '../library/photos.ts';
import { describe, InputMaker } from '../edges/inputs.ts';
import { loadNetwork, type NetworkRow } from '../network/networks.ts';
import { Runner } from '../network/runtime.ts';

/** Descriptors of photos: row i of `data` belongs to photo `ids[i]`. */
export interface DescriptorSet {
  readonly ids: Uint32Array;
  readonly data: Float32Array;
  readonly dim: number;
}

const SAVE_EVERY_MS = 30_000;
/** A photo's content hash in a file: 32 hex characters. */
const HASH_BYTES = 16;

/** Runs a network over photos, one at a time and unpadded. Photos that cannot be decoded are reported and left out. */
export async function describePhotos(
  runner: Runner,
  maker: Pick<InputMaker, 'stream'>,
  ids: readonly number[],
  task: TaskContext,
  onRow: (id: number, descriptor: Float32Array) => void,
): Promise<void> {
  let done = 0;
  for await (const { id, value, error } of maker.stream(ids)) {
    task.check();
    done += 1;
    if (value === undefined)
      task.warn(error instanceof CovisError ? `${error.message}: ${error.file ?? ''}` : String(error));
    else onRow(id, await describe(runner, value));
    task.progress(done);
  }
}

function files(library: Library, network: NetworkRow, size: number): { data: string; ids: string } {
  const base = library.file('descriptors', `${network.uid}-${size}`);
  return { data: `${base}.npy`, ids: `${base}.ids.npy` };
}

/** Changes whenever the stored descriptors do; empty while there are none. */
export function descriptorVersion(library: Library, network: NetworkRow, size: number): string {
  const row = library.db
    .prepare("SELECT rows || ' ' || created FROM descriptor_set WHERE network_id = ? AND size = ?")
    .pluck()
    .get(network.id, size) as string | undefined;
  return row ?? '';
}

/** The stored descriptors of a network at a size, empty if there are none yet. */
export function loadDescriptors(library: Library, network: NetworkRow, size: number): DescriptorSet {
  const { data, ids } = files(library, network, size);
  const rows = library.db
    .prepare('SELECT rows FROM descriptor_set WHERE network_id = ? AND size = ?')
    .pluck()
    .get(network.id, size) as number | undefined;
  if (rows === undefined || !existsSync(data) || !existsSync(ids))
    return { ids: new Uint32Array(0), data: new Float32Array(0), dim: network.spec.dim };
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
  return named(matrix.data, Buffer.from(hashes.data.buffer), network.spec.dim, library);
}

/** Rows of photos that this library knows, under its own ids. */
function named(matrix: Float32Array, hashes: Buffer, dim: number, library: Library): DescriptorSet {
  const idOf = new Map(allPhotos(library).map((p) => [p.hash, p.id]));
  const found: number[] = [];
  for (let r = 0; r < hashes.length / HASH_BYTES; r += 1) {
    const id = idOf.get(hashes.toString('hex', r * HASH_BYTES, (r + 1) * HASH_BYTES));
    if (id === undefined) continue;
    if (found.length !== r) matrix.copyWithin(found.length * dim, r * dim, (r + 1) * dim);
    found.push(id);
  }
  return { ids: Uint32Array.from(found), data: matrix.subarray(0, found.length * dim), dim };
}

function store(library: Library, network: NetworkRow, size: number, set: DescriptorSet): void {
  const f = files(library, network, size);
  const hashOf = new Map(allPhotos(library).map((p) => [p.id, p.hash]));
  const hashes = Buffer.concat(Array.from(set.ids, (id) => Buffer.from(hashOf.get(id)!, 'hex')));
  writeNpy(f.data, set.data, [set.ids.length, set.dim]);
  writeNpy(f.ids, new Uint8Array(hashes), [set.ids.length, HASH_BYTES]);
  library.db
    .prepare(
      'INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, ?, ?, ?) ON CONFLICT(network_id, size) DO UPDATE SET rows = excluded.rows, created = excluded.created',
    )
    .run(network.id, size, set.ids.length, now());
}

/**
 * Computes the descriptors that are not there yet, for all photos of the library, and stores them.
 * What was computed is saved every half minute and when the task is cancelled, so that a second run goes on from there.
 */
export async function extract(
  library: Library,
  network: NetworkRow,
  size: number,
  task: TaskContext,
): Promise<DescriptorSet & { readonly computed: number }> {
  const known = loadDescriptors(library, network, size);
  const have = new Set(known.ids);
  const wanted = allPhotos(library)
    .map((p) => p.id)
    .filter((id) => !have.has(id));
  if (wanted.length === 0) return { ...known, computed: 0 };
  task.step(`Describing photos with ${network.spec.name}`, wanted.length, 'photos');
  const { dim } = network.spec;
  const ids: number[] = [...known.ids];
  const data = new Float32Array((known.ids.length + wanted.length) * dim);
  data.set(known.data);
  const save = (): DescriptorSet => {
    const set = { ids: Uint32Array.from(ids), data: data.subarray(0, ids.length * dim), dim };
    store(library, network, size, set);
    return set;
  };
  const maker = await InputMaker.create(network.spec, size, library);
  const runner = await Runner.create(loadNetwork(library, network).graph);
  let saved = performance.now();
  try {
    await describePhotos(runner, maker, wanted, task, (id, d) => {
      data.set(d, ids.length * dim);
      ids.push(id);
      if (performance.now() - saved > SAVE_EVERY_MS) {
        save();
        saved = performance.now();
      }
    });
  } finally {
    if (ids.length > known.ids.length) save();
    await runner.release();
    await maker.release();
  }
  task.changed('descriptors');
  return { ids: Uint32Array.from(ids), data: data.subarray(0, ids.length * dim), dim, computed: wanted.length };
}

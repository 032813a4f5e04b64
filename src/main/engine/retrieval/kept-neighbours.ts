/** Neighbours of a descriptor set, kept beside it on the disk: they are a minute's computing of a large library, and always the same. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { defaultParameters } from '../../../shared/methods/parameters.ts';
import { logFailure, logger } from '../environment/log.ts';
import { writeBeside } from '../formats/beside.ts';
import type { Library } from '../library/library.ts';
import { sealed, unsealed } from '../library/seal.ts';
import type { Neighbours } from './neighbours.ts';
import type { OfflineDiffusion } from './offline.ts';
import type { Matrix } from './rank.ts';

/** Where the neighbours of a set's rows among themselves are kept. */
export interface NeighbourStore {
  /** So many are found where fewer are asked for: who asks next needs them, and they take no longer. */
  readonly least?: number;
  /** Lists of at least `k` neighbours a row; undefined where there are none of these very vectors. */
  read(k: number): Neighbours | undefined;
  write(lists: Neighbours): void;
  /** Diffusion that was computed beforehand for this very graph, with lists of so many; left out where nobody does. */
  diffused?(truncation: number): OfflineDiffusion;
}

/** Rows, neighbours a row, and the digest of the vectors. */
const HEAD_BYTES = 40;

/** SHA-256 of what the neighbours follow from. */
function digestOf({ data, rows, dim }: Matrix): Buffer {
  return createHash('sha256')
    .update(Uint32Array.of(rows, dim))
    .update(new Uint8Array(data.buffer, data.byteOffset, rows * dim * 4))
    .digest();
}

/**
 * The store of one set of a library: `descriptors/<set>.neighbours.bin`. What it holds is used for the vectors that it was found for and no
 * other; a file that is damaged or cannot be written is as none, which is logged.
 * @param vectors unit rows, all of the set.
 */
export function keptNeighbours(library: Library, key: string, vectors: Matrix): NeighbourStore {
  const file = library.file('descriptors', `${key}.neighbours.bin`);
  let known: Buffer | undefined;
  const digest = (): Buffer => (known ??= digestOf(vectors));
  return {
    least: defaultParameters('cg').k,
    read(k) {
      if (!existsSync(file)) return undefined;
      try {
        const content = unsealed(readFileSync(file));
        if (content === undefined || content.length < HEAD_BYTES) return undefined;
        const [rows, kept] = [content.readUInt32LE(0), content.readUInt32LE(4)];
        const count = rows * kept;
        if (rows !== vectors.rows || kept < Math.min(k, rows) || content.length !== HEAD_BYTES + 8 * count)
          return undefined;
        if (!content.subarray(8, HEAD_BYTES).equals(digest())) return undefined;
        const at = content.byteOffset + HEAD_BYTES;
        // Of a large file a copy would be as large once more.
        const aligned = at % 4 === 0;
        const body = aligned ? content.buffer : content.buffer.slice(at, content.byteOffset + content.length);
        const first = aligned ? at : 0;
        return {
          k: kept,
          ids: new Uint32Array(body, first, count),
          scores: new Float32Array(body, first + 4 * count, count),
        };
      } catch (error) {
        logFailure(logger('search'), `reading ${file}`, error);
        return undefined;
      }
    },
    write({ k, ids, scores }) {
      if (library.readOnly !== undefined) return;
      try {
        const content = Buffer.alloc(HEAD_BYTES + 8 * ids.length);
        content.writeUInt32LE(vectors.rows, 0);
        content.writeUInt32LE(k, 4);
        digest().copy(content, 8);
        content.set(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength), HEAD_BYTES);
        content.set(new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength), HEAD_BYTES + ids.byteLength);
        const whole = sealed(content);
        writeBeside(file, { force: true, flush: false, bytes: whole.length }, (temporary) =>
          writeFileSync(temporary, whole),
        );
      } catch (error) {
        logFailure(logger('search'), `writing ${file}`, error);
      }
    },
  };
}

/** The first `k` of longer lists. */
export function shorter(lists: Neighbours, k: number): Neighbours {
  if (k >= lists.k) return lists;
  const rows = lists.ids.length / lists.k;
  const out = { k, ids: new Uint32Array(rows * k), scores: new Float32Array(rows * k) };
  for (let i = 0; i < rows; i += 1) {
    out.ids.set(lists.ids.subarray(i * lists.k, i * lists.k + k), i * k);
    out.scores.set(lists.scores.subarray(i * lists.k, i * lists.k + k), i * k);
  }
  return out;
}

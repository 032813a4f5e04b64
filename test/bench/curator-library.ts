/** A library of many photos that are there as files: what a curator's archive is to collections. */
import { createHash } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import type { Library } from '../../src/main/engine/library/library.ts';
import { random } from '../../src/main/engine/library/random.ts';
import type { NetworkRow } from '../../src/main/engine/network/networks.ts';
import { syntheticLibrary } from '../support/synthetic-library.ts';

/** Different pictures; every file is one of them with a comment of its own, so that each is another photo. */
const PICTURES = 16;

export interface CuratorSize {
  readonly photos: number;
  readonly folders: number;
  readonly dim: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** False: rows and descriptors alone. */
  readonly files: boolean;
}

export interface CuratorLibrary {
  readonly library: Library;
  readonly network: NetworkRow;
  /** Of all files. */
  readonly bytes: number;
  /** Folder in which the folders of photos are. */
  readonly photos: string;
}

/** JPEG files of noise over a gradient, as hard to compress as a photo. */
async function pictures(width: number, height: number): Promise<Buffer[]> {
  const r = random(7);
  const out: Buffer[] = [];
  for (let k = 0; k < PICTURES; k += 1) {
    const data = Buffer.alloc(3 * width * height);
    for (let i = 0; i < data.length; i += 1)
      data[i] = Math.min(255, 30 + 12 * k + ((60 * i) / data.length) * (1 + (i % 3)) + 24 * r.next());
    out.push(
      await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 80 })
        .toBuffer(),
    );
  }
  return out;
}

/** A JPEG with a comment behind its first marker. */
function commented(picture: Buffer, text: string): Buffer {
  const comment = Buffer.from(text);
  const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return Buffer.concat([picture.subarray(0, 2), head, comment, picture.subarray(2)]);
}

/** Names as cameras give them: the same in every folder. */
export const cameraName = (i: number): string => `IMG_${String(i).padStart(4, '0')}.JPG`;

/** Makes the library in `folder`/library and its photos beside it. Everything follows from the size. */
export async function curatorLibrary(folder: string, size: CuratorSize): Promise<CuratorLibrary> {
  const { library, network } = syntheticLibrary(join(folder, 'library'), {
    photos: size.photos,
    clusters: size.folders,
    dim: size.dim,
    pairsPerPhoto: 1,
    seed: 1,
  });
  const photos = join(folder, 'photos');
  const made = size.files ? await pictures(size.width, size.height) : [];
  const each = Math.ceil(size.photos / size.folders);
  const hashes = Buffer.alloc(16 * size.photos);
  let bytes = 0;
  const { db } = library;
  library.transaction(() => {
    const photo = db.prepare(
      'UPDATE photo SET hash = ?, sha256 = ?, width = ?, height = ?, bytes = ?, taken = ?, latitude = ?, longitude = ? WHERE id = ?',
    );
    const file = db.prepare('UPDATE photo_file SET name = ?, bytes = ?, modified = ?, changed = ? WHERE photo_id = ?');
    for (let c = 0; c < size.folders; c += 1) {
      const root = join(photos, `place_${c}`);
      db.prepare('UPDATE scene SET root = ?, images = ? WHERE id = ?').run(root, root, c + 1);
      if (size.files) mkdirSync(root, { recursive: true });
    }
    for (let i = 0; i < size.photos; i += 1) {
      const folderOf = Math.floor(i / each);
      const name = cameraName(i % each);
      const content = size.files ? commented(made[i % PICTURES]!, `photo ${i}`) : Buffer.from(`photo ${i}`);
      const sha256 = createHash('sha256').update(content).digest();
      sha256.copy(hashes, 16 * i, 0, 16);
      bytes += content.length;
      const hex = sha256.toString('hex');
      const id = i + 1;
      photo.run(hex.slice(0, 32), hex, size.width, size.height, content.length, id * 3600, id % 90, id % 180, id);
      if (size.files) {
        const path = join(photos, `place_${folderOf}`, name);
        writeFileSync(path, content);
        const s = statSync(path);
        file.run(name, s.size, s.mtimeMs, s.ctimeMs, id);
      } else file.run(name, content.length, 0, null, id);
    }
  });
  writeNpy(`${library.file('descriptors', `${network.uid}-320`)}.ids.npy`, new Uint8Array(hashes), [size.photos, 16]);
  return { library, network, bytes, photos };
}

/** Photos of a group of near duplicates. */
const ALIKE = 4;

/** Gives photos looks and quality, as if they had been looked at: every four are alike, each with a bit or two of its own. */
export function looked(library: Library): void {
  const r = random(11);
  const word = (): bigint => BigInt(Math.floor(r.next() * 2 ** 32));
  library.transaction(() => {
    const look = library.db.prepare('UPDATE photo SET look = ? WHERE id = ?');
    library.db
      .prepare('INSERT OR REPLACE INTO photo_quality SELECT id, 1, id % 97, 0.5, 0, 0, 7, 20, 0 FROM photo')
      .run();
    const ids = library.db.prepare('SELECT id FROM photo ORDER BY id').pluck().all() as number[];
    let base = 0n;
    for (const [i, id] of ids.entries()) {
      if (i % ALIKE === 0) base = (word() << 32n) | word();
      const own = i % ALIKE === 0 ? 0n : 1n << BigInt(Math.floor(r.next() * 63));
      look.run((base ^ own).toString(16).padStart(16, '0'), id);
    }
  });
}

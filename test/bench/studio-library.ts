/**
 * A library that looks to the studio like a large real one: photos that are files and can be decoded, clusters with points and pairs,
 * descriptors of photos and of their edges, a map, and what was made of them (studio-records.ts). Everything follows from the seed.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { QUALITY_VERSION } from '../../src/main/engine/features/quality-store.ts';
import { Library, now } from '../../src/main/engine/library/library.ts';
import { random, type Random } from '../../src/main/engine/library/random.ts';
import { clusterWriter } from '../../src/main/engine/library/tables/cluster.ts';
import { ensureDefaultNetwork, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import { l2Normalise } from '../../src/main/engine/network/pooling.ts';
import { edgeNetworkOf } from '../../src/main/engine/edges/library-networks.ts';
import { defaultSize } from '../../src/main/engine/inputs/inputs.ts';

import { collections, measurements, records, reports, tuples } from './studio-records.ts';
import type { StudioSize } from './studio-size.ts';

/** What the bench drives. */
export const LARGE: StudioSize = { photos: 100_000, clusters: 2000, pairsPerPhoto: 20, tuples: 50_000, seed: 1 };

const SAMPLE = join(import.meta.dirname, '..', '..', 'resources', 'sample');
const LONG_SIDE = 160;
const POINTS = 1000;
const DAY = 86_400;

/** Small JPEGs of the sample, to be copied with a number in each. */
async function templates(): Promise<{ bytes: Buffer; width: number; height: number }[]> {
  const folders = readdirSync(SAMPLE, { withFileTypes: true }).filter((e) => e.isDirectory());
  const files = folders.flatMap(({ name }) => {
    const images = join(SAMPLE, name, 'images');
    return readdirSync(images)
      .slice(0, 4)
      .map((f) => join(images, f));
  });
  return Promise.all(
    files.map(async (file) => {
      const made = sharp(file).resize(LONG_SIDE, LONG_SIDE, { fit: 'inside' }).jpeg({ quality: 60 });
      const { data, info } = await made.toBuffer({ resolveWithObject: true });
      return { bytes: data, width: info.width, height: info.height };
    }),
  );
}

/** The same picture as a file of its own: a comment behind the start of the image. */
function numbered(jpeg: Buffer, number: number): Buffer {
  const text = Buffer.from(`photo ${String(number).padStart(9, '0')}`, 'latin1');
  const comment = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), comment, text, jpeg.subarray(2)]);
}

/** How many photos each cluster has. */
export function sizes({ photos, clusters }: StudioSize): number[] {
  const first = clusters === 1 ? photos : Math.ceil(photos / 50);
  const rest = photos - first;
  return Array.from({ length: clusters }, (_, c) =>
    c === 0 ? first : Math.floor((rest * c) / (clusters - 1)) - Math.floor((rest * (c - 1)) / (clusters - 1)),
  );
}

/** Points of a model and what each camera sees of them, as its import would have written them. */
function writeModel(library: Library, uid: string, cameras: number, r: Random): void {
  const folder = library.file('clusters', uid);
  mkdirSync(folder, { recursive: true });
  const seen = 60;
  const xyz = Float32Array.from({ length: 3 * POINTS }, () => r.next() - 0.5);
  const obsPoint = Uint32Array.from({ length: cameras * seen }, (_, k) => {
    const [camera, i] = [Math.floor(k / seen), k % seen];
    return (camera * 7 + i) % POINTS;
  });
  writeNpy(join(folder, 'points.npy'), xyz, [POINTS, 3]);
  writeNpy(
    join(folder, 'colours.npy'),
    Uint8Array.from({ length: 3 * POINTS }, () => r.below(256)),
    [POINTS, 3],
  );
  writeNpy(join(folder, 'errors.npy'), new Float32Array(POINTS).fill(0.7), [POINTS]);
  writeNpy(join(folder, 'tracks.npy'), new Uint32Array(POINTS).fill(6), [POINTS]);
  writeNpy(
    join(folder, 'view_offsets.npy'),
    Uint32Array.from({ length: cameras + 1 }, (_, i) => i * seen),
    [cameras + 1],
  );
  writeNpy(join(folder, 'observation_points.npy'), obsPoint, [obsPoint.length]);
  const xy = Float32Array.from({ length: 2 * obsPoint.length }, (_, k) => ((k * 37) % 97) / 97);
  writeNpy(join(folder, 'observation_xy.npy'), xy, [obsPoint.length, 2]);
}

/** Stores descriptors as if a network had made them. @returns where their files are, without an ending. */
function describe(library: Library, network: NetworkRow, data: Float32Array, hashes: Buffer): string {
  const size = defaultSize(network.spec);
  const rows = data.length / network.spec.dim;
  const file = library.file('descriptors', `${network.uid}-${size}`);
  writeNpy(`${file}.npy`, data, [rows, network.spec.dim]);
  writeNpy(`${file}.ids.npy`, new Uint8Array(hashes), [rows, 16]);
  library.db
    .prepare('INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, ?, ?, ?)')
    .run(network.id, size, rows, now());
  return file;
}

/** Makes the library with its photos in a folder beside it. @param path must not exist. */
export async function studioLibrary(
  path: string,
  size: StudioSize,
): Promise<{ library: Library; network: NetworkRow }> {
  const library = Library.create(path);
  const network = ensureDefaultNetwork(library);
  const r = random(size.seed);
  const pictures = await templates();
  const counts = sizes(size);
  const { dim } = network.spec;
  const data = new Float32Array(size.photos * dim);
  const hashes = Buffer.alloc(size.photos * 16);
  const clusterOf = new Uint32Array(size.photos);
  const root = `${path}-photos`;
  const { db } = library;
  library.transaction(() => {
    const scene = db.prepare('INSERT INTO scene (id, name, root, images) VALUES (?, ?, ?, ?)');
    const photo = db.prepare(
      `INSERT INTO photo (id, hash, sha256, width, height, orientation, bytes, place, taken, latitude, longitude, facts_read, look)
       VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, 1, ?)`,
    );
    const file = db.prepare(
      'INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (?, ?, ?, 0, ?)',
    );
    const quality = db.prepare('INSERT INTO photo_quality VALUES (?, ?, ?, ?, 0.01, 0.01, 7, ?, 0)');
    const write = clusterWriter(library);
    const centre = new Float32Array(dim);
    let i = 0;
    counts.forEach((count, c) => {
      const name = `place_${String(c).padStart(4, '0')}`;
      const images = join(root, name);
      mkdirSync(images, { recursive: true });
      scene.run(c + 1, name, images, images);
      const uid = createHash('sha256').update(`cluster ${size.seed} ${c}`).digest('hex').slice(0, 16);
      const id = write.cluster({
        uid,
        scene: c + 1,
        name,
        source: images,
        points: POINTS,
        observations: 60 * count,
        meanError: 0.7,
      });
      db.prepare('UPDATE cluster_all SET place = ? WHERE id = ?').run(c + 1, id);
      writeModel(library, uid, count, r);
      for (let k = 0; k < dim; k += 1) centre[k] = r.next() - 0.3;
      const [latitude, longitude] = [r.next() * 120 - 50, r.next() * 360 - 180];
      const from = 1_200_000_000 + r.below(5000) * DAY;
      for (let v = 0; v < count; v += 1, i += 1) {
        const picture = pictures[(c + (v >> 3)) % pictures.length]!;
        const bytes = numbered(picture.bytes, i);
        const sha256 = createHash('sha256').update(bytes).digest();
        const named = `IMG_${String(i).padStart(6, '0')}.jpg`;
        writeFileSync(join(images, named), bytes);
        hashes.set(sha256.subarray(0, 16), i * 16);
        clusterOf[i] = id;
        const hash = sha256.toString('hex');
        const taken = v % 10 === 9 ? null : from + v * 20;
        // A photo in fifty looks like the one before it.
        const look = createHash('sha256')
          .update(`look ${i % 50 === 1 ? i - 1 : i}`)
          .digest('hex')
          .slice(0, 16);
        photo.run(
          ...[i + 1, hash.slice(0, 32), hash, picture.width, picture.height, bytes.length, c + 1, taken],
          ...(v % 3 === 0 ? [null, null] : [latitude + r.next() * 0.01, longitude + r.next() * 0.01]),
          look,
        );
        file.run(i + 1, c + 1, named, bytes.length);
        quality.run(i + 1, QUALITY_VERSION, 10 + r.below(400), r.next(), r.below(80));
        const at = i * dim;
        for (let k = 0; k < dim; k += 1) data[at + k] = centre[k]! + 1.6 * (r.next() - 0.5);
        l2Normalise(data.subarray(at, at + dim));
        write.view(id, {
          index: v,
          photo: i + 1,
          name: named,
          camera: {
            id: 1,
            model: 'SIMPLE_PINHOLE',
            width: picture.width,
            height: picture.height,
            params: [150, 80, 60],
          },
          pose: { rotation: [1, 0, 0, 0], translation: [Math.cos(v / 20), Math.sin(v / 20), 0.1 * r.next()] },
          seen: 200 + r.below(800),
        });
      }
      for (let a = 0; a < count; a += 1)
        for (let b = a + 1; b < Math.min(count, a + 1 + size.pairsPerPhoto); b += 1)
          write.pair(id, a, b, 1 + Math.floor((200 * (0.6 + 0.4 * r.next())) / (b - a)), 0.5 + r.next() * 1.5);
    });
    tuples(library, network, size, clusterOf, r);
    records(library, network, size, r);
    measurements(library, network, size, r);
    reports(library, network, size);
  });
  await collections(library, size);
  const described = describe(library, network, data, hashes);
  // Edges of a photo are of its cluster as much as its colours are.
  const edges = await edgeNetworkOf(library, undefined);
  const narrow = edges.spec.dim;
  const shapes = new Float32Array(size.photos * narrow);
  for (let i = 0; i < size.photos; i += 1) {
    const row = shapes.subarray(i * narrow, (i + 1) * narrow);
    for (let k = 0; k < narrow; k += 1) row[k] = data[i * dim + ((k + 1) % dim)]!;
    l2Normalise(row);
  }
  describe(library, edges, shapes, hashes);
  const map = Float32Array.from({ length: 2 * size.photos }, (_, k) => {
    const c = clusterOf[k >> 1]!;
    const middle = ((c * (k % 2 === 0 ? 7919 : 104_729)) % 9973) / 9973;
    return Math.min(1, Math.max(0, middle + 0.02 * (r.next() - 0.5)));
  });
  writeNpy(`${described}.map.npy`, map, [size.photos, 2]);
  writeNpy(
    `${described}.map-ids.npy`,
    Uint32Array.from({ length: size.photos }, (_, i) => i + 1),
    [size.photos],
  );
  return { library, network };
}

/** `node scripts/run.mjs test/bench/studio-library.ts FOLDER [PHOTOS CLUSTERS]`: makes one to look at. */
if (import.meta.main) {
  const [path = '', photos, clusters] = process.argv.slice(2);
  if (path === '') throw new Error('Say where the library is to be.');
  const began = performance.now();
  const size = photos === undefined ? LARGE : { ...LARGE, photos: Number(photos), clusters: Number(clusters) };
  const { library } = await studioLibrary(path, size);
  library.close();
  console.log(
    `${size.photos} photos in ${size.clusters} clusters: ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
}

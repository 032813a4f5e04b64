import { createHash } from 'node:crypto';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { Library, now } from '../../src/main/engine/library/library.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { networkRow, type NetworkRow } from '../../src/main/engine/network/networks.ts';
import { l2Normalise } from '../../src/main/engine/network/pooling.ts';

export interface SyntheticSize {
  readonly photos: number;
  readonly clusters: number;
  readonly dim: number;
  /** Covisible pairs of a photo with photos after it on the camera's path. */
  readonly pairsPerPhoto: number;
  /** Photos of no model, in a folder of their own. */
  readonly distractors?: number;
  readonly seed: number;
}

export const SYNTHETIC_PIXELS = 320;

/**
 * A library without photo files: clusters whose cameras stand on an arc and share fewer points the farther they are apart, and descriptors that
 * scatter around one centre a cluster. Everything follows from the seed.
 */
export function syntheticLibrary(path: string, size: SyntheticSize): { library: Library; network: NetworkRow } {
  const library = Library.create(path);
  const { db } = library;
  const r = random(size.seed);
  const uid = createHash('sha256').update(`synthetic ${size.dim}`).digest('hex').slice(0, 16);
  const spec = {
    name: 'Synthetic',
    dim: size.dim,
    preprocess: { order: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] },
    origin: 'drawn at random',
    licence: 'none',
    features: '',
  };
  db.prepare(
    'INSERT INTO network (uid, parent, spec, bytes, parameters, embedded, created) VALUES (?, NULL, ?, 0, 0, 0, ?)',
  ).run(uid, JSON.stringify(spec), now());
  const network = networkRow(library, uid);
  const total = size.photos + (size.distractors ?? 0);
  const data = new Float32Array(total * size.dim);
  const hashes = Buffer.alloc(total * 16);
  const centre = new Float32Array(size.dim);
  const perCluster = Math.ceil(size.photos / size.clusters);
  library.transaction(() => {
    const scene = db.prepare('INSERT INTO scene (id, name, root, images) VALUES (?, ?, ?, ?)');
    const photo = db.prepare(
      'INSERT INTO photo (id, hash, width, height, orientation, bytes, place) VALUES (?, ?, 640, 480, 1, 1, ?)',
    );
    const file = db.prepare(
      'INSERT INTO photo_file (photo_id, scene_id, name, modified, bytes) VALUES (?, ?, ?, 0, 1)',
    );
    const cluster = db.prepare(
      'INSERT INTO cluster_all (id, uid, scene_id, name, source, place, points, observations, mean_error, created) VALUES (?, ?, ?, ?, ?, ?, 1000, 1000, 1, ?)',
    );
    const view = db.prepare(
      'INSERT INTO view_all (cluster_id, view_index, photo_id, name, camera, pose, points_seen) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    const pair = db.prepare('INSERT INTO pair_all (cluster_id, a, b, shared, scale) VALUES (?, ?, ?, ?, ?)');
    const camera = JSON.stringify({ id: 1, model: 'SIMPLE_PINHOLE', width: 640, height: 480, params: [500, 320, 240] });
    const describe = (i: number, spread: number): void => {
      const at = i * size.dim;
      for (let k = 0; k < size.dim; k += 1) data[at + k] = centre[k]! + spread * (r.next() - 0.5);
      l2Normalise(data.subarray(at, at + size.dim));
    };
    const add = (i: number, sceneId: number): void => {
      const hash = createHash('sha256').update(`${size.seed} ${i}`).digest().subarray(0, 16);
      hashes.set(hash, i * 16);
      photo.run(i + 1, hash.toString('hex'), sceneId);
      file.run(i + 1, sceneId, `${i}.jpg`);
    };
    for (let c = 0, i = 0; c < size.clusters; c += 1) {
      const count = Math.min(perCluster, size.photos - i);
      scene.run(c + 1, `place_${c}`, `/nowhere/place_${c}`, `/nowhere/place_${c}/images`);
      cluster.run(
        c + 1,
        createHash('sha256').update(`cluster ${size.seed} ${c}`).digest('hex').slice(0, 16),
        c + 1,
        `place_${c}`,
        '',
        c + 1,
        now(),
      );
      for (let k = 0; k < size.dim; k += 1) centre[k] = r.next() - 0.3;
      const seen = Array.from({ length: count }, () => 200 + r.below(800));
      for (let v = 0; v < count; v += 1, i += 1) {
        add(i, c + 1);
        describe(i, 1.6);
        const pose = { rotation: [1, 0, 0, 0], translation: [Math.cos(v / 20), Math.sin(v / 20), r.next() * 0.1] };
        view.run(c + 1, v, i + 1, `${i}.jpg`, camera, JSON.stringify(pose), seen[v]!);
      }
      for (let a = 0; a < count; a += 1)
        for (let b = a + 1; b < Math.min(count, a + 1 + size.pairsPerPhoto); b += 1) {
          const most = Math.min(seen[a]!, seen[b]!);
          pair.run(c + 1, a, b, 1 + Math.floor((most * (0.6 + 0.4 * r.next())) / (b - a)), 0.5 + r.next() * 1.5);
        }
    }
    if (size.distractors !== undefined) {
      scene.run(size.clusters + 1, 'distractors', '/nowhere/distractors', '/nowhere/distractors');
      for (let i = size.photos; i < total; i += 1) {
        add(i, size.clusters + 1);
        for (let k = 0; k < size.dim; k += 1) centre[k] = r.next() - 0.3;
        describe(i, 0.2);
      }
    }
  });
  const base = library.file('descriptors', `${uid}-${SYNTHETIC_PIXELS}`);
  writeNpy(`${base}.npy`, data, [total, size.dim]);
  writeNpy(`${base}.ids.npy`, new Uint8Array(hashes), [total, 16]);
  db.prepare('INSERT INTO descriptor_set (network_id, size, rows, created) VALUES (?, ?, ?, ?)').run(
    network.id,
    SYNTHETIC_PIXELS,
    total,
    now(),
  );
  return { library, network };
}

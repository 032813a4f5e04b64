import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNpy } from '../../src/main/engine/formats/npy.ts';
import { random } from '../../src/main/engine/library/random.ts';
import { readColmapBinary } from '../../src/main/engine/sfm/colmap-binary.ts';
import { covisibility } from '../../src/main/engine/sfm/covisibility.ts';
import type { SparseModel } from '../../src/main/engine/sfm/model.ts';
import { writeModel } from '../../src/main/engine/sfm/writers/index.ts';
import { bestImages, InvertedFile } from '../../src/main/engine/teacher/inverted-file.ts';
import { line, median, ms } from './report.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Cameras on a ring that look outward; every point is seen by `track` neighbours. */
export function ringModel(cameras: number, points: number, track: number): SparseModel {
  const pointXyz = new Float64Array(3 * points);
  const perView = new Uint32Array(cameras);
  const first = (p: number): number => Math.floor((p / points) * cameras);
  for (let p = 0; p < points; p += 1) {
    const angle = (2 * Math.PI * (first(p) + track / 2)) / cameras;
    pointXyz.set([20 * Math.cos(angle), 20 * Math.sin(angle), (p % 97) / 97], 3 * p);
    for (let t = 0; t < track; t += 1) perView[(first(p) + t) % cameras]! += 1;
  }
  const viewOffsets = new Uint32Array(cameras + 1);
  perView.forEach((n, v) => (viewOffsets[v + 1] = viewOffsets[v]! + n));
  const fill = viewOffsets.slice();
  const obsPoint = new Uint32Array(points * track);
  const obsXy = new Float32Array(2 * points * track);
  for (let p = 0; p < points; p += 1)
    for (let t = 0; t < track; t += 1) {
      const at = fill[(first(p) + t) % cameras]!++;
      obsPoint[at] = p;
      obsXy[2 * at] = (p * 7919) % 1000;
      obsXy[2 * at + 1] = (p * 104729) % 750;
    }
  return {
    cameras: [{ id: 1, model: 'SIMPLE_RADIAL', width: 1000, height: 750, params: [900, 500, 375, 0.01] }],
    views: Array.from({ length: cameras }, (_, v) => {
      const half = (Math.PI * v) / cameras;
      return {
        imageId: v + 1,
        name: `photo_${v}.jpg`,
        cameraId: 1,
        rotation: [Math.cos(half), 0, 0, Math.sin(half)] as const,
        translation: [0, 0, 30] as const,
      };
    }),
    viewOffsets,
    obsPoint,
    obsXy,
    pointXyz,
    pointRgb: new Uint8Array(3 * points).fill(128),
    pointError: new Float32Array(points).fill(0.5),
    pointTrackLength: new Uint32Array(points).fill(track),
  };
}

const SCIPY = `
import sys, time, numpy as np, scipy.sparse as sp
f = sys.argv[1]
indptr = np.load(f + '/indptr.npy').astype(np.int64); indices = np.load(f + '/indices.npy').astype(np.int32)
a = sp.csr_matrix((np.ones(len(indices), np.int32), indices, indptr))
best = 1e9
for _ in range(5):
    t = time.perf_counter(); c = a @ a.T; best = min(best, time.perf_counter() - t)
c.setdiag(0); c.eliminate_zeros()
print(best, c.nnz // 2, int(c.sum()) // 2)
`;

/** Reading a model of a thousand cameras against COLMAP's conversion to text, and its covisibility against scipy. */
export async function models(folder: string): Promise<void> {
  const at = join(folder, 'ring');
  writeModel(ringModel(1000, 200_000, 10), 'colmap-bin', at);
  const read = await median(() => readColmapBinary(at), 5);
  const out = join(folder, 'ring-text');
  mkdirSync(out, { recursive: true });
  const env = { ...process.env, QT_QPA_PLATFORM: 'offscreen' };
  const run = (args: string[]): number | undefined => {
    const began = performance.now();
    const r = spawnSync('colmap', args, { env, stdio: 'ignore' });
    return r.status === 0 ? (performance.now() - began) / 1000 : undefined;
  };
  const convert = ['model_converter', '--input_path', at, '--output_path', out, '--output_type', 'TXT'];
  const times = Array.from({ length: 3 }, () => run(convert)).filter((t) => t !== undefined);
  if (times.length === 0)
    line('reading a model, 2,000,000 observations', ms(read), 'COLMAP: apt-get install colmap', null);
  else {
    const theirs = times.sort((a, b) => a - b)[times.length >> 1]! - (run(['help']) ?? 0);
    line('reading a model, 2,000,000 observations', ms(read), `COLMAP to text ${ms(theirs)}`, theirs / read);
  }
  const model = readColmapBinary(at);
  const ours = await median(() => covisibility(model), 5);
  const counts = await median(() => covisibility(model, false), 5);
  const arrays = join(folder, 'ring-arrays');
  mkdirSync(arrays, { recursive: true });
  writeNpy(join(arrays, 'indptr.npy'), model.viewOffsets, [model.viewOffsets.length]);
  writeNpy(join(arrays, 'indices.npy'), model.obsPoint, [model.obsPoint.length]);
  const script = join(folder, 'covisibility.py');
  writeFileSync(script, SCIPY);
  const py = spawnSync('/usr/bin/python3', [script, arrays], { encoding: 'utf8' });
  if (py.status !== 0) line('covisibility, 1,000 cameras', ms(ours), 'scipy: apt-get install python3-scipy', null);
  else {
    const [seconds, pairs] = py.stdout.trim().split(' ').map(Number) as [number, number];
    const own = covisibility(model).a.length;
    if (own !== pairs) throw new Error(`scipy finds ${pairs} pairs, Covis ${own}`);
    line('covisibility, 1,000 cameras, counts', ms(counts), `scipy ${ms(seconds)}`, seconds / counts);
    line('covisibility, with scale changes', ms(ours), `scipy, counts alone ${ms(seconds)}`, seconds / ours);
  }
  const { inverted, queries } = bags(5000, 1500, 100_000);
  let i = 0;
  const search = await median(
    () => bestImages(inverted.scores(inverted.vector(queries[i++ % queries.length]!)), 100),
    50,
  );
  line('BoW search, 5,000 photos of 1,500 words', ms(search), 'no other program', null);
}

/** Bags of words whose frequencies fall as in text (Zipf). */
function bags(images: number, features: number, words: number): { inverted: InvertedFile; queries: Uint32Array[] } {
  const r = random(1);
  const draw = (): number => Math.min(words - 1, Math.floor(words * r.next() ** 2));
  const lists = new Uint32Array(images * features).map(draw);
  const offsets = Uint32Array.from({ length: images + 1 }, (_, i) => i * features);
  return {
    inverted: new InvertedFile({ offsets, words: lists }, words),
    queries: Array.from({ length: 20 }, () => new Uint32Array(features).map(draw)),
  };
}

/** Importing ten thousand cameras, five million points, fifty million observations in a process of its own: time and peak memory. */
export async function large(folder: string): Promise<void> {
  const at = join(folder, 'large', 'sparse', '0');
  writeModel(ringModel(10_000, 5_000_000, 10), 'colmap-bin', at);
  const began = performance.now();
  const r = spawnSync(
    '/usr/bin/time',
    ['-v', join(ROOT, 'bin', 'covis.mjs'), 'import', join(folder, 'large-library'), join(folder, 'large'), '--json'],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  );
  const seconds = (performance.now() - began) / 1000;
  const peak = Number(/Maximum resident set size \(kbytes\): (\d+)/.exec(r.stderr)?.[1] ?? Number.NaN) / 1e6;
  const arrays = (50e6 * 12 + 5e6 * (24 + 3 + 4 + 4)) / 1e9;
  line(
    'import, 10,000 cameras, 50 million observations',
    `${seconds.toFixed(0)} s`,
    `peak ${peak.toFixed(2)} GB, the model's own arrays ${arrays.toFixed(2)} GB`,
    null,
  );
  if (r.status !== 0) throw new Error(r.stderr.slice(-2000));
  await Promise.resolve();
}

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writePickle } from '../../../src/main/engine/formats/pickle-writer.ts';
import { readHlocPairs } from '../../../src/main/engine/exchange/pair-readers/hloc.ts';
import { readPairLists } from '../../../src/main/engine/exchange/pair-readers/retrieval-sfm.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { listImages } from '../../../src/main/engine/library/photos.ts';
import { convertModels } from '../../../src/main/engine/sfm/convert.ts';
import { covisibility } from '../../../src/main/engine/sfm/covisibility.ts';
import { discoverScenes } from '../../../src/main/engine/sfm/discover.ts';
import { cameraCentre, rotationMatrix, type SparseModel } from '../../../src/main/engine/sfm/model.ts';
import { NO_PHOTOS, readModels } from '../../../src/main/engine/sfm/read.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import type { ModelReader } from '../../../src/main/engine/sfm/readers/reader.ts';
import { photoSizes } from '../../../src/main/engine/sfm/sizes.ts';
import { writeModel } from '../../../src/main/engine/sfm/writers/index.ts';
import { WRITTEN_FORMATS } from '../../../src/shared/jobs/convert.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { somePoints, writeTextModel } from '../../support/colmap.ts';
import { database, nerfstudio, openMvg, opensfm, SIXTEEN } from '../../support/foreign-models.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith, ROOT, SHARED } from '../../support/programs.ts';

const folder = temporaryFolder();
const FORMATS = join(SHARED, 'formats');
const SCENES = join(SHARED, 'scenes');
const SAMPLE = join(ROOT, 'resources', 'sample', 'castle', 'sparse', '0');

const readerOf = (format: string): ModelReader => MODEL_READERS.find((r) => r.format === format)!;
const read = (path: string, format: string): SparseModel => readModels({ path, reader: readerOf(format) })[0]!;

/** Where each camera stands and looks, by file name. */
function poses(m: SparseModel): Record<string, number[]> {
  return Object.fromEntries(
    m.views
      .map((v): [string, number[]] => [
        basename(v.name),
        [...cameraCentre(v), ...rotationMatrix(v.rotation)].map((x) => Math.round(x * 1e4) / 1e4 + 0),
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Pairs of photos and how many points they share. */
function shared(m: SparseModel): Record<string, number> {
  const c = covisibility(m);
  const name = (v: number): string => basename(m.views[v]!.name);
  return Object.fromEntries(
    Array.from(c.a, (a, k): [string, number] => [[name(a), name(c.b[k]!)].sort().join(' '), c.shared[k]!]).sort(
      ([x], [y]) => (x < y ? -1 : 1),
    ),
  );
}

/** Distance in pixels of each observation to where its point projects through a pinhole. */
function residuals(m: SparseModel, focal: (view: number) => readonly [number, number, number]): number[] {
  const out: number[] = [];
  m.views.forEach((v, i) => {
    const r = rotationMatrix(v.rotation);
    for (let k = m.viewOffsets[i]!; k < m.viewOffsets[i + 1]!; k += 1) {
      const X = m.pointXyz.subarray(3 * m.obsPoint[k]!, 3 * m.obsPoint[k]! + 3);
      const [x, y, z] = [0, 1, 2].map(
        (j) => r[3 * j]! * X[0]! + r[3 * j + 1]! * X[1]! + r[3 * j + 2]! * X[2]! + v.translation[j]!,
      ) as [number, number, number];
      const [f, cx, cy] = focal(i);
      out.push(Math.hypot((f * x) / z + cx - m.obsXy[2 * k]!, (f * y) / z + cy - m.obsXy[2 * k + 1]!));
    }
  });
  return out.sort((a, b) => a - b);
}
const medianOf = (x: readonly number[]): number => x[x.length >> 1]!;
const pinhole =
  (m: SparseModel) =>
  (view: number): readonly [number, number, number] => {
    const c = m.cameras.find((k) => k.id === m.views[view]!.cameraId)!;
    return [c.params[0]!, c.params[1]!, c.params[2]!];
  };

describeWith(['shared data'], 'files that COLMAP, VisualSFM, Bundler and OpenSfM wrote', () => {
  it.each(['fountain_p11', 'sacre_coeur'])(
    '%s: NVM and Bundler of COLMAP hold its poses and shared points',
    (scene) => {
      const colmap = read(join(FORMATS, scene, 'bin'), 'bin');
      const bundler = read(join(FORMATS, scene, 'bundle.bundle.out'), 'bundler');
      const nvm = read(join(FORMATS, scene, 'model.nvm'), 'nvm');
      expect(poses(bundler)).toEqual(poses(colmap));
      expect(poses(nvm)).toEqual(poses(colmap));
      expect(shared(bundler)).toEqual(shared(colmap));
      // COLMAP's NVM keeps one observation of a point an image, so that nothing but repeats is lost.
      expect(shared(nvm)).toEqual(shared(colmap));
    },
  );

  it('points project onto their keypoints: VisualSFM, Bundler, OpenSfM', async () => {
    const images = join(SCENES, 'sceaux_castle', 'images');
    const nvm = read(join(FORMATS, 'sceaux_castle', 'VisualSFM_example.nvm'), 'nvm');
    expect([nvm.views.length, nvm.pointError.length]).toEqual([11, 7817]);
    expect(listImages(images).length).toBe(11);
    // The photo's size is not in the file; the camera's centre is that of the photo, 2832 x 2128.
    expect(medianOf(residuals(nvm, (v) => [pinhole(nvm)(v)[0], 1416, 1064]))).toBeLessThan(25);
    const kermit = join(SCENES, 'bundler_kermit', 'images');
    const names = listImages(kermit);
    const bundler = readModels(
      { path: join(FORMATS, 'bundler_kermit', 'bundle.out'), reader: readerOf('bundler') },
      { names, sizes: await photoSizes(kermit, names) },
    )[0]!;
    expect(bundler.views.map((v) => v.name)).not.toContain('');
    expect(medianOf(residuals(bundler, pinhole(bundler)))).toBeLessThan(1.5);
    const opensfm = read(join(FORMATS, 'berlin_opensfm', 'reconstruction_example.json'), 'opensfm');
    expect(opensfm.views.map((v) => v.name).sort()).toEqual(['01.jpg', '02.jpg', '03.jpg']);
    expect(medianOf(residuals(opensfm, pinhole(opensfm)))).toBeLessThan(12);
  });

  it('says that a reconstruction without tracks has nothing to mine', () => {
    const said: string[] = [];
    const [m] = readModels(
      { path: join(FORMATS, 'sceaux_castle', 'OpenSfM_example_meshed.json'), reader: readerOf('opensfm') },
      NO_PHOTOS,
      (w) => said.push(w),
    );
    expect([m!.views.length, m!.pointError.length, m!.obsPoint.length]).toEqual([11, 6108, 0]);
    expect(said.join()).toContain('tracks.csv');
  });
});

describe('files of other programs, made by hand', () => {
  it('OpenMVG: poses from centres, unregistered views left out, observations in pixels', () => {
    const file = join(folder, 'sfm_data.json');
    openMvg(file);
    const m = read(file, 'openmvg');
    expect(m.views.map((v) => v.name)).toEqual(['v0.jpg', 'v1.jpg']);
    expect(cameraCentre(m.views[0]!)).toEqual([1, 2, -3]);
    expect(rotationMatrix(m.views[1]!.rotation)[2]).toBeCloseTo(-1);
    expect(m.cameras[0]).toMatchObject({ model: 'RADIAL', params: [90, 50, 40, 0.1, 0] });
    expect([Array.from(m.obsXy), m.pointTrackLength[0]]).toEqual([[50, 40, 5, 6], 2]);
    expect(residuals(m, pinhole(m))[0]).toBeCloseTo(0);
  });

  it('nerfstudio: poses alone, turned from OpenGL', () => {
    const file = join(folder, 'transforms.json');
    nerfstudio(file);
    const said: string[] = [];
    const [m] = readModels({ path: file, reader: readerOf('nerfstudio') }, NO_PHOTOS, (w) => said.push(w));
    expect(said.join()).toContain('no tracks');
    expect(m!.views.map((v) => v.name)).toEqual(['images/a.jpg', 'images/b.jpg']);
    expect(cameraCentre(m!.views[0]!).map((x) => x + 0)).toEqual([1, 2, 3]);
    // Looks along the world's -z with the world's y up: down is -y.
    expect(Array.from(rotationMatrix(m!.views[0]!.rotation), (x) => Math.round(x) + 0)).toEqual([
      1, 0, 0, 0, -1, 0, 0, 0, -1,
    ]);
    expect(cameraCentre(m!.views[1]!).map((x) => Math.round(x) + 0)).toEqual([0, 0, 5]);
    expect(m!.cameras.map((c) => c.params[0])).toEqual([90, 70]);
    expect(m!.pointError.length).toBe(0);
  });

  it('OpenSfM: angle-axis poses, tracks from the table beside it', () => {
    mkdirSync(join(folder, 'opensfm'), { recursive: true });
    const file = join(folder, 'opensfm', 'reconstruction.json');
    opensfm(file);
    const m = read(file, 'opensfm');
    expect(Array.from(m.obsXy, (x) => Math.round(x))).toEqual([60, 30, 50, 40]);
    expect(cameraCentre(m.views[1]!)[2]).toBeCloseTo(-1);
    expect(shared(m)).toEqual({ 'a.jpg b.jpg': 1 });
  });

  it('NVM: names with spaces, several models, coordinates from the centre', () => {
    const file = join(folder, 'two.nvm');
    const camera = (name: string): string => `${name} 90 1 0 0 0 0 0 0 0.1 0`;
    writeFileSync(
      file,
      `NVM_V3 FixedK 1\n\n2\n${camera('my photos/a b.jpg')}\n${camera('c.jpg')}\n\n1\n0 0 5 1 2 3 2 0 0 -10 5 1 0 10 -5\n\n1\n${camera('d.jpg')}\n0\n0\n`,
    );
    const models = readModels({ path: file, reader: readerOf('nvm') }, { names: [], sizes: () => [100, 80] });
    expect(models.map((m) => m.views.map((v) => v.name))).toEqual([['my photos/a b.jpg', 'c.jpg'], ['d.jpg']]);
    expect(Array.from(models[0]!.obsXy)).toEqual([40, 45, 60, 35]);
    expect(models[0]!.cameras[0]!.params).toEqual([90, 50, 40, -0.1]);
  });

  it('a COLMAP database: verified matches become tracks, keypoint sizes tell the scale', () => {
    const file = join(folder, 'database.db');
    database(file, SIXTEEN);
    const models = readModels({ path: file, reader: readerOf('database') });
    expect(models.length).toBe(1);
    const c = covisibility(models[0]!);
    expect([models[0]!.views.map((v) => v.name), c.shared[0], c.scale[0]]).toEqual([['a.jpg', 'b.jpg'], 16, 2]);
    database(join(folder, 'few.db'), SIXTEEN.slice(0, 3));
    expect(() => readModels({ path: join(folder, 'few.db'), reader: readerOf('database') })).toThrow(/15 verified/);
  });

  it('newer COLMAP writes rigs and frames beside the rest', () => {
    const at = join(folder, 'rigs', 'sparse', '0');
    mkdirSync(at, { recursive: true });
    for (const f of readdirSync(SAMPLE)) copyFileSync(join(SAMPLE, f), join(at, f));
    writeFileSync(join(at, 'rigs.bin'), Buffer.alloc(8));
    writeFileSync(join(at, 'frames.bin'), Buffer.alloc(8));
    const [scene] = discoverScenes([join(folder, 'rigs')]);
    expect(scene!.models.map((m) => readModels(m)[0]!.views.length)).toEqual([read(SAMPLE, 'bin').views.length]);
    writeFileSync(join(at, 'rigs.bin'), Buffer.alloc(64, 1));
    expect(() => readModels(scene!.models[0]!)).toThrow(/rigs/);
  });

  it('a stray .out in a folder of photos is no model', () => {
    const at = join(folder, 'stray');
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'nohup.out'), 'nothing of Bundler\n');
    copyFileSync(join(ROOT, 'resources', 'sample', 'castle', 'images', 'castle_01.jpg'), join(at, 'a.jpg'));
    expect(discoverScenes([at])[0]!.models).toEqual([]);
  });

  it('pairs of hloc: connected photos are a cluster', () => {
    const file = join(folder, 'pairs.txt');
    writeFileSync(file, 'db/a.jpg q/b.jpg\n\nq/b.jpg c.jpg\nd.jpg e.jpg\n');
    const list = readHlocPairs(file);
    expect(list.cluster).toEqual([0, 0, 0, 3, 3]);
    expect([list.qidxs, list.pidxs]).toEqual([
      [0, 1, 3],
      [1, 2, 4],
    ]);
    writeFileSync(file, 'a b c\n');
    expect(() => readHlocPairs(file)).toThrow(/3 names/);
  });
});

describe('writing', () => {
  it.each(WRITTEN_FORMATS)('%s holds the model that was read', (format) => {
    const source = read(SAMPLE, 'bin');
    const at = join(folder, `written-${format}`);
    writeModel(source, format, at);
    // What was written is found and read like anybody's model.
    const [found] = discoverScenes([at])[0]!.models;
    const back = readModels(found!)[0]!;
    expect(poses(back)).toEqual(poses(source));
    expect(shared(back)).toEqual(shared(source));
    if (format.startsWith('colmap')) expect([back.obsXy, back.cameras]).toEqual([source.obsXy, source.cameras]);
  });

  it('refuses names that a format cannot hold, and matches without cameras', () => {
    const at = join(folder, 'spaces');
    writeTextModel(at, { images: [{ name: 'a b.jpg', at: [0, 0, 0], sees: [1] }], points: somePoints(1) });
    expect(() => writeModel(read(at, 'txt'), 'colmap-txt', join(folder, 'out'))).toThrow(/space/);
    const file = join(folder, 'matches.db');
    database(file, SIXTEEN);
    expect(() => writeModel(read(file, 'database'), 'nvm', join(folder, 'out'))).toThrow(/without cameras/);
  });
});

describeWith(['colmap'], 'COLMAP', () => {
  it('reads what is written for it, with the same counts', async () => {
    const out = join(folder, 'for-colmap');
    const { models } = await convertModels(SAMPLE, { to: 'colmap-bin', out }, silentContext());
    const r = spawnSync('colmap', ['model_analyzer', '--path', out], {
      encoding: 'utf8',
      env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' },
    });
    const said = `${r.stdout}${r.stderr}`;
    expect(said).toMatch(new RegExp(`Points: ${models[0]!.points}`));
    expect(said).toMatch(new RegExp(`Observations: ${models[0]!.observations}`));
  });
});

/** Truncations, flipped bits, repeated and removed parts, counts blown up. */
function mutate(bytes: Buffer, seed: number): Buffer {
  const r = random(seed);
  const out = Buffer.from(bytes);
  const at = (n = out.length): number => r.below(Math.max(1, n));
  switch (r.below(7)) {
    case 0:
      return out.subarray(0, at());
    case 1:
      for (let i = 0; i <= r.below(8); i += 1) out[at()]! ^= 1 << r.below(8);
      return out;
    case 2: {
      const [a, b] = [at(), at()].sort((x, y) => x - y) as [number, number];
      return Buffer.concat([out.subarray(0, b), out.subarray(a)]);
    }
    case 3:
      return Buffer.concat([out.subarray(0, at()), out.subarray(at())]);
    case 4: {
      // A count blown up: eight bytes of ones, or a number of many digits in a text.
      const from = at();
      if (r.next() < 0.5) out.fill(0xff, from, Math.min(out.length, from + 1 + r.below(8)));
      else return Buffer.concat([out.subarray(0, from), Buffer.from('99999999999999999'), out.subarray(from)]);
      return out;
    }
    case 5: {
      const text = out.toString('latin1');
      const words = ['null', '-1', '1e309', 'NaN', '[]', '{}', '"x"', 'true', '0'];
      const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
      const hit = numbers[r.below(Math.max(1, numbers.length))];
      if (hit === undefined) return out;
      const word = words[r.below(words.length)]!;
      return Buffer.from(text.slice(0, hit.index) + word + text.slice(hit.index + hit[0].length), 'latin1');
    }
    default:
      for (let i = 0; i <= r.below(40); i += 1) out[at()] = r.below(256);
      return out;
  }
}

/** Reads a mutated copy; all that may be thrown is an error that says what is wrong. */
function fuzz(
  files: readonly string[],
  seeds: number,
  parse: (folder: string) => unknown,
): { refused: number; slowest: number } {
  const at = join(folder, `fuzz-${basename(files[0]!)}`);
  mkdirSync(at, { recursive: true });
  const originals = files.map((f) => readFileSync(f));
  let refused = 0;
  let slowest = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    const hit = seed % files.length;
    files.forEach((f, i) =>
      writeFileSync(join(at, basename(f)), i === hit ? mutate(originals[i]!, seed) : originals[i]!),
    );
    const began = performance.now();
    try {
      parse(at);
    } catch (error) {
      if (!(error instanceof CovisError) || error.code === 'INTERNAL') throw error;
      refused += 1;
    }
    slowest = Math.max(slowest, performance.now() - began);
  }
  return { refused, slowest };
}

describe('2,000 mutated files for each reader end in a clear error or a model', () => {
  const SEEDS = 2000;
  const tiny = join(folder, 'tiny');
  writeTextModel(tiny, {
    images: [
      { name: 'a.jpg', at: [1, 2, -3], sees: [1, 2] },
      { name: 'b.jpg', at: [0, 0, 0], sees: [2] },
    ],
    points: somePoints(2),
  });
  const tinyModel = read(tiny, 'txt');
  const made = (name: string): string => join(folder, 'fuzzed', name);
  mkdirSync(made(''), { recursive: true });
  const bin = writeModel(tinyModel, 'colmap-bin', made('bin'));
  const nvm = writeModel(tinyModel, 'nvm', made('nvm'));
  const bundler = writeModel(tinyModel, 'bundler', made('bundler'));
  openMvg(made('sfm_data.json'));
  nerfstudio(made('transforms.json'));
  mkdirSync(made('osfm'), { recursive: true });
  opensfm(made('osfm/reconstruction.json'));
  database(made('database.db'), SIXTEEN);
  writeFileSync(made('pairs.txt'), 'a.jpg b.jpg\nb.jpg c.jpg\nd.jpg e.jpg\n');
  const list = { cids: ['a1', 'b2', 'c3'], cluster: [0, 0, 7], qidxs: [0], pidxs: [1] };
  writeFileSync(made('lists.pkl'), writePickle({ train: list, val: { ...list, cluster: [1, 1, 2] } }));
  const cases: [string, readonly string[], (at: string) => unknown][] = [
    ['COLMAP .bin', bin, (at) => read(at, 'bin')],
    ['COLMAP .txt', ['cameras.txt', 'images.txt', 'points3D.txt'].map((f) => join(tiny, f)), (at) => read(at, 'txt')],
    ['NVM', nvm, (at) => read(join(at, 'model.nvm'), 'nvm')],
    ['Bundler', bundler, (at) => read(join(at, 'bundle.out'), 'bundler')],
    ['OpenMVG', [made('sfm_data.json')], (at) => read(join(at, 'sfm_data.json'), 'openmvg')],
    ['nerfstudio', [made('transforms.json')], (at) => read(join(at, 'transforms.json'), 'nerfstudio')],
    [
      'OpenSfM',
      [made('osfm/reconstruction.json'), made('osfm/tracks.csv')],
      (at) => read(join(at, 'reconstruction.json'), 'opensfm'),
    ],
    ['COLMAP database', [made('database.db')], (at) => read(join(at, 'database.db'), 'database')],
    ['pairs of hloc', [made('pairs.txt')], (at) => readHlocPairs(join(at, 'pairs.txt'))],
    ['retrieval-SfM pickle', [made('lists.pkl')], (at) => readPairLists(join(at, 'lists.pkl'))],
  ];
  it.each(cases)(
    '%s',
    (_, files, parse) => {
      const before = process.memoryUsage().rss;
      const { refused, slowest } = fuzz(files, SEEDS, parse);
      expect(refused).toBeGreaterThan(SEEDS / 10);
      expect(slowest).toBeLessThan(1000);
      expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
    },
    60_000,
  );
});

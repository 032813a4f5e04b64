import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importTruth } from '../../../src/main/engine/evaluation/truths.ts';
import { exportLibrary } from '../../../src/main/engine/exchange/exports/index.ts';
import { photoNames } from '../../../src/main/engine/exchange/photo-names.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { currentPhoto } from '../../../src/main/engine/library/photos.ts';
import { decide } from '../../../src/main/engine/mining/decisions.ts';
import { readTuples } from '../../../src/main/engine/mining/tuples.ts';
import { defaultNetworkOf, loadNetwork } from '../../../src/main/engine/network/networks.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { importVectors } from '../../../src/main/engine/retrieval/import-vectors.ts';
import { readDatabaseMatches } from '../../../src/main/engine/sfm/colmap-database.ts';
import { convertModels } from '../../../src/main/engine/sfm/convert.ts';
import { covisibility } from '../../../src/main/engine/sfm/covisibility.ts';
import { matchModels } from '../../../src/main/engine/sfm/match-tracks.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWith } from '../../support/programs.ts';
import { python } from '../../support/python.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = (...name: string[]): string => join(folder, ...name);
const task = silentContext();

describeWith(['python readers'], 'what Covis exports, opened by its own readers', () => {
  let library: Library;
  let run: number;
  let notes: { query: string; note: string };
  beforeAll(async () => {
    library = await smallLibrary(at('library'));
    ({ run } = await WORK.mine.run(library, { size: 96, mining: { queries: 20 } }, task));
    const [first] = readTuples(library, run, [0]);
    const id = (hash: string): number =>
      library.db.prepare('SELECT id FROM photo WHERE hash = ?').pluck().get(hash) as number;
    notes = { query: photoNames(library).name(id(first!.query)), note: 'a "note", with\na line; ü 日' };
    decide(library, 'n', [
      { query: id(first!.query), other: id(first!.positive), aspect: 'note', verdict: 'note', note: notes.note },
    ]);
  }, 60_000);
  afterAll(() => library.close());

  it('tables in pandas and pyarrow are the tuples of JSON Lines', async () => {
    const written: string[] = [];
    for (const format of ['jsonl', 'csv', 'parquet'] as const)
      written.push((await exportLibrary(library, { format, out: at('tables'), run }, task)).files[0]!);
    const r = python<{
      tuples: number;
      rows: number[];
      noted: string[][];
      equal: boolean;
      kinds: Record<string, string>;
    }>(
      `
import pandas as pd, pyarrow.parquet as pq
lines = [json.loads(l) for l in open(given[0], encoding='utf8')]
csv = pd.read_csv(given[1])
table = pq.read_table(given[2])
parquet = table.to_pandas()
rows = [(t['query'], t['positive'], t['sharedPoints'], t['overlap']) for t in lines]
of = lambda d: [(q, p, int(s), o) for q, p, s, o in d[d.role == 'positive'][['query', 'photo', 'shared_points', 'overlap']].itertuples(index=False)]
assert list(csv.columns) == list(parquet.columns)
negatives = [(t['query'], n) for t in lines for n in t['negatives']]
for d in (csv, parquet):
    assert [tuple(r) for r in d[d.role == 'negative'][['query', 'photo']].itertuples(index=False)] == negatives
print(json.dumps(dict(tuples=len(lines), rows=[len(csv), len(parquet)], equal=of(csv) == rows and of(parquet) == rows,
  noted=[[r.query, r.note] for d in (csv, parquet) for r in d[d.note.notna()].itertuples()],
  kinds={f.name: str(f.type) for f in table.schema})))`,
      written,
    );
    expect(r).toMatchObject({ tuples: 20, equal: true, noted: [Object.values(notes), Object.values(notes)] });
    expect(r.rows[0]).toBe(r.rows[1]);
    expect(r.kinds).toMatchObject({ query: 'string', shared_points: 'int32', overlap: 'double' });
  });

  it('descriptors in NumPy have a row for each photo of their list, which Pillow opens', async () => {
    const { files } = await exportLibrary(library, { format: 'descriptors', out: at('d.npy'), size: 96 }, task);
    const own = loadDescriptors(library, await defaultNetworkOf(library), 96);
    const r = python<{ shape: number[]; type: string; first: number[]; paths: string[] }>(
      `
import numpy as np
from PIL import Image
x = np.load(given[0])
paths = open(given[1], encoding='utf8').read().split('\\n')[:-1]
for p in paths: Image.open(p).load()
print(json.dumps(dict(shape=x.shape, type=x.dtype.str, first=x[-1].tolist(), paths=paths)))`,
      files,
    );
    expect(r.shape).toEqual([own.ids.length, own.dim]);
    expect(r.type).toBe('<f4');
    expect(r.first).toEqual(Array.from(own.data.subarray(own.data.length - own.dim)));
    expect(r.paths).toEqual(Array.from(own.ids, (id) => currentPhoto(library, id)));
  });

  it('a network in ONNX Runtime of Python gives the descriptors of Covis, at every shape', async () => {
    const { files } = await exportLibrary(library, { format: 'network', out: at('n.onnx') }, task);
    const row = await defaultNetworkOf(library);
    const runner = await Runner.create(loadNetwork(library, row).graph);
    const input = Float32Array.from({ length: 3 * 80 * 112 }, (_, i) => Math.sin(i * 0.37));
    const own = Object.values(await runner.run({ image: { dims: [1, 3, 80, 112], data: input } }))[0]!;
    await runner.release();
    const r = python<{ inputs: string[]; out: number[]; other: number[] }>(
      `
import numpy as np, onnxruntime as ort
s = ort.InferenceSession(given, providers=['CPUExecutionProvider'])
x = np.sin(np.arange(3 * 80 * 112) * 0.37).astype(np.float32).reshape(1, 3, 80, 112)
name = s.get_inputs()[0].name
other = s.run(None, {name: x[:, :, :64, :48]})[0]
print(json.dumps(dict(inputs=[i.name for i in s.get_inputs()], out=s.run(None, {name: x})[0].ravel().tolist(), other=list(other.shape))))`,
      files[0],
    );
    expect(r.inputs).toEqual(['image']);
    expect(r.other).toEqual([1, row.spec.dim]);
    expect(r.out.length).toBe(own.length);
    r.out.forEach((v, i) => expect(v).toBeCloseTo(own[i]!, 4));
  });

  it('a retrieval-SfM data set trains as cnnimageretrieval-pytorch does it, or it was said that it does not', async () => {
    const warnings: string[] = [];
    const out = at('retrieval-SfM-small');
    await exportLibrary(library, { format: 'retrieval-sfm', out, photos: 'copy' }, silentContext(warnings));
    // TuplesDataset of cirtorch/datasets/traindataset.py: __init__, and the search for negatives of create_epoch_tuples.
    const r = python<
      Record<'train' | 'val', { clusters: number; default: string; fewer: string; pairs: number; opened: number }>
    >(
      `
import os, pickle
from PIL import Image
name = os.path.basename(given)
with open(os.path.join(given, name + '.pkl'), 'rb') as f: db = pickle.load(f)
def negatives(d, nnum):
    for q in d['qidxs']:
        ranks = range(len(d['cids']))
        clusters, nidxs, r = [d['cluster'][q]], [], 0
        while len(nidxs) < nnum:
            potential = ranks[r]
            if d['cluster'][potential] not in clusters:
                nidxs.append(potential)
                clusters.append(d['cluster'][potential])
            r += 1
def outcome(d, nnum):
    try:
        negatives(d, nnum)
        return 'trains'
    except IndexError: return 'IndexError'
out = {}
for mode in ('train', 'val'):
    d = db[mode]
    images = [os.path.join(given, 'ims', c[-2:], c[-4:-2], c[-6:-4], c) for c in d['cids']]
    for i in images: Image.open(i).convert('RGB')
    assert all(d['cluster'][q] == d['cluster'][p] for q, p in zip(d['qidxs'], d['pidxs']))
    n = len(set(d['cluster']))
    out[mode] = dict(clusters=n, default=outcome(d, 5), fewer=outcome(d, n - 1), pairs=len(d['qidxs']), opened=len(images))
print(json.dumps(out))`,
      out,
    );
    for (const mode of ['train', 'val'] as const) {
      expect(r[mode]).toMatchObject({ default: 'IndexError', fewer: 'trains' });
      expect(r[mode].pairs).toBeGreaterThan(0);
      expect(warnings).toContainEqual(
        expect.stringMatching(
          new RegExp(`^${mode} has ${r[mode].clusters} clusters\\. .*IndexError.*--neg-num ${r[mode].clusters - 1}`),
        ),
      );
    }
    expect(r.train.opened + r.val.opened).toBe(65);
  });

  it('a benchmark is found by its name and gives the score that its labels say', async () => {
    const out = at('castles65');
    const { items } = await exportLibrary(library, { format: 'gnd', out }, task);
    // configdataset of cirtorch and revisitop, and a perfect ranking by their compute_map.
    const r = python<{ queries: number; perfect: number; names: number; boxes: number }>(
      `
import os, pickle
import numpy as np
from PIL import Image
dataset = os.path.basename(given).lower()
with open(os.path.join(given, 'gnd_{}.pkl'.format(dataset)), 'rb') as f: cfg = pickle.load(f)
im_fname = lambda i: os.path.join(given, 'jpg', cfg['imlist'][i] + '.jpg')
qim_fname = lambda i: os.path.join(given, 'jpg', cfg['qimlist'][i] + '.jpg')
for i in range(len(cfg['imlist'])): Image.open(im_fname(i)).load()
boxes = 0
for i, g in enumerate(cfg['gnd']):
    im = Image.open(qim_fname(i)).convert('RGB')
    boxes += im.crop(g['bbx']).tobytes() == im.tobytes()
aps = []
for i, g in enumerate(cfg['gnd']):
    ok = np.array(g['easy'] + g['hard'])
    if len(ok) == 0: continue
    rest = [j for j in range(len(cfg['imlist'])) if j not in set(ok) | set(g['junk'])]
    ranks = np.array(list(g['junk']) + list(ok) + rest)
    pos = np.arange(len(ranks))[np.isin(ranks, ok)]
    junk = np.arange(len(ranks))[np.isin(ranks, g['junk'])]
    pos = pos - np.array([np.sum(junk < p) for p in pos])
    aps.append(np.mean([(j / max(r, 1) * (r > 0) + (r == 0) + (j + 1) / (r + 1)) / 2 for j, r in enumerate(pos)]))
print(json.dumps(dict(queries=len(cfg['gnd']), perfect=float(np.mean(aps)), names=len(set(cfg['imlist'])), boxes=boxes)))`,
      out,
    );
    expect(r).toEqual({ queries: items, perfect: 1, names: 65, boxes: items });
  });

  it('every pair for hloc is one of pycolmap’s images of the model', async () => {
    const { files, items } = await exportLibrary(library, { format: 'hloc-pairs', out: at('hloc'), run }, task);
    const r = python<{ pairs: number; taken: number }>(
      `
import os, tempfile
import pycolmap
pairs = taken = 0
for file in given['files']:
    scene = os.path.basename(file)[len('pairs-'):-len('.txt')]
    model = pycolmap.Reconstruction(os.path.join(given['sample'], scene, 'sparse', '0'))
    with tempfile.TemporaryDirectory() as d:
        db = pycolmap.Database.open(os.path.join(d, 'database.db'))
        for camera in model.cameras.values(): db.write_camera(camera, use_camera_id=True)
        for image in model.images.values():
            db.write_image(pycolmap.Image(name=image.name, camera_id=image.camera_id))
        options = pycolmap.ImportedPairingOptions()
        options.match_list_path = file
        taken += len(pycolmap.ImportedPairGenerator(options, db).all_pairs())
        # hloc reads them so (parsers.parse_retrieval), and asks the model by name.
        for line in open(file):
            q, p = line.split()
            assert model.find_image_with_name(q) is not None and model.find_image_with_name(p) is not None
            assert os.path.exists(os.path.join(given['sample'], scene, 'images', q))
            pairs += 1
        db.close()
print(json.dumps(dict(pairs=pairs, taken=taken)))`,
      { files, sample: SAMPLE },
    );
    expect(r.pairs).toBe(items);
    // Both directions of a pair are one to COLMAP.
    const once = new Set(
      files.flatMap((f) =>
        readFileSync(f, 'utf8')
          .trim()
          .split('\n')
          .map((l) => l.split(' ').sort().join(' ')),
      ),
    );
    expect(r.taken).toBe(once.size);
  });

  it.each(['colmap-bin', 'colmap-txt'] as const)('a model written as %s is the same in pycolmap', async (to) => {
    const source = join(SAMPLE, 'castle');
    const { models } = await convertModels(source, { to, out: at(to) }, task);
    const r = python<{ views: number; points: number; cameras: number; observations: number; far: number }>(
      `
import numpy as np, pycolmap
a = pycolmap.Reconstruction(given['source'])
b = pycolmap.Reconstruction(given['out'])
assert sorted(i.name for i in a.images.values()) == sorted(i.name for i in b.images.values())
far = 0.0
for i in b.images.values():
    j = a.find_image_with_name(i.name)
    far = max(far, float(np.abs(i.cam_from_world().matrix() - j.cam_from_world().matrix()).max()))
print(json.dumps(dict(views=b.num_reg_images(), points=b.num_points3D(), cameras=b.num_cameras(), observations=b.compute_num_observations(), far=far,
  same=[a.num_points3D(), a.compute_num_observations()])))`,
      { source: join(source, 'sparse', '0'), out: models[0]!.folder },
    );
    expect(r).toMatchObject({ views: models[0]!.views, points: models[0]!.points, same: [r.points, r.observations] });
    expect(r.far).toBeLessThan(1e-6);
  });

  it('names that h5py and scipy wrote mean one photo each', async () => {
    const scenes = ['castle', 'pagoda'];
    mkdirSync(at('foreign'));
    python(
      `
import h5py, numpy as np
from scipy.io import savemat
with h5py.File(given['h5'], 'w') as f:
    for i, n in enumerate(given['names']):
        f.create_group(n).create_dataset('global_descriptor', data=np.eye(4, dtype=np.float32)[i])
cell = np.empty(len(given['names']), dtype=object)
cell[:] = given['names']
q = np.empty(1, dtype=object)
q[:] = [given['names'][1]]
savemat(given['mat'], dict(imlist=cell, qimlist=q, gnd=np.array([(np.array([1.0, 3.0]), np.array([2.0]))], dtype=[('ok', object), ('junk', object)])))
print('null')`,
      {
        h5: at('foreign', 'd.h5'),
        mat: at('foreign', 'gnd.mat'),
        names: [...scenes.map((s) => `${s}/images/${s}_01.jpg`), 'castle/images/pagoda_02.jpg', 'factory_01.jpg'],
      },
    );
    const r = await importVectors(library, { file: at('foreign', 'd.h5') }, task);
    expect(r).toMatchObject({ bound: 3, missing: ['castle/images/pagoda_02.jpg'], ambiguous: [], photos: 3 });
    expect(importTruth(library, at('foreign', 'gnd.mat'), 'oxford')).toMatchObject({
      images: 4,
      queries: 1,
      bound: 3,
      missing: ['castle/images/pagoda_02.jpg'],
    });
  });

  it('features without a size, as pycolmap writes them, have no scale change', async () => {
    python(
      `
import numpy as np, pycolmap
db = pycolmap.Database.open(given)
camera = db.write_camera(pycolmap.Camera(model='SIMPLE_PINHOLE', width=640, height=480, params=[500, 320, 240]))
ids = [db.write_image(pycolmap.Image(name=n, camera_id=camera)) for n in ('a.jpg', 'b.jpg')]
for i in ids: db.write_keypoints(i, np.random.default_rng(i).uniform(10, 400, (40, 2)).astype(np.float32))
g = pycolmap.TwoViewGeometry()
g.inlier_matches = np.repeat(np.arange(40, dtype=np.uint32)[:, None], 2, 1)
g.config = 2
db.write_two_view_geometry(ids[0], ids[1], g)
db.close()
print('null')`,
      at('features.db'),
    );
    const { images, pairs } = readDatabaseMatches(at('features.db'), 15);
    expect(pairs[0]!.matches.length).toBe(80);
    for (const { scale } of images) expect(scale.every(Number.isNaN)).toBe(true);
    const [model] = matchModels(images, pairs, at('features.db'));
    const found = covisibility(model!);
    expect([Array.from(found.shared), Array.from(found.scale)]).toEqual([[40], [Number.NaN]]);
  });
});

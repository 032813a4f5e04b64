/** Bad input of every kind, made in a folder, and what is asked of it. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import sharp from 'sharp';
import { readDrawing } from '../../../src/main/engine/edges/sketch-files.ts';
import { readGroundTruth, readNames } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { importPairs } from '../../../src/main/engine/exchange/import-pairs.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { miningRun } from '../../../src/main/engine/mining/runs.ts';
import { networkRow, prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { findSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { clusterDetail } from '../../../src/main/engine/sfm/clusters.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';

export type Files = Readonly<Record<string, string | Uint8Array | number[] | null>>;

/** One kind of bad input: its files below a folder of its own (null: a folder), and the file that is asked for. */
export interface BadInput {
  readonly name: string;
  readonly files: Files;
  readonly ask: (at: string, library: Library) => unknown;
}

export function put(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(content === null ? path : dirname(path), { recursive: true });
    if (content !== null) writeFileSync(path, Array.isArray(content) ? Uint8Array.from(content) : content);
  }
}

const task = silentContext();
const model = (at: string, library: Library): unknown => importSources(library, { sources: [at] }, task);
const file =
  (name: string) =>
  (at: string, library: Library): unknown =>
    importSources(library, { sources: [join(at, name)] }, task);
const pairs =
  (name: string) =>
  (at: string, library: Library): unknown =>
    importPairs(library, join(at, name), undefined, task);
const truth =
  (name: string, protocol = 'oxford') =>
  (at: string): unknown =>
    readGroundTruth(join(at, name), protocol);
const vectors =
  (name: string) =>
  (at: string): unknown =>
    readDescriptorFile(join(at, name));
const network =
  (name: string) =>
  (at: string): unknown =>
    prepareNetwork(join(at, name));
const drawing =
  (name: string) =>
  (at: string): unknown =>
    readDrawing(join(at, name));
const opened =
  (name: string) =>
  (at: string): unknown =>
    Library.open(join(at, name));

const LFS =
  'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
const CAMERAS = '1 PINHOLE 40 30 40 40 20 15\n';
const IMAGES = '1 1 0 0 0 0 0 0 1 a.jpg\n10 10 1\n';
const POINTS = '1 0 0 1 9 9 9 0.5 1 0\n';
const text = (change: Readonly<Record<string, string>>): Files => ({
  'sparse/cameras.txt': CAMERAS,
  'sparse/images.txt': IMAGES,
  'sparse/points3D.txt': POINTS,
  ...change,
});
/** The head of a `.npy` of version 1. */
function npy(header: string, bytes: number): Uint8Array {
  const padded = header.padEnd(117) + '\n';
  return Buffer.concat([
    Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, padded.length & 255, padded.length >> 8]),
    Buffer.from(padded),
    Buffer.alloc(bytes),
  ]);
}
const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } })
  .jpeg()
  .toBuffer();
const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(40)]);

export const MODELS: readonly BadInput[] = [
  { name: 'a path that is not there', files: {}, ask: file('nothing') },
  { name: 'an empty folder', files: { sub: null }, ask: model },
  { name: 'hidden photos alone', files: { '.thumbnails/a.jpg': jpeg, '@eaDir/b.jpg': jpeg }, ask: model },
  {
    name: 'kinds of photos that are not read alone',
    files: { 'a.heic': heic, 'b.bmp': Buffer.from('BM' + '\0'.repeat(60)) },
    ask: model,
  },
  { name: 'a file of no kind', files: { 'notes.doc': 'hello' }, ask: file('notes.doc') },
  {
    name: 'COLMAP text without images',
    files: { 'sparse/cameras.txt': CAMERAS, 'sparse/points3D.txt': POINTS },
    ask: model,
  },
  {
    name: 'COLMAP text with a word for a number',
    files: text({ 'sparse/cameras.txt': '1 PINHOLE 40 wide 40 40 20 15\n' }),
    ask: model,
  },
  {
    name: 'COLMAP text of a camera that is not there',
    files: text({ 'sparse/images.txt': '1 1 0 0 0 0 0 0 7 a.jpg\n10 10 1\n' }),
    ask: model,
  },
  {
    name: 'COLMAP text of a point that is not there',
    files: text({ 'sparse/images.txt': '1 1 0 0 0 0 0 0 1 a.jpg\n10 10 9\n' }),
    ask: model,
  },
  {
    name: 'COLMAP text without an image',
    files: text({ 'sparse/images.txt': '# none\n', 'sparse/points3D.txt': '' }),
    ask: model,
  },
  {
    name: 'COLMAP binary of zero bytes',
    files: { 'sparse/0/cameras.bin': '', 'sparse/0/images.bin': '', 'sparse/0/points3D.bin': '' },
    ask: model,
  },
  {
    name: 'COLMAP binary that is a Git LFS pointer',
    files: { 'sparse/0/cameras.bin': LFS, 'sparse/0/images.bin': LFS, 'sparse/0/points3D.bin': LFS },
    ask: model,
  },
  {
    name: 'COLMAP binary that promises more than there is',
    files: {
      'sparse/0/cameras.bin': [9, 0, 0, 0, 0, 0, 0, 0, 1, 0],
      'sparse/0/images.bin': '',
      'sparse/0/points3D.bin': '',
    },
    ask: model,
  },
  { name: 'a database that is none', files: { 'database.db': 'no database' }, ask: file('database.db') },
  {
    name: 'a Bundler file cut short',
    files: { 'bundle.out': '# Bundle file v0.3\n2 1\n500 0 0\n' },
    ask: file('bundle.out'),
  },
  {
    name: 'a Bundler file without its list',
    files: { 'bundle.out': '# Bundle file v0.3\n1 0\n500 0 0\n1 0 0\n0 1 0\n0 0 1\n0 0 0\n' },
    ask: file('bundle.out'),
  },
  {
    name: 'an NVM file cut short',
    files: { 'm.nvm': 'NVM_V3\n\n2\na.jpg 500 1 0 0 0 0 0 0 0 0\n' },
    ask: file('m.nvm'),
  },
  {
    name: 'OpenMVG that is no JSON',
    files: { 'sfm_data.json': '{"sfm_data_version": "0.3", ' },
    ask: file('sfm_data.json'),
  },
  {
    name: 'OpenSfM that holds no model',
    files: { 'reconstruction.json': '[{"cameras": 1, "shots": {}}]' },
    ask: file('reconstruction.json'),
  },
  {
    name: 'nerfstudio without frames',
    files: { 'transforms.json': '{"fl_x": 1, "frames": []}' },
    ask: file('transforms.json'),
  },
  {
    name: 'nerfstudio with a matrix of zeros',
    files: {
      'transforms.json': JSON.stringify({
        fl_x: 40,
        fl_y: 40,
        cx: 20,
        cy: 15,
        w: 40,
        h: 30,
        frames: [
          {
            file_path: 'a.jpg',
            transform_matrix: [
              [0, 0, 0, 0],
              [0, 0, 0, 0],
              [0, 0, 0, 0],
              [0, 0, 0, 1],
            ],
          },
        ],
      }),
    },
    ask: file('transforms.json'),
  },
];

export const LISTS: readonly BadInput[] = [
  { name: 'a list of pairs that is not there', files: {}, ask: pairs('pairs.txt') },
  {
    name: 'pairs of three names',
    files: { 'pairs.txt': 'a.jpg b.jpg c.jpg\n', 'images/a.jpg': jpeg },
    ask: pairs('pairs.txt'),
  },
  { name: 'retrieval-SfM that is no pickle', files: { 'train.pkl': 'hello' }, ask: pairs('train.pkl') },
  {
    name: 'a pickle that would run something',
    files: { 'train.pkl': 'cos\nsystem\n(S"id"\ntR.' },
    ask: pairs('train.pkl'),
  },
  { name: 'a ground truth that is not there', files: {}, ask: truth('gnd.pkl') },
  { name: 'a ground truth of zero bytes', files: { 'gnd.pkl': '' }, ask: truth('gnd.pkl') },
  { name: 'a ground truth that is a Git LFS pointer', files: { 'gnd.pkl': LFS }, ask: truth('gnd.pkl') },
  { name: 'a ground truth that is no JSON', files: { 'gnd.json': '{"imlist": [' }, ask: truth('gnd.json') },
  { name: 'a ground truth without labels', files: { 'gnd.json': '{"imlist": ["a"]}' }, ask: truth('gnd.json') },
  {
    name: 'a ground truth of rows that are not there',
    files: { 'gnd.json': '{"imlist": ["a"], "qimlist": ["q"], "gnd": [{"ok": [4]}]}' },
    ask: truth('gnd.json'),
  },
  {
    name: 'a ground truth of names that are not in its list',
    files: { 'gnd.json': '{"imlist": ["a"], "qimlist": ["q"], "gnd": [{"ok": ["b"]}]}' },
    ask: truth('gnd.json'),
  },
  {
    name: 'a ground truth whose names are ambiguous',
    files: { 'gnd.json': '{"imlist": ["x/a.jpg", "y/a.jpg"], "qimlist": ["q"], "gnd": [{"ok": ["a.jpg"]}]}' },
    ask: truth('gnd.json'),
  },
  {
    name: 'Oxford text without a list of the database',
    files: { 'gt/all_1_query.txt': 'a 1 2 3 4\n', 'gt/all_1_good.txt': 'b\n' },
    ask: truth('gt'),
  },
  { name: 'a folder without Oxford text', files: { gt: null }, ask: truth('gt') },
  {
    name: 'a list of names for a protocol that it cannot serve',
    files: { 'list.txt': 'a.jpg\nb.jpg\n' },
    ask: truth('list.txt', 'hard'),
  },
  { name: 'a list of names that is not there', files: {}, ask: (at) => readNames(join(at, 'names.txt')) },
];

export const VECTORS: readonly BadInput[] = [
  { name: 'descriptors that are not there', files: {}, ask: vectors('x.npy') },
  { name: 'descriptors of zero bytes', files: { 'x.npy': '' }, ask: vectors('x.npy') },
  { name: 'descriptors that are a folder', files: { 'x.npy': null }, ask: vectors('x.npy') },
  { name: 'descriptors that are a Git LFS pointer', files: { 'x.npy': LFS }, ask: vectors('x.npy') },
  {
    name: 'a .npy cut short',
    files: { 'x.npy': npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }", 12) },
    ask: vectors('x.npy'),
  },
  {
    name: 'a .npy of text',
    files: { 'x.npy': npy("{'descr': '<U5', 'fortran_order': False, 'shape': (4,), }", 80) },
    ask: vectors('x.npy'),
  },
  {
    name: 'a .npy of one dimension',
    files: { 'x.npy': npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", 16) },
    ask: vectors('x.npy'),
  },
  { name: 'a .mat that is none', files: { 'x.mat': 'hello' }, ask: vectors('x.mat') },
  { name: 'an HDF5 file that is none', files: { 'x.h5': 'hello' }, ask: vectors('x.h5') },
  {
    name: 'JSON Lines of two lengths',
    files: { 'x.jsonl': '{"name": "a", "vector": [1, 0]}\n{"name": "b", "vector": [1]}\n' },
    ask: vectors('x.jsonl'),
  },
  {
    name: 'JSON Lines that are no JSON',
    files: { 'x.jsonl': '{"name": "a", "vector": [1, 0]}\nhello\n' },
    ask: vectors('x.jsonl'),
  },
  { name: 'a kind that is not known', files: { 'x.csv': '1,2\n' }, ask: vectors('x.csv') },
];

export const NETWORKS: readonly BadInput[] = [
  { name: 'a network that is not there', files: {}, ask: network('n.onnx') },
  { name: 'a network of zero bytes', files: { 'n.onnx': '' }, ask: network('n.onnx') },
  { name: 'a network that is text', files: { 'n.onnx': 'hello, I am no network' }, ask: network('n.onnx') },
  { name: 'a network that is a Git LFS pointer', files: { 'n.onnx': LFS }, ask: network('n.onnx') },
  { name: 'a drawing that is not there', files: {}, ask: drawing('d.svg') },
  { name: 'a drawing of zero bytes', files: { 'd.png': '' }, ask: drawing('d.png') },
  { name: 'a drawing that is no SVG', files: { 'd.svg': '<svg' }, ask: drawing('d.svg') },
  { name: 'strokes that are none', files: { 'd.json': '[[[1, 2], [3]]]' }, ask: drawing('d.json') },
];

export const LIBRARIES: readonly BadInput[] = [
  { name: 'a library that is a file', files: { L: 'hello' }, ask: opened('L') },
  { name: 'a library whose database is empty', files: { 'L/library.db': '' }, ask: opened('L') },
  { name: 'a library whose database is none', files: { 'L/library.db': 'hello'.repeat(200) }, ask: opened('L') },
  {
    name: "a library whose database is another program's",
    files: { L: null },
    ask: (at) => {
      const db = new Database(join(at, 'L', 'library.db'));
      db.exec('CREATE TABLE songs (name TEXT)');
      db.close();
      return opened('L')(at);
    },
  },
  {
    name: 'a library of a newer Covis',
    files: {},
    ask: (at) => {
      const library = Library.create(join(at, 'L'));
      library.db.pragma('user_version = 999');
      library.close();
      return opened('L')(at);
    },
  },
  { name: 'a network of no library', files: {}, ask: (_, library) => networkRow(library, 'zoom') },
  { name: 'descriptors that the library has not', files: {}, ask: (_, library) => findSet(library, '%') },
  { name: 'a cluster that the library has not', files: {}, ask: (_, library) => clusterDetail(library, '_') },
  { name: 'a run that the library has not', files: {}, ask: (_, library) => miningRun(library, 99) },
  {
    name: 'links that lead in a circle',
    files: { a: null },
    ask: (at, library) => {
      symlinkSync(at, join(at, 'a', 'b'));
      return model(at, library);
    },
  },
];

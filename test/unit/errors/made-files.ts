/** Whole files of every kind that Covis reads, and the ways in which a file is not the one that was meant. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { commands } from '../../../src/main/cli/commands/index.ts';
import { readDrawing } from '../../../src/main/engine/edges/sketch-files.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { encodeOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { readGroundTruth, readNames } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { importPairs } from '../../../src/main/engine/exchange/import-pairs.ts';
import { decode } from '../../../src/main/engine/library/pixels.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { ROOT } from '../../support/programs.ts';
import { database, nerfstudio, openMvg, opensfm } from '../../support/foreign-models.ts';
import { put, type Files } from './made.ts';

const COMMANDS = await commands();

/** A file that Covis reads: whole files in a folder, which of them is spoilt, and what is asked. */
export interface WholeFile {
  readonly name: string;
  readonly spoilt: string;
  readonly make: (at: string) => void;
  readonly ask: (at: string, library: Library) => unknown;
}

const task = silentContext();
const of =
  (files: Files) =>
  (at: string): void =>
    put(at, files);
const source =
  (name: string) =>
  (at: string, library: Library): unknown =>
    importSources(library, { sources: [join(at, name)] }, task);
const fixture = (name: string): Buffer => readFileSync(join(ROOT, 'test', 'fixtures', 'descriptors', name));
/** A command, as it is typed. */
export const covis = (
  name: string,
  words: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<void> => COMMANDS.find((c) => c.name === name)!.run(words, options);

const bytes = (...parts: (readonly [kind: 'u32' | 'u64' | 'f64', ...values: number[]] | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1');
      const [kind, ...values] = part;
      const b = Buffer.alloc(values.length * (kind === 'u32' ? 4 : 8));
      values.forEach((v, i) => {
        if (kind === 'u32') b.writeUInt32LE(v, i * 4);
        else if (kind === 'u64') b.writeBigUInt64LE(BigInt(v), i * 8);
        else b.writeDoubleLE(v, i * 8);
      });
      return b;
    }),
  );
const BINARY: Files = {
  'sparse/cameras.bin': bytes(['u64', 1], ['u32', 1, 1], ['u64', 40, 30], ['f64', 40, 40, 20, 15]),
  'sparse/images.bin': bytes(
    ['u64', 1],
    ['u32', 1],
    ['f64', 1, 0, 0, 0, 0, 0, 0],
    ['u32', 1],
    'a.jpg\0',
    ['u64', 1],
    ['f64', 10, 10],
    ['u64', 1],
  ),
  'sparse/points3D.bin': bytes(
    ['u64', 1],
    ['u64', 1],
    ['f64', 0, 0, 1],
    '\x09\x09\x09',
    ['f64', 0.5],
    ['u64', 1],
    ['u32', 1, 0],
  ),
};
const TEXT: Files = {
  'sparse/cameras.txt': '1 PINHOLE 40 30 40 40 20 15\n',
  'sparse/images.txt': '1 1 0 0 0 0 0 0 1 a.jpg\n10 10 1\n',
  'sparse/points3D.txt': '1 0 0 1 9 9 9 0.5 1 0\n',
};
const NVM =
  'NVM_V3\n\n2\na.jpg 500 1 0 0 0 0 0 0 0 0\nb.jpg 500 1 0 0 0 1 0 0 0 0\n\n1\n0 0 5 9 9 9 2 0 0 1 1 1 0 2 2\n';
const BUNDLE =
  '# Bundle file v0.3\n2 1\n500 0 0\n1 0 0\n0 1 0\n0 0 1\n0 0 0\n500 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0\n0 0 -5\n9 9 9\n2 0 0 1 1 1 0 2 2\n';
const GND = JSON.stringify({ imlist: ['a', 'b'], qimlist: ['q'], gnd: [{ ok: [0], junk: [1] }] });
const OXFORD: Files = {
  'gt/all_1_query.txt': 'oxc1_a 1 2 3 4\n',
  'gt/all_1_good.txt': 'a\n',
  'gt/all_1_ok.txt': 'b\n',
  'gt/all_1_junk.txt': 'c\n',
  'gt/all_2_query.txt': 'b 1 2 3 4\n',
  'gt/all_2_good.txt': 'c\n',
  'gt/all_2_ok.txt': '',
  'gt/all_2_junk.txt': 'a\n',
};
const photo = sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } });
const jpeg = await photo.clone().jpeg().toBuffer();
const png = await photo.clone().png().toBuffer();
const { graph } = embeddedNetwork('edges');
const onnx = encodeOnnx(graph);
const PAIRS: Files = { 'images/a.jpg': jpeg, 'images/b.jpg': jpeg };

const model = (name: string, spoilt: string, make: (at: string) => void, what = spoilt): WholeFile => ({
  name,
  spoilt,
  make,
  ask: source(what),
});
const truth = (name: string, spoilt: string, content: string | Buffer): WholeFile => ({
  name,
  spoilt,
  make: of({ [spoilt]: content }),
  ask: (at) => readGroundTruth(join(at, spoilt), 'oxford'),
});
const vectors = (name: string, spoilt: string, content: Buffer): WholeFile => ({
  name,
  spoilt,
  make: of({ [spoilt]: content }),
  ask: (at) => readDescriptorFile(join(at, spoilt)),
});
const drawing = (name: string, spoilt: string, content: string | Buffer): WholeFile => ({
  name,
  spoilt,
  make: of({ [spoilt]: content }),
  ask: (at) => readDrawing(join(at, spoilt)),
});

export const WHOLE: readonly WholeFile[] = [
  model('COLMAP binary cameras', 'sparse/cameras.bin', of(BINARY), 'sparse'),
  model('COLMAP binary images', 'sparse/images.bin', of(BINARY), 'sparse'),
  model('COLMAP binary points', 'sparse/points3D.bin', of(BINARY), 'sparse'),
  model('COLMAP text cameras', 'sparse/cameras.txt', of(TEXT), 'sparse'),
  model('COLMAP text images', 'sparse/images.txt', of(TEXT), 'sparse'),
  model('COLMAP text points', 'sparse/points3D.txt', of(TEXT), 'sparse'),
  model('COLMAP database', 'database.db', (at) => database(join(at, 'database.db'))),
  model('Bundler', 'bundle.out', of({ 'bundle.out': BUNDLE, 'list.txt': 'a.jpg\nb.jpg\n' })),
  model('list of Bundler', 'list.txt', of({ 'bundle.out': BUNDLE, 'list.txt': 'a.jpg\nb.jpg\n' }), 'bundle.out'),
  model('NVM', 'm.nvm', of({ 'm.nvm': NVM })),
  model('OpenMVG', 'sfm_data.json', (at) => openMvg(join(at, 'sfm_data.json'))),
  model('OpenSfM', 'reconstruction.json', (at) => opensfm(join(at, 'reconstruction.json'))),
  model('nerfstudio', 'transforms.json', (at) => nerfstudio(join(at, 'transforms.json'))),
  {
    name: 'list of pairs',
    spoilt: 'pairs.txt',
    make: of({ ...PAIRS, 'pairs.txt': 'a.jpg b.jpg\nb.jpg a.jpg\n' }),
    ask: (at, library) => importPairs(library, join(at, 'pairs.txt'), undefined, task),
  },
  {
    name: 'pickle of pairs',
    spoilt: 'train.pkl',
    make: of({ 'train.pkl': fixture('gnd_p2.pkl') }),
    ask: (at, library) => importPairs(library, join(at, 'train.pkl'), undefined, task),
  },
  truth('ground truth in a pickle', 'gnd.pkl', fixture('gnd_p4.pkl')),
  truth('ground truth in a .mat file', 'gnd.mat', fixture('gnd.mat')),
  truth('ground truth in JSON', 'gnd.json', GND),
  {
    name: 'Oxford text, a query',
    spoilt: 'gt/all_1_query.txt',
    make: of({ ...OXFORD, 'imlist.txt': 'a\nb\nc\n' }),
    ask: (at) => readGroundTruth(join(at, 'gt'), 'oxford', join(at, 'imlist.txt')),
  },
  {
    name: 'Oxford text, its good images',
    spoilt: 'gt/all_1_good.txt',
    make: of({ ...OXFORD, 'imlist.txt': 'a\nb\nc\n' }),
    ask: (at) => readGroundTruth(join(at, 'gt'), 'oxford', join(at, 'imlist.txt')),
  },
  {
    name: 'list of the images',
    spoilt: 'imlist.txt',
    make: of({ ...OXFORD, 'imlist.txt': 'a\nb\nc\n' }),
    ask: (at) => readGroundTruth(join(at, 'gt'), 'oxford', join(at, 'imlist.txt')),
  },
  {
    name: 'list of names',
    spoilt: 'names.txt',
    make: of({ 'names.txt': 'a.jpg\nb.jpg\n' }),
    ask: (at) => readNames(join(at, 'names.txt')),
  },
  vectors('descriptors in .npy', 'x.npy', fixture('x.npy')),
  vectors('descriptors in .h5', 'x.h5', fixture('hloc.h5')),
  vectors('descriptors in .mat', 'x.mat', fixture('x_v5.mat')),
  vectors('descriptors in .mat of version 7.3', 'x73.mat', fixture('x_v73.mat')),
  vectors('descriptors in JSON Lines', 'x.jsonl', fixture('x.jsonl')),
  {
    name: 'ranks',
    spoilt: 'ranks.npy',
    make: of({ 'ranks.npy': fixture('ranks_int64.npy'), 'gnd.json': GND }),
    ask: (at) => covis('evaluate', {}, { ranks: join(at, 'ranks.npy'), gnd: join(at, 'gnd.json') }),
  },
  {
    name: 'network',
    spoilt: 'n.onnx',
    make: of({ 'n.onnx': onnx }),
    ask: (at) => prepareNetwork(join(at, 'n.onnx')),
  },
  drawing(
    'drawing in SVG',
    'd.svg',
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0L9 9"/></svg>',
  ),
  drawing('drawing of QuickDraw', 'd.json', '[[[1, 2, 30], [3, 4, 50]]]'),
  drawing('drawing in PNG', 'd.png', png),
  {
    name: 'photo',
    spoilt: 'a.jpg',
    make: of({ 'a.jpg': jpeg }),
    ask: (at) => decode(join(at, 'a.jpg'), 64),
  },
  {
    name: 'decisions',
    spoilt: 'd.jsonl',
    make: of({ 'd.jsonl': '{"query": "a", "other": "b", "verdict": "accept"}\n' }),
    ask: (at, library) => covis('decide', { library: library.path }, { from: join(at, 'd.jsonl') }),
  },
];

const LFS = `version https://git-lfs.github.com/spec/v1\noid sha256:${'4d'.repeat(32)}\nsize 12345\n`;
/** A WAV file: no kind that Covis reads. */
const OTHER = Buffer.concat([
  Buffer.from('RIFF\x24\x08\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0', 'latin1'),
  Buffer.alloc(200, 7),
]);

/** What is wrong with the file, and how it comes about. */
export const WAYS = {
  missing: (file) => rmSync(file),
  'a folder': (file) => {
    rmSync(file);
    mkdirSync(file);
  },
  empty: (file) => writeFileSync(file, ''),
  'cut short': (file) => {
    const whole = readFileSync(file);
    writeFileSync(file, whole.subarray(0, Math.floor(whole.length / 2)));
  },
  'another kind': (file) => writeFileSync(file, OTHER),
  'a Git LFS pointer': (file) => writeFileSync(file, LFS),
  'a device': (file) => {
    rmSync(file);
    symlinkSync('/dev/null', file);
  },
  'not allowed': (file) => chmodSync(file, 0),
} as const satisfies Readonly<Record<string, (file: string) => void>>;
export type Way = keyof typeof WAYS;

const NOBODY = 65534;

/**
 * Does something as an account that may do less than everything: a test that runs as the system's own may read what is closed to others.
 * @param library is that account's.
 */
export async function asAnybody(library: string, work: () => unknown): Promise<unknown> {
  if (process.geteuid?.() !== 0) return work();
  for (const path of [
    library,
    ...readdirSync(library, { recursive: true, encoding: 'utf8' }).map((f) => join(library, f)),
  ])
    chownSync(path, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

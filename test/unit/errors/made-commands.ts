/** Commands that are asked for what is not there, or to write where nothing can be put. */
import { chmodSync, copyFileSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { refuseDevice } from '../../../src/main/engine/formats/target.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { encodeOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { prepareNetwork } from '../../../src/main/engine/network/networks.ts';
import { ROOT } from '../../support/programs.ts';
import { put } from './made.ts';
import { covis } from './made-files.ts';

/** @param at a new folder, with a folder `closed` that nobody may enter. @param library a library without photos, which is closed while this runs. */
export interface Asking {
  readonly name: string;
  readonly make?: (at: string, library: string) => void;
  readonly ask: (at: string, library: string) => unknown;
  /** As an account that may not do everything. */
  readonly anybody?: true;
}

const jpeg = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#888' } })
  .jpeg()
  .toBuffer();
const npy = readFileSync(join(ROOT, 'test', 'fixtures', 'descriptors', 'x.npy'));

/** A field of a protocol buffer: a number, or bytes. */
function field(number: number, value: number | Buffer | string): Buffer {
  if (typeof value === 'number') return Buffer.from([number << 3, value]);
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}
/** An ONNX file of one operator set and a graph. */
const onnx = (opset: number, ...graph: Buffer[]): Buffer =>
  Buffer.concat([field(1, 8), field(8, field(2, opset)), field(7, Buffer.concat([field(2, 'g'), ...graph]))]);
const relu = field(1, Buffer.concat([field(1, 'x'), field(2, 'y'), field(3, 'first'), field(4, 'Relu')]));
const entry = (key: string, value: string): Buffer => field(13, Buffer.concat([field(1, key), field(2, value)]));
const elsewhere = field(
  5,
  Buffer.concat([field(1, 1), field(2, 1), field(8, 'w'), entry('location', 'n.data'), field(14, 1)]),
);
const network =
  (bytes: Buffer) =>
  (at: string): unknown => {
    put(at, { 'n.onnx': bytes });
    return prepareNetwork(join(at, 'n.onnx'));
  };
function withoutNumbers(): Buffer {
  const { graph } = embeddedNetwork('edges');
  const [name, tensor] = [...graph.initializers].find(([, t]) => t.data instanceof Float32Array)!;
  const data = new Float32Array(tensor.data.length).fill(Number.NaN);
  return Buffer.from(
    encodeOnnx({ ...graph, initializers: new Map([...graph.initializers, [name, { ...tensor, data }]]) }),
  );
}

const descriptors =
  (names: string) =>
  (at: string, library: string): unknown => {
    put(at, { 'x.npy': npy, 'n.txt': names });
    return covis('descriptors', { library, file: join(at, 'x.npy') }, { names: join(at, 'n.txt') });
  };
const exported =
  (out: string, make: (at: string) => void = () => undefined, format = 'network') =>
  (at: string, library: string): unknown => {
    make(at);
    return covis('export', { library }, { format, out: out.replace('LIB', library).replace('IN', at) });
  };
const ranked =
  (out: string) =>
  (at: string): unknown => {
    put(at, { 'x.npy': npy, folder: null });
    symlinkSync('/dev/null', join(at, 'device'));
    return covis('rank', {}, { database: join(at, 'x.npy'), queries: join(at, 'x.npy'), out: join(at, out) });
  };
const searched =
  (options: Readonly<Record<string, string>>) =>
  (at: string, library: string): unknown => {
    put(at, { 'a.jpg': jpeg, 'bad.jpg': jpeg.subarray(0, 99) });
    const typed = Object.entries(options).map(([k, v]) => [k, v.replace('IN', at)]);
    return covis('search', { library }, Object.fromEntries(typed));
  };
const only =
  (name: string, options: Readonly<Record<string, unknown>> = {}) =>
  (_: string, library: string): unknown =>
    covis(name, { library }, options);

export const LIBRARY: readonly Asking[] = [
  { name: 'no library', ask: (at) => covis('clusters', { library: join(at, 'L') }) },
  { name: 'a folder without a library', ask: (at) => covis('clusters', { library: at }) },
  {
    name: 'a folder that may not be entered',
    anybody: true,
    ask: (at) => covis('clusters', { library: join(at, 'closed', 'L') }),
  },
  {
    name: 'a library where its database is a folder',
    ask: (at) => {
      put(at, { 'library.db/x': '' });
      return covis('clusters', { library: at });
    },
  },
  {
    name: 'a library that may not be written',
    anybody: true,
    make: (at, library) => {
      copyFileSync(join(library, 'library.db'), join(at, 'library.db'));
      chmodSync(join(at, 'library.db'), 0o444);
      chmodSync(at, 0o555);
    },
    ask: (at) => covis('duplicates', { library: at }),
  },
  {
    name: 'a library in a folder of something else',
    ask: (at) => {
      put(at, { 'notes.txt': 'mine' });
      return covis('init', { library: at });
    },
  },
  {
    name: 'a library in place of a file',
    ask: (at) => {
      put(at, { L: 'mine' });
      return covis('init', { library: join(at, 'L') });
    },
  },
  {
    name: 'a library below a file',
    ask: (at) => {
      put(at, { L: 'mine' });
      return covis('init', { library: join(at, 'L', 'library') });
    },
  },
  {
    name: 'a library where nothing may be put',
    anybody: true,
    ask: (at) => covis('init', { library: join(at, 'closed', 'L') }),
  },
];

export const NAMED: readonly Asking[] = [
  { name: 'a photo to search with that is not there', ask: searched({ query: 'IN/no.jpg' }) },
  { name: 'a drawing to search with that is not there', ask: searched({ sketch: 'IN/no.svg' }) },
  { name: 'a search with nothing', ask: only('search') },
  { name: 'a search before descriptors', ask: searched({ query: 'IN/a.jpg' }) },
  { name: 'a search in a set that is not there', ask: searched({ query: 'IN/a.jpg', set: 'zoom' }) },
  { name: 'a network that is not there', ask: only('extract', { network: 'zoom' }) },
  { name: 'a file of a network that is not there', ask: only('extract', { network: './zoom.onnx' }) },
  { name: 'a set to remove that is not there', ask: only('descriptors', { remove: 'zoom' }) },
  { name: 'a run to export that is not there', ask: only('export', { format: 'csv', out: 'x', run: 9 }) },
  { name: 'a run to resume that is not there', ask: only('train', { resume: 9 }) },
  { name: 'a decision of photos that are not there', ask: only('decide', { query: 'a', other: 'b', verdict: 'none' }) },
  { name: 'a decision of one photo', ask: only('decide', { query: 'a' }) },
  { name: 'a decision of nothing', ask: only('decide') },
  { name: 'mining without models', ask: only('mine') },
  { name: 'whitening without pairs', ask: only('whiten') },
  { name: 'a ground truth that is not there', ask: only('evaluate', { gnd: './no.json' }) },
  { name: 'classes that are none', ask: (at, library) => covis('evaluate', { library }, { classes: at }) },
  { name: 'ranks without a ground truth', ask: (at) => covis('evaluate', {}, { ranks: join(at, 'x.npy') }) },
  { name: 'too few names', ask: descriptors('a\n') },
  { name: 'too many names', ask: descriptors('a\n'.repeat(9)) },
  { name: 'names that are no photos', ask: descriptors('a\nb\nc\nd\ne\n') },
  {
    name: 'descriptors without names',
    ask: (at, library) => {
      put(at, { 'x.npy': npy });
      return covis('descriptors', { library, file: join(at, 'x.npy') });
    },
  },
];

export const ONNX: readonly Asking[] = [
  { name: 'a network of an old operator set', ask: network(onnx(5, relu)) },
  { name: 'a network with its weights in another file', ask: network(onnx(17, relu, elsewhere)) },
  { name: 'a network without a graph', ask: network(Buffer.concat([field(1, 8), field(8, field(2, 17))])) },
  { name: 'a network without nodes', ask: network(onnx(17)) },
  { name: 'a network that takes no image', ask: network(onnx(17, relu)) },
  { name: 'a network with weights that are no numbers', ask: network(withoutNumbers()) },
];

export const OUT: readonly Asking[] = [
  { name: 'an export into the library', ask: exported('LIB/n.onnx') },
  { name: 'an export in place of a folder', ask: exported('IN') },
  {
    name: 'an export below a file',
    ask: exported('IN/a/n.onnx', (at) => put(at, { a: 'mine' })),
  },
  {
    name: 'an export over a device',
    ask: exported('IN/device', (at) => symlinkSync('/dev/null', join(at, 'device'))),
  },
  { name: 'an export to where nothing may be put', anybody: true, ask: exported('IN/closed/n.onnx') },
  { name: 'an export of no format', ask: (at, library) => covis('export', { library }, { out: join(at, 'o') }) },
  { name: 'an export of what was not mined', ask: exported('IN/o', undefined, 'csv') },
  { name: 'a place in /dev', ask: () => refuseDevice('/dev/stdout') },
  { name: 'a ranking in a folder that is not there', ask: ranked('no/r.npy') },
  { name: 'a ranking in place of a folder', ask: ranked('folder') },
  { name: 'a ranking over a device', ask: ranked('device') },
];

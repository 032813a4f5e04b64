import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, readdirSync, readFileSync, readSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDetector } from '../../../src/main/engine/edges/detector.ts';
import { readDrawing } from '../../../src/main/engine/edges/sketch-files.ts';
import { readGroundTruth, readNames } from '../../../src/main/engine/evaluation/ground-truth-files.ts';
import { readHlocPairs } from '../../../src/main/engine/exchange/pair-readers/hloc.ts';
import { Hdf5File } from '../../../src/main/engine/formats/hdf5.ts';
import { readMat5 } from '../../../src/main/engine/formats/mat5.ts';
import { readNpy, readNpyRows } from '../../../src/main/engine/formats/npy.ts';
import { readPickle } from '../../../src/main/engine/formats/pickle.ts';
import { headOf } from '../../../src/main/engine/formats/recognise.ts';
import { openRegular, readPiped, readRegular } from '../../../src/main/engine/formats/regular.ts';
import { hashFile } from '../../../src/main/engine/library/hash-file.ts';
import { imageHeader, inspectPhoto } from '../../../src/main/engine/library/photo-files.ts';
import { decode } from '../../../src/main/engine/library/pixels.ts';
import { readNetworkFile } from '../../../src/main/engine/network/networks.ts';
import { readDescriptorFile } from '../../../src/main/engine/retrieval/descriptor-files.ts';
import { BinaryReader } from '../../../src/main/engine/sfm/binary-reader.ts';
import { ColmapDatabase } from '../../../src/main/engine/sfm/colmap-database.ts';
import { Json } from '../../../src/main/engine/sfm/json.ts';
import { MODEL_READERS } from '../../../src/main/engine/sfm/readers/index.ts';
import { lines } from '../../../src/main/engine/sfm/text-lines.ts';
import { toErrorShape } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { said } from '../../support/said.ts';

const folder = temporaryFolder();
const fifo = join(folder, 'pipe');
spawnSync('mkfifo', [fifo]);
const DEVICE = 'INPUT_INVALID: This is a device or a pipe, and a file is wanted';

async function saidOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    const { code, message } = toErrorShape(error);
    return `${code}: ${message}`;
  }
  return 'read';
}

/** Nothing else opens a foreign file. A pipe that nobody writes into would be waited for without end. */
const READERS: Readonly<Record<string, (file: string) => unknown>> = {
  head: headOf,
  npy: readNpy,
  'rows of npy': (f) => readNpyRows(f, 0, 1),
  pickle: readPickle,
  mat: readMat5,
  hdf5: (f) => Hdf5File.open(f),
  binary: (f) => new BinaryReader(f),
  text: (f) => [...lines(f)],
  json: (f) => Json.read(f),
  database: (f) => new ColmapDatabase(f),
  names: readNames,
  pairs: (f) => readHlocPairs(f),
  truth: (f) => readGroundTruth(f, 'revisited'),
  descriptors: (f) => readDescriptorFile(f),
  drawing: (f) => readDrawing(f),
  network: readNetworkFile,
  detector: (f) => openDetector(f),
  hash: hashFile,
  header: (f) => imageHeader(f),
  photo: (f) => decode(f, 64),
};

describe('whatever is read', () => {
  it.each(Object.keys(READERS))('%s: a pipe, a device and a link to a pipe are refused at once', async (name) => {
    const link = join(folder, `link-${Object.keys(READERS).indexOf(name)}`);
    symlinkSync(fifo, link);
    for (const file of [fifo, link, '/dev/zero']) expect(await saidOf(() => READERS[name]!(file))).toBe(DEVICE);
  });

  it('a photo of a folder may be a pipe by the time it is looked at', async () => {
    expect(await saidOf(() => inspectPhoto(folder, 'pipe'))).toBe(DEVICE);
  });

  it('the list beside a Bundler file may be one', () => {
    const at = join(folder, 'bundler');
    mkdirSync(at);
    writeFileSync(join(at, 'bundle.out'), '# Bundle file v0.3\n1 0\n500 0 0\n1 0 0\n0 1 0\n0 0 1\n0 0 0\n');
    symlinkSync(fifo, join(at, 'list.txt'));
    const bundler = MODEL_READERS.find((r) => r.format === 'bundler')!;
    const read = (): unknown =>
      bundler.read(join(at, 'bundle.out'), { names: [], sizes: () => [9, 9] }, () => undefined);
    expect(said(read)).toBe(DEVICE);
  });
});

describe('a regular file', () => {
  it('is read behind links, whole', () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'abc');
    symlinkSync(file, join(folder, 'to-file'));
    expect(readRegular(join(folder, 'to-file'), 3).toString()).toBe('abc');
    expect(said(() => readRegular(file, 2, 'list'))).toBe('INPUT_UNSUPPORTED: This list is larger than 2 bytes');
    const { fd, stats } = openRegular(file);
    const bytes = Buffer.alloc(5);
    expect([stats.size, readSync(fd, bytes, 0, 5, 0)]).toEqual([3, 3]);
    closeSync(fd);
  });

  it('is no folder, socket, link in a circle, file of the system, and is there', async () => {
    expect(said(() => openRegular(folder))).toBe('INPUT_INVALID: This is a folder, and a file is wanted');
    symlinkSync('b', join(folder, 'a'));
    symlinkSync('a', join(folder, 'b'));
    expect(said(() => openRegular(join(folder, 'a')))).toBe('INPUT_INVALID: This is a link that leads in a circle');
    expect(said(() => openRegular(join(folder, 'none')))).toBe('INPUT_MISSING: This file does not exist');
    const server = createServer();
    const socket = join(folder, 'socket');
    await new Promise<void>((done) => server.listen(socket, done));
    expect(said(() => openRegular(socket))).toBe('INPUT_INVALID: This is a socket, and a file is wanted');
    server.close();
    if (process.platform === 'linux')
      expect(said(() => openRegular('/proc/self/status'))).toBe(
        "INPUT_INVALID: This is no file but the system's own, and a file is wanted",
      );
  });

  it('leaves no file open where it is refused', () => {
    if (process.platform !== 'linux') return;
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let i = 0; i < 20; i += 1) said(() => readRegular(fifo, 9));
    for (let i = 0; i < 20; i += 1) said(() => readRegular('/proc/self/status', 9));
    expect(open()).toBe(before);
  });
});

describe('what a shell pipes in', () => {
  it('is read to its end, up to a limit', () => {
    const script = `import { readPiped } from ${JSON.stringify(join(import.meta.dirname, '../../../src/main/engine/formats/regular.ts'))};
      try { process.stdout.write(String(readPiped('/dev/stdin', 100000).length)); } catch (e) { process.stdout.write(e.message); }`;
    const piped = (bytes: number): string =>
      spawnSync(
        '/bin/sh',
        ['-c', `head -c ${bytes} /dev/zero | "$0" --input-type=module -e "$1"`, process.execPath, script],
        {
          encoding: 'utf8',
        },
      ).stdout;
    expect([piped(99_999), piped(3_000_000)]).toEqual(['99999', 'This file is larger than 98 KiB']);
    expect(readFileSync(import.meta.filename, 'utf8').length).toBe(
      readPiped(import.meta.filename, 1 << 20).toString().length,
    );
  });
});

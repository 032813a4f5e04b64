import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { LIBRARY, NAMED, ONNX, OUT } from './made-commands.ts';
import { asAnybody } from './made-files.ts';
import { expectPlain, saidOf, type Said } from './said.ts';

const folder = temporaryFolder();
// Lines of progress are not what is looked at.
const progress = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
beforeAll(() => chmodSync(folder, 0o755));
afterAll(() => progress.mockRestore());

/** Code, sentence, file (IN: a new folder, LIB: a library without photos), what to do. */
const TEXTS: Readonly<Record<string, Said>> = {
  'no library': ['NOT_FOUND', 'No library is in this folder', 'IN/L', 'Make one with: covis init IN/L'],
  'a folder without a library': ['NOT_FOUND', 'No library is in this folder', 'IN', 'Make one with: covis init IN'],
  'a folder that may not be entered': [
    'INPUT_INVALID',
    'This may not be read',
    'IN/closed/L',
    'Give this account the permission to read it, and to enter the folders above it.',
  ],
  'a library where its database is a folder': [
    'INPUT_INVALID',
    'This is a folder, and a file is wanted',
    'IN/library.db',
    'Name a file in it.',
  ],
  'a library that may not be written': [
    'READ_ONLY',
    'This account may not write to this library: it is open for reading',
    'IN',
    'Give this account the permission to write to the folder and all in it, or copy the library to another disk.',
  ],
  'a library in a folder of something else': [
    'STATE_CONFLICT',
    'This folder is not empty and holds no library',
    'IN',
    'Choose a new or an empty folder.',
  ],
  'a library in place of a file': [
    'INPUT_INVALID',
    'A part of this path is a file, and a folder is wanted',
    'IN/L',
    'Look whether the path is right.',
  ],
  'a library below a file': [
    'INPUT_INVALID',
    'A part of this path is a file, and a folder is wanted',
    'IN/L/library',
    'Look whether the path is right.',
  ],
  'a library where nothing may be put': [
    'INPUT_INVALID',
    'The system does not permit this',
    'IN/closed/L',
    'Give this account the permission to read it, or to write there, or name another place.',
  ],
  'a photo to search with that is not there': [
    'INPUT_MISSING',
    'This photo does not exist',
    'IN/no.jpg',
    'Look whether the path is right and its disk is there.',
  ],
  'a drawing to search with that is not there': [
    'INPUT_MISSING',
    'This drawing does not exist',
    'IN/no.svg',
    'Look whether the path is right and its disk is there.',
  ],
  'a search with nothing': [
    'INPUT_INVALID',
    'Nothing to search with was given',
    undefined,
    'Name a photo with --query or a drawing with --sketch.',
  ],
  'a search before descriptors': [
    'STATE_EMPTY',
    'The photos have no descriptors of this network yet',
    undefined,
    'Extract them first: Jobs, Extract, or covis extract.',
  ],
  'a search in a set that is not there': [
    'NOT_FOUND',
    'The library has no descriptor set "zoom"',
    undefined,
    'It has no descriptor sets. covis descriptors lists them.',
  ],
  'a network that is not there': [
    'NOT_FOUND',
    'The library has no network "zoom"',
    undefined,
    'It has 9fb5a4193ddf1061 (MobileNetV1 0.25 GeM). A file is named by its path, as in ./network.onnx.',
  ],
  'a file of a network that is not there': [
    'INPUT_MISSING',
    'This file does not exist',
    './zoom.onnx',
    'Look whether the path is right and its disk is there.',
  ],
  'a set to remove that is not there': [
    'NOT_FOUND',
    'The library has no imported descriptor set "zoom"',
    undefined,
    'It has no imported descriptor sets.',
  ],
  'a run to export that is not there': ['NOT_FOUND', 'There is no mining run 9', undefined, 'It has no mining runs.'],
  'a run to resume that is not there': [
    'NOT_FOUND',
    'The library has no training run 9',
    undefined,
    'It has no training runs.',
  ],
  'a decision of photos that are not there': [
    'NOT_FOUND',
    'The library has no single photo a',
    undefined,
    'Name it by content hash, or as covis mine --out writes it: <scene>/<path>.',
  ],
  'a decision of one photo': [
    'INPUT_INVALID',
    'The decision has no other',
    undefined,
    'A decision has query, other and a verdict: accept, reject, same-object, swap, none.',
  ],
  'a decision of nothing': [
    'INPUT_INVALID',
    'Say one thing: --query with --other, --from, --undo, --redo or --log',
    undefined,
    undefined,
  ],
  'mining without models': [
    'STATE_EMPTY',
    'All photos are of one place, so there are no negatives',
    undefined,
    'Import models of at least two places.',
  ],
  'whitening without pairs': [
    'STATE_EMPTY',
    'Whitening is learned from matching pairs, and there are none',
    undefined,
    'Import models, or lists of pairs, of which photos match.',
  ],
  'a ground truth that is not there': [
    'INPUT_MISSING',
    'This ground truth does not exist',
    './no.json',
    'Look whether the path is right and its disk is there.',
  ],
  'classes that are none': [
    'INPUT_INVALID',
    'A folder of classes has a subfolder of photos for each of at least two classes',
    'IN',
    'Put the photos of each class into a folder of its own below this one.',
  ],
  'ranks without a ground truth': [
    'INPUT_INVALID',
    '--ranks needs --gnd, the ground truth that it is measured against',
    undefined,
    undefined,
  ],
  'too few names': [
    'INPUT_INVALID',
    'There are 1 names and 5 images',
    'IN/x.npy',
    'The list of names needs one line for each image, in their order.',
  ],
  'too many names': [
    'INPUT_INVALID',
    'There are 9 names and 5 images',
    'IN/x.npy',
    'The list of names needs one line for each image, in their order.',
  ],
  'names that are no photos': [
    'INPUT_INVALID',
    'None of the 5 names is a photo of this library, the first is a',
    'IN/x.npy',
    'Names are those of the photos, with as many of the folders above them as tell them apart: look whether this is the library, and the list, that belongs to it.',
  ],
  'descriptors without names': [
    'INPUT_INVALID',
    'This file does not say which photo each row is',
    'IN/x.npy',
    'Put the names in x.txt beside it, one a line, or name a list with --names.',
  ],
  'a network of an old operator set': [
    'INPUT_UNSUPPORTED',
    'Operator set 5 is too old, 7 or newer can be read',
    'IN/n.onnx',
    'Save it in another form with the program that made it.',
  ],
  'a network with its weights in another file': [
    'INPUT_MISSING',
    'The weights of this network lie in n.data, which is not beside it (tensor w)',
    'IN/n.data',
    'Put both files into one folder under the names they were exported with, or save the network as one file.',
  ],
  'a network without a graph': [
    'INPUT_CORRUPT',
    'This file holds no ONNX graph',
    'IN/n.onnx',
    'It is damaged, or of another kind than its name says: copy it again, or make it again.',
  ],
  'a network without nodes': [
    'INPUT_CORRUPT',
    'This file holds no ONNX graph',
    'IN/n.onnx',
    'It is damaged, or of another kind than its name says: copy it again, or make it again.',
  ],
  'a network that takes no image': [
    'INPUT_UNSUPPORTED',
    'The network has no output',
    'IN/n.onnx',
    'Save it in another form with the program that made it.',
  ],
  'a network with weights that are no numbers': [
    'INPUT_CORRUPT',
    'Tensor zero holds values that are not numbers',
    'IN/n.onnx',
    'It is damaged, or of another kind than its name says: copy it again, or make it again.',
  ],
  'an export into the library': [
    'INPUT_INVALID',
    'Results do not go into a library',
    'LIB/n.onnx',
    'Name a place outside LIB.',
  ],
  'an export in place of a folder': [
    'INPUT_INVALID',
    'This is a folder, and the result is a file',
    'IN',
    'Name a file in it.',
  ],
  'an export below a file': [
    'INPUT_INVALID',
    'A part of this path is a file, and a folder is wanted',
    'IN/a/n.onnx',
    'Look whether the path is right.',
  ],
  'an export over a device': [
    'INPUT_INVALID',
    'This is a device or a pipe, and results are written to files',
    'IN/device',
    'Name a file to write to.',
  ],
  'an export to where nothing may be put': [
    'INPUT_INVALID',
    'The system does not permit this',
    'IN/closed/n.onnx',
    'Give this account the permission to read it, or to write there, or name another place.',
  ],
  'an export of no format': [
    'INPUT_INVALID',
    '--format takes retrieval-sfm, gnd, hloc-pairs, csv, jsonl, parquet, network, descriptors, and is missing',
    undefined,
    undefined,
  ],
  'an export of what was not mined': [
    'STATE_EMPTY',
    'No tuples were mined yet',
    undefined,
    'Mine them first: covis mine.',
  ],
  'a place in /dev': [
    'INPUT_INVALID',
    'This is a device or a pipe, and results are written to files',
    '/dev/stdout',
    'Name a file to write to.',
  ],
  'a ranking in a folder that is not there': [
    'INPUT_MISSING',
    'The folder of this file does not exist',
    'IN/no/r.npy',
    'Make IN/no first, or name another place.',
  ],
  'a ranking in place of a folder': [
    'INPUT_INVALID',
    'This is a folder, and the result is a file',
    'IN/folder',
    'Name a file in it.',
  ],
  'a ranking over a device': [
    'INPUT_INVALID',
    'This is a device or a pipe, and results are written to files',
    'IN/device',
    'Name a file to write to.',
  ],
};

describe('what is not there, and where nothing can be put, is refused in words', () => {
  const all = [...LIBRARY, ...NAMED, ...ONNX, ...OUT].filter(
    (a) => process.platform !== 'win32' || (a.anybody === undefined && !/device|\/dev/.test(a.name)),
  );

  it.each(all.map((a, i) => [a.name, a, i] as const))('%s', async (name, { make, ask, anybody }, i) => {
    const at = join(folder, String(i));
    const lib = join(folder, `library-${i}`);
    const made = Library.create(lib);
    ensureDefaultNetwork(made);
    made.close();
    mkdirSync(join(at, 'closed'), { recursive: true });
    chmodSync(join(at, 'closed'), 0);
    make?.(at, lib);
    const work = async (): Promise<unknown> => ask(at, lib);
    const thrown = await (anybody === true ? asAnybody(lib, work) : work()).then(
      () => undefined,
      (error: unknown) => error,
    );
    chmodSync(at, 0o755);
    chmodSync(join(at, 'closed'), 0o755);
    expect(thrown, 'it is refused').toBeDefined();
    const said = saidOf(thrown, { IN: at, LIB: lib });
    expect(said).toEqual(TEXTS[name]);
    expectPlain(said);
  });

  it('has a line for each', () => {
    expect(Object.keys(TEXTS)).toEqual([...LIBRARY, ...NAMED, ...ONNX, ...OUT].map((a) => a.name));
  });
});

describe.skipIf(!existsSync('/dev/full'))('output that cannot be written', () => {
  const lib = join(folder, 'full');
  const shell = (line: string): { status: number | null; stderr: string } =>
    spawnSync('/bin/bash', ['-o', 'pipefail', '-c', line], {
      encoding: 'utf8',
      env: { ...process.env, NODE: process.execPath, COVIS: join(ROOT, 'bin', 'covis.mjs'), LIB: lib },
    });
  beforeAll(() => Library.create(lib).close());

  it('is told in a line, and fails', () => {
    expect(shell('"$NODE" "$COVIS" clusters "$LIB" --json > /dev/full')).toMatchObject({
      status: 1,
      stderr: 'covis: The output cannot be written: The disk is full\n  Make room on it, then do this again.\n',
    });
  });

  it('to somebody who has read enough is no error', () => {
    expect(shell('"$NODE" "$COVIS" clusters "$LIB" --json | true')).toMatchObject({ status: 0, stderr: '' });
  });
});

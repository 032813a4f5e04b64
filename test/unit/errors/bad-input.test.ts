import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { expectPlain, saidOf, type Said } from './said.ts';
import { LIBRARIES, LISTS, MODELS, NETWORKS, put, VECTORS, type BadInput } from './made.ts';

const folder = temporaryFolder();
const READS =
  "It reads COLMAP folders, COLMAP folders of text files, NVM of VisualSFM, OpenMVG sfm_data.json, OpenSfM reconstruction.json, nerfstudio transforms.json, Bundler .out and COLMAP's database.db.";
const LOOKS =
  "Covis looks for a folder with images/ and sparse/ (COLMAP), for a model (COLMAP folders, COLMAP folders of text files, NVM of VisualSFM, OpenMVG sfm_data.json, OpenSfM reconstruction.json, nerfstudio transforms.json, Bundler .out and COLMAP's database.db), for several such folders side by side, or for photos.";
const DAMAGED = 'It is damaged, or of another kind than its name says: copy it again, or make it again.';
const CUT_SHORT = 'It is cut short: copy it again, or make it again.';
const LOOK = 'Look whether the path is right and its disk is there.';
const OTHER_FORM = 'Save it in another form with the program that made it.';

/** Code, sentence, file (IN: the folder of the input) with the byte where there is one, what to do. */
const TEXTS: Readonly<Record<string, Said>> = {
  'a path that is not there': ['INPUT_MISSING', 'This folder does not exist', 'IN/nothing', LOOK],
  'an empty folder': ['INPUT_MISSING', 'No model and no photo is here', 'IN', LOOKS],
  'hidden photos alone': [
    'INPUT_MISSING',
    'No model and no photo is here',
    'IN',
    `${LOOKS} IN: 2 hidden or system folders passed over: .thumbnails, @eaDir.`,
  ],
  'kinds of photos that are not read alone': [
    'INPUT_MISSING',
    'No model and no photo that Covis reads is here: 1 of BMP, 1 of HEIC cannot be read',
    'IN',
    'IN has 1 file of a kind that Covis does not read (BMP); convert it to JPEG, PNG or TIFF: b.bmp; IN has 1 file of a kind that Covis does not read (HEIC); convert it to JPEG, PNG or TIFF: a.heic',
  ],
  'a file of no kind': ['INPUT_UNSUPPORTED', 'Covis does not know what kind of model this is', 'IN/notes.doc', READS],
  'COLMAP text without images': ['INPUT_MISSING', 'The model lacks images.txt', 'IN/sparse/images.txt', LOOK],
  'COLMAP text with a word for a number': [
    'INPUT_CORRUPT',
    'A camera height is "wide", not a number',
    'IN/sparse/cameras.txt at 0',
    DAMAGED,
  ],
  'COLMAP text of a camera that is not there': [
    'INPUT_CORRUPT',
    'Image a.jpg uses camera 7, which the model does not have',
    'IN/sparse/images.txt at 0',
    DAMAGED,
  ],
  'COLMAP text of a point that is not there': [
    'INPUT_CORRUPT',
    'An observation names 3D point 9, which the model does not have',
    'IN/sparse/images.txt at 24',
    'If another program has pruned this model, --skip-damaged takes the rest and says how much was left out.',
  ],
  'COLMAP text without an image': [
    'INPUT_INVALID',
    'This model has no registered image',
    'IN/sparse',
    'Register images in the program that made it, or import its photos alone.',
  ],
  'COLMAP binary of zero bytes': [
    'INPUT_TRUNCATED',
    'The file ends inside the number of cameras: 8 bytes are needed, 0 are left',
    'IN/sparse/0/cameras.bin at 0',
    CUT_SHORT,
  ],
  'COLMAP binary that is a Git LFS pointer': [
    'INPUT_UNSUPPORTED',
    'This is a Git LFS pointer, not the file itself',
    'IN/sparse/0/cameras.bin',
    'Run git lfs pull in its repository.',
  ],
  'COLMAP binary that promises more than there is': [
    'INPUT_CORRUPT',
    'The number of cameras says 9, which needs at least 24 bytes each, but only 2 bytes are left',
    'IN/sparse/0/cameras.bin at 0',
    DAMAGED,
  ],
  'a database that is none': ['INPUT_CORRUPT', 'This file is no SQLite database', 'IN/database.db', DAMAGED],
  'a Bundler file cut short': [
    'INPUT_MISSING',
    'This Bundler file has 2 cameras and no list of their images',
    'IN/bundle.out',
    'Put list.txt beside it, one image a line in the order of the cameras, or name a folder with exactly 2 photos with --images.',
  ],
  'a Bundler file without its list': [
    'INPUT_MISSING',
    'This Bundler file has 1 cameras and no list of their images',
    'IN/bundle.out',
    'Put list.txt beside it, one image a line in the order of the cameras, or name a folder with exactly 1 photo with --images.',
  ],
  'an NVM file cut short': ['INPUT_TRUNCATED', 'The file ends before a camera', 'IN/m.nvm at 10', CUT_SHORT],
  'OpenMVG that is no JSON': [
    'INPUT_CORRUPT',
    'This is not valid JSON: Expected double-quoted property name in JSON at position 28 (line 1 column 29)',
    'IN/sfm_data.json',
    DAMAGED,
  ],
  'OpenSfM that holds no model': [
    'INPUT_CORRUPT',
    'Its [0].cameras is not an object',
    'IN/reconstruction.json',
    DAMAGED,
  ],
  'nerfstudio without frames': [
    'INPUT_INVALID',
    'This model has no registered image',
    'IN/transforms.json',
    'Register images in the program that made it, or import its photos alone.',
  ],
  'nerfstudio with a matrix of zeros': [
    'INPUT_CORRUPT',
    'Its frames[0].transform_matrix holds no rotation',
    'IN/transforms.json',
    DAMAGED,
  ],
  'a list of pairs that is not there': ['INPUT_MISSING', 'This file does not exist', 'IN/pairs.txt', LOOK],
  'pairs of three names': [
    'INPUT_CORRUPT',
    'Line 1 has 3 names, not two: a.jpg b.jpg c.jpg',
    'IN/pairs.txt at 0',
    'A list of pairs has two names of photos a line, as hloc writes it, which splits them at white space. Names with spaces are told apart only where both photos are there.',
  ],
  'retrieval-SfM that is no pickle': [
    'INPUT_CORRUPT',
    'The pickle refers to its object 101, which it never made',
    'IN/train.pkl at 2',
    DAMAGED,
  ],
  'a pickle that would run something': [
    'INPUT_UNSUPPORTED',
    'This pickle wants to call os.system; Covis reads plain data only',
    'IN/train.pkl at 11',
    OTHER_FORM,
  ],
  'a ground truth that is not there': ['INPUT_MISSING', 'This ground truth does not exist', 'IN/gnd.pkl', LOOK],
  'a ground truth of zero bytes': ['INPUT_TRUNCATED', 'The pickle ends without its STOP', 'IN/gnd.pkl at 0', CUT_SHORT],
  'a ground truth that is a Git LFS pointer': [
    'INPUT_UNSUPPORTED',
    'This is a Git LFS pointer, not the file itself',
    'IN/gnd.pkl',
    'Run git lfs pull in its repository.',
  ],
  'a ground truth that is no JSON': ['INPUT_CORRUPT', 'This is not JSON', 'IN/gnd.json', DAMAGED],
  'a ground truth without labels': [
    'INPUT_CORRUPT',
    'This is no ground truth: gnd is missing or of another kind',
    'IN/gnd.json',
    'It needs imlist, qimlist and gnd, a list with ok, easy, hard or junk for each query.',
  ],
  'a ground truth of rows that are not there': [
    'INPUT_CORRUPT',
    'The query q refers to image 4, and the list has 1 image',
    'IN/gnd.json',
    DAMAGED,
  ],
  'a ground truth of names that are not in its list': [
    'INPUT_INVALID',
    'This ground truth names 1 image that its list does not have: b',
    'IN/gnd.json',
    'Labels and queries have to be images of imlist.',
  ],
  'a ground truth whose names are ambiguous': [
    'INPUT_INVALID',
    'This ground truth has 1 names that may mean several of its images: a.jpg (x/a.jpg or y/a.jpg)',
    'IN/gnd.json',
    'Write them with their folders, as the list of images has them, or as row numbers.',
  ],
  'Oxford text without a list of the database': [
    'INPUT_INVALID',
    'These text files do not list the database',
    'IN/gt',
    'Say with --imlist FILE which image each row is, one name a line.',
  ],
  'a folder without Oxford text': [
    'INPUT_CORRUPT',
    'This folder has no files that end in _query.txt',
    'IN/gt',
    "A folder is a ground truth of Oxford5k's text files; name the file of any other.",
  ],
  'a list of names for a protocol that it cannot serve': [
    'INPUT_INVALID',
    'A list of names says nothing about the protocol hard',
    'IN/list.txt',
    'Lists serve holidays, ukbench and recall; other protocols need gnd_*.pkl, .mat or JSON.',
  ],
  'a list of names that is not there': ['INPUT_MISSING', 'This list of names does not exist', 'IN/names.txt', LOOK],
  'descriptors that are not there': ['INPUT_MISSING', 'This file does not exist', 'IN/x.npy', LOOK],
  'descriptors of zero bytes': ['INPUT_CORRUPT', 'This is not a .npy file', 'IN/x.npy at 0', DAMAGED],
  'descriptors that are a folder': [
    'INPUT_INVALID',
    'This is a folder, and a file is wanted',
    'IN/x.npy',
    'Name a file in it.',
  ],
  'descriptors that are a Git LFS pointer': [
    'INPUT_UNSUPPORTED',
    'This is a Git LFS pointer, not the file itself',
    'IN/x.npy',
    'Run git lfs pull in its repository.',
  ],
  'a .npy cut short': [
    'INPUT_TRUNCATED',
    'The shape (4, 2) needs 32 bytes, the file has 12',
    'IN/x.npy at 128',
    CUT_SHORT,
  ],
  'a .npy of text': [
    'INPUT_UNSUPPORTED',
    'This array is of the type <U5; floats of 16 to 64 bits, integers of 8 to 64 bits and truth values can be read',
    'IN/x.npy at 128',
    "Save it as another type, for example numpy.save(file, a.astype('float32')).",
  ],
  'a .npy of one dimension': [
    'INPUT_INVALID',
    'Descriptors have two dimensions, one row an image; this array has the shape (4)',
    'IN/x.npy',
    'Save them as a matrix [images, dimensions].',
  ],
  'a .mat that is none': [
    'INPUT_CORRUPT',
    'This is not a little-endian MATLAB file of version 4 to 7',
    'IN/x.mat at 0',
    DAMAGED,
  ],
  'an HDF5 file that is none': ['INPUT_CORRUPT', 'This is not an HDF5 file', 'IN/x.h5', DAMAGED],
  'JSON Lines of two lengths': [
    'INPUT_INVALID',
    'Line 2 has 1 dimensions, the lines before have 2',
    'IN/x.jsonl',
    'All descriptors of a file are of one network.',
  ],
  'JSON Lines that are no JSON': ['INPUT_CORRUPT', 'Line 2 is not JSON', 'IN/x.jsonl', DAMAGED],
  'a kind that is not known': [
    'INPUT_UNSUPPORTED',
    'Descriptors are read from .npy, .h5, .mat and .jsonl, not from x.csv',
    'IN/x.csv',
    OTHER_FORM,
  ],
  'a network that is not there': ['INPUT_MISSING', 'This file does not exist', 'IN/n.onnx', LOOK],
  'a network of zero bytes': ['INPUT_CORRUPT', 'This is not an ONNX file: it is empty', 'IN/n.onnx', DAMAGED],
  'a network that is text': ['INPUT_CORRUPT', 'This is not an ONNX file, or it is cut short', 'IN/n.onnx', DAMAGED],
  'a network that is a Git LFS pointer': [
    'INPUT_UNSUPPORTED',
    'This is a Git LFS pointer, not the file itself',
    'IN/n.onnx',
    'Run git lfs pull in its repository.',
  ],
  'a drawing that is not there': ['INPUT_MISSING', 'This file does not exist', 'IN/d.svg', LOOK],
  'a drawing of zero bytes': [
    'INPUT_CORRUPT',
    'This drawing cannot be decoded',
    'IN/d.png',
    'Drawings are QuickDraw strokes as JSON, SVG and PNG, JPEG, WebP.',
  ],
  'a drawing that is no SVG': [
    'INPUT_CORRUPT',
    'This drawing cannot be decoded',
    'IN/d.svg',
    'Drawings are QuickDraw strokes as JSON, SVG and PNG, JPEG, WebP.',
  ],
  'strokes that are none': [
    'INPUT_INVALID',
    'This JSON holds no strokes: a drawing is a list of [[x…], [y…]]',
    'IN/d.json',
    undefined,
  ],
  'a library that is a file': ['NOT_FOUND', 'No library is in this folder', 'IN/L', 'Make one with: covis init IN/L'],
  'a library whose database is empty': [
    'INPUT_CORRUPT',
    'The database of this library is empty',
    'IN/L/library.db',
    'Nothing was changed. Put back a copy of this file, or make a new library of the same photos and models; both leave them as they are.',
  ],
  'a library whose database is none': [
    'INPUT_CORRUPT',
    'This file is no SQLite database',
    'IN/L/library.db',
    'Nothing was changed. Put back a copy of this file, or make a new library of the same photos and models; both leave them as they are.',
  ],
  "a library whose database is another program's": [
    'INPUT_UNSUPPORTED',
    'This database is of no library of Covis: it says no version',
    'IN/L/library.db',
    'Choose another folder, or put back a copy of library.db.',
  ],
  'a library of a newer Covis': [
    'INPUT_UNSUPPORTED',
    'This library was made by a newer Covis',
    'IN/L',
    'Open it with that one, or update this one.',
  ],
  'a network of no library': [
    'NOT_FOUND',
    'The library has no network "zoom"',
    undefined,
    'It has no networks. A file is named by its path, as in ./network.onnx.',
  ],
  'descriptors that the library has not': [
    'NOT_FOUND',
    'The library has no descriptor set "%"',
    undefined,
    'It has no descriptor sets. covis descriptors lists them.',
  ],
  'a cluster that the library has not': [
    'NOT_FOUND',
    'The library has no cluster "_"',
    undefined,
    'It has no clusters.',
  ],
  'a run that the library has not': ['NOT_FOUND', 'There is no mining run 99', undefined, 'It has no mining runs.'],
  'links that lead in a circle': [
    'INPUT_MISSING',
    'No model and no photo is here',
    'IN',
    `${LOOKS} IN: 1 link to a folder that is listed already passed over: a/b.`,
  ],
};
describe('every kind of bad input is refused with what it is, which file, and what to do', () => {
  const all: readonly BadInput[] = [...MODELS, ...LISTS, ...VECTORS, ...NETWORKS, ...LIBRARIES];
  it.each(all.map((b, i) => [b.name, b, i] as const))('%s', async (name, bad, i) => {
    const library = Library.create(join(folder, `library-${i}`));
    const at = join(folder, String(i));
    put(at, bad.files);
    const photos = (): unknown => library.db.prepare('SELECT COUNT(*) FROM photo').pluck().get();
    const error = await (async () => bad.ask(at, library))().then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error, 'it is an error of Covis').toBeInstanceOf(CovisError);
    const said = saidOf(error, { IN: at });
    expect(said).toEqual(TEXTS[name]);
    expectPlain(said);
    expect(photos()).toBe(0);
    library.close();
  });

  it('has a line for each', () => {
    expect(Object.keys(TEXTS)).toEqual(all.map((b) => b.name));
    expect(all.length).toBeGreaterThan(60);
  });
});

/** What is said of files of each kind, spoilt in each way. */
import type { Way } from './made-files.ts';
import type { Said } from './said.ts';

const DAMAGED = 'It is damaged, or of another kind than its name says: copy it again, or make it again.';
const CUT_SHORT = 'It is cut short: copy it again, or make it again.';
const LOOK = 'Look whether the path is right and its disk is there.';
const OTHER_FORM = 'Save it in another form with the program that made it.';
const DRAWINGS = 'Drawings are QuickDraw strokes as JSON, SVG and PNG, JPEG, WebP.';
const OXFORD = "A folder is a ground truth of Oxford5k's text files; name the file of any other.";
const PRUNED =
  'If another program has pruned this model, --skip-damaged takes the rest and says how much was left out.';
const EACH_CAMERA = 'It needs a line for each camera, in their order, those that are not registered too.';

export type Words = readonly [code: string, message: string, hint: string];
/** Said of the spoilt file itself. */
const MISSING: Words = ['INPUT_MISSING', 'This file does not exist', LOOK];
const FOLDER: Words = ['INPUT_INVALID', 'This is a folder, and a file is wanted', 'Name a file in it.'];
const NO_TEXT: Words = [
  'INPUT_CORRUPT',
  'This is no text, and a list is wanted',
  'Name a text file with one entry a line.',
];
const NO_MODEL: Words = [
  'INPUT_MISSING',
  'No model and no photo is here',
  "Covis looks for a folder with images/ and sparse/ (COLMAP), for a model (COLMAP folders, COLMAP folders of text files, NVM of VisualSFM, OpenMVG sfm_data.json, OpenSfM reconstruction.json, nerfstudio transforms.json, Bundler .out and COLMAP's database.db), for several such folders side by side, or for photos.",
];
/** The same of every kind of file. */
export const OF_ALL: Readonly<Partial<Record<Way, Words>>> = {
  'a Git LFS pointer': [
    'INPUT_UNSUPPORTED',
    'This is a Git LFS pointer, not the file itself',
    'Run git lfs pull in its repository.',
  ],
  'a device': ['INPUT_INVALID', 'This is a device or a pipe, and a file is wanted', 'Copy it into a file.'],
  'not allowed': [
    'INPUT_INVALID',
    'This may not be read',
    'Give this account the permission to read it, and to enter the folders above it.',
  ],
};
/** Nobody can tell that a list has lost its last lines, or never had any. */
export const TAKEN = undefined;

/** Code, sentence, file (IN: the folder of the input) with the byte where there is one, what to do. */
export const TEXTS: Readonly<Record<string, Readonly<Partial<Record<Way, Said | Words | typeof TAKEN>>>>> = {
  'COLMAP binary cameras': {
    missing: ['INPUT_MISSING', 'The model lacks cameras.bin', 'IN/sparse/cameras.bin', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_TRUNCATED',
      'The file ends inside the number of cameras: 8 bytes are needed, 0 are left',
      'IN/sparse/cameras.bin at 0',
      CUT_SHORT,
    ],
    'cut short': [
      'INPUT_TRUNCATED',
      'The file ends inside camera parameters: 8 bytes are needed, 0 are left',
      'IN/sparse/cameras.bin at 32',
      CUT_SHORT,
    ],
    'another kind': [
      'INPUT_CORRUPT',
      'The number of cameras says 8951890856274, which needs at least 24 bytes each, but only 216 bytes are left',
      'IN/sparse/cameras.bin at 0',
      DAMAGED,
    ],
  },
  'COLMAP binary images': {
    missing: ['INPUT_MISSING', 'The model lacks images.bin', 'IN/sparse/images.bin', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_TRUNCATED',
      'The file ends inside the number of images: 8 bytes are needed, 0 are left',
      'IN/sparse/images.bin at 0',
      CUT_SHORT,
    ],
    'cut short': [
      'INPUT_CORRUPT',
      'The number of images says 1, which needs at least 73 bytes each, but only 47 bytes are left',
      'IN/sparse/images.bin at 0',
      DAMAGED,
    ],
    'another kind': [
      'INPUT_CORRUPT',
      'The number of images says 8951890856274, which needs at least 73 bytes each, but only 216 bytes are left',
      'IN/sparse/images.bin at 0',
      DAMAGED,
    ],
  },
  'COLMAP binary points': {
    missing: ['INPUT_MISSING', 'The model lacks points3D.bin', 'IN/sparse/points3D.bin', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_TRUNCATED',
      'The file ends inside the number of 3D points: 8 bytes are needed, 0 are left',
      'IN/sparse/points3D.bin at 0',
      CUT_SHORT,
    ],
    'cut short': [
      'INPUT_CORRUPT',
      'The number of 3D points says 1, which needs at least 51 bytes each, but only 25 bytes are left',
      'IN/sparse/points3D.bin at 0',
      DAMAGED,
    ],
    'another kind': [
      'INPUT_CORRUPT',
      'The number of 3D points says 8951890856274, which needs at least 51 bytes each, but only 216 bytes are left',
      'IN/sparse/points3D.bin at 0',
      DAMAGED,
    ],
  },
  'COLMAP text cameras': {
    missing: ['INPUT_MISSING', 'The model lacks cameras.txt', 'IN/sparse/cameras.txt', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_CORRUPT',
      'Image a.jpg uses camera 1, which the model does not have',
      'IN/sparse/images.txt at 0',
      DAMAGED,
    ],
    'cut short': [
      'INPUT_TRUNCATED',
      'The line ends before a camera parameter',
      'IN/sparse/cameras.txt at 0',
      CUT_SHORT,
    ],
    'another kind': [
      'INPUT_UNSUPPORTED',
      'Camera model \uFFFD is not known, so the length of its record is not either; known are 0 SIMPLE_PINHOLE, 1 PINHOLE, 2 SIMPLE_RADIAL, 3 RADIAL, 4 OPENCV, 5 OPENCV_FISHEYE, 6 FULL_OPENCV, 7 FOV, 8 SIMPLE_RADIAL_FISHEYE, 9 RADIAL_FISHEYE, 10 THIN_PRISM_FISHEYE, 11 RAD_TAN_THIN_PRISM_FISHEYE, 12 SIMPLE_DIVISION, 13 DIVISION, 14 SIMPLE_FISHEYE, 15 FISHEYE, 16 EUCM, 17 EQUIRECTANGULAR',
      'IN/sparse/cameras.txt at 0',
      OTHER_FORM,
    ],
  },
  'COLMAP text images': {
    missing: ['INPUT_MISSING', 'The model lacks images.txt', 'IN/sparse/images.txt', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_CORRUPT',
      'A track names image 1, which the model does not have',
      'IN/sparse/points3D.txt at 0',
      PRUNED,
    ],
    'cut short': ['INPUT_TRUNCATED', 'The line ends before a camera id', 'IN/sparse/images.txt at 0', CUT_SHORT],
    'another kind': [
      'INPUT_CORRUPT',
      'An image id is "RIFF$\uFFFDWAVEfmt", not a number',
      'IN/sparse/images.txt at 0',
      DAMAGED,
    ],
  },
  'COLMAP text points': {
    missing: ['INPUT_MISSING', 'The model lacks points3D.txt', 'IN/sparse/points3D.txt', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_CORRUPT',
      'An observation names 3D point 1, which the model does not have',
      'IN/sparse/images.txt at 24',
      PRUNED,
    ],
    'cut short': [
      'INPUT_TRUNCATED',
      'The line ends before the end of a 3D point',
      'IN/sparse/points3D.txt at 0',
      CUT_SHORT,
    ],
    'another kind': [
      'INPUT_TRUNCATED',
      'The line ends before the end of a 3D point',
      'IN/sparse/points3D.txt at 0',
      CUT_SHORT,
    ],
  },
  'COLMAP database': {
    missing: MISSING,
    'a folder': NO_MODEL,
    empty: ['INPUT_CORRUPT', 'This COLMAP database has no table images', 'IN/database.db', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This COLMAP database is damaged', 'IN/database.db', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'This file is no SQLite database', 'IN/database.db', DAMAGED],
  },
  Bundler: {
    missing: MISSING,
    'a folder': NO_MODEL,
    empty: ['INPUT_TRUNCATED', 'The file ends before the number of cameras', 'IN/bundle.out at 0', CUT_SHORT],
    'cut short': ['INPUT_TRUNCATED', 'The file ends before the distortion k1', 'IN/bundle.out at 55', CUT_SHORT],
    'another kind': [
      'INPUT_CORRUPT',
      'The number of cameras is "RIFF$\uFFFDWAVEfmt", not a number',
      'IN/bundle.out at 0',
      DAMAGED,
    ],
  },
  'list of Bundler': {
    missing: [
      'INPUT_MISSING',
      'This Bundler file has 2 cameras and no list of their images',
      'IN/bundle.out',
      'Put list.txt beside it, one image a line in the order of the cameras, or name a folder with exactly 2 photos with --images.',
    ],
    'a folder': FOLDER,
    empty: ['INPUT_INVALID', 'This list has 0 images, and the model has 2 cameras', 'IN/list.txt', EACH_CAMERA],
    'cut short': ['INPUT_INVALID', 'This list has 1 image, and the model has 2 cameras', 'IN/list.txt', EACH_CAMERA],
    'another kind': ['INPUT_INVALID', 'This list has 1 image, and the model has 2 cameras', 'IN/list.txt', EACH_CAMERA],
  },
  NVM: {
    missing: MISSING,
    'a folder': NO_MODEL,
    empty: ['INPUT_TRUNCATED', 'The file ends before its first line', 'IN/m.nvm at 0', CUT_SHORT],
    'cut short': ['INPUT_CORRUPT', 'A camera line is too short', 'IN/m.nvm at 38', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'The first line is not NVM_V3', 'IN/m.nvm at 0', DAMAGED],
  },
  OpenMVG: {
    missing: MISSING,
    'a folder': NO_MODEL,
    empty: ['INPUT_CORRUPT', 'This is not valid JSON: Unexpected end of JSON input', 'IN/sfm_data.json', DAMAGED],
    'cut short': [
      'INPUT_CORRUPT',
      'This is not valid JSON: Unterminated string in JSON at position 608 (line 1 column 609)',
      'IN/sfm_data.json',
      DAMAGED,
    ],
    'another kind': [
      'INPUT_CORRUPT',
      'This is not valid JSON: Unexpected token \'R\', "RIFF$\uFFFDWA"... is not valid JSON',
      'IN/sfm_data.json',
      DAMAGED,
    ],
  },
  OpenSfM: {
    missing: MISSING,
    'a folder': NO_MODEL,
    empty: ['INPUT_CORRUPT', 'This is not valid JSON: Unexpected end of JSON input', 'IN/reconstruction.json', DAMAGED],
    'cut short': [
      'INPUT_CORRUPT',
      'This is not valid JSON: Unexpected end of JSON input',
      'IN/reconstruction.json',
      DAMAGED,
    ],
    'another kind': [
      'INPUT_CORRUPT',
      'This is not valid JSON: Unexpected token \'R\', "RIFF$\uFFFDWA"... is not valid JSON',
      'IN/reconstruction.json',
      DAMAGED,
    ],
  },
  nerfstudio: {
    missing: MISSING,
    'a folder': NO_MODEL,
    empty: ['INPUT_CORRUPT', 'This is not valid JSON: Unexpected end of JSON input', 'IN/transforms.json', DAMAGED],
    'cut short': [
      'INPUT_CORRUPT',
      "This is not valid JSON: Expected ',' or ']' after array element in JSON at position 140 (line 1 column 141)",
      'IN/transforms.json',
      DAMAGED,
    ],
    'another kind': [
      'INPUT_CORRUPT',
      'This is not valid JSON: Unexpected token \'R\', "RIFF$\uFFFDWA"... is not valid JSON',
      'IN/transforms.json',
      DAMAGED,
    ],
  },
  'list of pairs': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: [
      'INPUT_INVALID',
      'This list has no pair',
      'IN/pairs.txt',
      'A list of pairs has two names of photos a line.',
    ],
    'cut short': TAKEN,
    'another kind': NO_TEXT,
  },
  'pickle of pairs': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_TRUNCATED', 'The pickle ends without its STOP', 'IN/train.pkl at 0', CUT_SHORT],
    'cut short': ['INPUT_TRUNCATED', 'The pickle ends inside a line', 'IN/train.pkl at 230', CUT_SHORT],
    'another kind': ['INPUT_CORRUPT', 'The pickle takes more than it put', 'IN/train.pkl at 1', DAMAGED],
  },
  'ground truth in a pickle': {
    missing: ['INPUT_MISSING', 'This ground truth does not exist', 'IN/gnd.pkl', LOOK],
    'a folder': ['INPUT_CORRUPT', 'This folder has no files that end in _query.txt', 'IN/gnd.pkl', OXFORD],
    empty: ['INPUT_TRUNCATED', 'The pickle ends without its STOP', 'IN/gnd.pkl at 0', CUT_SHORT],
    'cut short': ['INPUT_TRUNCATED', 'The pickle ends 12 bytes too early', 'IN/gnd.pkl at 145', CUT_SHORT],
    'another kind': ['INPUT_CORRUPT', 'The pickle takes more than it put', 'IN/gnd.pkl at 1', DAMAGED],
  },
  'ground truth in a .mat file': {
    missing: ['INPUT_MISSING', 'This ground truth does not exist', 'IN/gnd.mat', LOOK],
    'a folder': ['INPUT_CORRUPT', 'This folder has no files that end in _query.txt', 'IN/gnd.mat', OXFORD],
    empty: ['INPUT_CORRUPT', 'This is not a little-endian MATLAB file of version 4 to 7', 'IN/gnd.mat at 0', DAMAGED],
    'cut short': ['INPUT_TRUNCATED', 'The .mat file ends inside a variable', 'IN/gnd.mat at 464', CUT_SHORT],
    'another kind': [
      'INPUT_CORRUPT',
      'This is not a little-endian MATLAB file of version 4 to 7',
      'IN/gnd.mat at 0',
      DAMAGED,
    ],
  },
  'ground truth in JSON': {
    missing: ['INPUT_MISSING', 'This ground truth does not exist', 'IN/gnd.json', LOOK],
    'a folder': ['INPUT_CORRUPT', 'This folder has no files that end in _query.txt', 'IN/gnd.json', OXFORD],
    empty: ['INPUT_CORRUPT', 'This is not JSON', 'IN/gnd.json', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This is not JSON', 'IN/gnd.json', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'This is not JSON', 'IN/gnd.json', DAMAGED],
  },
  'Oxford text, a query': {
    missing: [
      'INPUT_MISSING',
      'This query is missing, and lists of its images are here',
      'IN/gt/all_1_query.txt',
      'Copy the whole folder again, or take its lists away.',
    ],
    'a folder': FOLDER,
    empty: [
      'INPUT_CORRUPT',
      'This is no query: a name and its box, left top right bottom',
      'IN/gt/all_1_query.txt',
      DAMAGED,
    ],
    'cut short': [
      'INPUT_CORRUPT',
      'This is no query: a name and its box, left top right bottom',
      'IN/gt/all_1_query.txt',
      DAMAGED,
    ],
    'another kind': NO_TEXT,
  },
  'Oxford text, its good images': {
    missing: [
      'INPUT_MISSING',
      'This list of a query is missing, and other queries have theirs',
      'IN/gt/all_1_good.txt',
      'Copy the whole folder again; a list of no image is an empty file.',
    ],
    'a folder': FOLDER,
    empty: TAKEN,
    'cut short': TAKEN,
    'another kind': NO_TEXT,
  },
  'list of the images': {
    missing: ['INPUT_MISSING', 'This list of names does not exist', 'IN/imlist.txt', LOOK],
    'a folder': FOLDER,
    empty: [
      'INPUT_INVALID',
      'This ground truth names 3 images that its list does not have: a, b, c',
      'IN/gt',
      'Labels and queries have to be images of imlist.',
    ],
    'cut short': [
      'INPUT_INVALID',
      'This ground truth names 1 image that its list does not have: c',
      'IN/gt',
      'Labels and queries have to be images of imlist.',
    ],
    'another kind': NO_TEXT,
  },
  'list of names': {
    missing: ['INPUT_MISSING', 'This list of names does not exist', 'IN/names.txt', LOOK],
    'a folder': FOLDER,
    empty: TAKEN,
    'cut short': TAKEN,
    'another kind': NO_TEXT,
  },
  'descriptors in .npy': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is not a .npy file', 'IN/x.npy at 0', DAMAGED],
    'cut short': ['INPUT_TRUNCATED', 'The file ends inside its header', 'IN/x.npy at 10', CUT_SHORT],
    'another kind': ['INPUT_CORRUPT', 'This is not a .npy file', 'IN/x.npy at 0', DAMAGED],
  },
  'descriptors in .h5': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is not an HDF5 file', 'IN/x.h5', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This is not an HDF5 file, or it is damaged', 'IN/x.h5', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'This is not an HDF5 file', 'IN/x.h5', DAMAGED],
  },
  'descriptors in .mat': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is not a little-endian MATLAB file of version 4 to 7', 'IN/x.mat at 0', DAMAGED],
    'cut short': ['INPUT_TRUNCATED', 'The .mat file ends inside a variable', 'IN/x.mat at 128', CUT_SHORT],
    'another kind': [
      'INPUT_CORRUPT',
      'This is not a little-endian MATLAB file of version 4 to 7',
      'IN/x.mat at 0',
      DAMAGED,
    ],
  },
  'descriptors in .mat of version 7.3': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is not a little-endian MATLAB file of version 4 to 7', 'IN/x73.mat at 0', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This is not an HDF5 file, or it is damaged', 'IN/x73.mat', DAMAGED],
    'another kind': [
      'INPUT_CORRUPT',
      'This is not a little-endian MATLAB file of version 4 to 7',
      'IN/x73.mat at 0',
      DAMAGED,
    ],
  },
  'descriptors in JSON Lines': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: [
      'INPUT_INVALID',
      'This file has no descriptor',
      'IN/x.jsonl',
      'Each line is an object with name and descriptor, a list of numbers.',
    ],
    'cut short': ['INPUT_CORRUPT', 'Line 3 is not JSON', 'IN/x.jsonl', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'Line 1 is not JSON', 'IN/x.jsonl', DAMAGED],
  },
  ranks: {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is not a .npy file', 'IN/ranks.npy at 0', DAMAGED],
    'cut short': ['INPUT_TRUNCATED', 'The file ends inside its header', 'IN/ranks.npy at 10', CUT_SHORT],
    'another kind': ['INPUT_CORRUPT', 'This is not a .npy file', 'IN/ranks.npy at 0', DAMAGED],
  },
  network: {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is not an ONNX file: it is empty', 'IN/n.onnx', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This is not an ONNX file, or it is cut short', 'IN/n.onnx', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'This is not an ONNX file, or it is cut short', 'IN/n.onnx', DAMAGED],
  },
  'drawing in SVG': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.svg', DRAWINGS],
    'cut short': ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.svg', DRAWINGS],
    'another kind': ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.svg', DRAWINGS],
  },
  'drawing of QuickDraw': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This is no QuickDraw drawing: its JSON is damaged', 'IN/d.json', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This is no QuickDraw drawing: its JSON is damaged', 'IN/d.json', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.json', DRAWINGS],
  },
  'drawing in PNG': {
    missing: MISSING,
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.png', DRAWINGS],
    'cut short': ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.png', DRAWINGS],
    'another kind': ['INPUT_CORRUPT', 'This drawing cannot be decoded', 'IN/d.png', DRAWINGS],
  },
  photo: {
    missing: ['INPUT_MISSING', 'This photo does not exist', 'IN/a.jpg', LOOK],
    'a folder': FOLDER,
    empty: ['INPUT_CORRUPT', 'This photo cannot be decoded', 'IN/a.jpg', DAMAGED],
    'cut short': ['INPUT_CORRUPT', 'This photo cannot be decoded', 'IN/a.jpg', DAMAGED],
    'another kind': ['INPUT_CORRUPT', 'This photo cannot be decoded', 'IN/a.jpg', DAMAGED],
  },
  decisions: {
    missing: MISSING,
    'a folder': FOLDER,
    empty: [
      'INPUT_INVALID',
      'This file has no decision',
      'IN/d.jsonl',
      'Each line is an object with query, other and verdict.',
    ],
    'cut short': ['INPUT_CORRUPT', 'Line 1 is not JSON', 'IN/d.jsonl', DAMAGED],
    'another kind': NO_TEXT,
  },
};

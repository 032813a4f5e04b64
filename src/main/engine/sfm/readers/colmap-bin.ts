import { readColmapBinary } from '../colmap-binary.ts';
import { colmapFiles, colmapFolder } from './files.ts';
import type { ModelReader } from './reader.ts';

/** COLMAP's cameras.bin, images.bin and points3D.bin (methods.md 9.4). */
export const colmapBin: ModelReader = {
  format: 'bin',
  title: 'COLMAP folders',
  at: 'folder',
  named: /^(cameras|images|points3D)\.bin$/,
  holds: 'points',
  needsSizes: false,
  find: (folder) => colmapFolder(folder, 'bin'),
  files: (path) => colmapFiles(path, 'bin'),
  read: (path, _, warn, options) => [readColmapBinary(path, warn, options)],
};

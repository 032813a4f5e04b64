import type { FolderEntry } from '../../../shared/domain.ts';
import type { FolderPurpose } from '../../../shared/facts/desktop.ts';
import { plural } from '../../kit/format.ts';

/** What a folder is chosen for, as the dialog says it. */
export const PURPOSES: Readonly<Record<FolderPurpose, { title: string; help: string; choose: string }>> = {
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
  models: {
    title: '3D models with their photos',
    help: 'A project of COLMAP, OpenMVG, OpenSfM, VisualSFM, Bundler or nerfstudio, or a folder with several of them. Photos stay where they are.',
    choose: 'Use',
  },
  backup: {
    title: 'Back up the library',
    help: 'Choose an earlier backup, which is brought up to date, or the folder in which a new one is made, best on another disk. Photos and models lie where they were and are not in it.',
    choose: 'Back up into',
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
  into: {
    title: 'Where the collection is put',
    help: 'A folder of its own is made in the one that you choose.',
    choose: 'Export into',
  },
  within: {
    title: 'Where the new library is put',
    help: 'A folder is made in the one that you choose.',
    choose: 'Use',
  },
};

/** What a folder looks like, in a few words; empty where it is nothing in particular. */
export function looksLike({ kind, photos, more }: FolderEntry): string {
  const many = photos === null || photos === 0 ? '' : `${plural(photos, 'photo')}${more ? ' or more' : ''}`;
  switch (kind) {
    case 'library':
      return 'Library';
    case 'model':
      return many === '' ? '3D model' : `3D model, ${many}`;
    case 'closed':
      return 'May not be read';
    default:
      return many;
  }
}

/** Why a folder cannot be chosen for this; undefined where it can. */
export function refusal({ kind, name }: FolderEntry, purpose: FolderPurpose): string | undefined {
  if (kind === 'closed') return `${name} may not be read`;
  if (purpose === 'library' && kind !== 'library') return `${name} holds no library; its folders may`;
  if (purpose !== 'library' && kind === 'library') return `${name} is a library`;
  return undefined;
}

/** What a folder looks like, by the names in it: nothing in it is opened. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderEntry } from '../../../shared/facts/start.ts';
import { DATABASE } from '../formats/target.ts';
import { isReadable, isSystemName, kindByEnding } from '../library/photo-kinds.ts';
import { MODEL_READERS } from '../sfm/readers/index.ts';

/** Names of one folder that are looked at, for what it looks like. */
const LOOKED_AT = 2000;
/** Folders in which programs put their models, beside the photos or below. */
const OF_MODELS = /^(sparse.*|colmap|undistorted|dense\d*)$/i;
/** Readers of files that have one usual name, and of folders; others' endings are everybody's. */
const MARKS = MODEL_READERS.filter((r) => r.at === 'folder').map((r) => r.named);
const USUAL = new Set(MODEL_READERS.flatMap((r) => (r.usual === undefined ? [] : [r.usual.toLowerCase()])));
const NVM = /\.nvm$/i;

function isModel(name: string): boolean {
  return MARKS.some((m) => m.test(name)) || USUAL.has(name.toLowerCase()) || NVM.test(name);
}

function isPhoto(name: string): boolean {
  const kind = isSystemName(name) ? undefined : kindByEnding(name);
  return kind !== undefined && isReadable(kind);
}

/** True where this account may not look into a folder, or it is no more. */
function isClosed(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EIO', 'ESTALE'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}

/** Looks at the first names of a folder. Photos of folders below it are not counted, but for `images` beside a model. */
export async function lookOf(folder: string): Promise<Pick<FolderEntry, 'kind' | 'photos' | 'more'>> {
  let photos = 0;
  let seen = 0;
  let library = false;
  let model = false;
  let images = false;
  try {
    for await (const entry of await opendir(folder, { bufferSize: 256 })) {
      seen += 1;
      if (seen > LOOKED_AT) break;
      const { name } = entry;
      if (entry.isDirectory()) {
        model ||= OF_MODELS.test(name);
        images ||= name === 'images';
      } else if (name === DATABASE) library = true;
      else if (isModel(name)) model = true;
      else if (isPhoto(name)) photos += 1;
    }
  } catch (error) {
    if (isClosed(error)) return { kind: 'closed', photos: null, more: false };
    throw error;
  }
  if (library) return { kind: 'library', photos: null, more: false };
  const more = seen > LOOKED_AT;
  if (images && photos === 0) {
    const inside = await lookOf(join(folder, 'images'));
    if (inside.photos !== null)
      return { kind: model ? 'model' : kindOf(inside.photos), photos: inside.photos, more: inside.more };
  }
  return { kind: model ? 'model' : kindOf(photos), photos, more };
}

function kindOf(photos: number): 'photos' | 'folder' {
  return photos > 0 ? 'photos' : 'folder';
}

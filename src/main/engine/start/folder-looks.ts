/** What a folder looks like, by the names in it: nothing in it is opened. */
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderEntry } from '../../../shared/facts/start.ts';
import { BACKUP_MANIFEST, DATABASE } from '../formats/target.ts';
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

/** Images by their names: how many are read, and how many of each other kind are not. */
class Images {
  read = 0;
  readonly #others: Map<string, number>;

  /** @param before what was counted elsewhere and is not read. */
  constructor(before: FolderEntry['unread'] = []) {
    this.#others = new Map(before.map(({ kind, count }) => [kind, count]));
  }

  look(name: string): void {
    const kind = isSystemName(name) ? undefined : kindByEnding(name);
    if (kind === undefined) return;
    if (isReadable(kind)) this.read += 1;
    else this.#others.set(kind, (this.#others.get(kind) ?? 0) + 1);
  }

  /** The most frequent kind first; nothing where there are none. */
  unread(): Pick<FolderEntry, 'unread'> {
    const unread = [...this.#others].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count);
    return unread.length === 0 ? {} : { unread };
  }
}

/** True where this account may not look into a folder, or it is no more. */
function isClosed(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EIO', 'ESTALE'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}

/** Looks at the first names of a folder. Photos of folders below it are not counted, but for `images` beside a model. */
export async function lookOf(folder: string): Promise<Pick<FolderEntry, 'kind' | 'photos' | 'more' | 'unread'>> {
  const own = new Images();
  let seen = 0;
  let library = false;
  let backup = false;
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
      else if (name === BACKUP_MANIFEST) backup = true;
      else if (isModel(name)) model = true;
      else own.look(name);
    }
  } catch (error) {
    if (isClosed(error)) return { kind: 'closed', photos: null, more: false };
    throw error;
  }
  if (backup) return { kind: 'backup', photos: null, more: false };
  if (library) return { kind: 'library', photos: null, more: false };
  const more = seen > LOOKED_AT;
  const photos = own.read;
  if (images && photos === 0) {
    const inside = await lookOf(join(folder, 'images'));
    if (inside.photos !== null) return { ...inside, kind: model ? 'model' : kindOf(inside.photos) };
  }
  return { kind: model ? 'model' : kindOf(photos), photos, more, ...own.unread() };
}

/** Names that are looked at below one folder, and how deep. */
const BELOW = 20_000;
const DEPTH = 8;

/**
 * Counts the photos in the folders below one, level by level, by their names.
 * @param until moment, of `performance.now()`, at which counting ends. @param own images of the folder itself that are not read, to which those
 * below are added. @returns undefined where there are no folders, or no time was left
 * for any; `more` where not all of them were looked at.
 */
export async function countBelow(
  folder: string,
  until: number,
  own?: FolderEntry['unread'],
): Promise<({ readonly below: number; readonly more: boolean } & Pick<FolderEntry, 'unread'>) | undefined> {
  const images = new Images(own);
  const found = (all: boolean) => ({ below: images.read, more: !all, ...images.unread() });
  let seen = 0;
  let more = false;
  let level = [folder];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH) return found(false);
    const next: string[] = [];
    for (const at of level) {
      if (performance.now() > until || seen > BELOW) return depth === 0 ? undefined : found(false);
      try {
        for await (const entry of await opendir(at, { bufferSize: 256 })) {
          seen += 1;
          if (seen > BELOW || performance.now() > until) {
            more = true;
            break;
          }
          // Links are not followed: what they lead to may lie anywhere, or above.
          if (entry.isDirectory()) {
            if (!isSystemName(entry.name)) next.push(join(at, entry.name));
          } else if (depth > 0) images.look(entry.name);
        }
      } catch (error) {
        if (!isClosed(error)) throw error;
        more = true;
      }
    }
    if (depth === 0 && next.length === 0) return undefined;
    level = next;
  }
  return found(!more);
}

function kindOf(photos: number): 'photos' | 'folder' {
  return photos > 0 ? 'photos' : 'folder';
}

/** Photos of an export: as they are, or made smaller, or without coordinates; as copies, links or inside other files. */
import { webcrypto } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { CollectionPlacement } from '../../../../shared/exports/collections/index.ts';
import { CovisError, unreadable } from '../../../../shared/errors.ts';
import type { CollectionEntry } from '../../../../shared/facts/collections.ts';
import { counted } from '../../../../shared/counted.ts';
import { inWords } from '../../formats/budget.ts';
import { readRegularSoon } from '../../formats/regular.ts';
import { photoImage, undecodable } from '../../library/pixels.ts';
import type { TaskContext } from '../../queue/context.ts';
import { withoutGps } from '../metadata/gps.ts';
import { AT_ONCE, inParallel, sha256Of } from './digests.ts';
import type { Item } from './items.ts';
import type { ExportTree } from './tree.ts';

/** What is done to photos on their way. */
export interface Changes {
  /** Pixels of the long side; larger photos are shrunk to it. */
  readonly longSide: number | undefined;
  /** Whether coordinates are taken out. */
  readonly removeGps: boolean;
}

const MOST_BYTES = 1 << 30;
/** Where photos are made that no file of the export is. */
const ASIDE = 'covis-made';
const NAMED = 5;

/** A photo that was made of another. */
interface Made {
  readonly bytes: Buffer;
  readonly width: number;
  readonly height: number;
}

/** @throws CovisError `INPUT_MISSING` where the file is no longer the photo. */
async function original(file: string, entry: CollectionEntry): Promise<Buffer> {
  const bytes = await readRegularSoon(file, MOST_BYTES);
  if (bytes === undefined)
    throw new CovisError('INPUT_UNSUPPORTED', `This photo is larger than ${inWords(MOST_BYTES)}`, { file });
  if (sha256Of(bytes) !== entry.sha256) throw replaced(file);
  return bytes;
}

function replaced(file: string): CovisError {
  return new CovisError('INPUT_MISSING', 'The file of this photo now holds something else', {
    file,
    hint: 'Put the photo back, or import its folder again, make a new version of the collection and export that.',
  });
}

/** A photo as it is to be; undefined where nothing of it changes. @throws CovisError naming the file. */
async function made(bytes: Buffer, file: string, { longSide, removeGps }: Changes): Promise<Made | undefined> {
  try {
    const { autoOrient: shown, format, pages = 1 } = await sharp(bytes).metadata();
    let out = bytes;
    let { width, height } = shown;
    if (longSide !== undefined && Math.max(width, height) > longSide) {
      if (pages > 1 && format !== 'tiff')
        throw new CovisError('INPUT_UNSUPPORTED', `This photo has ${pages} pictures, which are not made smaller`, {
          file,
          hint: 'Leave it out, or export photos in their own size.',
        });
      const small = (await photoImage(bytes))
        .resize(longSide, longSide, { fit: 'inside', kernel: 'lanczos3' })
        .keepMetadata();
      const encoded = await inKind(small, format).toBuffer({ resolveWithObject: true });
      out = encoded.data;
      ({ width, height } = encoded.info);
    }
    const clean = removeGps ? await withoutGps(out, file) : undefined;
    return out === bytes && clean === undefined ? undefined : { bytes: clean ?? out, width, height };
  } catch (cause) {
    throw undecodable(file, cause);
  }
}

/** The kind of file stays, so that its name does. */
function inKind(image: Sharp, format: string | undefined): Sharp {
  switch (format) {
    case 'png':
      return image.png();
    case 'webp':
      return image.webp({ quality: 90 });
    case 'tiff':
      return image.tiff({ compression: 'lzw' });
    case 'gif':
      return image.gif();
    case 'heif':
    case 'avif':
      return image.avif({ quality: 70 });
    default:
      return image.jpeg({ quality: 92 });
  }
}

/** Where the photos of an export are found. @throws CovisError for photos that are gone, said before anything is written. */
export function findPhotos(
  entries: readonly CollectionEntry[],
  fileOf: (entry: CollectionEntry) => string,
  task: TaskContext,
): string[] {
  const gone: string[] = [];
  const files = entries.map((entry, i) => {
    if (i % 1000 === 0) task.check();
    try {
      const file = fileOf(entry);
      if (statSync(file, { throwIfNoEntry: false }) !== undefined) return file;
      gone.push(file);
    } catch (error) {
      if (!(error instanceof CovisError && error.code === 'INPUT_MISSING')) throw error;
      gone.push(error.file ?? entry.path);
    }
    return '';
  });
  if (gone.length > 0)
    throw new CovisError(
      'INPUT_MISSING',
      `${gone.length} of ${entries.length} photos are no longer where they were: ${gone.slice(0, NAMED).join(', ')}${gone.length > NAMED ? ', …' : ''}`,
      {
        file: gone[0]!,
        hint: 'Put them back, or import their folders again from where they are now; an export has all photos or is none.',
      },
    );
  return files;
}

interface Placed {
  readonly tree: ExportTree;
  /** Where photos lie as files of the export; `inside` where other files hold them, null where nothing does. */
  readonly how: Exclude<CollectionPlacement, 'none'> | 'inside' | null;
  readonly changes: Changes;
  readonly scratch: string;
}

/** Puts the photos of an export where they go. @param files of the library, one an entry. */
export async function placePhotos(
  entries: readonly CollectionEntry[],
  files: readonly string[],
  { tree, how, changes, scratch }: Placed,
  task: TaskContext,
): Promise<Item[]> {
  const asIs = (entry: CollectionEntry, position: number, source: string | undefined): Item => ({
    entry,
    position,
    file: { sha256: entry.sha256, bytes: entry.bytes, width: entry.width, height: entry.height },
    source,
  });
  if (how === null) return entries.map((e, i) => asIs(e, i, files[i]));
  const changed = changes.longSide !== undefined || changes.removeGps;
  if (how === 'inside' && !changed) return entries.map((e, i) => asIs(e, i, files[i]!));
  const aside = join(scratch, ASIDE);
  if (how === 'inside') {
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true });
  }
  const items: Item[] = [];
  const words = {
    copy: 'Copying photos',
    'hard-link': 'Linking photos',
    link: 'Linking photos',
    inside: 'Making photos',
  };
  task.step(words[how], entries.length, 'photos');
  let done = 0;
  await inParallel(entries, async (entry, i) => {
    task.check();
    const source = files[i]!;
    const one = changed ? await made(await original(source, entry), source, changes) : undefined;
    if (one === undefined) {
      if (how !== 'inside') {
        await tree.place(entry.path, how === 'copy' ? source : realpathSync(source), how, entry);
      }
      items[i] = asIs(entry, i, how === 'inside' ? source : tree.at(entry.path));
    } else {
      const file = { sha256: sha256Of(one.bytes), bytes: one.bytes.length, width: one.width, height: one.height };
      const at = how === 'inside' ? join(aside, String(i)) : tree.at(entry.path);
      if (how === 'inside') await writeFile(at, one.bytes);
      else await tree.writeOnce(entry.path, async () => one.bytes, file.sha256);
      items[i] = { entry, position: i, file, source: at };
    }
    task.progress((done += 1));
  });
  if (tree.copiedInstead > 0)
    task.warn(
      `${counted(tree.copiedInstead, 'photo was', 'photos were')} copied: this disk takes no ${how === 'link' ? 'links' : 'second names'} of files from there`,
    );
  return items;
}

/** Takes away what was made aside. */
export function clearAside(scratch: string): void {
  rmSync(join(scratch, ASIDE), { recursive: true, force: true });
}

/** Photos up to so many bytes are read at one go: of these, handing each step to another thread takes longer than the step. */
const SMALL = 1 << 18;

/** Bytes of a photo as the export has it. @throws CovisError `INPUT_MISSING` where its file holds something else by now. */
export async function bytesOf(item: Item): Promise<Buffer> {
  const source = item.source!;
  let bytes: Buffer;
  let found: string;
  try {
    bytes = item.file.bytes <= SMALL ? readFileSync(source) : await readFile(source);
    found =
      bytes.length <= SMALL
        ? sha256Of(bytes)
        : Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)).toString('hex');
  } catch (cause) {
    throw unreadable(cause, source);
  }
  if (found !== item.file.sha256) throw replaced(source);
  return bytes;
}

/** Photos are read so many bytes ahead, and so many at once. */
const AHEAD_BYTES = 16 << 20;

/** Bytes of many photos in their order, read ahead of who takes them. @throws CovisError as {@link bytesOf}. */
export async function* bytesOfAll(items: readonly Item[]): AsyncGenerator<Buffer, void, undefined> {
  const coming: { readonly bytes: Promise<Buffer>; readonly size: number }[] = [];
  let next = 0;
  let held = 0;
  try {
    for (let i = 0; i < items.length; i += 1) {
      while (next < items.length && coming.length < AT_ONCE && (held < AHEAD_BYTES || coming.length === 0)) {
        const item = items[next]!;
        const bytes = bytesOf(item);
        // Whoever takes it hears of what goes wrong.
        bytes.catch(() => undefined);
        coming.push({ bytes, size: item.file.bytes });
        held += item.file.bytes;
        next += 1;
      }
      const { bytes, size } = coming.shift()!;
      held -= size;
      yield await bytes;
    }
  } finally {
    await Promise.allSettled(coming.map((c) => c.bytes));
  }
}

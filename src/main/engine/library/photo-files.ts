import { existsSync, readdirSync, readSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join, sep } from 'node:path';
import sharp from 'sharp';
import { CovisError } from '../../../shared/errors.ts';
import type { PhotoFacts } from '../../../shared/domain.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import { readExif } from './exif.ts';
import { contentHash, digestFile } from './hash-file.ts';
import { headOf } from '../formats/recognise.ts';
import { withRegular } from '../formats/regular.ts';
import { HEAD_BYTES, imageKind, isReadable, isSystemName, kindByContent, refuseKind } from './photo-kinds.ts';
import { photoImage, refusePixels } from './pixels.ts';

const EXAMPLES = 5;
const NOT_UTF8 = 'with a name that is not UTF-8';

/** What is known of an image file before it is in a library. Sizes are as displayed, after EXIF orientation. */
export interface PhotoFile {
  readonly name: string;
  readonly hash: string;
  /** SHA-256 of the whole file, of which `hash` is the beginning; left out where it was not read. */
  readonly sha256?: string;
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  readonly bytes: number;
  readonly modified: number;
  /** When the file's entry last changed, milliseconds; left out where it is not known. */
  readonly changed?: number;
  readonly facts: PhotoFacts;
}

/** A number of files or folders and the first of their names, relative to the folder that was listed. */
export interface Counted {
  readonly count: number;
  readonly examples: readonly string[];
}

/** What lies in a folder and below. */
export interface PhotoListing {
  /** Names relative to the folder with forward slashes, sorted: images of kinds that are decoded, by content. */
  readonly photos: readonly string[];
  /** Images that are not decoded, by kind: HEIC, BMP, JPEG 2000, camera raw; and files whose names are not UTF-8. */
  readonly unreadable: ReadonlyMap<string, Counted>;
  readonly skipped: {
    /** Folders of the system or of programs; what is in them was not looked at. */
    readonly folders: Counted;
    /** Images with a name of that kind. */
    readonly files: Counted;
    /** Libraries of Covis, whose thumbnails are no photos. */
    readonly libraries: Counted;
    /** Links whose file or folder is not there. */
    readonly broken: Counted;
    /** Links to a folder that is walked already. */
    readonly loops: Counted;
    /** Folders and files that may not be read. */
    readonly denied: Counted;
  };
  /** Names that are equal but for how their accents are written (NFC). */
  readonly twins: Counted;
}

class Counter {
  count = 0;
  readonly examples: string[] = [];
  add(name: string): void {
    this.count += 1;
    if (this.examples.length < EXAMPLES) this.examples.push(name);
  }
}

/**
 * Lists a folder of photos. Kinds are told by how files begin. Each real folder is walked once, whatever links say, real folders before
 * links to folders; hidden and system folders are passed over unless `folder` itself is one. Only regular files are opened.
 * @returns nothing but empty lists where the folder does not exist.
 */
export function listPhotos(folder: string): PhotoListing {
  const photos: string[] = [];
  const unreadable = new Map<string, Counter>();
  const twins = new Counter();
  const skipped = {
    folders: new Counter(),
    files: new Counter(),
    libraries: new Counter(),
    broken: new Counter(),
    loops: new Counter(),
    denied: new Counter(),
  };
  const listing = { photos, unreadable, skipped, twins };
  if (!existsSync(folder)) return listing;
  const top = realpathSync(folder);
  const walked = new Set<string>();
  const linked: string[] = [];
  const head = Buffer.alloc(HEAD_BYTES);

  const cannotRead = (kind: string, name: string): void => {
    let counter = unreadable.get(kind);
    if (counter === undefined) unreadable.set(kind, (counter = new Counter()));
    counter.add(name);
  };
  const look = (name: string): void => {
    const base = name.slice(name.lastIndexOf('/') + 1);
    const begins = beginning(join(folder, name), head);
    if (begins === undefined) skipped.denied.add(name);
    const kind = imageKind(base, begins ?? Buffer.alloc(0));
    if (kind === undefined) return;
    if (isSystemName(base)) skipped.files.add(name);
    else if (isReadable(kind)) photos.push(name);
    else cannotRead(kind, name);
  };
  const link = (name: string): void => {
    let target: ReturnType<typeof statSync>;
    try {
      target = statSync(join(folder, name));
    } catch {
      skipped.broken.add(name);
      return;
    }
    if (target.isFile()) look(name);
    else if (target.isDirectory()) linked.push(name);
  };
  const walk = (name: string): void => {
    const path = join(folder, name);
    let entries: Dirent<Buffer>[];
    try {
      const { dev, ino } = statSync(path, { bigint: true });
      if (walked.has(`${dev} ${ino}`)) {
        skipped.loops.add(name);
        return;
      }
      walked.add(`${dev} ${ino}`);
      entries = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
    } catch {
      skipped.denied.add(name === '' ? '.' : name);
      return;
    }
    const names = entries.map((e) => e.name.toString('utf8'));
    if (name !== '' && isLibrary(names)) {
      skipped.libraries.add(name);
      return;
    }
    const composed = new Set<string>();
    const below: string[] = [];
    entries.forEach((e, i) => {
      const base = names[i]!;
      const at = name === '' ? base : `${name}/${base}`;
      if (!Buffer.from(base).equals(e.name)) {
        if (e.isFile() || e.isDirectory() || e.isSymbolicLink())
          cannotRead(NOT_UTF8, name === '' ? e.name.toString('latin1') : `${name}/${e.name.toString('latin1')}`);
        return;
      }
      const nfc = base.normalize('NFC');
      if (composed.has(nfc)) twins.add(at);
      composed.add(nfc);
      if (e.isDirectory()) {
        if (isSystemName(base)) skipped.folders.add(at);
        else below.push(at);
      } else if (e.isFile()) look(at);
      else if (e.isSymbolicLink()) {
        if (!isSystemName(base)) link(at);
      }
    });
    for (const b of below.sort()) walk(b);
  };

  walk('');
  for (let next = linked.sort().shift(); next !== undefined; next = linked.shift()) {
    // A link to a folder above leads to everything beside what was asked for.
    const real = realpathSync(join(folder, next));
    if (top === real || top.startsWith(real.endsWith(sep) ? real : real + sep)) skipped.loops.add(next);
    else walk(next);
  }
  photos.sort();
  return listing;
}

/** The first bytes of a file; undefined where it may not be read. */
function beginning(file: string, into: Buffer): Buffer | undefined {
  try {
    return withRegular(file, ({ fd }) => into.subarray(0, readSync(fd, into, 0, into.length, 0)));
  } catch {
    return undefined;
  }
}

function isLibrary(names: readonly string[]): boolean {
  return names.includes('library.db') && (names.includes('thumbnails') || names.includes('clusters'));
}

/** Folders directly below, real or linked, without hidden and system folders; sorted. */
export function photoFolders(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((e) => !isSystemName(e.name))
    .filter(
      (e) =>
        e.isDirectory() ||
        (e.isSymbolicLink() && statSync(join(folder, e.name), { throwIfNoEntry: false })?.isDirectory() === true),
    )
    .map((e) => e.name)
    .sort();
}

/** Names of {@link listPhotos} alone. */
export function listImages(folder: string): string[] {
  return [...listPhotos(folder).photos];
}

/**
 * What a listing left out, a sentence each; none where every image is a photo.
 * @param folder that was listed, for the sentences.
 */
export function leftOut({ unreadable, skipped, twins }: PhotoListing, folder: string): string[] {
  const said: string[] = [];
  const kinds = [...unreadable].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [kind, c] of kinds)
    said.push(
      kind === NOT_UTF8
        ? `${folder} has ${many(c, 'file or folder', 'files or folders')} ${kind}, passed over; rename ${c.count === 1 ? 'it' : 'them'}: ${some(c)}`
        : `${folder} has ${many(c, 'file', 'files')} of a kind that Covis does not read (${kind}); convert ${c.count === 1 ? 'it' : 'them'} to JPEG, PNG or TIFF: ${some(c)}`,
    );
  const { folders, files, libraries, broken, loops, denied } = skipped;
  const passed = [
    [folders, 'hidden or system folder', 'hidden or system folders'],
    [files, 'hidden or system image', 'hidden or system images'],
    [libraries, 'library of Covis', 'libraries of Covis'],
    [broken, 'link to nothing', 'links to nothing'],
    [loops, 'link to a folder that is listed already', 'links to folders that are listed already'],
  ] as const;
  for (const [c, one, more] of passed)
    if (c.count > 0) said.push(`${folder}: ${many(c, one, more)} passed over: ${some(c)}`);
  if (denied.count > 0)
    said.push(`${folder}: ${many(denied, 'file or folder', 'files or folders')} may not be read: ${some(denied)}`);
  if (twins.count > 0)
    said.push(
      `${folder} has ${many(twins, 'name that equals', 'names that equal')} another but for how accents are written: ${some(twins)}`,
    );
  return said;
}

function many({ count }: Counted, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`;
}

function some({ count, examples }: Counted): string {
  return `${examples.join(', ')}${count > examples.length ? ', …' : ''}`;
}

/** @throws CovisError saying what lies in a folder that has no photo; what is of kinds that are not read is counted. */
export function refuseWithoutPhotos(
  listing: PhotoListing,
  folder: string,
  code: 'STATE_EMPTY' | 'INPUT_MISSING',
  none: string,
): void {
  if (listing.photos.length > 0) return;
  const kinds = [...listing.unreadable].map(([kind, c]) => `${c.count} ${kind === NOT_UTF8 ? '' : 'of '}${kind}`);
  const passed = leftOut(listing, folder);
  if (passed.length === 0) throw new CovisError(code, none, { file: folder });
  throw new CovisError(code, kinds.length === 0 ? none : `${none}: ${kinds.sort().join(', ')} cannot be read`, {
    file: folder,
    hint: passed.join('; '),
  });
}

/** Width and height in pixels of the sensor frame, and how it is turned for display, of an image file. */
export interface ImageHeader {
  readonly width: number;
  readonly height: number;
  /** EXIF orientation, 1 to 8. */
  readonly orientation: number;
  readonly exif: Uint8Array | undefined;
}

/** Reads the header of an image file. @throws CovisError `INPUT_UNSUPPORTED` for kinds that are not decoded, `INPUT_CORRUPT` for what is no image. */
export async function imageHeader(file: string | Uint8Array): Promise<ImageHeader> {
  const where = typeof file === 'string' ? { file } : {};
  const begins = typeof file === 'string' ? headOf(file) : Buffer.from(file.subarray(0, HEAD_BYTES));
  const kind = imageKind(typeof file === 'string' ? file : '', begins.subarray(0, HEAD_BYTES));
  refuseKind(kind, file);
  try {
    if (kindByContent(begins) === undefined) throw new Error('no image');
    const { width, height, orientation = 1, exif } = await sharp(file, { failOn: 'error' }).metadata();
    return { width, height, orientation: orientation >= 1 && orientation <= 8 ? orientation : 1, exif };
  } catch (cause) {
    if (typeof file === 'string' && begins !== undefined) {
      if (begins.length === 0) throw new CovisError('INPUT_CORRUPT', 'This photo is an empty file', { file, cause });
      refuseStandIn(file);
    }
    throw new CovisError('INPUT_CORRUPT', 'This photo cannot be read', { ...where, cause });
  }
}

/**
 * Hashes an image and reads its header.
 * @throws CovisError `INPUT_CORRUPT` naming the file when it is no image, `INPUT_UNSUPPORTED` for kinds, sizes and ranges of values that are not decoded.
 */
export async function inspectPhoto(folder: string, name: string): Promise<PhotoFile> {
  const file = join(folder, name);
  try {
    const { size, mtimeMs, ctimeMs } = statSync(file);
    const { width, height, orientation, exif } = await imageHeader(file);
    refusePixels(width, height, size, file);
    await photoImage(file, true);
    const sha256 = await digestFile(file);
    const turned = orientation >= 5;
    return {
      name,
      hash: contentHash(sha256),
      sha256,
      width: turned ? height : width,
      height: turned ? width : height,
      orientation,
      bytes: size,
      modified: mtimeMs,
      changed: ctimeMs,
      facts: readExif(exif, Math.max(width, height)),
    };
  } catch (cause) {
    if (cause instanceof CovisError) throw cause;
    throw new CovisError('INPUT_CORRUPT', 'This photo cannot be read', { file, cause });
  }
}

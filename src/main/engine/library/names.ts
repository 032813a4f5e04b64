/**
 * Which photo a name means that another program wrote: the one rule for models, databases, lists of pairs, ground truths, labels and
 * descriptor files (docs/decisions.md, Names). Names are only compared, never opened.
 */

/** A photo that names may mean. */
export interface NamedPhoto {
  /** Path below the folder that was imported, with forward slashes. */
  readonly name: string;
  /** That folder with what is known above it, where names of other folders may be asked for: `castle/images`. */
  readonly folder?: string | undefined;
  /** Names of one photo (one content in several places) share it; without it each name is a photo of its own. */
  readonly photo?: number | undefined;
}

/** `at` is an index into the photos; `exact` when the whole path below the folder is the name's. */
export type NameFound =
  | { readonly kind: 'found'; readonly at: number; readonly exact: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'ambiguous'; readonly among: readonly number[] };

const MISSING: NameFound = { kind: 'missing' };
const ENDING = /\.(jpe?g|jpe|jfif|png|webp|tiff?|avif|gif|bmp|dib|jp2|j2k|ppm|pgm|pnm|hei[cf])$/i;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name as its bytes say it: UTF-8, or Latin-1 where they are none, on the disk as in files, so that equal bytes are equal names. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/** A file name without an image's ending. */
export function withoutEnding(name: string): string {
  return name.replace(ENDING, '');
}

/**
 * Folders and file name, compared part by part: NFC, so that a name written on macOS is the same; `\` separates as `/` does; `.` and `..`
 * are followed. Spaces belong to names.
 */
export function nameParts(name: string): string[] {
  const parts: string[] = [];
  for (const part of name.normalize('NFC').replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts;
}

/** True for names of a whole machine (`/home/…`, `C:\…`, `\\server\…`), whose first folders say nothing about another one. */
function isAbsolute(name: string): boolean {
  return /^([\\/]|[a-z]:[\\/])/i.test(name);
}

/** How many parts agree from the end. */
function common(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a.at(-1 - n) === b.at(-1 - n)) n += 1;
  return n;
}

interface Entry {
  readonly parts: readonly string[];
  readonly above: readonly string[];
  readonly photo: number;
}

/**
 * Finds photos by name. As many folders as both sides know must agree, file name included; of several that do, the one whose whole path
 * is the name, else the one with the longest equal end. A name with folders that are not known here (`cam1/a.jpg` where only `cam0/a.jpg`
 * is) means none, and one that fits several photos is ambiguous: nothing is guessed.
 * @param endings `optional` where the format leaves image endings out (`all_souls_000013`): a name without one means the photo of that stem.
 */
export function nameIndex(
  photos: readonly NamedPhoto[],
  endings: 'exact' | 'optional' = 'exact',
): (name: string) => NameFound {
  const entries: Entry[] = photos.map((p, i) => ({
    parts: nameParts(p.name),
    above: nameParts(p.folder ?? ''),
    photo: p.photo ?? -1 - i,
  }));
  const byBase = new Map<string, number[]>();
  const byPath = new Map<string, number[]>();
  const alone = new Set(entries.map((e) => e.above.join('/'))).size <= 1;
  const add = (map: Map<string, number[]>, key: string, i: number): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [i]);
    else list.push(i);
  };
  entries.forEach((e, i) => {
    const base = e.parts.at(-1);
    if (base === undefined) return;
    add(byBase, base, i);
    add(byPath, e.parts.join('/'), i);
    const stem = withoutEnding(base);
    if (endings === 'optional' && stem !== base) add(byBase, stem, i);
  });
  return (name) => {
    const wanted = nameParts(name);
    const base = wanted.at(-1);
    if (base === undefined) return MISSING;
    // In one folder the whole path wins, so that thousands of photos of one base name are not gone through.
    const whole = alone ? byPath.get(wanted.join('/')) : undefined;
    if (whole?.length === 1) return { kind: 'found', at: whole[0]!, exact: true };
    const folders = wanted.slice(0, -1);
    const fits: { at: number; score: number; exact: boolean }[] = [];
    for (const at of byBase.get(base) ?? []) {
      const { parts, above } = entries[at]!;
      const own = parts.slice(0, -1);
      const inside = common(folders, own);
      if (inside < Math.min(folders.length, own.length)) continue;
      const rest = folders.slice(0, folders.length - own.length);
      const outside = rest.length === 0 ? 0 : agreesAbove(rest, above);
      if (outside === 0 && rest.length > 0 && above.length > 0 && !isAbsolute(name)) continue;
      fits.push({ at, score: inside + outside, exact: rest.length === 0 && folders.length === own.length });
    }
    return choose(fits, entries, (at) => photos[at]!.name === name);
  };
}

/** How many of the folders that a name has beyond the imported one agree with what is known above; 0 where they contradict it. */
function agreesAbove(rest: readonly string[], above: readonly string[]): number {
  const whole = common(rest, above);
  if (whole === Math.min(rest.length, above.length)) return whole;
  // A scene's photos may be named by the scene alone: `castle/a.jpg` for castle/images/a.jpg.
  const short = above.slice(0, -1);
  const n = common(rest, short);
  return n > 0 && n === Math.min(rest.length, short.length) ? n : 0;
}

function choose(
  fits: readonly { readonly at: number; readonly score: number; readonly exact: boolean }[],
  entries: readonly Entry[],
  literal: (at: number) => boolean,
): NameFound {
  if (fits.length === 0) return MISSING;
  const best = fits.reduce((most, f) => Math.max(most, f.score), 0);
  let left = fits.filter((f) => f.score === best);
  const roots = new Set(left.map((f) => entries[f.at]!.above.join('/')));
  const whole = left.filter((f) => f.exact);
  if (whole.length > 0 && roots.size === 1) left = whole;
  // Two files whose names differ in their normal form alone: each is the one that is written like it.
  const spelled = left.filter((f) => f.exact && literal(f.at));
  if (spelled.length > 0 && roots.size === 1) left = spelled;
  const distinct = new Map(left.map((f) => [entries[f.at]!.photo, f]));
  if (distinct.size > 1) return { kind: 'ambiguous', among: [...distinct.values()].map((f) => f.at) };
  const found = left[0]!;
  return { kind: 'found', at: found.at, exact: found.exact };
}

/** What became of all the names of one file. */
export interface BoundNames {
  /** Index of the photo that a name means, undefined where there is none or more than one. */
  readonly at: (name: string) => number | undefined;
  readonly missing: readonly string[];
  /** Names that fit several photos, or that share one photo with a name of another folder. */
  readonly ambiguous: readonly { readonly name: string; readonly among: readonly string[] }[];
}

/**
 * Binds all names of a file together: `query/1.jpg` and `mapping/1.jpg` are two photos, so that the one `1.jpg` that is there can be
 * neither.
 * @param find of {@link nameIndex} over `photos`.
 */
export function bindNames(
  names: Iterable<string>,
  photos: readonly NamedPhoto[],
  find: (name: string) => NameFound,
): BoundNames {
  const bound = new Map<string, number>();
  const missing: string[] = [];
  const ambiguous: { name: string; among: readonly string[] }[] = [];
  const askers = new Map<number, { name: string; exact: boolean }[]>();
  for (const name of new Set(names)) {
    const found = find(name);
    if (found.kind === 'missing') missing.push(name);
    else if (found.kind === 'ambiguous') ambiguous.push({ name, among: found.among.map((i) => photos[i]!.name) });
    else {
      bound.set(name, found.at);
      const list = askers.get(found.at);
      if (list === undefined) askers.set(found.at, [{ name, exact: found.exact }]);
      else list.push({ name, exact: found.exact });
    }
  }
  for (const [at, list] of askers) {
    if (list.length === 1) continue;
    const folders = list.map((a) => nameParts(a.name).slice(0, -1));
    list.forEach((a, i) => {
      const others = list.filter(
        (_, j) => common(folders[i]!, folders[j]!) < Math.min(folders[i]!.length, folders[j]!.length),
      );
      if (others.length === 0 || a.exact) return;
      bound.delete(a.name);
      ambiguous.push({ name: a.name, among: [photos[at]!.name] });
    });
  }
  return { at: (name) => bound.get(name), missing, ambiguous };
}

/** Paths of photos in a collection: safe on every system, and the same for the same photos on any machine. */

/** What every path begins with. */
export const PHOTOS_FOLDER = 'photos/';
/** Longest name in bytes of UTF-8, far enough below what any file system takes. */
const LONGEST = 120;
const LONGEST_ENDING = 12;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])( *\.|$)/i;
/** What Windows, bagit-python, sha256sum or a shell make something else of; marks of writing direction hide what a name is. */
const UNSAFE = /[%\\/:*?"<>|\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Names that no file system that ignores case tells apart share it. */
export function foldedName(name: string): string {
  return name.normalize('NFD').toUpperCase().toLowerCase().normalize('NFC');
}

const bytesOf = (text: string): number => Buffer.byteLength(text);

/** The longest beginning that fits, not cut within a character. */
function cut(text: string, bytes: number): string {
  let out = '';
  let size = 0;
  for (const c of text) {
    size += bytesOf(c);
    if (size > bytes) break;
    out += c;
  }
  return out;
}

function parts(name: string): [stem: string, ending: string] {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || bytesOf(name.slice(dot)) > LONGEST_ENDING) return [name, ''];
  return [name.slice(0, dot), name.slice(dot)];
}

/** Ends of a name that Windows drops, and white space that programs strip. */
function trimmed(name: string): string {
  return name.replace(/^\s+|[\s.]+$/gu, '');
}

/**
 * A file name that every system takes as it is: NFC, without `% \ : * ? " < > |`, control characters, a space or dot at an end, or a
 * name of a device; not hidden; at most 120 bytes.
 * @param name may be a path; its last part counts.
 */
export function portableName(name: string): string {
  const base = name.replaceAll('\\', '/').split('/').at(-1)!;
  const safe = trimmed(base.toWellFormed().normalize('NFC').replace(UNSAFE, '_'));
  const shown = safe === '' ? 'photo' : safe.startsWith('.') ? `_${safe}` : safe;
  const named = DEVICE.test(shown) ? `_${shown}` : shown;
  return shortened(named, '');
}

/** A name with something before its ending, within the bound. */
function shortened(name: string, mark: string): string {
  if (mark === '' && bytesOf(name) <= LONGEST) return name;
  const [stem, ending] = parts(name);
  const kept = trimmed(cut(stem, LONGEST - bytesOf(ending) - bytesOf(mark)));
  return `${kept === '' ? 'photo' : kept}${mark}${ending}`;
}

/** A photo whose path is sought. */
export interface Named {
  /** In hex. */
  readonly sha256: string;
  /** Every name that it has; the first by code units counts, so that the order in which they were found does not. */
  readonly names: readonly string[];
}

const SHORT_MARK = 8;
const DIGITS = 64;

/**
 * Paths below {@link PHOTOS_FOLDER}, in the order of the photos. They follow from names and contents alone, not from the order or the machine:
 * of names that are the same without case, all get the beginning of their SHA-256.
 * @throws Error where two photos have one SHA-256.
 */
export function portablePaths(photos: readonly Named[]): string[] {
  const names = photos.map(({ names: all, sha256 }) => {
    const bases = all.map(portableName);
    return bases.length === 0 ? `${sha256}` : bases.reduce((a, b) => (b < a ? b : a));
  });
  const digits = photos.map(() => 0);
  for (;;) {
    const marked = names.map((name, i) =>
      digits[i] === 0 ? name : shortened(name, `-${photos[i]!.sha256.slice(0, digits[i])}`),
    );
    const same = Map.groupBy(marked.keys(), (i) => foldedName(marked[i]!));
    const clashing = [...same.values()].filter((group) => group.length > 1).flat();
    if (clashing.length === 0) return marked.map((name) => PHOTOS_FOLDER + name);
    const short = clashing.filter((i) => digits[i]! < DIGITS);
    if (short.length === 0) throw new Error('Two photos of a collection have one SHA-256');
    for (const i of short) digits[i] = digits[i] === 0 ? SHORT_MARK : Math.min(DIGITS, digits[i]! * 2);
  }
}

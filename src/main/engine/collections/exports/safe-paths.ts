/** Paths in a collection: what may be written anywhere, and what may be read from a stranger's list. */
import { CovisError } from '../../../../shared/errors.ts';

const MOST = 1024;
const MOST_OF_A_NAME = 240;
// eslint-disable-next-line no-control-regex
const REFUSED = /[%\\:*?"<>|\u0000-\u001f\u007f-\u009f]/u;
const DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** Why a path cannot be written on every system as it is; undefined for one that can. */
export function unsafePath(path: string): string | undefined {
  if (path === '') return 'it is empty';
  if (Buffer.byteLength(path) > MOST) return `it has more than ${MOST} bytes`;
  if (!path.isWellFormed()) return 'it is no Unicode text';
  if (path.normalize('NFC') !== path) return 'its accents are apart from their letters (it is not NFC)';
  const found = REFUSED.exec(path);
  if (found !== null)
    return found[0] < ' ' || (found[0] >= '\x7f' && found[0] <= '\x9f')
      ? 'it has a control character'
      : `it has ${found[0]}`;
  for (const name of path.split('/')) {
    if (name === '') return 'it begins or ends with /, or has an empty name in it';
    if (name === '.' || name === '..') return `it has ${name} as a name`;
    if (name.startsWith('.')) return 'it has a name that begins with a dot';
    if (/[ .]$/.test(name) || name.startsWith(' '))
      return 'a name in it begins or ends with a space, or ends with a dot';
    if (DEVICES.test(name)) return `${name} is a device on Windows`;
    if (Buffer.byteLength(name) > MOST_OF_A_NAME) return `a name in it has more than ${MOST_OF_A_NAME} bytes`;
  }
  return undefined;
}

/** The same for names that file systems without case, or of another normal form, take for one. */
export function caseless(path: string): string {
  return path.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/**
 * Refuses paths of photos that could not be written everywhere, or would be one file somewhere.
 * @param file that named them, for errors. @throws CovisError `INPUT_INVALID` naming the first.
 */
export function refuseUnsafePaths(paths: Iterable<string>, file?: string): void {
  const where = file === undefined ? {} : { file };
  const seen = new Map<string, string>();
  const folders = new Set<string>();
  for (const path of paths) {
    const why = path.startsWith('photos/') ? unsafePath(path) : 'it does not begin with photos/';
    if (why !== undefined)
      throw new CovisError('INPUT_INVALID', `The path ${JSON.stringify(path)} is not safe on every system: ${why}`, {
        ...where,
        hint: 'Give the photo another path in the collection.',
      });
    const key = caseless(path);
    const other = seen.get(key);
    if (other !== undefined)
      throw new CovisError(
        'INPUT_INVALID',
        other === path
          ? `The path ${path} is that of two photos`
          : `The paths ${other} and ${path} are one where upper and lower case do not count`,
        where,
      );
    seen.set(key, path);
    for (let at = key.lastIndexOf('/'); at > 0; at = key.lastIndexOf('/', at - 1)) folders.add(key.slice(0, at));
  }
  for (const [key, path] of seen)
    if (folders.has(key))
      throw new CovisError('INPUT_INVALID', `The path ${path} is that of a photo and of a folder`, where);
}

/** True for a path in a stranger's list that stays in its folder, whatever the system: no `..`, not absolute, no drive. */
export function staysInside(path: string): boolean {
  return (
    path !== '' &&
    !path.includes('\0') &&
    !/^([/\\~]|[A-Za-z]:)/.test(path) &&
    !path.split(/[/\\]/).includes('..') &&
    Buffer.byteLength(path) <= 4096
  );
}

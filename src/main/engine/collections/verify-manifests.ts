/** Lists of digests as they are found: those of Covis, of `sha256sum` and its like, and of bags of any program. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { LIMITS } from '../formats/budget.ts';
import { readRegular } from '../formats/regular.ts';
import { staysInside } from './exports/safe-paths.ts';
import { refuseOutside } from './import.ts';

/** Digests that are checked, the strongest first, with their hexadecimal digits. */
const ALGORITHMS = { sha512: 128, sha384: 96, sha256: 64, sha224: 56, sha1: 40, md5: 32 } as const;
export type Algorithm = keyof typeof ALGORITHMS;

/** What a folder promises. */
export interface Promised {
  readonly kind: 'bag' | 'folder';
  /** Files of the lists that were read, relative. */
  readonly manifests: readonly string[];
  /** By path with forward slashes: its digests. */
  readonly files: ReadonlyMap<string, ReadonlyMap<Algorithm, string>>;
  /** Files that a bag says are elsewhere and are to be fetched. */
  readonly fetched: ReadonlySet<string>;
  /** Bytes and number of payload files that a bag promises. */
  readonly oxum: { readonly bytes: number; readonly files: number } | undefined;
  /** What is wrong with the lists themselves, a sentence each. */
  readonly problems: readonly string[];
}

/** Reads what a folder says of itself. @throws CovisError `INPUT_INVALID` without a list, `INPUT_CORRUPT` naming a list and line. */
export function readPromises(folder: string): Promised {
  const bag = existsSync(join(folder, 'bagit.txt'));
  const names = readdirSync(folder);
  const problems: string[] = [];
  const { encoding, version } = bag ? readBagIt(folder, problems) : { encoding: 'utf-8', version: undefined };
  const lists = names.flatMap((name) => {
    const algorithm = (bag ? /^(?:tag)?manifest-(\w+)\.txt$/ : /^manifest-(\w+)\.txt$/).exec(name)?.[1]?.toLowerCase();
    if (algorithm === undefined) return [];
    if (!Object.hasOwn(ALGORITHMS, algorithm)) {
      problems.push(`${name} is of a digest that is not checked here`);
      return [];
    }
    return [{ name, algorithm: algorithm as Algorithm }];
  });
  lists.sort((a, b) => (a.name < b.name ? -1 : 1));
  if (!lists.some((l) => !l.name.startsWith('tag')))
    throw new CovisError('INPUT_INVALID', 'This folder has no list of digests to verify it by', {
      file: folder,
      hint: 'A folder is verified by manifest-sha256.txt (or -sha512, -sha1, -md5) in it, a bag by its manifests, WebDataset by its index.',
    });
  const files = new Map<string, Map<Algorithm, string>>();
  const payloads: Set<string>[] = [];
  for (const { name, algorithm } of lists) {
    refuseOutside(folder, join(folder, name));
    const listed = readList(join(folder, name), algorithm, encoding, bag, (path) => existsSync(join(folder, path)));
    const tag = name.startsWith('tag');
    for (const [path, digest] of listed) {
      if (bag && !tag && !path.startsWith('data/'))
        throw new CovisError('INPUT_CORRUPT', `A bag's payload is in data/, and its manifest names ${path}`, {
          file: join(folder, name),
        });
      const known = files.get(path) ?? new Map<Algorithm, string>();
      files.set(path, known.set(algorithm, digest));
    }
    if (!tag) payloads.push(new Set(listed.keys()));
  }
  // Since 1.0 each manifest names every file.
  if (bag && version === '1.0')
    for (const [i, some] of payloads.entries())
      for (const other of payloads.slice(i + 1))
        if (some.size !== other.size || [...some].some((p) => !other.has(p)))
          problems.push('Its manifests do not name the same files');
  return {
    kind: bag ? 'bag' : 'folder',
    manifests: lists.map((l) => l.name),
    files,
    fetched: bag ? readFetch(folder, encoding) : new Set(),
    oxum: bag ? readOxum(folder, encoding, problems) : undefined,
    problems,
  };
}

function text(file: string, encoding: string): string {
  const bytes = readRegular(file, LIMITS.whole.list, 'list');
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CovisError('INPUT_CORRUPT', `This list is not ${encoding.toUpperCase()}`, { file, cause });
  }
}

/** Digest by path. */
function readList(
  file: string,
  algorithm: Algorithm,
  encoding: string,
  bag: boolean,
  there: (path: string) => boolean,
): Map<string, string> {
  const listed = new Map<string, string>();
  text(file, encoding)
    .split(/\r\n|\n|\r/)
    .forEach((raw, i) => {
      if (raw === '') return;
      const wrong = (what: string): CovisError =>
        new CovisError('INPUT_CORRUPT', `Line ${i + 1} of this list ${what}`, { file });
      // Names with a backslash or a line's end are escaped by sha256sum, and the line says so.
      const escaped = !bag && raw.startsWith('\\');
      const parts = /^([0-9a-fA-F]+)(?: [ *]|[ \t]+\*?)(.+)$/s.exec(escaped ? raw.slice(1) : raw);
      if (parts?.[1]?.length !== ALGORITHMS[algorithm]) throw wrong(`is no ${algorithm} and path`);
      let path = parts[2]!.replace(/^\.\//, '');
      if (escaped) path = path.replace(/\\([\\nr])/g, (_, c: string) => ({ n: '\n', r: '\r' })[c] ?? '\\');
      // RFC 8493 writes %, LF and CR as %25, %0A and %0D; bagit-python writes % as it is.
      if (bag && path.includes('%') && !there(path))
        path = path.replace(/%(25|0[AD])/gi, (_, c: string) => String.fromCharCode(parseInt(c, 16)));
      if (!staysInside(path)) throw wrong(`names ${JSON.stringify(path)}, which is outside of the folder`);
      const digest = parts[1].toLowerCase();
      if (listed.has(path) && listed.get(path) !== digest)
        throw wrong(`names ${path} a second time, with another digest`);
      listed.set(path, digest);
    });
  return listed;
}

/** Lines `Label: value`, values that go on in the next line among them. */
function labelled(file: string, encoding: string): [string, string][] {
  const found: [string, string][] = [];
  for (const raw of text(file, encoding).split(/\r\n|\n|\r/)) {
    const last = found.at(-1);
    if (/^[ \t]/.test(raw) && last !== undefined) last[1] += ` ${raw.trim()}`;
    else {
      const colon = raw.indexOf(':');
      if (colon > 0) found.push([raw.slice(0, colon).trim(), raw.slice(colon + 1).trim()]);
    }
  }
  return found;
}

function readBagIt(folder: string, problems: string[]): { encoding: string; version: string | undefined } {
  const file = join(folder, 'bagit.txt');
  const bytes = readRegular(file, 1 << 20, 'file');
  if (bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])))
    problems.push('bagit.txt begins with a byte order mark');
  const said = new Map(labelled(file, 'utf-8').map(([k, v]) => [k.replace(/^\ufeff/, ''), v]));
  const version = said.get('BagIt-Version');
  const encoding = said.get('Tag-File-Character-Encoding') ?? 'UTF-8';
  if (version === undefined || !/^\d+\.\d+$/.test(version)) problems.push('bagit.txt says no version');
  if (!said.has('Tag-File-Character-Encoding')) problems.push('bagit.txt says no encoding');
  try {
    return { encoding: new TextDecoder(encoding).encoding, version };
  } catch (cause) {
    throw new CovisError('INPUT_UNSUPPORTED', `This bag is written in ${encoding}, which is not known here`, {
      file,
      cause,
    });
  }
}

function readOxum(folder: string, encoding: string, problems: string[]): Promised['oxum'] {
  const file = join(folder, 'bag-info.txt');
  if (!existsSync(file)) return undefined;
  const said = labelled(file, encoding).filter(([label]) => label.toLowerCase() === 'payload-oxum');
  const parts = /^(\d{1,16})\.(\d{1,16})$/.exec(said[0]?.[1] ?? '');
  if (said.length > 1) problems.push('bag-info.txt says Payload-Oxum twice');
  if (said.length === 1 && parts === null) problems.push('bag-info.txt says a Payload-Oxum that is none');
  return parts === null ? undefined : { bytes: Number(parts[1]), files: Number(parts[2]) };
}

function readFetch(folder: string, encoding: string): Set<string> {
  const file = join(folder, 'fetch.txt');
  if (!existsSync(file)) return new Set();
  return new Set(
    text(file, encoding)
      .split(/\r\n|\n|\r/)
      .flatMap((l) => /^\S+\s+\S+\s+(.+)$/.exec(l)?.[1] ?? []),
  );
}

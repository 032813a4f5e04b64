/** What a start of Covis is asked for: by the command line, a file manager that opens a library, or a link. Whatever comes this way only opens. */
import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Scheme of links to libraries: `covis://open?library=FOLDER`. */
export const LINKS = 'covis:';
const DATABASE = 'library.db';

/** What a start is asked for; a second one hands it to the one that runs. */
export interface Asked {
  /** Folder of the library that is to be opened; empty for none. */
  readonly library: string;
  /** The library was named by a link, which any page of any site may hold: it is opened only where it was open here before. */
  readonly byLink: boolean;
  /** The start page was asked for. */
  readonly start: boolean;
  /** Why what was asked for cannot be opened; empty where it can. */
  readonly refused: string;
}

const NOTHING: Asked = { library: '', byLink: false, start: false, refused: '' };

/** The folder of a library by its own path or that of its database; undefined where there is none. */
function libraryAt(path: string): string | undefined {
  const folder = basename(path) === DATABASE ? dirname(path) : path;
  return existsSync(join(folder, DATABASE)) ? folder : undefined;
}

function byLink(link: string): Asked {
  const refused = { ...NOTHING, start: true, byLink: true };
  let url: URL;
  try {
    url = new URL(link);
  } catch {
    return { ...refused, refused: `This link cannot be read: ${link.slice(0, 200)}` };
  }
  const named = url.searchParams.get('library') ?? '';
  if ((url.host || url.pathname.replace(/^\/+/, '')) !== 'open' || named === '')
    return { ...refused, refused: `This link opens nothing: ${link.slice(0, 200)}` };
  // A path that another machine serves, or that depends on where Covis was started, is none that a link may name.
  if (!isAbsolute(named) || /^[/\\]{2}/.test(named))
    return { ...refused, refused: `A link names a library by its whole path, not by ${named.slice(0, 200)}` };
  return { ...NOTHING, library: resolve(named), byLink: true };
}

function byPath(argument: string, from: string): Asked {
  let path: string;
  try {
    path = argument.startsWith('file:') ? fileURLToPath(argument) : resolve(from, argument);
  } catch {
    return { ...NOTHING, start: true, refused: `This is no file of this machine: ${argument.slice(0, 200)}` };
  }
  const library = libraryAt(path);
  return library === undefined
    ? { ...NOTHING, start: true, refused: `No library of Covis is at ${path}` }
    : { ...NOTHING, library };
}

/**
 * @param words what stands behind the program on its command line, without what Electron itself takes
 * @param from folder that relative paths are read from
 */
export function askedFor(words: readonly string[], from: string): Asked {
  const named = words.find((a) => a.startsWith('--library='))?.slice('--library='.length);
  const start = words.includes('--start');
  if (named !== undefined && named !== '') return { ...NOTHING, library: resolve(from, named), start };
  const first = words.find((a) => !a.startsWith('-') && a !== '');
  if (start || first === undefined) return { ...NOTHING, start };
  return first.startsWith(LINKS) ? byLink(first) : byPath(first, from);
}

/** What is left of it where links may open only these libraries. */
export function asAllowed(asked: Asked, known: readonly string[]): Asked {
  if (!asked.byLink || asked.library === '' || known.includes(asked.library)) return asked;
  return {
    ...NOTHING,
    start: true,
    refused: `A link asks for the library at ${asked.library}, which was not open here before. Open it yourself if you know it.`,
  };
}

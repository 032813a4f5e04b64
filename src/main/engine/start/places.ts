/** Folders that pages may choose, under ids that say nothing of where they are. */
import { createHmac, randomBytes } from 'node:crypto';
import { realpathSync, statSync } from 'node:fs';
import { opendir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { FolderEntry, FolderListing } from '../../../shared/facts/start.ts';
import { CovisError, unreadable } from '../../../shared/errors.ts';
import { isSystemName } from '../library/photo-kinds.ts';
import { countBelow, lookOf } from './folder-looks.ts';

/** Names of one folder that are read when it is listed. */
const READ = 20_000;
/** Folders that are listed. */
const LISTED = 500;
/** Folders that are looked into at the same time. */
const TOGETHER = 16;
/** After so long the rest is listed by name alone, and the folders below it are not looked at. */
const LOOKING_MS = 700;
/** Of one folder that a person chose. */
const COUNTING_MS = 1500;
/** Ids that are known; the oldest are forgotten. */
const KNOWN = 50_000;

/** True for a folder and what lies below it. */
export function within(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

interface Known {
  readonly path: string;
  /** By a person, in a dialog or earlier: it need not lie below a root. */
  readonly chosen: boolean;
}

/**
 * Gives ids for folders below some roots, and for what a person chose elsewhere; and finds them again. A link counts as where it leads: one
 * that leads out of the roots is not listed. What an id means is looked at again whenever it is used, for folders are replaced by links.
 */
export class Places {
  readonly roots: readonly string[];
  readonly #secret = randomBytes(32);
  readonly #known = new Map<string, Known>();

  /** @param roots folders. @throws CovisError `INPUT_MISSING` for one that is not there, `INPUT_INVALID` for one that is no folder. */
  constructor(roots: readonly string[]) {
    const real = [...new Set(roots.map(realFolder))];
    // One below another adds nothing.
    this.roots = real.filter((r) => !real.some((o) => o !== r && within(o, r)));
  }

  /** Lets pages choose this folder or file, which a person named. */
  async chosen(path: string): Promise<FolderEntry> {
    const at = resolve(path);
    const name = basename(at) || at;
    const there = statSync(at, { throwIfNoEntry: false });
    if (there?.isFile() === true)
      return { ...this.#bare(at, name, true), kind: 'file', photos: null, bytes: there.size };
    return this.#withBelow(await this.#entry(at, name, true), performance.now() + COUNTING_MS);
  }

  /** The id of a folder that a person chose before, whether it is there or not. */
  idOf(path: string): string {
    return this.#give(path, true);
  }

  /** The folder of an id. @throws CovisError `NOT_FOUND` for an id of nothing and a folder that is gone, `INPUT_INVALID` for one that leads elsewhere now. */
  pathOf(id: string): string {
    const known = this.#known.get(id);
    if (known === undefined)
      throw new CovisError('NOT_FOUND', 'What was chosen is no longer known', { hint: 'Choose it again.' });
    const { path, chosen } = known;
    let real: string;
    try {
      real = realpathSync(path);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') throw unreadable(cause, path);
      throw new CovisError('NOT_FOUND', 'What was chosen is no longer there', {
        file: path,
        hint: 'Look whether its disk is there, or choose another.',
        cause,
      });
    }
    if (!chosen && (real !== path || !this.#allows(real)))
      throw new CovisError('INPUT_INVALID', 'What was chosen was replaced by a link', { hint: 'Choose it again.' });
    return path;
  }

  /**
   * Lists a folder below a root, or the roots. Hidden folders and those of the system are left out, photos are counted.
   * @param find only what has this in its name. @param files names of files that are listed, too. @throws CovisError as {@link pathOf}, `INPUT_INVALID` for one that may not be read.
   */
  async list(id: string | undefined, find = '', files: readonly RegExp[] = []): Promise<FolderListing> {
    if (this.roots.length === 0)
      throw new CovisError('STATE_EMPTY', 'Folders are chosen in a dialog of the desktop here');
    if (id === undefined && this.roots.length > 1) {
      const folders = await this.#entries(this.roots.map((path) => ({ path, name: path })));
      return { here: null, above: [], folders, files: [], left: 0, leftFiles: 0, outside: 0, huge: false };
    }
    const path = id === undefined ? this.roots[0]! : this.pathOf(id);
    if (!this.#allows(path)) throw new CovisError('INPUT_INVALID', 'This folder may not be looked into from here');
    const { found, left, outside, huge, named } = await this.#below(path, find.toLowerCase(), files);
    return {
      here: await this.#withBelow(await this.#entry(path, this.#nameOf(path), false), performance.now() + LOOKING_MS),
      above: this.#above(path),
      folders: await this.#entries(found),
      files: named.slice(0, LISTED).flatMap((f) => this.#file(f)),
      left,
      leftFiles: Math.max(0, named.length - LISTED),
      outside,
      huge,
    };
  }

  /** The roots as entries. */
  rootEntries(): Promise<FolderEntry[]> {
    return this.#entries(this.roots.map((path) => ({ path, name: this.#nameOf(path) })));
  }

  #allows(path: string): boolean {
    return this.roots.some((r) => within(r, path));
  }

  #nameOf(path: string): string {
    return this.roots.includes(path) ? path : basename(path);
  }

  #above(path: string): FolderEntry[] {
    const out: FolderEntry[] = [];
    for (let at = path; !this.roots.includes(at);) {
      at = dirname(at);
      out.unshift({ ...this.#bare(at, this.#nameOf(at)), kind: 'folder' });
    }
    return out;
  }

  async #below(
    path: string,
    find: string,
    files: readonly RegExp[],
  ): Promise<{
    found: { path: string; name: string }[];
    named: { path: string; name: string }[];
    left: number;
    outside: number;
    huge: boolean;
  }> {
    const found: { path: string; name: string }[] = [];
    const named: { path: string; name: string }[] = [];
    let seen = 0;
    let outside = 0;
    try {
      for await (const entry of await opendir(path, { bufferSize: 256 })) {
        seen += 1;
        if (seen > READ) break;
        const { name } = entry;
        if (isSystemName(name) || !name.toLowerCase().includes(find)) continue;
        if (entry.isDirectory()) found.push({ path: join(path, name), name });
        else if (entry.isFile()) {
          if (files.some((f) => f.test(name))) named.push({ path: join(path, name), name });
        } else if (entry.isSymbolicLink()) {
          const real = await linkedFolder(join(path, name));
          if (real === undefined) continue;
          if (this.#allows(real)) found.push({ path: real, name });
          else outside += 1;
        }
      }
    } catch (cause) {
      throw unreadable(cause, path);
    }
    for (const list of [found, named])
      list.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true, sensitivity: 'base' }));
    return {
      found: found.slice(0, LISTED),
      named,
      left: Math.max(0, found.length - LISTED),
      outside,
      huge: seen > READ,
    };
  }

  async #entries(folders: readonly { path: string; name: string }[]): Promise<FolderEntry[]> {
    const until = performance.now() + LOOKING_MS;
    const out: FolderEntry[] = [];
    for (let i = 0; i < folders.length; i += TOGETHER) {
      const some = folders.slice(i, i + TOGETHER);
      if (performance.now() > until) out.push(...some.map((f) => this.#bare(f.path, f.name)));
      else out.push(...(await Promise.all(some.map((f) => this.#entry(f.path, f.name, false)))));
    }
    for (let i = 0; i < out.length && performance.now() < until; i += 1) out[i] = await this.#withBelow(out[i]!, until);
    return out;
  }

  /** With the photos in the folders below it, as far as they can be counted until then. */
  async #withBelow(entry: FolderEntry, until: number): Promise<FolderEntry> {
    if (entry.kind !== 'folder' && entry.kind !== 'photos') return entry;
    const counted = await countBelow(entry.path, until, entry.unread);
    return counted === undefined ? entry : { ...entry, ...counted, more: entry.more || counted.more };
  }

  /** A file; none where it is gone meanwhile. */
  #file({ path, name }: { path: string; name: string }): FolderEntry[] {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isFile() !== true) return [];
    return [{ ...this.#bare(path, name), kind: 'file', photos: null, bytes: there.size }];
  }

  async #entry(path: string, name: string, chosen: boolean): Promise<FolderEntry> {
    return { ...this.#bare(path, name, chosen), ...(await lookOf(path)) };
  }

  #bare(path: string, name: string, chosen = false): FolderEntry {
    return { id: this.#give(path, chosen), name, path, kind: 'folder', photos: null, more: false };
  }

  #give(path: string, chosen: boolean): string {
    const id = createHmac('sha256', this.#secret).update(path).digest('hex').slice(0, 32);
    const before = this.#known.get(id);
    this.#known.delete(id);
    this.#known.set(id, { path, chosen: chosen || before?.chosen === true });
    for (const old of this.#known.keys()) {
      if (this.#known.size <= KNOWN) break;
      this.#known.delete(old);
    }
    return id;
  }
}

function realFolder(path: string): string {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    throw unreadable(cause, path);
  }
  if (!statSync(real).isDirectory())
    throw new CovisError('INPUT_INVALID', 'This is no folder', { file: path, hint: 'Name a folder with --root.' });
  return real;
}

/** Where a link leads, if that is a folder. */
async function linkedFolder(link: string): Promise<string | undefined> {
  try {
    const real = await realpath(link);
    return statSync(real).isDirectory() ? real : undefined;
  } catch {
    // A link to nothing, or to where this account may not look.
    return undefined;
  }
}

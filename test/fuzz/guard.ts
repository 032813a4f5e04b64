/** Sees every file that JavaScript opens, makes or removes while an input is read, and refuses what lies elsewhere. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Allowed {
  readonly read: readonly string[];
  readonly write: readonly string[];
}

type Any = (...args: unknown[]) => unknown;

/** Functions that take a path first, and at which argument the path that is written stands; openers are looked at closer. */
const WRITERS: Readonly<Record<string, readonly number[]>> = {
  writeFile: [0],
  appendFile: [0],
  mkdir: [0],
  mkdtemp: [0],
  rename: [0, 1],
  rm: [0],
  rmdir: [0],
  unlink: [0],
  link: [1],
  symlink: [1],
  copyFile: [1],
  cp: [1],
  truncate: [0],
  chmod: [0],
  chown: [0],
  utimes: [0],
};
const READERS = ['readFile', 'readdir', 'readlink', 'opendir'];

/** What was touched elsewhere, in the order of time: `read PATH` or `written PATH`. */
export class Guard {
  #allowed: Allowed | undefined;
  #found: string[] = [];

  constructor() {
    const { promises } = fs;
    for (const [name, at] of Object.entries(WRITERS))
      this.#wrap(fs, promises, name, (args) => {
        for (const i of at) this.#look('write', args[i]);
      });
    for (const name of READERS)
      this.#wrap(fs, promises, name, (args) => {
        this.#look('read', args[0]);
      });
    this.#wrap(fs, promises, 'open', (args) => {
      this.#look(writes(args[1]) ? 'write' : 'read', args[0]);
    });
    for (const [name, how] of [
      ['createReadStream', 'read'],
      ['createWriteStream', 'write'],
    ] as const)
      this.#one(fs, name, (args) => {
        this.#look(how, args[0]);
      });
    syncBuiltinESMExports();
  }

  /** From now on, until {@link end}. */
  begin(allowed: Allowed): void {
    this.#allowed = allowed;
    this.#found = [];
  }

  end(): readonly string[] {
    this.#allowed = undefined;
    return this.#found;
  }

  #wrap(sync: object, promises: object, name: string, look: (args: unknown[]) => void): void {
    this.#one(sync, name, look);
    this.#one(sync, `${name}Sync`, look);
    this.#one(promises, name, look);
  }

  #one(holder: object, name: string, look: (args: unknown[]) => void): void {
    const own = (holder as Record<string, Any | undefined>)[name];
    if (own === undefined) return;
    (holder as Record<string, Any>)[name] = function (this: unknown, ...args: unknown[]): unknown {
      look(args);
      return own.apply(this, args);
    };
    // `fs.realpath.native` and the like.
    Object.assign((holder as Record<string, Any>)[name]!, own);
  }

  #look(how: keyof Allowed, path: unknown): void {
    if (this.#allowed === undefined) return;
    const text = Buffer.isBuffer(path) ? path.toString() : path instanceof URL ? fileURLToPath(path) : path;
    if (typeof text !== 'string' || text.includes('\0')) return;
    const full = resolve(text);
    const inside = (folder: string): boolean => full === folder || full.startsWith(folder + sep);
    if (this.#allowed[how].some(inside) || this.#allowed.write.some(inside)) return;
    this.#found.push(`${how === 'read' ? 'read' : 'written'} ${full}`);
  }
}

function writes(flags: unknown): boolean {
  if (typeof flags === 'number')
    return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0;
  return typeof flags === 'string' && /[wa+]/.test(flags);
}

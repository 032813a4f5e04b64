/** One input read in a sandbox, and everything that may be wrong about how that went. */
import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../src/shared/errors.ts';
import type { Guard } from './guard.ts';
import type { Files, FuzzTarget } from './target.ts';

export type FaultKind =
  'crash' | 'hang' | 'memory' | 'raw error' | 'unclear error' | 'wrong result' | 'elsewhere' | 'input changed';

export interface Fault {
  readonly kind: FaultKind;
  readonly message: string;
  /** First line of the stack that is the project's own. */
  readonly where?: string;
}

export type Outcome = { readonly fault: Fault } | { readonly refused: string } | { readonly read: true };

const ROOT = join(import.meta.dirname, '..', '..');
/** Where HDF5's library was built: it looks for more filters there, and nobody has that folder. */
const HDF5_FILTERS = '/__w/libhdf5-wasm';
const LONGEST_MESSAGE = 1500;
/** So deep that names that lead up stay in the sandbox. */
const DEPTH = ['1', '2', '3', '4', '5', '6'];

/** A folder in which inputs are read one after another. */
export class Sandbox {
  readonly #root: string;
  readonly #guard: Pick<Guard, 'begin' | 'end'>;
  readonly #input: string;
  readonly room: string;
  #there = new Set<string>();

  constructor(root: string, guard: Pick<Guard, 'begin' | 'end'>) {
    this.#root = realpathSync(root);
    this.#guard = guard;
    this.#input = join(this.#root, ...DEPTH, 'input');
    this.room = join(this.#root, 'room');
    for (const folder of [this.#input, this.room, join(this.#root, 'cwd')]) mkdirSync(folder, { recursive: true });
    process.chdir(join(this.#root, 'cwd'));
  }

  /** Reads these files with a target. */
  async attempt(target: FuzzTarget, files: Files): Promise<Outcome> {
    this.#lay(files);
    this.#guard.begin({
      read: [
        ROOT,
        realpathSync(join(ROOT, 'node_modules')),
        dirname(process.execPath),
        '/proc',
        '/sys',
        '/dev',
        HDF5_FILTERS,
        this.#input,
      ],
      write: [this.room],
    });
    let outcome: Outcome;
    try {
      const wrong = await target.read({ input: this.#input, room: this.room });
      outcome = wrong === undefined ? { read: true } : { fault: { kind: 'wrong result', message: wrong } };
    } catch (error) {
      const fault = faultOf(error, target.nameless === true);
      outcome = fault === undefined ? { refused: (error as CovisError).code } : { fault };
    }
    const touched = this.#guard.end();
    if ('fault' in outcome) return outcome;
    if (touched.length > 0) return { fault: { kind: 'elsewhere', message: touched[0]! } };
    const changed = this.#changed(files);
    return changed === undefined ? outcome : { fault: changed };
  }

  #lay(files: Files): void {
    if ([...this.#there].some((f) => !files.has(f))) {
      rmSync(this.#input, { recursive: true, force: true });
      mkdirSync(this.#input);
      this.#there = new Set();
    }
    for (const [name, bytes] of files) {
      const file = join(this.#input, name);
      if (!this.#there.has(name)) mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
      this.#there.add(name);
    }
  }

  /** What lies in the sandbox that the input did not bring, or lacks, or holds something else. */
  #changed(files: Files): Fault | undefined {
    const expected = new Set([...files.keys()].map((f) => join(...DEPTH, 'input', f)));
    for (const entry of readdirSync(this.#root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name).slice(this.#root.length + 1);
      if (path === 'room' || path.startsWith(join('room', '/')) || entry.isDirectory()) continue;
      if (expected.has(path)) continue;
      rmSync(join(this.#root, path), { force: true });
      return { kind: 'elsewhere', message: `written ${path.replace(join(...DEPTH, '/'), '')}` };
    }
    for (const [name, bytes] of files) {
      let now: Buffer | undefined;
      try {
        now = readFileSync(join(this.#input, name));
      } catch {
        // It is gone, which is said.
      }
      if (now?.equals(bytes) === true) continue;
      this.#there = new Set([...this.#there, '']);
      return { kind: 'input changed', message: `${name} was changed` };
    }
    return undefined;
  }
}

/** What is wrong with an error that people would see; undefined where nothing is. */
export function faultOf(error: unknown, nameless: boolean): Fault | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const line = stack.split('\n').find((l) => /\/src\/(main|shared)\//.test(l) && !l.includes('/shared/errors.ts'));
  const where =
    line === undefined
      ? {}
      : {
          where: line
            .trim()
            .replace(/^at /, '')
            .replace(/(file:\/\/)?\/\S*?\/src\//, 'src/'),
        };
  if (!(error instanceof CovisError) || error.code === 'INTERNAL')
    return {
      kind: 'raw error',
      message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      ...where,
    };
  const { message, code, file } = error;
  if (code.startsWith('INPUT') && file === undefined && !nameless)
    return { kind: 'unclear error', message: `names no file: ${message}`, ...where };
  if (/\bundefined\b|\[object /.test(message) || message === '') return { kind: 'unclear error', message, ...where };
  if (message.length > LONGEST_MESSAGE)
    return { kind: 'unclear error', message: `${message.length} characters long: ${message.slice(0, 100)}…`, ...where };
  return undefined;
}

/** Two faults of one signature are one. */
export function signature({ kind, message, where }: Fault): string {
  return `${kind} ${
    where ??
    message
      .replace(/\d+(\.\d+)?/g, '#')
      .replace(/\/\S+/g, '/…')
      .slice(0, 80)
  }`;
}

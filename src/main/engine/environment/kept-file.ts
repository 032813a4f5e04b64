/**
 * Small JSON files of a person's own that Covis writes: settings, lists, what was measured. One that cannot be read is never written over:
 * what can be used of it stays, and the file itself is kept beside under a name of its own, which `onDamage` and `damagedFiles` say.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from './folders.ts';

/** Far beyond what any of them holds, in bytes: more is none of them. */
const MOST_BYTES = 16 * 2 ** 20;

/** What a file holds. */
export interface KeptShape<T> {
  /** Where there is no file, or nothing of it can be used. */
  readonly none: T;
  /** What can be used of it, and how many of its parts cannot. @throws ZodError for other JSON. */
  read(json: unknown): { readonly value: T; readonly wrong: number };
}

/** A list, of which each entry stands for itself. */
export function listOf<T>(entry: z.ZodType<T>): KeptShape<readonly T[]> {
  return {
    none: [],
    read(json) {
      const all = z.array(z.unknown()).parse(json);
      const value = all.flatMap((one) => entry.safeParse(one).data ?? []);
      return { value, wrong: all.length - value.length };
    },
  };
}

/** Entries by name, of which each stands for itself. */
export function entriesOf<T>(entry: z.ZodType<T>): KeptShape<Readonly<Record<string, T>>> {
  return {
    none: {},
    read(json) {
      const all = Object.entries(z.record(z.string(), z.unknown()).parse(json));
      const right = all.flatMap(([key, one]) => {
        const { data } = entry.safeParse(one);
        return data === undefined ? [] : [[key, data] as const];
      });
      return { value: Object.fromEntries(right), wrong: all.length - right.length };
    },
  };
}

/** Parts that may each be left out, of which each stands for itself. @param parts an object all of whose keys are optional. */
export function partsOf<T extends object>(parts: z.ZodType<T>): KeptShape<T> {
  return {
    none: parts.parse({}),
    read(json) {
      const all = Object.entries(z.record(z.string(), z.unknown()).parse(json));
      const right = all.filter(([key, one]) => parts.safeParse({ [key]: one }).success);
      return { value: parts.parse(Object.fromEntries(right)), wrong: all.length - right.length };
    },
  };
}

/** A file that cannot be read, or not in full. */
export interface Damage {
  readonly file: string;
  /** Why, for people: the end of a sentence. */
  readonly why: string;
  /** Where it is kept since it was written anew; null while it still lies in its place. */
  readonly keptAs: string | null;
}

/** What this process met and still holds, by file. */
const met = new Map<string, Damage>();
const listeners: ((damage: Damage) => void)[] = [];

/** Is told of each file once when it is found to be damaged, and once when it is kept beside. */
export function onDamage(listener: (damage: Damage) => void): void {
  listeners.push(listener);
}

function note(damage: Damage): void {
  const before = met.get(damage.file);
  met.set(damage.file, damage);
  if (before?.why !== damage.why || before.keptAs !== damage.keptAs) for (const tell of listeners) tell(damage);
}

/** What happened, to which file, and what became of it. */
export function sentenceOf({ file, why, keptAs }: Damage): string {
  return `${file} ${why}: ${keptAs === null ? 'what cannot be read of it is left out' : `it is kept as ${keptAs}`}`;
}

const KEPT_NAME = /^(.+\.json)\.damaged(-[\d-]+)?$/;

/** What lies in a folder that could not be read, whoever met it, by the name of the file; those still in their place as far as this process met them. */
export function damagedFiles(folder: string): readonly Damage[] {
  const here = [...met.values()].filter((d) => d.keptAs === null && dirname(d.file) === folder && existsSync(d.file));
  let names: string[] = [];
  try {
    names = readdirSync(folder).sort();
  } catch {
    // No folder has no files.
  }
  const beside = names.flatMap((name): Damage[] => {
    const file = KEPT_NAME.exec(name)?.[1];
    return file === undefined
      ? []
      : [{ file: join(folder, file), why: 'could not be read in full', keptAs: join(folder, name) }];
  });
  return [...here, ...beside];
}

/** A file is none that Covis wrote. What the system refuses, as a permission, is an error of its own, and leaves the file where it is. */
class NotOurs extends Error {}

function parsed(file: string): unknown {
  const stat = statSync(file);
  // A pipe would be waited for without end.
  if (!stat.isFile()) throw new NotOurs('is no file');
  if (stat.size > MOST_BYTES) throw new NotOurs('is too large to be what Covis wrote');
  try {
    // Editors of Windows mark UTF-8 at its beginning.
    return JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    if (error instanceof SyntaxError) throw new NotOurs('is cut short, or no JSON');
    throw error;
  }
}

interface Found<T> {
  readonly value: T;
  /** What must not be written over: a file that is damaged, or that the system does not let be read. */
  readonly damage?: { readonly why: string; readonly refused?: unknown };
}

function look<T>(file: string, shape: KeptShape<T>): Found<T> {
  if (!existsSync(file)) return { value: shape.none };
  try {
    const { value, wrong } = shape.read(parsed(file));
    if (wrong === 0) return { value };
    return { value, damage: { why: `has ${wrong === 1 ? 'an entry' : `${wrong} entries`} that cannot be read` } };
  } catch (error) {
    if (error instanceof NotOurs) return { value: shape.none, damage: { why: error.message } };
    if (error instanceof z.ZodError) return { value: shape.none, damage: { why: 'holds something else' } };
    const { code = 'no code' } = error as NodeJS.ErrnoException;
    return { value: shape.none, damage: { why: `may not be read (${code})`, refused: error } };
  }
}

/** What can be used of a file; `shape.none` where there is none. Never throws: what cannot be used is told to {@link onDamage}. */
export function readKept<T>(file: string, shape: KeptShape<T>): T {
  const { value, damage } = look(file, shape);
  if (damage === undefined) met.delete(file);
  else note({ file, why: damage.why, keptAs: null });
  return value;
}

/**
 * Writes what a file holds from now on, in one step. One that is damaged is kept beside first.
 * @param change of what can be used of it. @param mode of the new file.
 * @throws Error of the system where it cannot be read or written; the file is then as it was.
 */
export function changeKept<T>(file: string, shape: KeptShape<T>, change: (before: T) => T, mode = 0o600): T {
  const { value, damage } = look(file, shape);
  if (damage?.refused !== undefined) throw damage.refused;
  const next = change(value);
  makeFolder(dirname(file));
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, `${JSON.stringify(next, undefined, 2)}\n`, { mode });
    if (damage !== undefined) note({ file, why: damage.why, keptAs: keepBeside(file) });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  met.delete(file);
  return next;
}

/** Gives a file a name that nothing has. @returns it. */
function keepBeside(file: string): string {
  const day = new Date().toISOString().slice(0, 10);
  let kept = `${file}.damaged-${day}`;
  for (let n = 2; existsSync(kept); n += 1) kept = `${file}.damaged-${day}-${n}`;
  renameSync(file, kept);
  return kept;
}

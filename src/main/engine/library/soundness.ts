/** Whether library.db is a library, and whole: looked at when it is opened, unless it is as it was when it was last found so. */
import Database from 'better-sqlite3';
import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { refuseStandIn } from '../formats/recognise.ts';
import { damageOf, select, text } from './rows.ts';
import { migrate } from './schema.ts';

const MAGIC = 'SQLite format 3\0';
/** Up to this size every index is compared with its table, too: 0.1 s. */
const WHOLLY_BYTES = 16 << 20;
const STAMP = 'library.sound';
const SHOWN = 3;

/**
 * What can be told of a database without opening it. SQLite's locks are POSIX locks, which a process loses for all of its threads as soon
 * as it closes the file, however it had opened it: another program may then take the journal for nobody's and remove it, with all that is
 * written to it from then on. So a file that SQLite may have open is opened by nobody else; what is in it is told by {@link refuseForeignContent}.
 * @throws CovisError as that one.
 */
export function refuseForeignFile(file: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isFile() === true && there.size > 0 && mayRead(file)) return;
  refuseForeignContent(file);
}

function mayRead(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Why SQLite finds that a file is no database, after which it does not have it open.
 * @throws CovisError as {@link refuseStandIn}, `INPUT_CORRUPT` for a file that is empty or no SQLite database.
 */
export function refuseForeignContent(file: string): void {
  const head = refuseStandIn(file);
  if (head.toString('latin1', 0, MAGIC.length) === MAGIC) return;
  throw damagedLibrary(
    file,
    head.length === 0 ? 'The database of this library is empty' : 'This file is no SQLite database',
    undefined,
    'Put back a copy of this file, or make a new library of the same photos and models; both leave them as they are.',
  );
}

/** @throws CovisError `INPUT_UNSUPPORTED` for a database of something else, or that lacks what its version has. */
export function refuseForeignTables(db: Database.Database, file: string, version: number): void {
  if (version < 1)
    throw new CovisError('INPUT_UNSUPPORTED', 'This database is of no library of Covis: it says no version', {
      file,
      hint: 'Choose another folder, or put back a copy of library.db.',
    });
  const model = new Database(':memory:');
  try {
    migrate(model, version);
    const there = new Set(namesIn(db));
    const names = namesIn(model);
    const lacks = [
      ...names.filter((name) => !there.has(name)),
      ...names.filter((name) => there.has(name)).flatMap((name) => columnsLacking(db, model, name)),
    ];
    if (lacks.length > 0)
      throw new CovisError(
        'INPUT_UNSUPPORTED',
        `This database is of no library of Covis, or damaged: it lacks ${lacks.slice(0, SHOWN).join(', ')}`,
        {
          file,
          hint: 'Choose another folder, or put back a copy of library.db.',
        },
      );
  } finally {
    model.close();
  }
}

function namesIn(db: Database.Database): string[] {
  return select(db, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name", text).all();
}

/** Columns that a table or view has in one database and not in another, each as `table.column`; all of a view that cannot be asked. */
function columnsLacking(db: Database.Database, model: Database.Database, name: string): string[] {
  const wanted = columnsOf(model, name);
  let there: ReadonlySet<string>;
  try {
    there = new Set(columnsOf(db, name));
  } catch (error) {
    // Of a view whose own columns are gone, SQLite says so by an error.
    if ((error as { code?: unknown }).code !== 'SQLITE_ERROR') throw error;
    there = new Set();
  }
  return wanted.filter((column) => !there.has(column)).map((column) => `${name}.${column}`);
}

function columnsOf(db: Database.Database, name: string): string[] {
  return select(db, 'SELECT name FROM pragma_table_info(?)', text).all(name);
}

/** What SQLite finds wrong in a database; empty where it is sound. @param wholly also compares indexes with their tables. */
export function databaseFaults(db: Database.Database, wholly: boolean): string[] {
  const pragma = wholly ? 'integrity_check' : 'quick_check';
  try {
    return select(db, `SELECT * FROM pragma_${pragma}`, text)
      .all()
      .flatMap((line) => line.split('\n'))
      .filter((line) => line !== 'ok');
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    return [damage.message];
  }
}

/** @throws CovisError `INPUT_CORRUPT` with the first faults. */
export function refuseDamagedDatabase(db: Database.Database, file: string): void {
  const faults = databaseFaults(db, statSync(file).size <= WHOLLY_BYTES);
  if (faults.length === 0) return;
  const more = faults.length - SHOWN;
  throw damagedLibrary(
    file,
    `The database of this library is damaged: ${faults.slice(0, SHOWN).join('; ')}${more > 0 ? ` and ${more} more` : ''}`,
  );
}

/** What is thrown for a damaged database. */
export function damagedLibrary(
  file: string,
  what: string,
  cause?: unknown,
  remedy = `Put back a copy of this file, or recover what can be read of it: covis check ${shellWord(dirname(file))} --repair`,
): CovisError {
  return new CovisError('INPUT_CORRUPT', what, {
    file,
    cause,
    hint: `Nothing was changed. ${remedy}`,
  });
}

interface Stamp {
  readonly bytes: number;
  readonly modified: number;
}

/** True where the database is as it was when it was last closed sound, and nothing waits in its journal. */
export function isAsItWas(root: string, file: string): boolean {
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return false;
  const stamp = readStamp(root);
  const { size, mtimeMs } = statSync(file);
  return stamp !== undefined && stamp.bytes === size && stamp.modified === mtimeMs;
}

function readStamp(root: string): Stamp | undefined {
  try {
    const { bytes, modified } = JSON.parse(readFileSync(join(root, STAMP), 'utf8')) as Partial<Stamp>;
    return typeof bytes === 'number' && typeof modified === 'number' ? { bytes, modified } : undefined;
  } catch {
    // Not there, or cut short: the database is looked at again.
    return undefined;
  }
}

/** Notes that a database was closed sound, if nobody else has it open. */
export function noteSound(root: string, file: string): void {
  const now = statSync(file, { throwIfNoEntry: false });
  if (now === undefined || statSync(`${file}-wal`, { throwIfNoEntry: false }) !== undefined || isAsItWas(root, file))
    return;
  try {
    writeFileSync(join(root, STAMP), `${JSON.stringify({ bytes: now.size, modified: now.mtimeMs } satisfies Stamp)}\n`);
  } catch {
    // A disk that is full or read-only: the database is looked at again when it is opened next.
  }
}

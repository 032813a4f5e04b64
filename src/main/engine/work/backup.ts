/** Copies a library as it is at one moment, also while it is used: the database first, then the files that it refers to. */
import { existsSync, linkSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { backupJob } from '../../../shared/jobs/backup.ts';
import type { JobParams, JobResult } from '../../../shared/jobs/index.ts';
import { CovisError } from '../../../shared/errors.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { VERSION } from '../environment/version.ts';
import { logFailure, logger } from '../environment/log.ts';
import { outsideLibraries, refuseDevice } from '../formats/target.ts';
import { KEPT_FOLDERS } from '../library/folders.ts';
import { Library, now } from '../library/library.ts';
import { integer, record, select, text } from '../library/rows.ts';
import { snapshot } from '../library/snapshot.ts';
import { bytesText } from '../formats/disk.ts';
import { bytesOf, filesIn, roomAt } from '../library/storage.ts';
import type { TaskContext } from '../queue/context.ts';
import { CONTENT, readManifest, writeManifest, type BackupEntry, type Manifest } from './backup-manifest.ts';
import { descriptorFiles, detectorFiles, modelFiles, networkFiles } from './check-files.ts';
import { beginFolder, copyWithDigest, giveWay, syncFiles } from './whole-folder.ts';
import { work } from './work.ts';

/** How often the database is copied anew because files changed while they were copied. */
const ROUNDS = 8;
/** From this round on others wait with their writing to the database while what is left is copied, */
const ALONE_FROM = 3;
/** unless so much is left that they would wait for longer than they do. */
const ALONE_BYTES = 200e6;
const PAUSE_MS = 300;
const MB = 1e6;

export const backupWork = work(backupJob, backupLibrary);

/**
 * Backs a library up.
 * @throws CovisError `INPUT_INVALID` for a folder inside the library or around it, `STATE_CONFLICT` for one that holds something else and
 * where the library changes faster than it is copied, `DISK_FULL`, `CANCELLED`. What lay there before stays then.
 */
export async function backupLibrary(
  library: Library,
  p: JobParams<'backup'>,
  task: TaskContext,
): Promise<JobResult<'backup'>> {
  const out = apart(library.path, p.out);
  const derived = !p.without.includes('derived');
  const earlier = earlierBackup(library, out, p.force);
  const making = beginFolder(out);
  try {
    const copy = new Copy(
      library,
      join(making.path, CONTENT),
      earlier === undefined ? undefined : { folder: join(out, CONTENT), manifest: earlier },
      derived,
      task,
    );
    await copy.copyAll();
    const files = copy.entries();
    task.step('Waiting for the disk', 0, '');
    await syncFiles(copy.fresh().map((name) => join(making.path, CONTENT, name)));
    writeManifest(making.path, {
      format: 1,
      covis: VERSION,
      created: now(),
      library: library.path,
      without: [...p.without],
      files,
    });
    task.check();
    making.finish();
    return {
      out,
      files: files.length,
      bytes: bytesOf(files),
      reused: copy.reused,
      copiedBytes: copy.copiedBytes,
      without: [...p.without],
    };
  } finally {
    making.release();
  }
}

/** The absolute path of a folder that is in no library, and not around this one. @throws CovisError `INPUT_INVALID`. */
export function apart(library: string, path: string): string {
  const out = resolve(path);
  refuseDevice(out);
  const within = (inner: string, outer: string): boolean => {
    const way = relative(outer, inner);
    return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  };
  if (within(out, resolve(library)) || within(resolve(library), out))
    throw new CovisError('INPUT_INVALID', 'A library and its backup do not lie in one another', {
      file: out,
      hint: 'Name a folder beside it, best on another disk.',
    });
  // A backup of this library is a folder with a database of its own; what is above it may not be a library.
  outsideLibraries(dirname(out));
  return out;
}

/** What an earlier backup there holds. @throws CovisError `STATE_CONFLICT` for a place that holds anything else. */
function earlierBackup(library: Library, out: string, force: boolean): Manifest | undefined {
  const there = statSync(out, { throwIfNoEntry: false });
  if (there === undefined) return undefined;
  if (there.isDirectory() && readdirSync(out).length === 0) return undefined;
  let manifest: Manifest | undefined;
  try {
    manifest = readManifest(out);
  } catch (error) {
    if (!force) throw error;
    // It is replaced as a whole.
    logFailure(logger('backup'), `${out} is replaced`, error);
    return undefined;
  }
  if (manifest === undefined)
    throw new CovisError('STATE_CONFLICT', 'This folder is in use, and is no backup', {
      file: out,
      hint: 'Name a new or an empty folder, or an earlier backup of this library.',
    });
  if (manifest.library === library.path) return manifest;
  if (force) return undefined;
  throw new CovisError('STATE_CONFLICT', `This is a backup of another library, ${manifest.library}`, {
    file: out,
    hint: 'Name another folder. Where the library was moved, --force replaces this backup.',
  });
}

/** What a backup into this place would replace only where that is said, as a sentence: a damaged backup, or one of another library. */
export function replacedBackup(library: Library, out: string): string | undefined {
  try {
    const manifest = readManifest(out);
    return manifest === undefined || manifest.library === library.path
      ? undefined
      : `It is a backup of another library, ${manifest.library}.`;
  } catch (error) {
    if (!(error instanceof CovisError)) throw error;
    return `${error.message}.`;
  }
}

/** True for a file whose size and time are as they were when it was copied. */
function isAsIn(
  known: BackupEntry | undefined,
  f: { readonly bytes: number; readonly modified: number },
): known is BackupEntry {
  return known?.bytes === f.bytes && known.modified === f.modified;
}

/** What else is in a library is of the moment, as who has it open. */
const isKept = (folder: string): boolean => (KEPT_FOLDERS as readonly string[]).includes(folder);
/** Kinds of files that are computed again. */
const CACHES: readonly string[] = ['thumbnails', 'edges', 'features', 'teacher'];

/** A copy in the making, of which every file is as the database says. */
class Copy {
  readonly #library: Library;
  readonly #to: string;
  readonly #earlier: { readonly folder: string; readonly files: ReadonlyMap<string, BackupEntry> } | undefined;
  readonly #derived: boolean;
  readonly #task: TaskContext;
  /** What was copied, by its path below the library. */
  readonly #done = new Map<string, BackupEntry>();
  readonly #fresh = new Set<string>();
  #database: BackupEntry | undefined;
  /** What there was to copy in the last round. */
  #lastBytes = Infinity;
  reused = 0;
  copiedBytes = 0;

  constructor(
    library: Library,
    to: string,
    earlier: { readonly folder: string; readonly manifest: Manifest } | undefined,
    derived: boolean,
    task: TaskContext,
  ) {
    this.#library = library;
    this.#to = to;
    this.#derived = derived;
    this.#task = task;
    this.#earlier =
      earlier === undefined
        ? undefined
        : { folder: earlier.folder, files: new Map(earlier.manifest.files.map((f) => [f.path, f])) };
  }

  entries(): BackupEntry[] {
    return [...this.#done.values(), ...(this.#database === undefined ? [] : [this.#database])].sort((a, b) =>
      a.path < b.path ? -1 : 1,
    );
  }

  /** What was copied, but for what is made again anyway. */
  fresh(): string[] {
    return [...this.#fresh, 'library.db'].filter((name) => !CACHES.includes(name.split('/')[0]!));
  }

  async copyAll(): Promise<void> {
    let before = '';
    for (let round = 1; ; round += 1) {
      if (round >= ALONE_FROM && this.#lastBytes < ALONE_BYTES) await this.#alone(() => this.#round());
      else await this.#round();
      const wrong = await this.#wrong();
      await this.#noteDatabase();
      if (wrong.length === 0) return;
      // What is wrong in the same way again, though nobody wrote to it, is so in the library.
      const state = JSON.stringify(wrong.map((path) => [path, this.#stateOf(path)]));
      if (state === before) {
        this.#task.warn(
          `${wrong.length} of the files are missing or damaged in the library itself, as ${wrong[0]!}: covis check ${shellWord(this.#library.path)} says more`,
        );
        return;
      }
      before = state;
      if (round >= ROUNDS)
        throw new CovisError('STATE_CONFLICT', `The library changes faster than it is copied, last ${wrong[0]!}`, {
          file: this.#library.path,
          hint: 'Do this again when the job that is under way is done.',
        });
      await pause(PAUSE_MS);
    }
  }

  #stateOf(path: string): unknown {
    const there = statSync(join(this.#library.path, path), { throwIfNoEntry: false });
    return there === undefined ? null : [there.size, there.mtimeMs, this.#done.get(path)?.sha256];
  }

  /** Nobody takes a row away meanwhile, and rows are taken away before their files are. */
  async #alone(work: () => Promise<void>): Promise<void> {
    const { db } = this.#library;
    db.exec('BEGIN IMMEDIATE');
    try {
      await work();
    } finally {
      db.exec('ROLLBACK');
    }
  }

  /** The database, then all files that changed since they were copied. */
  async #round(): Promise<void> {
    const task = this.#task;
    const database = join(this.#to, 'library.db');
    mkdirSync(this.#to, { recursive: true });
    this.#refuseWithoutRoom(statSync(join(this.#library.path, 'library.db')).size);
    let pages = 0;
    task.step('Copying the database', 0, 'pages');
    await snapshot(this.#library, database, this.#derived, (done, total) => {
      task.check();
      if (total !== pages) task.step('Copying the database', (pages = total), 'pages');
      task.progress(done);
    });
    const files = (await filesIn(this.#library.path, 'links too'))
      .map((f) => ({ ...f, name: relative(this.#library.path, f.path).split(sep).join('/') }))
      .filter((f) => this.#belongs(f.name));
    const there = new Set(files.map((f) => f.name));
    for (const name of this.#done.keys()) if (!there.has(name)) this.#forget(name);
    const wanted = files.filter((f) => !isAsIn(this.#done.get(f.name), f));
    this.#refuseWithoutRoom(bytesOf(wanted.filter((f) => !isAsIn(this.#earlier?.files.get(f.name), f))));
    this.#lastBytes = bytesOf(wanted);
    const total = Math.ceil(this.#lastBytes / MB);
    task.step('Copying', total, 'MB');
    let bytes = 0;
    const each = (n: number): void => {
      task.check();
      bytes += n;
      task.progress(Math.min(total, Math.floor(bytes / MB)));
    };
    for (const f of wanted) {
      task.check();
      try {
        await giveWay();
        await this.#copy(f, each);
      } catch (error) {
        // Removed while the others were copied; whether the database wants it is looked at afterwards.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || existsSync(f.path)) throw error;
        this.#forget(f.name);
      }
    }
    task.progress(total);
  }

  async #copy(
    f: { readonly path: string; readonly name: string; readonly bytes: number; readonly modified: number },
    each: (n: number) => void,
  ): Promise<void> {
    const to = join(this.#to, f.name);
    const known = this.#earlier?.files.get(f.name);
    if (isAsIn(known, f)) {
      const old = join(this.#earlier!.folder, f.name);
      // What became of it since is seen now, and not when it is needed.
      if (existsSync(old) && (await copyWithDigest(old, null, each)).sha256 === known.sha256 && linked(old, to)) {
        this.#done.set(f.name, known);
        this.#fresh.delete(f.name);
        this.reused += 1;
        return;
      }
    }
    const { bytes, sha256, modified } = await copyWithDigest(f.path, to, each);
    this.copiedBytes += bytes;
    this.#fresh.add(f.name);
    this.#done.set(f.name, { path: f.name, bytes, sha256, modified });
  }

  #forget(name: string): void {
    rmSync(join(this.#to, name), { force: true });
    this.#done.delete(name);
    this.#fresh.delete(name);
  }

  /** Files of the library; not those in the making, and not the database, which is copied by itself. */
  #belongs(name: string): boolean {
    const [folder, ...rest] = name.split('/') as [string, ...string[]];
    if (rest.length === 0 || !isKept(folder)) return false;
    if (/\.(tmp|part|lock|owner)$/.test(name)) return false;
    if (folder === 'scenes' && !existsSync(this.#library.file('scenes', rest[0]!, 'done.json'))) return false;
    if (this.#derived) return true;
    return !CACHES.includes(folder) && (folder !== 'descriptors' || this.#isImported(rest[0]!));
  }

  /** Descriptors that were brought; of those that were computed only if they are wanted. */
  #isImported(name: string): boolean {
    const uid = name.replace(/\..*$/, '');
    return (
      !/\.(map(-ids)?\.npy|neighbours\.bin)$/.test(name) &&
      select(this.#library.db, 'SELECT id FROM vector_set WHERE uid = ? AND network_id IS NULL', integer).get(uid) !==
        undefined
    );
  }

  #refuseWithoutRoom(needed: number): void {
    const free = roomAt(this.#to);
    if (free < needed)
      throw new CovisError(
        'DISK_FULL',
        `The backup takes ${bytesText(needed)} more, and ${bytesText(free)} are free on this disk`,
        {
          file: dirname(this.#to).replace(/\.partial$/, ''),
          hint: 'Make room, name a folder on another disk, or leave out with --without derived what can be computed again.',
        },
      );
  }

  /** Files that are not what the database in the copy says of them, or that it wants and that are not there. */
  async #wrong(): Promise<string[]> {
    const wrong = new Set<string>();
    this.#task.step('Comparing the copy with its database', 0, '');
    const copy = Library.open(this.#to, 'sound');
    try {
      const stored = select(
        copy.db,
        'SELECT path, bytes, sha256 FROM stored_file ORDER BY path',
        record({ path: text, bytes: integer, sha256: text }),
      ).all();
      for (const { path, sha256 } of stored) if (this.#done.get(path)?.sha256 !== sha256) wrong.add(path);
      for (const file of [
        ...networkFiles(copy),
        ...detectorFiles(copy),
        ...modelFiles(copy, false),
        ...descriptorFiles(copy, false),
      ]) {
        this.#task.check();
        if (!(await isSound(file))) wrong.add(relative(this.#to, file.path).split(sep).join('/'));
      }
    } finally {
      copy.db.pragma('journal_mode = DELETE');
      copy.close();
    }
    // What an open library keeps about itself.
    for (const name of readdirSync(this.#to))
      if (name !== 'library.db' && !isKept(name)) rmSync(join(this.#to, name), { recursive: true, force: true });
    return [...wrong].sort();
  }

  async #noteDatabase(): Promise<void> {
    const read = await copyWithDigest(join(this.#to, 'library.db'), null, () => this.#task.check());
    this.#database = { path: 'library.db', ...read };
  }
}

async function isSound({ sound }: { readonly sound: () => boolean | Promise<boolean> }): Promise<boolean> {
  try {
    return await sound();
  } catch {
    // That it cannot be read is the answer.
    return false;
  }
}

/** A second name for a file; false where the disk has none, or the file lies on another. */
function linked(from: string, to: string): boolean {
  try {
    mkdirSync(dirname(to), { recursive: true });
    rmSync(to, { force: true });
    linkSync(from, to);
    return true;
  } catch {
    // It is copied then.
    return false;
  }
}

/** An exported collection that comes as a zip archive, as browsers download and send it. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { outsideLibraries } from '../formats/target.ts';
import { isZip, unzip, zipEntries, type ZipEntry } from '../formats/unzip.ts';
import { contentHash } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { idByHash } from '../library/tables/photo.ts';
import type { TaskContext } from '../queue/context.ts';
import { PAYLOAD, RECORD } from './exports/names.ts';
import { openExport } from './import.ts';
import { freeName } from './store.ts';
import { TABLES } from './import-tables.ts';
import { hasVersion, importVersion, type ImportAsked } from './import-version.ts';

/** Record and tables of a collection: what says what it is. A hundred thousand photos take some 60 MB. */
const MOST_OF_TABLES = 4 * 2 ** 30;

/** True for what has to be unpacked to be read. */
export function isArchive(path: string): boolean {
  return existsSync(path) && isZip(path);
}

/** Folder of the collection within an archive, with its `/`; empty where it is the archive itself. @throws CovisError `INPUT_INVALID`. */
function rootOf(entries: readonly ZipEntry[], file: string): string {
  const roots = new Set<string>();
  for (const { name } of entries) {
    if (basename(name) !== RECORD) continue;
    const at = name.slice(0, name.length - RECORD.length);
    roots.add(at.endsWith(`/${PAYLOAD}/`) || at === `${PAYLOAD}/` ? at.slice(0, -PAYLOAD.length - 1) : at);
  }
  const [root, other] = [...roots];
  if (root === undefined)
    throw new CovisError('INPUT_INVALID', 'This archive holds no exported collection', {
      file,
      hint: `It should hold what covis collection export wrote, with ${RECORD} in it.`,
    });
  if (other !== undefined)
    throw new CovisError('INPUT_INVALID', `This archive holds ${roots.size} collections`, {
      file,
      hint: 'Unpack it, and import each of its folders.',
    });
  return root;
}

/** What is needed to know what a collection is, without its photos. */
function tablesOf(entries: readonly ZipEntry[], root: string, file: string): ZipEntry[] {
  const names = new Set([RECORD, ...TABLES.map(([name]) => name)]);
  const tables = entries.filter(
    (e) => e.name.startsWith(root) && names.has(e.name.slice(root.length).replace(new RegExp(`^${PAYLOAD}/`), '')),
  );
  if (tables.reduce((n, e) => n + e.size, 0) > MOST_OF_TABLES)
    throw new CovisError('INPUT_INVALID', 'The tables of this archive are larger than those of any collection', {
      file,
      hint: 'Unpack it with another program and look at what it holds.',
    });
  return tables;
}

/** Unpacks into a folder that is whole or not there. @throws CovisError `STATE_CONFLICT` for one that is there. */
async function unpackWhole(file: string, out: string, task: TaskContext): Promise<void> {
  const all = zipEntries(file);
  const below = rootOf(all, file);
  const entries = all.filter((e) => e.name.startsWith(below));
  outsideLibraries(out);
  if (existsSync(out))
    throw new CovisError('STATE_CONFLICT', 'The folder that this archive would be unpacked into is there already', {
      file: out,
      hint: 'Import that folder, name another place, or move it away.',
    });
  // A name that nobody else has: what is removed afterwards is Covis' own.
  mkdirSync(dirname(out), { recursive: true });
  const partial = `${out}.${randomUUID()}.partial`;
  task.step('Unpacking the archive', entries.length, 'files');
  try {
    await unzip(file, entries, partial, {
      below,
      after: (done) => {
        task.check();
        task.progress(done);
      },
    });
    renameSync(partial, out);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

/** Opens what an archive says that it is, in a folder that is gone afterwards. */
export async function withTables<T>(file: string, within: string, use: (folder: string) => T | Promise<T>): Promise<T> {
  const entries = zipEntries(file);
  const root = rootOf(entries, file);
  try {
    await unzip(file, tablesOf(entries, root, file), within);
    return await use(join(within, root));
  } finally {
    rmSync(within, { recursive: true, force: true });
  }
}

/**
 * Imports a version from a zip archive of an export. Only its tables are unpacked where its photos are in the library, or are not wanted;
 * else all of it, into a folder that has to stay.
 * @param asked.unpack that folder; beside the archive, under its name, where left out.
 * @throws CovisError as `zipEntries` and `importVersion`.
 */
export async function importArchive(
  library: Library,
  { folder: file, unpack, ...asked }: ImportAsked,
  task: TaskContext,
): Promise<JobResult<'collection-import'>> {
  if (unpack !== undefined && !asked.photos)
    throw new CovisError('INPUT_INVALID', '--unpack says where photos go, and none are imported', {
      hint: 'Say --photos, too.',
    });
  const lacking = await withTables(file, library.staging(), async (folder) => {
    const { version, entries } = openExport(folder).content;
    const ids = idByHash(library);
    const lacks = asked.photos && entries.some((e) => ids.get(contentHash(e.sha256)) === undefined);
    // Said before anything is unpacked.
    if (lacks && !hasVersion(library, asked.name ?? version.collection, version.digest))
      freeName(library, asked.name ?? version.collection);
    return lacks ? null : importVersion(library, { ...asked, photos: false, folder }, task);
  });
  if (lacking !== null) return lacking;
  const out = resolve(unpack ?? file.replace(/\.zip$/i, ''));
  if (out === resolve(file))
    throw new CovisError('INPUT_INVALID', 'This archive has no ending, and cannot be unpacked beside itself', {
      file,
      hint: 'Say --unpack FOLDER, or name it with .zip.',
    });
  await unpackWhole(file, out, task);
  const report = await importVersion(library, { ...asked, folder: out }, task);
  return { ...report, unpacked: report.unpacked ?? out };
}

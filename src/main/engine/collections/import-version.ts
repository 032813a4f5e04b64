/** An export taken into a library: the version exactly as it was, and a collection with those of its photos that the library has. */
import { join, resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import type { CollectionEntry } from '../../../shared/facts/collections.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { contentHash } from '../library/hash-file.ts';
import type { Library } from '../library/library.ts';
import { allCollections, versionsOf, type CollectionRow, type VersionRow } from '../library/tables/collection.ts';
import { idByHash } from '../library/tables/photo.ts';
import { durably } from '../mining/action-log.ts';
import type { TaskContext } from '../queue/context.ts';
import { importSources } from '../sfm/import.ts';
import { digestFile } from './exports/digests.ts';
import { openExport, type OpenedExport } from './import.ts';
import { fieldsText, sourceWriter, STEP, type Item } from './items.ts';
import { besideExport, shardsOf, unpackPhotos } from './shard-photos.ts';
import { createCollection, freeName } from './store.ts';
import { writeVersionRows } from './version-rows.ts';
import { tagVersion } from './versions.ts';

const NAMED = 5;
/** Missing photos that a report names; it counts all. */
const MOST_NAMED = 1000;

/** How an export is taken in. */
export interface ImportAsked {
  readonly folder: string;
  readonly name?: string | undefined;
  /** Photos that the library does not have are imported from where the export has them. */
  readonly photos: boolean;
  /** Folder for photos that lie inside shards; beside the export where left out. */
  readonly unpack?: string | undefined;
}

/**
 * Imports an export of a collection. Photos are found by their SHA-256.
 * @throws CovisError as `openExport`, `STATE_CONFLICT` for a name that another collection has, `STATE_EMPTY` where the library has none of
 * the photos, `CANCELLED`.
 */
export async function importVersion(
  library: Library,
  { folder, name, photos, unpack }: ImportAsked,
  task: TaskContext,
): Promise<JobResult<'collection-import'>> {
  const opened = openExport(folder);
  const { version, entries } = opened.content;
  const wanted = name ?? version.collection;
  const { there, known } = versionHere(library, wanted, version.digest);
  const ids = idByHash(library);
  const lacking = (): CollectionEntry[] => entries.filter((e) => ids.get(contentHash(e.sha256)) === undefined);
  if (unpack !== undefined && !photos)
    throw new CovisError('INPUT_INVALID', '--unpack says where photos go, and none are imported', {
      hint: 'Say --photos, too.',
    });
  const before = lacking();
  const unpacked =
    photos && before.length > 0
      ? await takePhotos(library, opened, before, resolve(unpack ?? besideExport(opened.folder)), task)
      : null;
  const missing = lacking().map((e) => e.path);
  const imported = before.length - missing.length;
  const done = {
    digest: version.digest,
    items: entries.length,
    imported,
    unpacked,
    missing: missing.slice(0, MOST_NAMED),
    missingTotal: missing.length,
  };
  if (there !== undefined && known !== undefined)
    return { collection: there.name, version: known.number, already: true, ...done };
  // Said before anything is written.
  freeName(library, wanted);
  if (missing.length === entries.length)
    throw new CovisError('STATE_EMPTY', 'The library has none of the photos of this collection', {
      file: opened.folder,
      hint: photos
        ? `${whyNone(opened)} Import the folder that its photos come from first.`
        : 'Import its photos, too: --photos; or import the folder that they come from first.',
    });
  if (missing.length > 0)
    task.warn(
      `${missing.length} of ${entries.length} photos are not in the library; the version names them, the collection does not show them: ${missing.slice(0, NAMED).join(', ')}${missing.length > NAMED ? ', …' : ''}`,
    );
  task.step('Writing the collection', 0, '');
  const made = durably(library, () => {
    const rows = itemsOf(library, entries);
    const { collection } = createCollection(
      library,
      wanted,
      { fields: version.fields, items: rows.items },
      (n) => `Import ${n}, version ${version.number}`,
    );
    const number = writeVersion(library, collection, opened, rows.sources);
    for (const tag of version.tags) tagVersion(library, collection.uid, tag, number);
    return { collection: collection.name, version: number };
  });
  return { ...made, already: false, ...done };
}

function versionHere(
  library: Library,
  wanted: string,
  digest: string,
): { readonly there: CollectionRow | undefined; readonly known: VersionRow | undefined } {
  const there = allCollections(library).find((c) => c.name === wanted.normalize('NFC').trim());
  const known = there === undefined ? undefined : versionsOf(library, there.id).find((v) => v.digest === digest);
  return { there, known };
}

/** True where a collection of this name has a version of this digest. */
export function hasVersion(library: Library, name: string, digest: string): boolean {
  return versionHere(library, name, digest).known !== undefined;
}

/** Why no photo can be taken from an export, as a sentence. */
function whyNone({ record }: OpenedExport): string {
  if (record.photos.longSide !== null || record.photos.gps === 'removed')
    return 'The photos of this export were made smaller or lost their coordinates: they are others than those of the version.';
  if (record.photos.placed !== 'inside' && record.photos.placed !== 'none')
    return 'The photos of this export are not in it any more.';
  return record.formats.includes('iiif')
    ? 'This export has no photos, only tiles that were made of them.'
    : `This export has no photos: ${record.formats.join(', ')} ${record.formats.length === 1 ? 'holds' : 'hold'} none.`;
}

/** Imports the photos of an export from where they lie; those inside shards are unpacked first. @returns the folder of unpacked ones. */
async function takePhotos(
  library: Library,
  opened: OpenedExport,
  lacking: readonly CollectionEntry[],
  unpack: string,
  task: TaskContext,
): Promise<string | null> {
  const { bag, folder, content, files, record } = opened;
  const wanted = new Set(lacking.map((e) => e.sha256));
  const same = content.entries.flatMap((e, i) => {
    const { file, sha256 } = files[i]!;
    return wanted.has(e.sha256) && sha256 === e.sha256 ? [{ file, sha256 }] : [];
  });
  if (same.length > 0 && record.photos.placed === 'inside' && shardsOf(opened).files.length > 0) {
    await unpackPhotos(opened, unpack, new Set(same.map((s) => s.sha256)), task);
    await importSources(library, { sources: [join(unpack, 'photos')] }, task);
    return unpack;
  }
  const usable = same.flatMap(({ file, sha256 }) => (file === null ? [] : [{ file, sha256 }]));
  if (usable.length === 0) {
    task.warn(`No photo can be imported from here. ${whyNone(opened)}`);
    return null;
  }
  task.step('Verifying photos', usable.length, 'photos');
  for (const [i, { file, sha256 }] of usable.entries()) {
    task.check();
    if ((await digestFile(file)).sha256 !== sha256)
      throw new CovisError('INPUT_CORRUPT', 'This photo is not the one that the export names', {
        file,
        hint: 'covis collection verify says what else is changed, and --repair brings it back.',
      });
    task.progress(i + 1);
  }
  await importSources(library, { sources: [join(folder, ...(bag ? ['data'] : []), 'photos')] }, task);
  return null;
}

/** Rows of those photos that the library has, and sources of all. */
function itemsOf(
  library: Library,
  entries: readonly CollectionEntry[],
): { readonly items: Item[]; readonly sources: readonly (number | null)[] } {
  const ids = idByHash(library);
  const source = sourceWriter(library);
  const sources = entries.map(({ provenance: p }) => (p === null ? null : source(p)));
  const items = entries.flatMap((e, i): Item[] => {
    const photo = ids.get(contentHash(e.sha256));
    if (photo === undefined) return [];
    return [
      {
        photo,
        member: 1,
        position: i * STEP,
        head: e.foldedUnder === null ? null : (ids.get(contentHash(e.foldedUnder)) ?? null),
        source: sources[i]!,
        score: e.provenance?.score ?? null,
        rank: e.provenance?.rank ?? null,
        fields: fieldsText(e.fields),
      },
    ];
  });
  return { items, sources };
}

/** Runs inside a transaction. @returns its number, which is the one that it had. */
function writeVersion(
  library: Library,
  collection: CollectionRow,
  { content: { version, entries } }: OpenedExport,
  sources: readonly (number | null)[],
): number {
  const ids = idByHash(library);
  const digest = library.db.prepare('UPDATE photo SET sha256 = ? WHERE id = ? AND sha256 IS NULL');
  const at = new Map(entries.map((e, i) => [e.sha256, i]));
  writeVersionRows(
    library,
    collection,
    { ...version, fields: fieldsText(version.fields) ?? '{}' },
    entries.map((e, i) => {
      const photo = ids.get(contentHash(e.sha256)) ?? null;
      if (photo !== null) digest.run(e.sha256, photo);
      return {
        ...e,
        photo,
        head: e.foldedUnder === null ? null : at.get(e.foldedUnder)!,
        source: sources[i]!,
        score: e.provenance?.score ?? null,
        rank: e.provenance?.rank ?? null,
        fields: fieldsText(e.fields),
      };
    }),
  );
  return version.number;
}

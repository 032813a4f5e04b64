/** An export opened again: what it holds, checked against what it promises. */
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { CollectionRecord } from '../../../shared/exports/collections/record.ts';
import { collectionRecord } from '../../../shared/exports/collections/record.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { CollectionEntry } from '../../../shared/facts/collections.ts';
import { counted } from '../../../shared/counted.ts';
import { logFailure, logger } from '../environment/log.ts';
import { parseJson } from '../formats/json-text.ts';
import { readRegular } from '../formats/regular.ts';
import { contentDigest, type CollectionContent } from './content.ts';
import type { ReadRow } from './exports/items.ts';
import { PAYLOAD, RECORD } from './exports/names.ts';
import { refuseUnsafePaths } from './exports/safe-paths.ts';
import { readTable } from './import-tables.ts';

const MOST_OF_RECORD = 64 << 20;

/** What an export holds. */
export interface OpenedExport {
  /** Absolute. */
  readonly folder: string;
  readonly bag: boolean;
  readonly record: CollectionRecord;
  /** The table that was read. */
  readonly table: string;
  /** The version, as far as it is here: without folds that were left out. */
  readonly content: CollectionContent;
  /** What lies here of each entry, in its order: a file where the export has one, and its digest as it was written. */
  readonly files: readonly { readonly file: string | null; readonly sha256: string; readonly bytes: number }[];
}

/**
 * Opens an export of a collection. No photo is read.
 * @throws CovisError `INPUT_MISSING`, `INPUT_INVALID` for what is none, and for paths and links that lead out of it, `INPUT_CORRUPT` where
 * tables, counts or digests are not what was written.
 */
export function openExport(folder: string): OpenedExport {
  const root = resolve(folder);
  const there = statSync(root, { throwIfNoEntry: false });
  if (there === undefined) throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: root });
  const bag = !existsSync(join(root, RECORD)) && existsSync(join(root, PAYLOAD, RECORD));
  const base = bag ? join(root, PAYLOAD) : root;
  const file = join(base, RECORD);
  if (!there.isDirectory() || !existsSync(file))
    throw new CovisError('INPUT_INVALID', 'This is no exported collection', {
      file: root,
      hint: `Name a folder that covis collection export wrote: it has ${RECORD}, in data/ if it is a bag.`,
    });
  refuseOutside(root, file);
  const record = readRecord(file);
  const table = readTable(base);
  if (table === undefined)
    throw new CovisError('INPUT_MISSING', 'This export has no table of its photos', {
      file: base,
      hint: 'items.jsonl, items.csv or metadata.jsonl is wanted.',
    });
  refuseOutside(root, table.file);
  const rows = inPlace(table.rows, record, table.file);
  refuseUnsafePaths(
    rows.map((r) => r.entry.path),
    table.file,
  );
  const entries = rows.map((r) => r.entry);
  refuseFolds(entries, table.file);
  const digest = contentDigest(entries, record.fields);
  if (digest !== record.holds.digest || (record.holds.folds === 'all' && digest !== record.digest))
    throw new CovisError('INPUT_CORRUPT', 'The photos and fields of this export are not those of its digest', {
      file: table.file,
      hint: 'A table was edited or damaged: covis collection verify says which. Fields that were edited are taken up by covis collection set --from.',
    });
  return {
    folder: root,
    bag,
    record,
    table: table.file,
    content: {
      version: {
        collection: record.name,
        number: record.version,
        author: record.author,
        message: record.message,
        created: record.created,
        digest,
        parents: record.parents,
        tags: record.tags,
        fields: record.fields,
        items: entries.length,
      },
      entries,
    },
    files: rows.map((r) => ({ file: photoAt(root, base, r, record), sha256: r.file.sha256, bytes: r.file.bytes })),
  };
}

function readRecord(file: string): CollectionRecord {
  const text = readRegular(file, MOST_OF_RECORD, 'file').toString('utf8');
  const value = parseJson(text, { file });
  const { format, schema } = (value ?? {}) as { format?: unknown; schema?: unknown };
  if (format === 'covis-collection' && typeof schema === 'number' && schema > 1)
    throw new CovisError('INPUT_UNSUPPORTED', 'This export was written by a newer Covis', {
      file,
      hint: 'Update Covis to open it.',
    });
  const parsed = collectionRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new CovisError(
    'INPUT_CORRUPT',
    `This is no record of a collection: ${issue.path.map(String).join('.')}: ${issue.message}`,
    {
      file,
    },
  );
}

/** Rows in the order of their positions, which are each number once. */
function inPlace(rows: readonly ReadRow[], record: CollectionRecord, file: string): ReadRow[] {
  if (rows.length !== record.holds.items)
    throw new CovisError(
      'INPUT_CORRUPT',
      `This table has ${counted(rows.length, 'photo')}, and ${RECORD} says ${record.holds.items}`,
      { file },
    );
  const placed: ReadRow[] = [];
  for (const r of rows) {
    if (r.position >= rows.length || placed[r.position] !== undefined)
      throw new CovisError(
        'INPUT_CORRUPT',
        `The position ${r.position} of ${r.entry.path} is ${placed[r.position] === undefined ? 'beyond the last' : 'that of another photo'}`,
        {
          file,
        },
      );
    placed[r.position] = r;
  }
  return placed;
}

function refuseFolds(entries: readonly CollectionEntry[], file: string): void {
  const heads = new Map(entries.map((e) => [e.sha256, e]));
  for (const e of entries) {
    if (e.foldedUnder === null) continue;
    const head = heads.get(e.foldedUnder);
    if (head === undefined || head === e || head.foldedUnder !== null)
      throw new CovisError(
        'INPUT_CORRUPT',
        `${e.path} is folded under a photo that ${head === undefined ? 'is not here' : 'is no head of a fold'}`,
        {
          file,
        },
      );
  }
}

/** Where a photo of a row lies; null where it is not here. @throws CovisError `INPUT_INVALID` for one that lies elsewhere. */
function photoAt(root: string, base: string, row: ReadRow, { photos }: CollectionRecord): string | null {
  if (photos.placed === 'none' || photos.placed === 'inside') return null;
  const file = join(base, row.entry.path);
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there === undefined) return null;
  // Links were asked for when it was written; what they lead to is taken by its digest alone.
  if (photos.placed === 'link' && there.isSymbolicLink()) return existsSync(file) ? file : null;
  refuseOutside(root, file);
  if (!lstatSync(file).isFile())
    throw new CovisError('INPUT_INVALID', 'This is no photo but a folder, a device or a link', {
      file,
      hint: 'Export the collection again, or take its photos from a copy that is whole.',
    });
  return file;
}

/** True for a file that is, by a link, outside of a folder. */
export function leadsOut(root: string, file: string): boolean {
  const real = realpathSync(file);
  const within = realpathSync(root);
  return !real.startsWith(within.endsWith(sep) ? within : within + sep);
}

/** True where an export says that its photos are links, as it was asked to make them. */
export function photosAreLinks(root: string): boolean {
  try {
    return readRecord(join(root, RECORD)).photos.placed === 'link';
  } catch (error) {
    // No export, or a damaged one, which its digests say.
    logFailure(logger('collections'), `No record of ${root} says how its photos lie`, error);
    return false;
  }
}

/** @throws CovisError `INPUT_INVALID` for a file that is, by a link, outside of the export. */
export function refuseOutside(root: string, file: string): void {
  if (leadsOut(root, file))
    throw new CovisError('INPUT_INVALID', 'A link in this export leads out of it', {
      file,
      hint: 'Exports with copies of photos have no links: take what it leads to in its place, if you trust it.',
    });
}

/** A version of a collection, written in one or several formats over one payload. */
import {
  COLLECTION_FORMATS,
  COLLECTION_FORMAT_NAMES,
  type CollectionFormat,
} from '../../../../shared/exports/collections/index.ts';
import type { CollectionRecord } from '../../../../shared/exports/collections/record.ts';
import { CovisError } from '../../../../shared/errors.ts';
import type { CollectionEntry } from '../../../../shared/facts/collections.ts';
import { logFailure, logger } from '../../environment/log.ts';
import { VERSION } from '../../environment/version.ts';
import { bytesText, diskError, freeBytes } from '../../formats/disk.ts';
import { outsideLibraries } from '../../formats/target.ts';
import type { TaskContext } from '../../queue/context.ts';
import { contentDigest } from '../content.ts';
import { writeCoco } from './coco.ts';
import { writeCroissant } from './croissant.ts';
import { writeDescriptors } from './descriptors.ts';
import { sha256Of } from './digests.ts';
import { writeGallery } from './gallery.ts';
import { writeIiif } from './iiif.ts';
import { writeImagefolder } from './imagefolder.ts';
import { columnsOf } from './items.ts';
import { beginExport, type Making } from './making.ts';
import { sealBag, sealFolder, writeReadme } from './manifests.ts';
import type { CollectionExportOptions, Exporting, FormatWriter, Material } from './material.ts';
import { writeParquet } from './parquet.ts';
import { clearAside, findPhotos, placePhotos } from './photos.ts';
import { writeRoCrate } from './ro-crate.ts';
import { writeSidecars } from './sidecars.ts';
import { refuseUnsafePaths } from './safe-paths.ts';
import { writeItemsCsv, writeItemsJsonl, writeRecord } from './tables.ts';
import { ExportTree } from './tree.ts';
import { writeWebdataset } from './webdataset.ts';

export type { CollectionExportOptions, Material, MaterialDescriptors, ShotFacts } from './material.ts';

/**
 * Writers of each format, beside what all exports have. They write in this order, so that a catalogue knows what lies there; manifests come
 * last.
 */
const WRITERS: { readonly [F in CollectionFormat]: readonly FormatWriter[] } = {
  folder: [writeItemsCsv, writeReadme],
  bagit: [writeItemsCsv],
  csv: [writeItemsCsv],
  jsonl: [],
  imagefolder: [writeImagefolder],
  parquet: [writeParquet],
  webdataset: [writeWebdataset],
  coco: [writeCoco],
  descriptors: [writeDescriptors],
  iiif: [writeIiif],
  gallery: [writeGallery],
  croissant: [writeItemsCsv, writeCroissant],
  'ro-crate': [writeItemsCsv, writeRoCrate],
};

/** What was written. */
export interface CollectionExportReport {
  readonly out: string;
  readonly formats: readonly CollectionFormat[];
  readonly items: number;
  /** Photos that lie in it as files. */
  readonly photos: number;
  readonly files: number;
  readonly bytes: number;
  /** Of the version. */
  readonly digest: string;
  /** Files that an attempt that was cut short had finished. */
  readonly kept: number;
}

/** Entries that go along, by what is to become of folds. */
export function ofFolds(
  entries: readonly CollectionEntry[],
  folds: 'all' | 'best' | 'none',
): readonly CollectionEntry[] {
  if (folds === 'all') return entries;
  const heads = new Set(entries.flatMap((e) => e.foldedUnder ?? []));
  return entries.filter((e) => e.foldedUnder === null && (folds === 'best' || !heads.has(e.sha256)));
}

/**
 * Writes a version to a folder, whole or not at all: beside its place first, going on with what an attempt that was killed finished.
 * @throws CovisError `INPUT_INVALID` for what does not go together, paths that are not portable and places in libraries, `STATE_EMPTY`,
 * `STATE_CONFLICT` for a folder that is there, without `force`, and while another program writes there, `INPUT_MISSING` for photos that are
 * gone, `DISK_FULL` also before anything is written, `CANCELLED`.
 */
export async function exportCollection(
  material: Material,
  options: CollectionExportOptions,
  task: TaskContext,
): Promise<CollectionExportReport> {
  const out = outsideLibraries(options.out);
  const { version } = material.content;
  const asked = new Set(options.formats);
  if (asked.has('folder') && options.gallery) asked.add('gallery');
  const formats = new Set(COLLECTION_FORMAT_NAMES.filter((f) => asked.has(f)));
  refuseTogether(formats, options);
  const entries = ofFolds(material.content.entries, options.folds);
  if (entries.length === 0)
    throw new CovisError('STATE_EMPTY', `Version ${version.number} of ${version.collection} has no photo to export`);
  refuseUnsafePaths(entries.map((e) => e.path));
  refuseIllFormed(entries, material);
  const place = placement(formats, options);
  const gps = options.removeGps ? 'removed' : 'kept';
  const record: CollectionRecord = {
    format: 'covis-collection',
    schema: 1,
    name: version.collection,
    version: version.number,
    digest: version.digest,
    items: version.items,
    author: version.author,
    created: version.created,
    message: version.message,
    parents: version.parents,
    tags: version.tags,
    fields: version.fields,
    holds: { digest: contentDigest(entries, version.fields), items: entries.length, folds: options.folds },
    photos: { placed: place ?? 'none', longSide: options.longSide ?? null, gps, sidecars: options.sidecars },
    formats: [...formats],
    software: `covis ${VERSION}`,
  };
  const files = place === null && !formats.has('gallery') ? [] : findPhotos(entries, material.fileOf, task);
  const { force: _, ...how } = options;
  const making = beginExport(out, sha256Of(JSON.stringify([how, record, entries])), options);
  let keep = true;
  try {
    refuseFull(out, entries, formats, place, making, options);
    const bag = formats.has('bagit');
    const tree = new ExportTree(making, bag ? 'data/' : '');
    const changes = { longSide: options.longSide, removeGps: options.removeGps };
    const items = await placePhotos(entries, files, { tree, how: place, changes, scratch: making.path }, task);
    const x: Exporting = {
      material,
      options,
      formats,
      record,
      items,
      columns: columnsOf(items, version.fields),
      tree,
      task,
    };
    task.step('Writing', 0, '');
    const writers = new Set<FormatWriter>([writeRecord, writeItemsJsonl]);
    if (options.sidecars) writers.add(writeSidecars);
    for (const [f, those] of Object.entries(WRITERS))
      if (formats.has(f as CollectionFormat)) for (const w of those) writers.add(w);
    for (const w of writers) {
      task.check();
      await w(x);
    }
    clearAside(making.path);
    await (bag ? sealBag : sealFolder)(x);
    task.check();
    making.finish();
    return {
      out,
      formats: [...formats],
      items: items.length,
      photos: place === null || place === 'inside' ? 0 : items.length,
      files: tree.files.size,
      bytes: [...tree.files.values()].reduce((n, f) => n + f.bytes, 0),
      digest: version.digest,
      kept: making.finished.size,
    };
  } catch (error) {
    keep = !(error instanceof CovisError && error.code === 'CANCELLED');
    throw diskError(error);
  } finally {
    try {
      making.release(keep);
    } catch (error) {
      // What went wrong before is what is told.
      logFailure(logger('collections'), 'An unfinished export could not be put aside', error);
    }
  }
}

/** How photos come to these formats: files, inside others, or not at all. */
function placement(
  formats: ReadonlySet<CollectionFormat>,
  { photos }: CollectionExportOptions,
): 'copy' | 'hard-link' | 'link' | 'inside' | null {
  const want = [...formats].map((f) => COLLECTION_FORMATS[f].photos);
  if (photos !== 'none' && want.some((w) => w === 'needed' || w === 'beside')) return photos;
  // Tiles are made of photos, also where those do not lie beside them.
  return want.includes('inside') || formats.has('iiif') ? 'inside' : null;
}

function refuseTogether(formats: ReadonlySet<CollectionFormat>, o: CollectionExportOptions): void {
  const refuse = (message: string, hint: string): never => {
    throw new CovisError('INPUT_INVALID', message, { hint });
  };
  if (formats.size === 0) refuse('No format was named', `Formats are ${COLLECTION_FORMAT_NAMES.join(', ')}.`);
  if (formats.has('bagit') && (o.photos === 'link' || o.photos === 'none'))
    refuse(
      o.photos === 'link' ? 'A bag holds no links' : 'A bag holds its photos',
      'Say --photos copy or --photos hard-link, or another format.',
    );
  const needing = [...formats].filter((f) => COLLECTION_FORMATS[f].photos === 'needed');
  if (o.photos === 'none' && needing.length > 0)
    refuse(`${needing.join(' and ')} describe photos that lie beside them`, 'Say --photos copy, hard-link or link.');
  if (o.photos === 'none' && o.sidecars)
    refuse('Sidecars lie beside photos, of which there are none', 'Leave --sidecars out.');
  if (formats.has('iiif') && o.baseUrl === undefined)
    refuse(
      'IIIF needs the address at which it will be served',
      'Say --base-url, for example https://example.org/castles.',
    );
  if (!formats.has('iiif') && o.baseUrl !== undefined) refuse('--base-url is of the format iiif', 'Leave it out.');
}

/** Text that is no Unicode becomes another one in a file. */
function refuseIllFormed(entries: readonly CollectionEntry[], { content: { version } }: Material): void {
  for (const [where, fields] of [
    ['the collection', version.fields] as const,
    ...entries.map((e) => [e.path, e.fields] as const),
  ])
    for (const [name, values] of Object.entries(fields))
      if (!name.isWellFormed() || !values.every((v) => v.isWellFormed()))
        throw new CovisError('INPUT_INVALID', `The field ${name} of ${where} is no Unicode text`, {
          hint: 'Write it again.',
        });
}

/** A thumbnail and its place in tables, roughly. */
const OF_A_ROW = 1500;
const OF_A_THUMBNAIL = 14_000;

/** @throws CovisError `DISK_FULL` where less is free than this export takes, said before it is begun. */
function refuseFull(
  out: string,
  entries: readonly CollectionEntry[],
  formats: ReadonlySet<CollectionFormat>,
  place: ReturnType<typeof placement>,
  making: Making,
  { longSide }: CollectionExportOptions,
): void {
  const shrunk = (e: CollectionEntry): number =>
    longSide === undefined
      ? e.bytes
      : Math.ceil(e.bytes * Math.min(1, (longSide / Math.max(1, e.width, e.height)) ** 2));
  const photos = entries.reduce((n, e) => n + shrunk(e), 0);
  const times =
    (place === 'copy' ? 1 : 0) +
    ['parquet', 'webdataset', 'iiif'].filter((f) => formats.has(f as CollectionFormat)).length;
  const rest = entries.length * (OF_A_ROW + (formats.has('gallery') ? OF_A_THUMBNAIL : 0));
  const there = [...making.finished.values()].reduce((n, f) => n + f.bytes, 0);
  const needed = Math.max(0, times * photos + rest - there);
  const free = freeBytes(making.path);
  if (free !== undefined && needed > free)
    throw new CovisError(
      'DISK_FULL',
      `The disk is full for this export: about ${bytesText(needed)} are needed, ${bytesText(free)} are free`,
      { file: out, hint: 'Make room on it, name another place, or take --photos link or --long-side.' },
    );
}

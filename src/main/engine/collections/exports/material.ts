/** What an export is made of. */
import type { CollectionFormat, CollectionPlacement, FoldsKept } from '../../../../shared/exports/collections/index.ts';
import type { CollectionRecord } from '../../../../shared/exports/collections/record.ts';
import type { CollectionEntry } from '../../../../shared/facts/collections.ts';
import type { Placing } from '../../formats/target.ts';
import type { TaskContext } from '../../queue/context.ts';
import type { CollectionContent } from '../content.ts';
import type { Columns, Item } from './items.ts';
import type { ExportTree } from './tree.ts';

/** What a camera wrote of a photo. */
export interface ShotFacts {
  /** Seconds since 1970. */
  readonly taken: number | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
  readonly camera: string | null;
}

/** Descriptors of photos: a row for each of `hashes`, which may be fewer than the version has. */
export interface MaterialDescriptors {
  /** Name and content hash of the network. */
  readonly network: string;
  readonly size: number;
  readonly dim: number;
  readonly data: Float32Array;
  /** SHA-256 of the photos, in the order of rows. */
  readonly photos: readonly string[];
}

/** A version and where what it speaks of is found. */
export interface Material {
  readonly content: CollectionContent;
  /** The file of a photo now. @throws CovisError `INPUT_MISSING` where there is none. */
  readonly fileOf: (entry: CollectionEntry) => string;
  /** A JPEG of a photo as displayed that is at hand, of at most so many pixels; made of its file where left out. */
  readonly thumbnailOf?: ((entry: CollectionEntry, size: number) => Promise<Uint8Array>) | undefined;
  readonly factsOf?: ((entry: CollectionEntry) => ShotFacts | undefined) | undefined;
  readonly descriptors?: MaterialDescriptors | undefined;
}

/** How a version is exported. */
export interface CollectionExportOptions extends Placing {
  /** Folder. */
  readonly out: string;
  readonly formats: readonly CollectionFormat[];
  readonly photos: CollectionPlacement;
  /** Pixels of the long side; larger photos are made smaller. */
  readonly longSide?: number | undefined;
  /** Takes coordinates out of photos, tables and the gallery. */
  readonly removeGps: boolean;
  /** Writes what is said of a photo beside it, as `<photo>.xmp`. */
  readonly sidecars: boolean;
  readonly folds: FoldsKept;
  /** Whether the folder format has a gallery. */
  readonly gallery: boolean;
  /** Where what is exported will be served, for IIIF. */
  readonly baseUrl?: string | undefined;
  /** Bytes of a shard of Parquet or WebDataset. */
  readonly shardBytes: number;
}

/** An export while it is written. */
export interface Exporting {
  readonly material: Material;
  readonly options: CollectionExportOptions;
  /** Every format of this run, the gallery of a folder too. */
  readonly formats: ReadonlySet<CollectionFormat>;
  readonly record: CollectionRecord;
  readonly items: readonly Item[];
  readonly columns: Columns;
  readonly tree: ExportTree;
  readonly task: TaskContext;
}

/** How a format is written: its own files beside what all exports have. */
export type FormatWriter = (x: Exporting) => Promise<void> | void;

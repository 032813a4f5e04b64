/** What a photo's file and its sidecar say of it, as fields: the sidecar first, then its XMP, then its IPTC. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { FieldValues } from '../../../../shared/facts/collections.ts';
import { logFailure, logger } from '../../environment/log.ts';
import { readRegular } from '../../formats/regular.ts';
import { blocksOf } from './blocks.ts';
import { readIptc } from './iptc.ts';
import { readXmp } from './xmp.ts';

const MOST_BYTES = 1 << 30;
const MOST_OF_SIDECAR = 8 << 20;

export type MetadataSource = 'sidecar' | 'xmp' | 'iptc';

/** Fields with where each was read. */
export interface PhotoMetadata {
  readonly fields: FieldValues;
  readonly from: Readonly<Record<string, MetadataSource>>;
  /** What was there and could not be read, a sentence each. */
  readonly notes: readonly string[];
}

/** The sidecar of a photo: `a.jpg.xmp` as darktable writes it, else `a.xmp` as Lightroom does, whatever the case of its ending. */
export function sidecarOf(file: string): string | undefined {
  const stem = file.replace(/\.[^./\\]+$/, '');
  return [`${file}.xmp`, `${file}.XMP`, `${stem}.xmp`, `${stem}.XMP`].find((f) => existsSync(f));
}

/** @throws CovisError for a photo that cannot be read; what is damaged of its metadata is noted. */
export function readMetadata(file: string): PhotoMetadata {
  const notes: string[] = [];
  const fields: Record<string, readonly string[]> = {};
  const from: Record<string, MetadataSource> = {};
  const take = (found: FieldValues, source: MetadataSource): void => {
    for (const [name, values] of Object.entries(found)) {
      if (Object.hasOwn(fields, name)) continue;
      fields[name] = values;
      from[name] = source;
    }
  };
  const sidecar = sidecarOf(file);
  if (sidecar !== undefined) {
    try {
      const found = readXmp(readRegular(sidecar, MOST_OF_SIDECAR, 'sidecar'));
      if (found === undefined) notes.push(`${basename(sidecar)} is no XMP that can be read`);
      else take(found, 'sidecar');
    } catch (error) {
      logFailure(logger('collections'), `The sidecar ${sidecar} cannot be read`, error);
      notes.push(`${basename(sidecar)} cannot be read`);
    }
  }
  const blocks = blocksOf(readRegular(file, MOST_BYTES, 'photo'));
  for (const b of blocks.filter((x) => x.kind === 'xmp')) {
    const found = readXmp(b.bytes);
    if (found === undefined) notes.push(`The XMP of ${basename(file)} cannot be read`);
    else take(found, 'xmp');
  }
  for (const b of blocks.filter((x) => x.kind === 'iptc')) take(readIptc(b.bytes), 'iptc');
  return { fields, from, notes };
}

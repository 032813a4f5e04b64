import { logFailure, logger } from '../environment/log.ts';
import { readTable } from './import-tables.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PAYLOAD, RECORD } from './exports/names.ts';

/** Bytes of photos by their path from the root, as far as an export's tables say them; none where it has no table that can be read. */
export function sizesOf(root: string): ReadonlyMap<string, number> {
  const bag = existsSync(join(root, PAYLOAD, RECORD));
  try {
    const table = readTable(bag ? join(root, PAYLOAD) : root);
    return new Map(table?.rows.map((r) => [`${bag ? `${PAYLOAD}/` : ''}${r.entry.path}`, r.file.bytes]) ?? []);
  } catch (error) {
    // A damaged table is found by its digest.
    logFailure(logger('collections'), `The table of ${root} cannot be read`, error);
    return new Map();
  }
}

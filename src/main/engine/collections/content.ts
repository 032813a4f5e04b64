import { createHash } from 'node:crypto';
import type { CollectionEntry, FieldValues, VersionFacts } from '../../../shared/facts/collections.ts';

/** A version, whole: what exports write, what imports and merges read. Entries stand in the order that a person gave them. */
export interface CollectionContent {
  readonly version: VersionFacts;
  readonly entries: readonly CollectionEntry[];
}

/**
 * SHA-256 of what a version holds, the same on any machine: its photos with their paths and what is said of them, not their order, their
 * folds, who made it or when. Over UTF-8 lines that end in LF, sorted by their bytes: one `sha256  path` a photo, as `sha256sum` writes
 * it, then one `path<TAB>field<TAB>values` a field of a photo and one without a path a field of the collection, values as JSON.
 */
export function contentDigest(
  entries: Iterable<Pick<CollectionEntry, 'sha256' | 'path' | 'fields'>>,
  fields: FieldValues,
): string {
  const members: Buffer[] = [];
  const said: Buffer[] = fieldLines('', fields);
  for (const e of entries) {
    members.push(Buffer.from(`${e.sha256}  ${e.path}\n`));
    said.push(...fieldLines(e.path, e.fields));
  }
  const hash = createHash('sha256');
  for (const lines of [members, said]) for (const line of lines.sort((a, b) => Buffer.compare(a, b))) hash.update(line);
  return hash.digest('hex');
}

function fieldLines(path: string, fields: FieldValues): Buffer[] {
  return Object.entries(fields).map(([field, values]) => Buffer.from(`${path}\t${field}\t${JSON.stringify(values)}\n`));
}

import { CovisError } from '../../../shared/errors.ts';
import type { Library } from '../library/library.ts';
import { integer, select } from '../library/rows.ts';
import { collectionById, versionsOf } from '../library/tables/collection.ts';
import { versionContent } from './versions.ts';

/**
 * Versions that no longer hold what they were made of, as sentences; those of deleted collections, too.
 * @param full computes every digest anew instead of counting photos. @param check throws where the task was stopped.
 */
export function versionFaults(library: Library, full: boolean, check: () => void = () => undefined): string[] {
  const counted = select(library.db, 'SELECT COUNT(*) FROM version_item WHERE version_id = ?', integer);
  const collections = select(
    library.db,
    'SELECT DISTINCT collection_id FROM collection_version ORDER BY collection_id',
    integer,
  ).all();
  return collections.flatMap((id) => {
    const collection = collectionById(library, id);
    return versionsOf(library, id).flatMap((v) => {
      check();
      const has = counted.one(v.id);
      if (has !== v.items)
        return [`version ${v.number} of the collection ${collection.name} has ${has} of its ${v.items} photos`];
      if (!full) return [];
      try {
        versionContent(library, collection, v);
        return [];
      } catch (error) {
        if (!(error instanceof CovisError) || error.code !== 'INPUT_CORRUPT') throw error;
        return [`version ${v.number} of the collection ${collection.name} is not what its digest says`];
      }
    });
  });
}

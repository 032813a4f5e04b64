import type { EvaluationInfo } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';

/** Evaluations, newest first. */
export function listEvaluations(library: Library): EvaluationInfo[] {
  return library.db
    .prepare(
      `SELECT e.id, e.created, n.uid AS network, json_extract(n.spec, '$.name') AS networkName, e.size, e.protocol, e.queries, e.database_size AS database,
         e.map, e.map_whitened AS mapWhitened
       FROM evaluation e JOIN network n ON n.id = e.network_id ORDER BY e.id DESC`,
    )
    .all() as EvaluationInfo[];
}

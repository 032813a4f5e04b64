import type { EvaluationInfo } from '../../../shared/domain.ts';
import type { Library } from '../library/library.ts';
import { integer, nullable, real, record, select, text } from '../library/rows.ts';

/** Evaluations, newest first. */
export function listEvaluations(library: Library): EvaluationInfo[] {
  return select(
    library.db,
    `SELECT e.id, e.created, n.uid AS network, json_extract(n.spec, '$.name') AS networkName, e.size, e.protocol, e.queries, e.database_size AS database,
       e.map, e.map_whitened AS mapWhitened
     FROM evaluation e JOIN network n ON n.id = e.network_id ORDER BY e.id DESC`,
    record<EvaluationInfo>({
      id: integer,
      created: text,
      network: text,
      networkName: text,
      size: integer,
      protocol: text,
      queries: integer,
      database: integer,
      map: real,
      mapWhitened: nullable(real),
    }),
  ).all();
}

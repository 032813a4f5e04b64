import { z } from 'zod';
import type { ExperimentInfo } from '../../../shared/domain.ts';
import { experimentInfo } from '../../../shared/facts/experiments.ts';
import { now, type Library } from './library.ts';
import { damaged, integer, json, record, select, text } from './rows.ts';

const KINDS = new Set<string>(experimentInfo.options.map((o) => o.shape.kind.value));

/** Keeps the report of an experiment. @param folder of images outside the library, empty where there are none. */
export function storeExperiment(
  library: Library,
  kind: ExperimentInfo['kind'],
  folder: string,
  report: ExperimentInfo['report'],
): number {
  return select(
    library.db,
    'INSERT INTO experiment (created, kind, folder, report) VALUES (?, ?, ?, ?) RETURNING id',
    integer,
  ).one(now(), kind, folder, JSON.stringify(report));
}

const ROW = record({ id: integer, created: text, kind: text, folder: text, report: json(z.unknown()) });

/**
 * Reports, newest first. Only the folder's last name is told, because pages need no paths. Experiments of kinds that this Covis does not
 * know are passed over.
 * @throws CovisError `INPUT_CORRUPT` for a report that is not what its kind says.
 */
export function listExperiments(library: Library): ExperimentInfo[] {
  return select(library.db, 'SELECT id, created, kind, folder, report FROM experiment ORDER BY id DESC', ROW)
    .all()
    .filter((r) => KINDS.has(r.kind))
    .map((r) => {
      const folder =
        r.folder
          .replace(/[\\/]+$/, '')
          .split(/[\\/]/)
          .at(-1) ?? '';
      const parsed = experimentInfo.safeParse({ ...r, folder });
      if (parsed.success) return parsed.data;
      throw damaged(library.db, `keeps a report of experiment ${r.id} that is not what it should be`, parsed.error);
    });
}

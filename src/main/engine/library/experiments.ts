import type { ExperimentInfo } from '../../../shared/domain.ts';
import { now, type Library } from './library.ts';

/** Keeps the report of an experiment. @param folder of images outside the library, empty where there are none. */
export function storeExperiment(
  library: Library,
  kind: ExperimentInfo['kind'],
  folder: string,
  report: ExperimentInfo['report'],
): number {
  return library.db
    .prepare('INSERT INTO experiment (created, kind, folder, report) VALUES (?, ?, ?, ?) RETURNING id')
    .pluck()
    .get(now(), kind, folder, JSON.stringify(report)) as number;
}

/** Reports, newest first. Only the folder's last name is told, because pages need no paths. */
export function listExperiments(library: Library): ExperimentInfo[] {
  const rows = library.db
    .prepare('SELECT id, created, kind, folder, report FROM experiment ORDER BY id DESC')
    .all() as {
    id: number;
    created: string;
    kind: ExperimentInfo['kind'];
    folder: string;
    report: string;
  }[];
  return rows.map(
    (r) =>
      ({
        id: r.id,
        created: r.created,
        kind: r.kind,
        folder:
          r.folder
            .replace(/[\\/]+$/, '')
            .split(/[\\/]/)
            .at(-1) ?? '',
        report: JSON.parse(r.report) as unknown,
      }) as ExperimentInfo,
  );
}

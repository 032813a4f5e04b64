import { importJob } from '../../../shared/jobs/import.ts';
import { importPairs, isPairList } from '../exchange/import-pairs.ts';
import { importSources, type ImportReport } from '../sfm/import.ts';
import { work } from './work.ts';

/** Models and folders of photos together; lists of pairs one by one. */
export const importWork = work(
  importJob,
  async (library, { sources, images, skipDamaged }, task): Promise<ImportReport> => {
    const lists = sources.filter(isPairList);
    const folders = sources.filter((s) => !lists.includes(s));
    const reports: ImportReport[] = [];
    if (folders.length > 0) reports.push(await importSources(library, { sources: folders, images, skipDamaged }, task));
    for (const list of lists) reports.push(await importPairs(library, list, images, task));
    const sum = (key: 'photos' | 'clusters' | 'points' | 'observations' | 'pairs'): number =>
      reports.reduce((n, r) => n + r[key], 0);
    return {
      photos: sum('photos'),
      clusters: sum('clusters'),
      points: sum('points'),
      observations: sum('observations'),
      pairs: sum('pairs'),
      missing: reports.flatMap((r) => r.missing),
      warnings: reports.flatMap((r) => r.warnings),
    };
  },
);

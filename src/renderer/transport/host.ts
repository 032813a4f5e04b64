import type { z } from 'zod';
import type { Reply } from '../../shared/contract.ts';
import type { ExportFormat, Pooling } from '../../shared/domain.ts';
import type { FolderPurpose } from '../../shared/facts/desktop.ts';
import { fromErrorShape } from '../../shared/errors.ts';
import type { importJob } from '../../shared/jobs/import.ts';
import type { ParamsOf } from '../../shared/jobs/job.ts';
import type { startedJob } from '../../shared/routes/jobs.ts';

const desktop = window.covis;

async function unwrap<T>(reply: Promise<Reply<T>>): Promise<T> {
  const r = await reply;
  if (!r.ok) throw fromErrorShape(r.error);
  return r.data;
}

/** How a person wants to import. */
export type ImportHow = Pick<ParamsOf<typeof importJob>, 'dryRun' | 'keepBoth' | 'skipDamaged'>;
type Started = z.output<typeof startedJob>;

/** Native dialogs of the desktop, and what its own process knows; undefined in a browser. */
export const host =
  desktop === undefined
    ? undefined
    : {
        openLibrary: () => unwrap(desktop.openLibrary()),
        chooseSources: () => unwrap(desktop.chooseSources()),
        importChosen: async (id: string, how: ImportHow) =>
          (await unwrap(desktop.importChosen(id, { ...how }))) as Started,
        clusterPhotos: () => unwrap(desktop.clusterPhotos()),
        chooseDomains: () => unwrap(desktop.chooseDomains()),
        chooseNetwork: (pooling: Pooling, wishes: Readonly<Record<string, string>> = {}) =>
          unwrap(desktop.chooseNetwork(pooling, { ...wishes })),
        backUp: () => unwrap(desktop.backUp()),
        exportRun: (format: ExportFormat, run: number) => unwrap(desktop.exportRun(format, run)),
        chooseFolder: (purpose: FolderPurpose) => unwrap(desktop.chooseFolder(purpose)),
        dropped: (file: File) => unwrap(desktop.dropped(file)),
        repair: () => unwrap(desktop.repair()),
        news: () => unwrap(desktop.news()),
      };

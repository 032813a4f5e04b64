import type { Reply } from '../../shared/contract.ts';
import type { ExportFormat, Pooling } from '../../shared/domain.ts';
import { fromErrorShape } from '../../shared/errors.ts';

const desktop = window.covis;

async function unwrap<T>(reply: Promise<Reply<T>>): Promise<T> {
  const r = await reply;
  if (!r.ok) throw fromErrorShape(r.error);
  return r.data;
}

/** Native dialogs of the desktop, and what its own process knows; undefined in a browser. */
export const host =
  desktop === undefined
    ? undefined
    : {
        openLibrary: () => unwrap(desktop.openLibrary()),
        importModels: () => unwrap(desktop.importModels()),
        clusterPhotos: () => unwrap(desktop.clusterPhotos()),
        chooseDomains: () => unwrap(desktop.chooseDomains()),
        chooseNetwork: (pooling: Pooling) => unwrap(desktop.chooseNetwork(pooling)),
        backUp: () => unwrap(desktop.backUp()),
        exportRun: (format: ExportFormat, run: number) => unwrap(desktop.exportRun(format, run)),
        repair: () => unwrap(desktop.repair()),
        news: () => unwrap(desktop.news()),
      };

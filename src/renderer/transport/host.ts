import type { Reply } from '../../shared/contract.ts';
import type { ChoicePurpose } from '../../shared/facts/desktop.ts';
import { fromErrorShape } from '../../shared/errors.ts';
import type { importJob } from '../../shared/jobs/import.ts';
import type { ParamsOf } from '../../shared/jobs/job.ts';

const desktop = window.covis;

async function unwrap<T>(reply: Promise<Reply<T>>): Promise<T> {
  const r = await reply;
  if (!r.ok) throw fromErrorShape(r.error);
  return r.data;
}

/** How a person wants to import. */
export type ImportHow = Pick<ParamsOf<typeof importJob>, 'dryRun' | 'keepBoth' | 'skipDamaged'>;

/** Native dialogs of the desktop, and what its own process knows; undefined in a browser. */
export const host =
  desktop === undefined
    ? undefined
    : {
        openLibrary: () => unwrap(desktop.openLibrary()),
        chooseSources: () => unwrap(desktop.chooseSources()),
        choose: (purpose: ChoicePurpose) => unwrap(desktop.choose(purpose)),
        dropped: (file: File) => unwrap(desktop.dropped(file)),
        repair: () => unwrap(desktop.repair()),
        news: () => unwrap(desktop.news()),
      };

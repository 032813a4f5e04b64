import { chooseJob } from '../../../shared/jobs/choose.ts';
import { choosePhotos, COMPARING } from '../collections/choose-library.ts';
import type { Library } from '../library/library.ts';
import { resolveNetwork } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { describedPhotos } from '../retrieval/extract.ts';
import { loadSet, networkSet, type LoadedSet } from '../retrieval/vector-sets.ts';
import { askedSet, askedSize } from './asked.ts';
import { work } from './work.ts';

/** What is compared by: made where it is needed; only taken as it is where it says how well others were chosen. */
async function setFor(
  library: Library,
  p: {
    readonly by: (typeof COMPARING)[number];
    readonly set?: string | undefined;
    readonly network?: string | undefined;
    readonly size?: number | undefined;
  },
  task: TaskContext,
): Promise<LoadedSet | undefined> {
  if (COMPARING.includes(p.by)) return askedSet(library, p, task);
  if (p.set !== undefined) return loadSet(library, p.set);
  const network = await resolveNetwork(library, p.network, 'default');
  const size = askedSize(p.size, network);
  return (describedPhotos(library, network, size) ?? 0) > 0 ? networkSet(library, network, size) : undefined;
}

export const chooseWork = work(chooseJob, async (library, p, task) => {
  const set = await setFor(library, p, task);
  const report = await choosePhotos(library, p, set, task);
  if (report.action !== null) task.changed('collections');
  return report;
});

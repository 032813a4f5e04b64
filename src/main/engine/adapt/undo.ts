import { CovisError } from '../../../shared/errors.ts';
import type { AdaptReport } from '../../../shared/facts/adapt.ts';
import { listExperiments, storeExperiment } from '../library/experiments.ts';
import type { Library } from '../library/library.ts';
import { noteDefault } from '../network/default-network.ts';
import { defaultNetworkOf, networkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';

/**
 * Has search take the network again that it took before it was adapted; what was learned stays in the library.
 * @throws CovisError `STATE_EMPTY` where search takes no network that adapting chose, `NOT_FOUND` where the one before was removed.
 */
export function undoAdapt(library: Library, task: TaskContext): AdaptReport {
  const current = defaultNetworkOf(library);
  const done = listExperiments(library).flatMap((e) => (e.kind === 'adapt' ? [e.report] : []));
  const last = done.find((r) => r.outcome === 'changed' && r.after.network === current.uid);
  if (last === undefined)
    throw new CovisError('STATE_EMPTY', `Search takes ${current.spec.name}, which adapting did not choose`, {
      hint: 'Another network is chosen with covis networks --library LIB --default NETWORK, or in Train.',
    });
  const before = networkRow(library, last.before.network);
  const said = `Search takes ${before.spec.name} again; ${current.spec.name} stays in the library.`;
  noteDefault(library, before, said);
  const report: AdaptReport = {
    ...last,
    outcome: 'undone',
    said,
    before: last.after,
    after: { network: before.uid, name: before.spec.name },
  };
  storeExperiment(library, 'adapt', '', report);
  task.changed('experiments');
  task.changed('networks');
  return report;
}

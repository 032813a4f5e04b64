import { sketchesJob } from '../../../shared/jobs/sketches.ts';
import { edgeNetworkOf } from '../edges/library-networks.ts';
import { measureSketches } from '../evaluation/sketches.ts';
import { storeExperiment } from '../library/experiments.ts';
import { loadNetwork } from '../network/networks.ts';
import { work } from './work.ts';

export const sketchesWork = work(sketchesJob, async (library, { network: named, ...options }, task) => {
  const network = loadNetwork(library, await edgeNetworkOf(library, named));
  const report = await measureSketches(network, options, task, library);
  storeExperiment(library, 'sketches', options.photos, report);
  task.changed('experiments');
  return report;
});

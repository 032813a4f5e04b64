import type { EvaluationResult } from '../../../shared/domain.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { runJob } from '../../../shared/jobs/run.ts';
import { resourcePath } from '../environment/resources.ts';
import type { Library } from '../library/library.ts';
import { counts } from '../library/tables/counts.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import { replaceClusters } from '../mining/cluster-changes.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { importSources } from '../sfm/import.ts';
import { countedOff, describingPhase, phasesOf } from '../training/amounts.ts';
import { purposeOf } from '../training/purpose.ts';
import { decideDefault } from '../training/standing.ts';
import { train } from '../training/train.ts';
import { bytesOf } from './asked.ts';
import { evaluateNetwork, evaluatePart } from './evaluate.ts';
import { mineLibrary } from './mine.ts';
import { trainingParameters } from './recipe.ts';
import { work } from './work.ts';

/** What the whole loop did; the contract of `covis run --json`. */
export type RunReport = JobResult<'run'>;

/** Imports the sources; where all of them are one place, which has no negatives of its own, the embedded sample joins them. */
async function importWithNegatives(
  library: Library,
  sources: readonly string[],
  task: TaskContext,
): Promise<{ missing: readonly string[]; warnings: readonly string[] }> {
  const own = await importSources(library, { sources, replace: replaceClusters }, task);
  if (counts(library).places > 1) return own;
  const added = 'All photos are of one place, which has no negatives: the places of the embedded sample were added';
  task.warn(added);
  const sample = await importSources(library, { sources: [resourcePath('sample')] }, task);
  return { missing: own.missing, warnings: [...own.warnings, added, ...sample.warnings] };
}

export const runWork = work(runJob, async (library, p, task): Promise<RunReport> => {
  const training = trainingParameters(p);
  const seconds = { import: 0, extract: 0, mine: 0, train: 0, evaluate: 0 };
  const timed = async <T>(key: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    seconds[key] += (performance.now() - began) / 1000;
    return result;
  };
  const imported = await timed('import', () => importWithNegatives(library, p.sources, task));
  const network = await resolveNetwork(library, p.network, 'embedded');
  const counted = countedOff(task, [
    describingPhase(library, network.spec, training.size),
    ...phasesOf(library, network, training, undefined, training.size, training.size),
  ]);
  await timed('extract', () => extract(library, network, training.size, counted.task));
  counted.next();
  const mined = await timed('mine', () => mineLibrary(library, network, training, task));
  const purpose = purposeOf(library, p, training, (text) => task.warn(text));
  const { size, seed } = training;
  const evaluate = (n: NetworkRow, heard: TaskContext): Promise<EvaluationResult> =>
    timed('evaluate', () =>
      purpose.learn === undefined
        ? evaluateNetwork(library, n, size, seed, heard)
        : evaluatePart(library, n, size, purpose.learn, heard),
    );
  // What it describes is described already, and nothing of what comes.
  const before = await evaluate(network, task);
  const trained = await timed('train', () =>
    train(library, network, { ...training, ...purpose }, counted.task, { memory: bytesOf(p.memory) }),
  );
  counted.next();
  const standing = await timed('evaluate', () => decideDefault(library, trained, counted.task, counted.next));
  counted.next();
  const after = await evaluate(trained.network, counted.task);
  const { photos, clusters, pairs } = counts(library);
  return {
    library: library.path,
    photos,
    clusters,
    pairs,
    tuples: mined.tuples + trained.tuples,
    network: trained.network.uid,
    standing,
    evaluation: {
      protocol: after.protocol,
      queries: after.queries,
      database: after.database,
      before: { map: before.map, mapWhitened: before.mapWhitened },
      after: { map: after.map, mapWhitened: after.mapWhitened },
    },
    seconds,
    missing: imported.missing,
    warnings: imported.warnings,
  };
});

import { defined } from '../../../shared/defined.ts';
import type { ManifoldParameters, MiningParameters } from '../../../shared/domain.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { mineJob } from '../../../shared/jobs/mine.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { manifoldDefaults, mineManifoldTuples } from '../mining/manifold-library.ts';
import { mineTuples, type Mined } from '../mining/mine.ts';
import { storeMiningRun, type MiningOrigin } from '../mining/runs.ts';
import { splitPlaces } from '../mining/split.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { setKey, type LoadedSet } from '../retrieval/vector-sets.ts';
import { askedSet, askedSize } from './asked.ts';
import { trainingParameters } from './recipe.ts';
import { work } from './work.ts';

/** What mining did; the contract of `covis mine --json`. */
export type MineReport = JobResult<'mine'>;

function keepRun(library: Library, mined: Mined, origin: MiningOrigin, task: TaskContext): MineReport {
  mined.warnings.forEach((w) => task.warn(w));
  const run = storeMiningRun(library, mined, origin);
  task.changed('mining');
  const { queries, meanNegativeDistance, warnings } = mined;
  return { run, tuples: mined.tuples.length, queries, meanNegativeDistance, warnings, ...noteSubset(library) };
}

/** Descriptors if needed, then one mining run over the training places of the seed. */
export async function mineLibrary(
  library: Library,
  network: NetworkRow,
  { size, seed, mining }: { readonly size: number; readonly seed: number; readonly mining: MiningParameters },
  task: TaskContext,
): Promise<MineReport> {
  const descriptors = await extract(library, network, size, task);
  task.step('Mining tuples', 0, '');
  const split = splitPlaces(library, seed);
  const mined = await mineTuples(library, descriptors, split.training, mining, seed, { links: true, task });
  const set = setKey(network, size);
  return keepRun(
    library,
    mined,
    { networkId: network.id, set, setName: network.spec.name, size, seed, parameters: mining },
    task,
  );
}

/** One run of mining on the manifold of a descriptor set, over all photos but those that the seed holds out. */
async function mineManifoldLibrary(
  library: Library,
  set: LoadedSet,
  given: { readonly [K in keyof ManifoldParameters]?: ManifoldParameters[K] | undefined },
  seed: number,
  task: TaskContext,
): Promise<MineReport> {
  const split = splitPlaces(library, seed);
  const usable = (photo: number): boolean => !split.separate || !split.heldOut.has(photo);
  const parameters: ManifoldParameters = {
    ...manifoldDefaults(Array.from(set.ids).filter(usable).length),
    ...defined(given),
    positives: 'manifold',
  };
  const mined = await mineManifoldTuples(library, set, usable, parameters, task);
  const origin = {
    networkId: set.network?.id ?? null,
    set: set.key,
    setName: set.name,
    size: set.size ?? null,
    seed,
    parameters,
  };
  return keepRun(library, mined, origin, task);
}

export const mineWork = work(mineJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const { seed, mining } = trainingParameters(p);
    if (p.manifold !== undefined)
      return mineManifoldLibrary(library, await askedSet(library, p, task), p.manifold, seed, task);
    const network = await resolveNetwork(library, p.network, 'default');
    return mineLibrary(library, network, { size: askedSize(p.size, network), seed, mining }, task);
  }),
);

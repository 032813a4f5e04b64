import type { EvaluationResult, TrainingParameters } from '../../../shared/domain.ts';
import { storeEvaluation } from '../evaluation/geometry-protocol.ts';
import { evaluateGeometry } from '../training/held-out.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { defined } from '../../../shared/defined.ts';
import type { ManifoldParameters } from '../../../shared/domain.ts';
import { manifoldDefaults, mineManifoldTuples } from '../mining/manifold-library.ts';
import { mineTuples, type Mined } from '../mining/mine.ts';
import { storeMiningRun, type MiningOrigin } from '../mining/runs.ts';
import { splitPlaces } from '../mining/split.ts';
import { extract } from '../retrieval/extract.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import { setKey, type LoadedSet } from '../retrieval/vector-sets.ts';
import { resourcePath } from '../environment/resources.ts';
import { importSources } from '../sfm/import.ts';
import { train } from '../training/train.ts';

/** What the whole loop did; the contract of `covis run --json`. */
export interface RunReport {
  readonly library: string;
  readonly photos: number;
  readonly clusters: number;
  readonly pairs: number;
  readonly tuples: number;
  readonly network: string;
  readonly evaluation: {
    readonly protocol: string;
    readonly queries: number;
    readonly database: number;
    readonly before: { readonly map: number; readonly mapWhitened: number | null };
    readonly after: { readonly map: number; readonly mapWhitened: number | null };
  };
  readonly seconds: {
    readonly import: number;
    readonly extract: number;
    readonly mine: number;
    readonly train: number;
    readonly evaluate: number;
  };
  readonly missing: readonly string[];
  readonly warnings: readonly string[];
}

export interface RunOptions {
  readonly sources: readonly string[];
  readonly network?: string | undefined;
  readonly training: TrainingParameters;
}

/** Descriptors if needed, then the geometry protocol on the places that `seed` holds out. */
export async function evaluateNetwork(
  library: Library,
  network: NetworkRow,
  size: number,
  seed: number,
  task: TaskContext,
): Promise<EvaluationResult> {
  const descriptors = await extract(library, network, size, task);
  task.step('Measuring', 0, '');
  const result = evaluateGeometry(library, splitPlaces(library, seed), descriptors);
  storeEvaluation(library, network.id, size, result);
  task.changed('evaluation');
  return result;
}

/** What mining did; the contract of `covis mine --json`. */
export interface MineReport {
  readonly run: number;
  readonly tuples: number;
  readonly queries: number;
  readonly meanNegativeDistance: number;
  readonly warnings: readonly string[];
}

function keepRun(library: Library, mined: Mined, origin: MiningOrigin, task: TaskContext): MineReport {
  mined.warnings.forEach((w) => task.warn(w));
  const run = storeMiningRun(library, mined, origin);
  task.changed('mining');
  const { queries, meanNegativeDistance, warnings } = mined;
  return { run, tuples: mined.tuples.length, queries, meanNegativeDistance, warnings };
}

/** Descriptors if needed, then one mining run over the training places of the seed. */
export async function mineLibrary(
  library: Library,
  network: NetworkRow,
  parameters: TrainingParameters,
  task: TaskContext,
): Promise<MineReport> {
  const { size, seed, mining } = parameters;
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
export async function mineManifoldLibrary(
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

/** Imports the sources; where all of them are one place, which has no negatives of its own, the embedded sample joins them. */
async function importWithNegatives(
  library: Library,
  sources: readonly string[],
  task: TaskContext,
): Promise<{ missing: readonly string[]; warnings: readonly string[] }> {
  const own = await importSources(library, { sources }, task);
  const places = library.db.prepare('SELECT COUNT(DISTINCT place) FROM photo').pluck().get() as number;
  if (places > 1) return own;
  const added = 'All photos are of one place, which has no negatives: the places of the embedded sample were added';
  task.warn(added);
  const sample = await importSources(library, { sources: [resourcePath('sample')] }, task);
  return { missing: own.missing, warnings: [...own.warnings, added, ...sample.warnings] };
}

/** The whole loop: import, extract, mine, train, evaluate before and after. */
export async function runAll(library: Library, options: RunOptions, task: TaskContext): Promise<RunReport> {
  const { training } = options;
  const seconds = { import: 0, extract: 0, mine: 0, train: 0, evaluate: 0 };
  const timed = async <T>(key: keyof typeof seconds, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await work();
    seconds[key] += (performance.now() - began) / 1000;
    return result;
  };
  const imported = await timed('import', () => importWithNegatives(library, options.sources, task));
  const network = await resolveNetwork(library, options.network, 'default');
  await timed('extract', () => extract(library, network, training.size, task));
  const mined = await timed('mine', () => mineLibrary(library, network, training, task));
  const before = await timed('evaluate', () => evaluateNetwork(library, network, training.size, training.seed, task));
  const trained = await timed('train', () => train(library, network, training, task));
  const after = await timed('evaluate', () =>
    evaluateNetwork(library, trained.network, training.size, training.seed, task),
  );
  const { db } = library;
  const count = (sql: string): number => db.prepare(sql).pluck().get() as number;
  return {
    library: library.path,
    photos: count('SELECT COUNT(*) FROM photo'),
    clusters: count('SELECT COUNT(*) FROM cluster'),
    pairs: count('SELECT COUNT(*) FROM pair'),
    tuples: mined.tuples + trained.tuples,
    network: trained.network.uid,
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
}

import type { LadderReport, LadderRung, MiningParameters, TrainingParameters } from '../../../shared/domain.ts';
import type { TaskContext } from '../queue/context.ts';
import { storeExperiment } from '../library/experiments.ts';
import type { Library } from '../library/library.ts';
import { splitPlaces } from '../mining/split.ts';
import { repoolNetwork, type NetworkRow } from '../network/networks.ts';
import { extract } from '../retrieval/extract.ts';
import { runToContinue, runWithParameters } from './runs.ts';
import { resume, train, type RunOptions } from './train.ts';
import { evaluateGeometry } from './held-out.ts';

type Pooling = LadderRung['pooling'];

/** What each trained rung changes (methods.md 1.10), from the easiest supervision to the one to use. */
const TRAINED: readonly {
  readonly component: string;
  readonly positives: MiningParameters['positives'];
  readonly negatives: MiningParameters['negatives'];
}[] = [
  { component: 'top-1 CNN positives, top-k negatives', positives: 'm1', negatives: 'hardest' },
  { component: 'top-1 CNN positives, one negative per model', positives: 'm1', negatives: 'one-per-cluster' },
  { component: 'top-1 BoW positives, one negative per model', positives: 'm2', negatives: 'one-per-cluster' },
  { component: 'random top-k BoW positives, one negative per model', positives: 'm3', negatives: 'one-per-cluster' },
];
const OFF_THE_SHELF = 'off the shelf';

export interface LadderOptions {
  readonly poolings: readonly Pooling[];
  readonly seeds: number;
}

/** One rung of one draw: what its network is trained by; null for the network as it starts. */
export interface Rung {
  readonly seed: number;
  readonly pooling: Pooling;
  readonly component: string;
  readonly parameters: TrainingParameters | null;
}

/** What a rung's network gave on the held-out places. */
export interface MeasuredRung {
  readonly rung: Pick<Rung, 'pooling' | 'component' | 'parameters'>;
  readonly map: number;
  readonly mapWhitened: number | null;
}

/** Every rung of a ladder, in the order in which they are trained. */
export function rungsOf(base: TrainingParameters, options: LadderOptions): Rung[] {
  return Array.from({ length: options.seeds }, (_, k) => base.seed + k).flatMap((seed) =>
    options.poolings.flatMap((pooling): Rung[] => [
      { seed, pooling, component: OFF_THE_SHELF, parameters: null },
      ...TRAINED.map(({ component, positives, negatives }): Rung => ({
        seed,
        pooling,
        component,
        parameters: {
          ...base,
          seed,
          experiment: true,
          mining: { ...base.mining, positives, negatives },
          name: `ladder · ${pooling.toUpperCase()} · ${component} · seed ${seed}`,
        },
      })),
    ]),
  );
}

/** Measures the network of a rung on the places that its seed holds out. */
export async function measureRung(
  library: Library,
  seed: number,
  network: NetworkRow,
  size: number,
  task: TaskContext,
): Promise<Pick<MeasuredRung, 'map' | 'mapWhitened'>> {
  const { map, mapWhitened } = evaluateGeometry(
    library,
    splitPlaces(library, seed),
    await extract(library, network, size, task),
  );
  return { map, mapWhitened };
}

/** The report of a ladder. @param measured in the order of {@link rungsOf}. */
export function ladderReport(
  network: string,
  base: TrainingParameters,
  options: LadderOptions,
  measured: readonly MeasuredRung[],
): LadderReport {
  const cells = new Map<string, { rung: Omit<LadderRung, 'map'>; values: number[] }>();
  const note = (component: string, pooling: Pooling, whitening: boolean, value: number | null): void => {
    if (value === null) return;
    const key = `${pooling} ${component} ${whitening}`;
    const cell = cells.get(key) ?? { rung: { component, pooling, whitening }, values: [] };
    cells.set(key, cell);
    cell.values.push(value);
  };
  for (const { rung, map, mapWhitened } of measured) {
    note(rung.component, rung.pooling, false, map);
    if (rung.parameters !== null && rung.component === TRAINED.at(-1)!.component)
      note(`${rung.component}, learned whitening`, rung.pooling, true, mapWhitened);
  }
  const order = options.poolings;
  const rungs = [...cells.values()]
    .sort((a, b) => order.indexOf(a.rung.pooling) - order.indexOf(b.rung.pooling))
    .map(({ rung, values }): LadderRung => ({ ...rung, map: { ...spread(values), values } }));
  return {
    network,
    preset: base.preset,
    epochs: base.epochs,
    tuples: base.queriesPerEpoch,
    size: base.size,
    seeds: options.seeds,
    firstSeed: base.seed,
    rungs,
  };
}

/**
 * The talk's component contributions on a library (methods.md 1.10): each rung is trained from the same network on the same places,
 * which every seed draws anew, and measured on those held out. Rungs of one seed see the same places, so they compare. The last rung
 * of a pooling adds a whitening learned on the training places.
 * A rung that was trained before with the same parameters is not trained again, so that a ladder that was cut short goes on.
 */
export async function runLadder(
  library: Library,
  start: NetworkRow,
  base: TrainingParameters,
  options: LadderOptions,
  task: TaskContext,
  run: Pick<RunOptions, 'memory'> = {},
): Promise<LadderReport> {
  const rungs = rungsOf(base, options);
  const measured: MeasuredRung[] = [];
  for (const [i, rung] of rungs.entries()) {
    const { seed, pooling, component, parameters } = rung;
    const draw = parameters === null ? '' : `, seed ${seed}`;
    const within = under(task, `${i + 1}/${rungs.length} ${pooling.toUpperCase()}, ${component}${draw}`);
    const from = repoolNetwork(library, start, pooling, true);
    const network = parameters === null ? from : await trained(library, from, parameters, within, run);
    measured.push({ rung, ...(await measureRung(library, seed, network, base.size, within)) });
  }
  const report = ladderReport(start.spec.name, base, options, measured);
  storeExperiment(library, 'ladder', '', report);
  task.changed('experiments');
  return report;
}

/** The network of a run with these very parameters: of one that is done, of one that can go on, or of a new one. */
export async function trained(
  library: Library,
  network: NetworkRow,
  parameters: TrainingParameters,
  task: TaskContext,
  options: RunOptions = {},
): Promise<NetworkRow> {
  const known = runWithParameters(library, network.id, parameters);
  if (known !== undefined) return known;
  const open = runToContinue(library, network.id, parameters);
  if (open !== undefined) return (await resume(library, open, task, options)).network;
  return (await train(library, network, parameters, task, options)).network;
}

/** Mean and deviation of a sample; no deviation of one value. */
export function spread(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  if (values.length < 2) return { mean, std: 0 };
  return { mean, std: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1)) };
}

/** Steps say of what they are a part. */
export function under(task: TaskContext, label: string): TaskContext {
  return {
    step: (name, total, unit) => task.step(`${label}: ${name}`, total, unit),
    progress: (done) => task.progress(done),
    warn: (message) => task.warn(message),
    changed: (what) => task.changed(what),
    check: () => task.check(),
  };
}

import type { LadderReport, LadderRung, MiningParameters, TrainingParameters } from '../../../shared/domain.ts';
import type { LearnedPart } from '../../../shared/facts/adapt.ts';
import type { AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { TaskContext } from '../queue/context.ts';
import { storeExperiment } from '../library/experiments.ts';
import type { Library } from '../library/library.ts';
import { described, libraryGeometry, refuseUnmeasurable } from '../evaluation/library-geometry.ts';
import { overPlaces, type Witness } from '../evaluation/over-places.ts';
import { ask, meanOfAnswers, USUAL_PARTS } from '../evaluation/protocols.ts';
import { splitPlaces } from '../mining/split.ts';
import { repoolNetwork, type NetworkRow } from '../network/networks.ts';
import { extract, type DescriptorSet } from '../retrieval/extract.ts';
import { learnWhitening, whiten } from '../retrieval/whitening.ts';
import { drawPart, partOf } from './known-part.ts';
import { runToContinue, runWithParameters } from './runs.ts';
import type { RunOptions } from './run.ts';
import { resume, train } from './train.ts';
import { evaluateGeometry } from './held-out.ts';
import { whiteningSample } from './whitening-sample.ts';

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
  /** What is held out and asked; left out for places that the seed holds out. */
  readonly protocol?: AdaptProtocol | undefined;
  /** The photos of a place, or the places, are cut into so many parts, of which each seed holds one out. */
  readonly parts?: number | undefined;
}

/** One rung of one draw: what its network is trained by; null for the network as it starts. */
export interface Rung {
  readonly seed: number;
  readonly pooling: Pooling;
  readonly component: string;
  readonly parameters: TrainingParameters | null;
  /** What may be known of the library, where it is asked by a protocol. */
  readonly part?: LearnedPart;
}

/** Photos that asked, each with its average precision: `fold` is the seed. */
export interface AskedPhoto extends Witness {
  readonly query: number;
}

/** What a rung's network gave on the held-out places. */
export interface MeasuredRung {
  readonly rung: Pick<Rung, 'pooling' | 'component' | 'parameters'>;
  readonly map: number;
  readonly mapWhitened: number | null;
  /** By a protocol: who asked, plain and whitened. */
  readonly asked?: { readonly plain: readonly AskedPhoto[]; readonly whitened: readonly AskedPhoto[] } | undefined;
}

/**
 * What each seed may know of a library, by seed; none where places are drawn by the seed.
 * @throws CovisError `STATE_EMPTY` or `STATE_CONFLICT` where the protocol cannot be measured.
 */
export function partsOf(library: Library, base: TrainingParameters, options: LadderOptions): LearnedPart[] {
  const { protocol, parts = USUAL_PARTS, seeds } = options;
  if (protocol === undefined) return [];
  refuseUnmeasurable(library, protocol);
  const g = libraryGeometry(library);
  const drawing = { protocol, parts, seed: base.seed };
  return Array.from({ length: seeds }, (_, k) => partOf(g, drawing, protocol === 'own' ? null : k));
}

/** Every rung of a ladder, in the order in which they are trained. @param parts as {@link partsOf} gives them. */
export function rungsOf(base: TrainingParameters, options: LadderOptions, parts: readonly LearnedPart[] = []): Rung[] {
  return Array.from({ length: options.seeds }, (_, k) => [base.seed + k, parts[k]] as const).flatMap(([seed, part]) =>
    options.poolings.flatMap((pooling): Rung[] => [
      { seed, pooling, component: OFF_THE_SHELF, parameters: null, ...(part === undefined ? {} : { part }) },
      ...TRAINED.map(({ component, positives, negatives }): Rung => ({
        seed,
        pooling,
        component,
        ...(part === undefined ? {} : { part }),
        parameters: {
          ...base,
          ...(part === undefined ? {} : { learn: part }),
          seed,
          experiment: true,
          mining: { ...base.mining, positives, negatives },
          name: `ladder · ${pooling.toUpperCase()} · ${component} · seed ${seed}`,
        },
      })),
    ]),
  );
}

/** Measures the network of a rung, plain and whitened: on what its part holds out, or on the places that its seed does. */
export async function measureRung(
  library: Library,
  { seed, part }: { readonly seed: number; readonly part?: LearnedPart | undefined },
  network: NetworkRow,
  base: Pick<TrainingParameters, 'size' | 'mining'>,
  task: TaskContext,
): Promise<Omit<MeasuredRung, 'rung'>> {
  if (part !== undefined) return measurePart(library, { seed, part }, network, base, task);
  const { map, mapWhitened } = evaluateGeometry(
    library,
    splitPlaces(library, seed),
    await extract(library, network, base.size, task),
  );
  return { map, mapWhitened };
}

/** Measures the network of a rung by a protocol, plain and whitened by what its seed may know. */
async function measurePart(
  library: Library,
  { seed, part }: { readonly seed: number; readonly part: LearnedPart },
  network: NetworkRow,
  base: Pick<TrainingParameters, 'size' | 'mining'>,
  task: TaskContext,
): Promise<Omit<MeasuredRung, 'rung'>> {
  const { g, split, asking } = drawPart(library, part);
  const set = await extract(library, network, base.size, task);
  const askWith = (of: DescriptorSet): AskedPhoto[] =>
    ask(g, asking, described(g, of)).map(({ query, ap, weight }) => ({
      query,
      value: ap,
      place: g.group[query]!,
      fold: seed,
      weight,
    }));
  const meanOf = (asked: readonly AskedPhoto[]): number | null =>
    meanOfAnswers(asked.map(({ value, weight }) => ({ ap: value, ...(weight === undefined ? {} : { weight }) })));
  const plain = askWith(set);
  const { vectors, queries, positives } = whiteningSample(library, split, set, base.mining);
  let whitened: AskedPhoto[] = [];
  if (queries.length > 0) {
    const x = { data: set.data, rows: set.ids.length, dim: set.dim };
    const { data, dim } = whiten(x, learnWhitening(vectors, queries, positives));
    whitened = askWith({ ids: set.ids, data, dim });
  }
  const map = meanOf(plain);
  if (map === null) throw new CovisError('STATE_EMPTY', `No photo that seed ${seed} holds out can ask`);
  return { map, mapWhitened: meanOf(whitened), asked: { plain, whitened } };
}

/** The report of a ladder. @param measured in the order of {@link rungsOf}. */
export function ladderReport(
  network: string,
  base: TrainingParameters,
  options: LadderOptions,
  measured: readonly MeasuredRung[],
): LadderReport {
  const cells = new Map<string, { rung: Omit<LadderRung, 'map'>; values: number[]; asked: AskedPhoto[] }>();
  const note = (
    component: string,
    pooling: Pooling,
    whitening: boolean,
    value: number | null,
    asked: readonly AskedPhoto[] = [],
  ): void => {
    if (value === null) return;
    const key = `${pooling} ${component} ${whitening}`;
    const cell = cells.get(key) ?? { rung: { component, pooling, whitening }, values: [], asked: [] };
    cells.set(key, cell);
    cell.values.push(value);
    cell.asked.push(...asked);
  };
  for (const { rung, map, mapWhitened, asked } of measured) {
    note(rung.component, rung.pooling, false, map, asked?.plain);
    if (rung.parameters !== null && rung.component === TRAINED.at(-1)!.component)
      note(`${rung.component}, learned whitening`, rung.pooling, true, mapWhitened, asked?.whitened);
  }
  const order = options.poolings;
  const sorted = [...cells.values()].sort((a, b) => order.indexOf(a.rung.pooling) - order.indexOf(b.rung.pooling));
  const rungs = sorted.map(({ rung, values, asked }, i): LadderRung => {
    const above = sorted[i - 1];
    const gain = above?.rung.pooling === rung.pooling ? gainOver(above.asked, asked) : undefined;
    return {
      ...rung,
      map: { ...spread(values), values },
      ...(asked.length === 0 ? {} : { interval: overPlaces(asked) }),
      ...(gain === undefined ? {} : { gain }),
    };
  });
  return {
    network,
    preset: base.preset,
    epochs: base.epochs,
    tuples: base.queriesPerEpoch,
    size: base.size,
    seeds: options.seeds,
    firstSeed: base.seed,
    ...(options.protocol === undefined ? {} : { protocol: options.protocol }),
    rungs,
  };
}

/** Difference on the same questions, with its interval over places and seeds; undefined of none. */
function gainOver(above: readonly AskedPhoto[], asked: readonly AskedPhoto[]): LadderRung['gain'] {
  const before = new Map(above.map((a) => [`${a.fold} ${a.query}`, a.value]));
  const differences = asked.flatMap((a): Witness[] => {
    const then = before.get(`${a.fold} ${a.query}`);
    return then === undefined ? [] : [{ ...a, value: a.value - then }];
  });
  return differences.length === 0 ? undefined : overPlaces(differences);
}

/**
 * The talk's component contributions on a library (methods.md 1.10): each rung is trained from the same network on the same places,
 * which every seed draws anew, and measured on those held out. Rungs of one seed see the same places, so they compare. The last rung
 * of a pooling adds a whitening learned on the training places. By one of the three protocols each seed holds out another part, and means and gains
 * have intervals over places and seeds.
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
  const rungs = rungsOf(base, options, partsOf(library, base, options));
  const measured: MeasuredRung[] = [];
  for (const [i, rung] of rungs.entries()) {
    const { seed, pooling, component, parameters } = rung;
    const draw = parameters === null ? '' : `, seed ${seed}`;
    const within = under(task, `${i + 1}/${rungs.length} ${pooling.toUpperCase()}, ${component}${draw}`);
    const from = repoolNetwork(library, start, pooling, true);
    const network = parameters === null ? from : await trained(library, from, parameters, within, run);
    measured.push({ rung, ...(await measureRung(library, rung, network, base, within)) });
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
    finishes: (what) => task.finishes?.(what),
  };
}

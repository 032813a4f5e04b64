import type { LearnedPart, MiningParameters, TrainingParameters, WhiteningFacts } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { splitPlaces } from '../mining/split.ts';
import { hasLinearLayer } from '../network/head.ts';
import { addLinearLayer } from '../network/linear-head.ts';
import { multiScale } from '../network/multi-scale.ts';
import { loadNetwork, networkRow, storeComputed, type NetworkRow } from '../network/networks.ts';
import { extract } from '../retrieval/extract.ts';
import { learnPca, learnWhitening, whiteningLayer } from '../retrieval/whitening.ts';
import { splitOf } from './known-part.ts';
import { whiteningSample } from './whitening-sample.ts';

export interface WhitenOptions {
  readonly method: WhiteningFacts['method'];
  /** Dimensions kept, those of most variance; all if not given. */
  readonly dim?: number | undefined;
  /** Share of the mean variance added to every direction; chosen if not given. */
  readonly shrinkage?: number | undefined;
  /** PCA's exponent: 0.5 whitens fully. */
  readonly power?: number | undefined;
  /** Describes at these scales first (methods.md 1.7); a whitening is of one set of scales. */
  readonly scales?: readonly number[] | undefined;
  readonly size: number;
  readonly seed: number;
  /** What is made belongs to an experiment; lists of networks leave it out. */
  readonly experiment?: boolean;
  /** The part of the library that it is learned on, and which pairs; the training places of the seed and the defaults of mining if not given. */
  readonly on?: { readonly part: LearnedPart; readonly mining: MiningParameters } | undefined;
}

export interface WhitenReport {
  readonly network: string;
  readonly name: string;
  readonly dim: number;
  readonly whitening: WhiteningFacts;
}

/** The network at several scales, stored as one of its own; the network itself for one scale. */
export function multiScaleNetwork(library: Library, network: NetworkRow, scales: readonly number[]): NetworkRow {
  if (scales.length === 1 && scales[0] === 1) return network;
  const { spec } = network;
  if (spec.edges !== undefined || spec.scales !== undefined)
    throw new CovisError('INPUT_INVALID', `${spec.name} describes at several scales already`);
  if (spec.whitening !== undefined)
    throw new CovisError('INPUT_INVALID', `${spec.name} is whitened for one scale`, {
      hint: 'A whitening belongs to its scales: start from the network before it.',
    });
  const graph = multiScale(loadNetwork(library, network).graph, scales);
  const text = scales.map((s) => +s.toFixed(3)).join(', ');
  return storeComputed(
    library,
    graph,
    {
      ...spec,
      name: `${spec.name} · ${scales.length} scales`,
      scales: [...scales],
      origin: `${spec.origin}; at scales ${text}`,
    },
    network.uid,
  );
}

/**
 * Learns a whitening on the training places and stores the network that ends in it (methods.md 1.8). The layer is part of the graph: it
 * is exported, versioned and, for one scale, trained with the rest.
 * @throws CovisError `INPUT_INVALID` for dimensions that do not exist, `STATE_EMPTY` without matching pairs.
 */
export async function whitenNetwork(
  library: Library,
  start: NetworkRow,
  options: WhitenOptions,
  task: TaskContext,
): Promise<WhitenReport> {
  const base = options.scales === undefined ? start : multiScaleNetwork(library, start, options.scales);
  const { spec } = base;
  const keep = options.dim ?? spec.dim;
  if (!Number.isInteger(keep) || keep < 1 || keep > spec.dim)
    throw new CovisError('INPUT_INVALID', `Whitening keeps 1 to ${spec.dim} dimensions, not ${keep}`);
  const { graph } = loadNetwork(library, base);
  if (hasLinearLayer(graph)) throw new CovisError('INPUT_INVALID', `${spec.name} already ends in a linear layer`);
  const descriptors = await extract(library, base, options.size, task);
  const { on } = options;
  const split = on === undefined ? splitPlaces(library, options.seed) : splitOf(library, on.part);
  const sample = whiteningSample(library, split, descriptors, on?.mining);
  task.step('Learning the whitening', 0, '');
  const learned = options.method === 'learned';
  const pairs = learned ? sample.queries.length : 0;
  const w = learned
    ? learnWhitening(sample.vectors, sample.queries, sample.positives, options.shrinkage)
    : learnPca(sample.vectors, options.power);
  if (w.shrinkage > 0) {
    const samples = learned
      ? `${counted(pairs, 'pair')} of ${sample.vectors.rows} photos`
      : `${counted(sample.vectors.rows, 'descriptor')}`;
    task.warn(
      `Whitening of ${spec.dim} dimensions from ${samples}: the covariance was shrunk, ${w.shrinkage} of its mean variance added. Twice as many samples as dimensions need none`,
    );
  }
  const facts: WhiteningFacts = {
    method: options.method,
    pairs,
    descriptors: sample.vectors.rows,
    from: spec.dim,
    shrinkage: w.shrinkage,
    size: options.size,
    seed: options.seed,
    ...(on === undefined ? {} : { learn: on.part }),
  };
  const whitened = {
    ...spec,
    name: `${spec.name} · ${learned ? 'whitened' : 'PCA'}${keep < spec.dim ? ` ${keep}` : ''}`,
    dim: keep,
    ...(options.experiment === true ? { experiment: true } : {}),
    whitening: facts,
    origin: `${spec.origin}; ${learned ? `whitening learned from ${counted(pairs, 'pair')}` : `PCA of ${facts.descriptors} descriptors`} at ${options.size} px`,
  };
  const row = storeComputed(library, addLinearLayer(graph, 'whitening', whiteningLayer(w, keep)), whitened, base.uid);
  task.changed('networks');
  return { network: row.uid, name: whitened.name, dim: keep, whitening: facts };
}

/**
 * The network that a run with a warm start begins at: whitened by what the run may know, so that the layer is trained with the rest.
 * @throws CovisError as {@link whitenNetwork}.
 */
export async function warmStart(
  library: Library,
  start: NetworkRow,
  { learn, mining, size, seed, experiment }: TrainingParameters,
  task: TaskContext,
): Promise<NetworkRow> {
  const on = learn === undefined ? undefined : { part: learn, mining };
  return networkRow(
    library,
    (await whitenNetwork(library, start, { method: 'learned', size, seed, experiment, on }, task)).network,
  );
}

/** The ways to learn that are compared, each learned on the known part of every fold and asked with what was held out. */
import type { TrainingParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { PlaceInterval } from '../../../shared/facts/adapt.ts';
import { CANDIDATES, type AdaptProtocol, type CandidateName } from '../../../shared/facts/adapt-names.ts';
import { isBetter } from '../evaluation/compared.ts';
import { described } from '../evaluation/library-geometry.ts';
import { ask, drawFold, type Answer, type Drawing, type Geometry } from '../evaluation/protocols.ts';
import type { Library } from '../library/library.ts';
import type { NetworkRow } from '../network/networks.ts';
import { extract, type DescriptorSet } from '../retrieval/extract.ts';
import { learnWhitening, whiten } from '../retrieval/whitening.ts';
import { partOf, splitOf } from '../training/known-part.ts';
import { trained, under } from '../training/ladder.ts';
import { whiteningSample } from '../training/whitening-sample.ts';
import { warmStart } from '../training/whiten.ts';
import type { Plan } from './plan.ts';

/** Photos that came first are kept for people to look at. */
const FIRST = 5;

/**
 * How gentle whitening is: for new places as much as the mean variance is added, which cost places that nothing was learned of less wherever it
 * was measured (docs/evidence.md); left out, it follows from the pairs.
 */
export function shrinkageFor(protocol: AdaptProtocol): number | undefined {
  return protocol === 'new-places' ? 1 : undefined;
}

/** What is tried. */
export interface Trial {
  readonly drawing: Drawing;
  readonly folds: number;
  readonly start: NetworkRow;
  /** Training begins at the start whitened by what it may know. */
  readonly warm?: boolean;
  readonly parameters: TrainingParameters;
  /** Bytes that training may take; what there is if not given. */
  readonly memory?: number | undefined;
  /** Why it is not tried; null where it is. */
  readonly noWhitening: string | null;
  readonly noTraining: string | null;
}

/** Answers of one candidate, by fold, or why there are none. */
export type Tried = { readonly answers: readonly (readonly Answer[])[] } | { readonly why: string };

/** Learning that failed for want of pairs is no failure of the whole: it says so and the rest goes on. */
async function orWhy<T>(work: () => T | Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CovisError && error.code === 'STATE_EMPTY') return error.message;
    throw error;
  }
}

/** Descriptors whitened by what the training photos of a fold teach. @returns why not, where they teach nothing. */
function whitenedBy(
  library: Library,
  photos: ReadonlySet<number>,
  descriptors: DescriptorSet,
  parameters: TrainingParameters,
  shrinkage: number | undefined,
): DescriptorSet | string {
  const { vectors, queries, positives } = whiteningSample(
    library,
    { training: photos },
    descriptors,
    parameters.mining,
  );
  if (queries.length === 0) return 'no pair of known photos is left to learn from';
  const w = learnWhitening(vectors, queries, positives, shrinkage);
  const { data, dim } = whiten({ data: descriptors.data, rows: descriptors.ids.length, dim: descriptors.dim }, w);
  return { ids: descriptors.ids, data, dim };
}

/** The training of a fold, or of all photos; the same again is not trained again, and one that was cut short goes on. */
export function foldParameters(t: Trial, g: Geometry, fold: number | null, name: string): TrainingParameters {
  const learn = partOf(g, t.drawing, t.drawing.protocol === 'own' ? null : fold);
  return { ...t.parameters, name, experiment: true, seed: t.parameters.seed + (fold ?? 0), learn };
}

/** Learns and asks fold by fold. Cancelling keeps what each step did, so that the next call goes on from there. */
export async function tryCandidates(
  library: Library,
  g: Geometry,
  t: Trial,
  plan: Plan,
  said: (what: string) => string,
): Promise<ReadonlyMap<CandidateName, Tried>> {
  const { task } = plan;
  const found = new Map<CandidateName, Answer[][]>(CANDIDATES.map((c) => [c, []]));
  const why = new Map<CandidateName, string>();
  const { size } = t.parameters;
  plan.from(0);
  const base = await extract(library, t.start, size, under(task, said('as it was')));
  for (let fold = 0; fold < t.folds; fold += 1) {
    plan.from(fold);
    const { asking } = drawFold(g, t.drawing, fold);
    const of = t.folds === 1 ? '' : `, fold ${fold + 1} of ${t.folds}`;
    const note = (name: CandidateName, set: DescriptorSet | string): void => {
      if (typeof set === 'string') why.set(name, set);
      else found.get(name)!.push(ask(g, asking, described(g, set), FIRST));
    };
    const parameters = foldParameters(t, g, fold, `adapt · ${t.drawing.protocol}, fold ${fold + 1} of ${t.folds}`);
    const { training } = splitOf(library, parameters.learn!);
    const whitened = (set: DescriptorSet): Promise<DescriptorSet | string> =>
      orWhy(() => whitenedBy(library, training, set, parameters, shrinkageFor(t.drawing.protocol)));
    note('start', base);
    task.step(said(`Whitening${of}`), 0, '');
    note('whitened', t.noWhitening ?? (await whitened(base)));
    if (t.noTraining !== null) {
      note('trained', t.noTraining);
      note('trained-whitened', t.noTraining);
      continue;
    }
    const within = under(task, said(`Training${of}`));
    const network = await orWhy(async () =>
      trained(
        library,
        t.warm === true ? await warmStart(library, t.start, parameters, within) : t.start,
        parameters,
        within,
        { memory: t.memory },
      ),
    );
    const set = typeof network === 'string' ? network : await extract(library, network, size, within);
    note('trained', set);
    note('trained-whitened', typeof set === 'string' ? set : (t.noWhitening ?? (await whitened(set))));
  }
  return new Map(CANDIDATES.map((c) => [c, why.has(c) ? { why: why.get(c)! } : { answers: found.get(c)! }] as const));
}

/** A candidate beside the start. */
export interface Compared {
  readonly name: CandidateName;
  readonly map: PlaceInterval;
  readonly difference: PlaceInterval;
}

/**
 * The candidate that search should take: of those that are better than the start beyond their interval the one with the best mean, the simpler
 * one of equals; undefined where none is.
 * @param candidates from simple to elaborate, without the start.
 */
export function bestOf(candidates: readonly Compared[]): Compared | undefined {
  let best: Compared | undefined;
  for (const c of candidates) {
    if (!isBetter(c.difference)) continue;
    if (best === undefined || c.map.mean > best.map.mean) best = c;
  }
  return best;
}

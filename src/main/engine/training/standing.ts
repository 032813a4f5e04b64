/** Whether a trained network becomes the library's default: where it is better for what was asked for, beyond its interval, and nowhere else. */
import type { TrainingParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { ADAPT_PROTOCOL_NAMES, type AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import type { DefaultDecision } from '../../../shared/facts/networks.ts';
import { differenceSaid, figureOf, isBetter } from '../evaluation/compared.ts';
import { askingOf, described, libraryGeometry } from '../evaluation/library-geometry.ts';
import {
  ask,
  PLACES_FOR_INTERVAL,
  USUAL_PARTS,
  type Answer,
  type Described,
  type Geometry,
} from '../evaluation/protocols.ts';
import { defaultSize } from '../inputs/inputs.ts';
import type { Library } from '../library/library.ts';
import { noteDefault } from '../network/default-network.ts';
import { defaultOf, takesOf, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { learnedOf, partOf } from './known-part.ts';
import { trained, under } from './ladder.ts';

/** A run that is done. */
export interface DoneRun {
  readonly trainingId: number;
  readonly parent: NetworkRow;
  readonly network: NetworkRow;
  readonly parameters: TrainingParameters;
}

/** One network in a fold, with what it has learned from. */
interface InFold {
  readonly network: NetworkRow;
  readonly asking: Uint32Array;
}

/**
 * Compares a run's network with the default of its kind by the protocol of the run, and notes what holds and why. Photos ask of which neither has
 * learned, but for the own collection. With several folds the same recipe learns on the known part of each of the others, too; those networks are
 * an experiment's.
 * @param compares called when all networks are there, and photos are about to be described with them.
 * @returns null where the run is an experiment or changed no weight.
 * @throws CovisError `CANCELLED`; then the default stays as it is.
 */
export async function decideDefault(
  library: Library,
  run: DoneRun,
  task: TaskContext,
  compares: () => void = () => undefined,
): Promise<DefaultDecision | null> {
  const { parent, network: result, parameters } = run;
  if (result.uid === parent.uid || parameters.experiment) return null;
  const current = defaultOf(library, takesOf(result)) ?? parent;
  // Runs of older versions say nothing, and held places out.
  const protocol = parameters.protocol ?? parameters.learn?.protocol ?? 'new-places';
  const { seed } = parameters;
  const decided = (better: boolean, because: string, figure: DefaultDecision['figure']): DefaultDecision => {
    const network = better ? result : current;
    noteDefault(library, network, `${because} (run ${run.trainingId})`);
    task.changed('networks');
    const { name } = network.spec;
    const decision: DefaultDecision = {
      network: network.uid,
      name,
      changed: better,
      reason: better ? `${name} is the default now: ${because}` : `Kept ${name} as the default: ${because}`,
      figure,
    };
    library.db
      .prepare('UPDATE training_run SET standing = ? WHERE id = ?')
      .run(JSON.stringify(decision), run.trainingId);
    task.changed('training');
    return decision;
  };
  const g = libraryGeometry(library);
  const folds = await foldsOf(library, g, run, current, protocol, task);
  compares();
  const asked = folds.reduce((n, f) => n + f.asking.length, 0);
  if (asked === 0) return decided(false, whyNobody(library, result, current, protocol), null);
  const within = under(task, 'Comparing with the default');
  // As search asks, whatever size was trained at: it is search that the default is for.
  const describing = async (n: NetworkRow): Promise<Described> =>
    described(g, await extract(library, n, defaultSize(n.spec), within));
  const before: Answer[][] = [];
  const after: Answer[][] = [];
  try {
    const beside = await describing(current);
    for (const { network, asking } of folds) {
      before.push(ask(g, asking, beside));
      after.push(ask(g, asking, await describing(network)));
    }
  } catch (error) {
    if (!(error instanceof CovisError) || error.code === 'CANCELLED') throw error;
    task.warn(`${result.spec.name} and ${current.spec.name} could not be compared: ${error.message}`);
    return decided(false, `it could not be measured beside ${result.spec.name}`, null);
  }
  const figure = figureOf(g, protocol, before, after, seed, learnedSaid(library, result, current, run, folds.length));
  const { difference, places } = figure;
  const by = `mAP of ${ADAPT_PROTOCOL_NAMES[protocol]} changes by ${differenceSaid(difference)} against ${current.spec.name}`;
  if (difference.low === null)
    return decided(
      false,
      `with ${result.spec.name} ${by}, which nobody can tell from chance: photos of ${places} ${places === 1 ? 'place' : 'places'} ask, and it takes ${PLACES_FOR_INTERVAL} for an interval`,
      figure,
    );
  return isBetter(difference)
    ? decided(true, by, figure)
    : decided(false, `with ${result.spec.name} ${by}, which is not better beyond its interval`, figure);
}

/** The networks that are compared, and who asks them. */
async function foldsOf(
  library: Library,
  g: Geometry,
  { parent, network, parameters }: DoneRun,
  current: NetworkRow,
  protocol: AdaptProtocol,
  task: TaskContext,
): Promise<InFold[]> {
  const known = learnedOf(library, current).photos;
  const asking = (n: NetworkRow): Uint32Array => {
    const seen = new Set([...known, ...learnedOf(library, n).photos]);
    return askingOf(g, { protocol, parts: USUAL_PARTS, seed: parameters.seed }, 1, seen)[0]!;
  };
  const out = [{ network, asking: asking(network) }];
  const { learn, folds = 1, protocol: _, ...recipe } = parameters;
  if (learn?.fold == null || out[0]!.asking.length === 0) return out;
  for (let fold = 1; fold < folds; fold += 1) {
    const again = await trained(
      library,
      parent,
      {
        ...recipe,
        name: `train · ${protocol}, fold ${fold + 1} of ${folds}`,
        experiment: true,
        seed: parameters.seed + fold,
        learn: partOf(g, learn, fold),
      },
      under(task, `Fold ${fold + 1} of ${folds}`),
    );
    out.push({ network: again, asking: asking(again) });
  }
  return out;
}

/** Why there is no photo that could ask. */
function whyNobody(library: Library, result: NetworkRow, current: NetworkRow, protocol: AdaptProtocol): string {
  const seen = learnedOf(library, current);
  const name = ADAPT_PROTOCOL_NAMES[protocol];
  const what = protocol === 'new-photos' ? 'photo of the places that they know' : 'photo of another place';
  return seen.photos.size > 0
    ? `${result.spec.name} was not measured beside it, for there is no ${what} of which neither has learned: the default has ${seen.text}`
    : `${result.spec.name} was not measured by ${name}, for no photo that it did not learn from shares enough points with another`;
}

/** Of which networks the figure is. */
function learnedSaid(library: Library, result: NetworkRow, current: NetworkRow, run: DoneRun, folds: number): string {
  const { parameters } = run;
  const own = (parameters.protocol ?? parameters.learn?.protocol) === 'own';
  const after =
    folds === 1
      ? `${result.spec.name}, which has ${learnedOf(library, result).text}`
      : `the recipe of ${result.spec.name}, learned in each of ${folds} folds on what was not held out alone; the first of them is that network, which has ${learnedOf(library, result).text}`;
  const [was, is] = [current, result].map((n) => defaultSize(n.spec));
  const sizes = was === is ? `both at ${was} px, as search asks` : `at ${was} and ${is} px, as search asks`;
  const among = own ? 'those that ask among them' : 'none of those that ask among them';
  return `Before: ${current.spec.name}, which has ${learnedOf(library, current).text}; after: ${after}, ${among}; ${sizes}`;
}

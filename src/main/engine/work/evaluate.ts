import type { EvaluationResult } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { ADAPT_PROTOCOL_NAMES, ADAPT_PROTOCOLS, type AdaptProtocol } from '../../../shared/facts/adapt.ts';
import { evaluateJob } from '../../../shared/jobs/evaluate.ts';
import { geometryGroundTruth, storeEvaluation } from '../evaluation/geometry-protocol.ts';
import {
  askingOf,
  libraryGeometry,
  measureProtocol,
  measurableSentence,
  refuseUnmeasurable,
} from '../evaluation/library-geometry.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { splitPlaces } from '../mining/split.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { evaluateGeometry } from '../training/held-out.ts';
import { learnedOf } from '../training/known-part.ts';
import { askedSize } from './asked.ts';
import { work } from './work.ts';

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

/** Parts that the protocols cut photos and places into where nobody trains. */
const PARTS = 3;

/**
 * A network under one of the three protocols. What it has learned from decides who asks: a photo that it has seen is none of the new ones.
 * @throws CovisError `STATE_EMPTY` or `STATE_CONFLICT` that says what is missing and what can be measured.
 */
async function evaluateProtocol(
  library: Library,
  network: NetworkRow,
  protocol: AdaptProtocol,
  size: number,
  seed: number,
  task: TaskContext,
): Promise<Omit<JobResult<'evaluate'>, 'network'>> {
  refuseUnmeasurable(library, protocol);
  const g = libraryGeometry(library);
  const learned = learnedOf(library, network);
  const asking = askingOf(g, { protocol, parts: PARTS, seed }, PARTS, learned.photos);
  if (asking.every((rows) => rows.length === 0))
    throw new CovisError(
      'STATE_CONFLICT',
      `${network.spec.name} has ${learned.text}: there is no other ${protocol === 'new-photos' ? 'photo of the places that it knows' : 'place'} that could ask`,
      { hint: 'It can be measured with --protocol own. Covis adapt measures new photos while it learns.' },
    );
  const descriptors = await extract(library, network, size, task);
  task.step('Measuring', 0, '');
  const m = measureProtocol(g, protocol, asking, descriptors, learned.text, seed);
  const result = {
    protocol: `${m.text}; the network has ${m.learned}`,
    queries: m.queries,
    database: m.database,
    map: m.map.mean,
    mapWhitened: null,
  };
  storeEvaluation(library, network.id, size, result);
  task.changed('evaluation');
  return { ...result, measure: m };
}

/** What stands in where held-out places cannot be measured: the first of the three that can be, for what the network has seen. */
function standIn(library: Library, network: NetworkRow): AdaptProtocol | undefined {
  const { states } = measurableSentence(library);
  const learned = learnedOf(library, network).photos.size > 0;
  const order = learned ? (['own'] as const) : (['new-photos', 'own'] as const);
  return order.find((p) => states[ADAPT_PROTOCOLS.indexOf(p)]!.possible);
}

export const evaluateWork = work(evaluateJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const network = await resolveNetwork(library, p.network, 'default');
    const [size, seed] = [askedSize(p.size, network), p.seed ?? 0];
    let { protocol } = p;
    if (protocol === undefined && geometryGroundTruth(library, splitPlaces(library, seed)).queries.length === 0) {
      protocol = standIn(library, network);
      if (protocol !== undefined)
        task.warn(
          `No held-out place has photos that share enough points; measured instead: ${ADAPT_PROTOCOL_NAMES[protocol]}, which is another protocol`,
        );
    }
    const result =
      protocol === undefined
        ? await evaluateNetwork(library, network, size, seed, task)
        : await evaluateProtocol(library, network, protocol, size, seed, task);
    return { network: network.uid, ...result, ...noteSubset(library) };
  }),
);

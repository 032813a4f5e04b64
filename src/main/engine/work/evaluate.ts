import type { EvaluationResult } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { LearnedPart, ProtocolMeasure } from '../../../shared/facts/adapt.ts';
import { ADAPT_PROTOCOL_NAMES, ADAPT_PROTOCOLS, type AdaptProtocol } from '../../../shared/facts/adapt-names.ts';
import { evaluateJob } from '../../../shared/jobs/evaluate.ts';
import { geometryGroundTruth, storeEvaluation } from '../evaluation/geometry-protocol.ts';
import {
  askingOf,
  libraryGeometry,
  measureProtocol,
  measurableSentence,
  refuseUnmeasurable,
} from '../evaluation/library-geometry.ts';
import { USUAL_PARTS } from '../evaluation/protocols.ts';
import type { JobResult } from '../../../shared/jobs/index.ts';
import { narrowed, noteSubset } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { splitPlaces } from '../mining/split.ts';
import { resolveNetwork, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract, type DescriptorSet } from '../retrieval/extract.ts';
import { whiten } from '../retrieval/whitening.ts';
import { evaluateGeometry } from '../training/held-out.ts';
import { drawPart, learnedOf } from '../training/known-part.ts';
import { trainingWhitening } from '../training/whitening-sample.ts';
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
  const asking = askingOf(g, { protocol, parts: USUAL_PARTS, seed }, USUAL_PARTS, learned.photos);
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

/**
 * A part of the library that was learned on, with a network by its protocol, plain and with a whitening learned on that part. Photos that were held
 * out of it ask.
 */
export async function evaluatePart(
  library: Library,
  network: NetworkRow,
  size: number,
  part: LearnedPart,
  task: TaskContext,
): Promise<EvaluationResult> {
  const descriptors = await extract(library, network, size, task);
  task.step('Measuring', 0, '');
  const { g, split, asking } = drawPart(library, part);
  const { text } = learnedOf(library, network);
  const of = (set: DescriptorSet): ProtocolMeasure => measureProtocol(g, part.protocol, [asking], set, text, part.seed);
  const plain = of(descriptors);
  const whitening = trainingWhitening(library, split, descriptors);
  const { ids, data, dim } = descriptors;
  const white = whitening === undefined ? undefined : whiten({ data, rows: ids.length, dim }, whitening);
  const result = {
    protocol: plain.text,
    queries: plain.queries,
    database: plain.database,
    map: plain.map.mean,
    mapWhitened: white === undefined ? null : of({ ids, data: white.data, dim: white.dim }).map.mean,
  };
  storeEvaluation(library, network.id, size, { ...result, protocol: `${plain.text}; the network has ${text}` });
  task.changed('evaluation');
  return result;
}

/** What stands in where held-out places cannot be measured: the first of the three by which photos of which the network has seen none can ask, or all. */
function standIn(library: Library, network: NetworkRow, seed: number): AdaptProtocol | undefined {
  const { states } = measurableSentence(library);
  const g = libraryGeometry(library);
  const { photos } = learnedOf(library, network);
  return (['new-photos', 'new-places', 'own'] as const).find(
    (protocol) =>
      states[ADAPT_PROTOCOLS.indexOf(protocol)]!.possible &&
      askingOf(g, { protocol, parts: USUAL_PARTS, seed }, USUAL_PARTS, photos).some((rows) => rows.length > 0),
  );
}

/** Why held-out places do not tell of a network; undefined where they do. */
function whyNotPlaces(library: Library, network: NetworkRow, seed: number): string | undefined {
  const split = splitPlaces(library, seed);
  const { queries } = geometryGroundTruth(library, split);
  if (queries.length === 0) return 'No held-out place has photos that share enough points';
  if (!split.separate) return undefined;
  const { photos } = learnedOf(library, network);
  const seen = queries.filter((q) => photos.has(q.photo)).length;
  return seen === 0
    ? undefined
    : `${network.spec.name} has learned from ${seen} of the ${queries.length} photos of the held-out places that would ask`;
}

export const evaluateWork = work(evaluateJob, (library, p, task) =>
  narrowed(library, p.collection, async () => {
    const network = await resolveNetwork(library, p.network, 'default');
    const [size, seed] = [askedSize(p.size, network), p.seed ?? 0];
    let { protocol } = p;
    const why = protocol === undefined ? whyNotPlaces(library, network, seed) : undefined;
    if (why !== undefined) {
      protocol = standIn(library, network, seed);
      if (protocol !== undefined)
        task.warn(`${why}; measured instead: ${ADAPT_PROTOCOL_NAMES[protocol]}, which is another protocol`);
    }
    const result =
      protocol === undefined
        ? await evaluateNetwork(library, network, size, seed, task)
        : await evaluateProtocol(library, network, protocol, size, seed, task);
    return { network: network.uid, ...result, ...noteSubset(library) };
  }),
);

import type { TrainingParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { CLASSICAL } from '../../../shared/jobs/edges.ts';
import { counted as countOf } from '../../../shared/counted.ts';
import { duration } from '../../../shared/duration.ts';
import type { JobParams } from '../../../shared/jobs/index.ts';
import { trainJob } from '../../../shared/jobs/train.ts';
import { measuredOn } from '../../../shared/measured-on.ts';
import { readRates, trainingSeconds } from '../environment/rates.ts';
import { frameOf } from '../inputs/framing.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { edgeNetworkFrom } from '../edges/library-networks.ts';
import { narrowed, noteSubset, subsetOf } from '../library/collection-subset.ts';
import type { Library } from '../library/library.ts';
import { countPhotos } from '../library/tables/photo.ts';
import { miningRun } from '../mining/runs.ts';
import { obstacleIn, obstacleOf } from '../network/differentiable.ts';
import { hasLinearLayer } from '../network/head.ts';
import { loadNetwork, networkById, repoolNetwork, resolveNetwork, type NetworkRow } from '../network/networks.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { countedOff, phasesOf, type CountedOff } from '../training/amounts.ts';
import { defaultMargin, presetAdvice, presetNamed } from '../training/presets.ts';
import { purposeOf } from '../training/purpose.ts';
import { epochsOf, runToResume } from '../training/runs.ts';
import { decideDefault } from '../training/standing.ts';
import { learning } from '../training/learning.ts';
import type { TrainingResult } from '../training/run.ts';
import { resume, train } from '../training/train.ts';
import { warmStart } from '../training/whiten.ts';
import { askedSize, bytesOf } from './asked.ts';
import { trainingParameters } from './recipe.ts';
import { work } from './work.ts';

/** Pools are trained on as they were mined. @throws CovisError `INPUT_INVALID` for those of other photos than the collection's. */
function refuseForeignPools(library: Library, pools: number | undefined): void {
  const subset = subsetOf(library);
  if (pools === undefined || subset === undefined) return;
  if (miningRun(library, pools).parameters.collection?.digest === subset.digest) return;
  throw new CovisError('INPUT_INVALID', `Mining run ${pools} was not mined on ${subset.collection}@${subset.version}`, {
    hint: 'Mine on it first: covis mine LIB --strategy manifold --collection NAME@VERSION',
  });
}

function untrainable({ spec }: NetworkRow, obstacle: string): CovisError {
  return new CovisError(
    'INPUT_UNSUPPORTED',
    `${spec.name} cannot be trained: operator ${obstacle} has no rule of differentiation`,
    {
      hint: 'It describes photos as it is; choose another network to train, or freeze the blocks up to that with --freeze.',
    },
  );
}

/** What finds the edges that are trained on. @throws CovisError `INPUT_INVALID` for a detector of photos, or two of them. */
function detectorOf({ domain, detector, classical }: JobParams<'train'>): string | undefined {
  if (classical === true && detector !== undefined)
    throw new CovisError('INPUT_INVALID', 'Edges are found by gradients or by a file, not by both');
  const named = classical === true ? CLASSICAL : detector;
  if (named !== undefined && domain !== 'edges')
    throw new CovisError('INPUT_INVALID', 'A detector is of a training on edge maps', {
      hint: 'Train with --domain edges, or leave --detector out.',
    });
  return named;
}

/** What a new training run begins with: the network with the pooling that was asked for, and a margin that suits it. */
export async function beginningOf(
  library: Library,
  p: Omit<JobParams<'train'>, 'resume'>,
  task: TaskContext,
): Promise<{ readonly start: NetworkRow; readonly parameters: TrainingParameters }> {
  const preset = p.preset === undefined ? undefined : presetNamed(p.preset);
  const { pooling: wanted } = p;
  const ofEdges = wanted === 'mac' || wanted === 'gem' ? wanted : undefined;
  if (p.domain === 'edges' && wanted !== undefined && ofEdges === undefined)
    throw new CovisError('INPUT_INVALID', `The pooling of an edge network is mac or gem, not "${wanted}"`);
  const detector = detectorOf(p);
  let start =
    p.domain === 'edges'
      ? await edgeNetworkFrom(library, p.network, { pooling: ofEdges, detector })
      : await resolveNetwork(library, p.network, 'embedded');
  const edges = start.spec.edges !== undefined;
  if (p.domain === 'photos' && edges)
    throw new CovisError('INPUT_INVALID', `${start.spec.name} takes edge maps and cannot be trained on photos`);
  const pooling = wanted ?? preset?.pooling ?? undefined;
  refuseForeignPools(library, p.pools);
  // A network that gives a vector by itself has no pooling that a recipe could change.
  const repooled = wanted !== undefined || start.spec.taken?.kind !== 'vector';
  const whole = obstacleOf(start.spec);
  if (whole !== undefined && p.freeze === undefined) throw untrainable(start, whole);
  if (pooling !== undefined && !edges && repooled) start = repoolNetwork(library, start, pooling);
  const asked = { ...trainingParameters(p, edges), ...noteSubset(library) };
  const onlySize = frameOf(start.spec) === undefined || p.size !== undefined ? undefined : defaultSize(start.spec);
  const parameters = onlySize === undefined ? asked : { ...asked, size: onlySize };
  const { graph, spec } = loadNetwork(library, start);
  const obstacle = obstacleIn(learning({ graph, spec }, parameters).graph);
  if (obstacle !== undefined && p.freeze !== undefined) throw untrainable(start, obstacle);
  const advice = preset === undefined ? undefined : presetAdvice(preset, spec);
  if (advice !== undefined) task.warn(advice);
  if (preset?.whitened === true && !hasLinearLayer(graph))
    task.warn(
      `${preset.title} trains a whitening layer, which ${spec.name} does not have: make one with covis whiten first`,
    );
  // A recipe's own margin is part of it; otherwise it follows from the network.
  const own = p.margin !== undefined || preset?.backbone != null;
  const all = { ...parameters, ...purposeOf(library, p, parameters, (text) => task.warn(text)) };
  if (p.warmStart === true) start = await warmStart(library, start, all, task);
  const margin = own ? parameters.margin : defaultMargin(loadNetwork(library, start).graph, parameters.loss);
  return { start, parameters: { ...all, margin } };
}

const scaleOf = ({ scale, skipped, steps }: NonNullable<TrainingResult['scaling']>) => ({ scale, skipped, steps });

/** A run, new or taken up, and the time in which it is to be compared: what comes after it is counted from its beginning. */
async function trained(
  library: Library,
  p: JobParams<'train'>,
  task: TaskContext,
): Promise<{ readonly result: TrainingResult; readonly counted: CountedOff }> {
  const memory = bytesOf(p.memory);
  const counting = (
    network: NetworkRow,
    of: TrainingParameters,
    done: number | undefined,
    size: number | undefined,
  ) => {
    const counted = countedOff(task, phasesOf(library, network, of, done, askedSize(size, network)));
    counted.task.step(comingSaid(library, of, done ?? 0), 0, '');
    return counted;
  };
  if (p.resume === undefined) {
    const { start, parameters } = await beginningOf(library, p, task);
    const counted = counting(start, parameters, undefined, p.size);
    const result = await train(library, start, parameters, counted.task, { askedSize: p.size, memory });
    return { result, counted };
  }
  const { parameters, networkId, askedSize: size } = runToResume(library, p.resume);
  const counted = counting(networkById(library, networkId), parameters, epochsOf(library).all(p.resume).length, size);
  const how = { backend: p.backend, precision: p.precision, memory };
  return { result: await resume(library, p.resume, counted.task, how), counted };
}

/** What a training is about to do, and about how long that takes where it is known of this machine. */
function comingSaid(library: Library, { epochs, experiment, folds = 1 }: TrainingParameters, done: number): string {
  const left = Math.max(0, epochs - done);
  const what = [
    ...(left > 0 ? [`Trains ${countOf(left, 'epoch')}`] : []),
    ...(experiment ? [] : [`${left > 0 ? 'then compares' : 'Compares'} the network with the default`]),
  ].join(', ');
  // Rates are of one fold.
  const seconds = experiment || folds > 1 ? undefined : trainingSeconds(readRates(), left, countPhotos(library));
  return seconds === undefined ? what : `${what}: about ${duration(seconds)}, as it went here before`;
}

export const trainWork = work(trainJob, (library, p, task) =>
  narrowed(
    library,
    p.resume === undefined ? p.collection : runToResume(library, p.resume).parameters.collection,
    async () => {
      const began = performance.now();
      const { result, counted } = await trained(library, p, task);
      const ended = performance.now();
      counted.next();
      // The run is done, whatever comes of this.
      const standing = await decideDefault(library, result, counted.task, () => counted.next());
      const compared = (performance.now() - ended) / 1000;
      counted.next();
      await extract(library, result.network, askedSize(result.askedSize, result.network), counted.task);
      return {
        run: result.trainingId,
        network: result.network.uid,
        backend: result.backend,
        device: result.device,
        epochs: result.epochs,
        measured: measuredOn(result.parameters),
        tuples: result.tuples,
        standing,
        ...(standing?.figure == null || standing.figure.folds > 1 ? {} : { comparing: compared }),
        memory: result.memory ?? null,
        ...(result.scaling === undefined ? {} : { scaling: scaleOf(result.scaling) }),
        ...(result.frozen === undefined ? {} : { frozen: result.frozen }),
        seconds: (performance.now() - began) / 1000,
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
        ...noteSubset(library),
      };
    },
  ),
);

import type { TrainingParameters } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import type { AdaptCandidate, AdaptFigure, AdaptReport, Guard } from '../../../shared/facts/adapt.ts';
import {
  ADAPT_PROTOCOL_NAMES,
  CANDIDATE_NAMES,
  CANDIDATES,
  type AdaptProtocol,
  type CandidateName,
} from '../../../shared/facts/adapt-names.ts';
import { clusterPhotos } from '../clustering/cluster.ts';
import { differenceOf, differenceSaid, figureOf, meanOf } from '../evaluation/compared.ts';
import { described, libraryGeometry, refuseUnmeasurable } from '../evaluation/library-geometry.ts';
import {
  ask,
  drawFold,
  PLACES_FOR_INTERVAL,
  protocolStates,
  type Answer,
  type Geometry,
} from '../evaluation/protocols.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { storeExperiment } from '../library/experiments.ts';
import type { Library } from '../library/library.ts';
import { flag, select } from '../library/rows.ts';
import { DEFAULT_MINING } from '../mining/candidates.ts';
import { noteDefault } from '../network/default-network.ts';
import { obstacleOf } from '../network/differentiable.ts';
import { hasLinearLayer } from '../network/head.ts';
import {
  defaultNetworkOf,
  loadNetwork,
  networkRow,
  resolveNetwork,
  storeComputed,
  type NetworkRow,
} from '../network/networks.ts';
import { readSettings } from '../environment/settings.ts';
import type { TaskContext } from '../queue/context.ts';
import { extract } from '../retrieval/extract.ts';
import { learnedOf, partOf } from '../training/known-part.ts';
import { trained, under } from '../training/ladder.ts';
import { DEFAULT_TRAINING, defaultMargin } from '../training/presets.ts';
import { whitenNetwork } from '../training/whiten.ts';
import {
  bestOf,
  foldParameters,
  shrinkageFor,
  tryCandidates,
  type Compared,
  type Trial,
  type Tried,
} from './candidates.ts';
import { chooseGuards, type Guards } from './guards.ts';
import { movedQueries } from './moved.ts';
import { planOf } from './plan.ts';
import { collectionStatistics } from './statistics.ts';

export interface AdaptOptions {
  readonly protocol: AdaptProtocol;
  /** What is learned from; the default of the library if not given. */
  readonly network?: string | undefined;
  /** What a person says in place of what the data chose. */
  readonly size?: number | undefined;
  readonly epochs?: number | undefined;
  readonly queriesPerEpoch?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly folds?: number | undefined;
  readonly backend?: TrainingParameters['backend'] | undefined;
  readonly precision?: TrainingParameters['precision'];
  /** Bytes that training may take. */
  readonly memory?: number | undefined;
  readonly seed: number;
  /** Folders of photos in which places are found first. */
  readonly folders: readonly string[];
  readonly reconstruct: boolean;
}

/** Where an adaptation begins: at a network that has learned nothing here, so that "before" is honest. */
interface Start {
  readonly network: NetworkRow;
  /** What is said where it is not the one that search takes. */
  readonly note: string | undefined;
}

async function startOf(library: Library, wanted: string | undefined): Promise<Start> {
  const asked = await resolveNetwork(library, wanted, 'default');
  if (asked.spec.edges !== undefined)
    throw new CovisError(
      'INPUT_INVALID',
      `${asked.spec.name} takes edge maps; photos are adapted to with one that takes photos`,
    );
  const { before } = learnedOf(library, asked);
  if (before === asked.uid) return { network: asked, note: undefined };
  const name = asked.spec.name;
  if (before === null)
    throw new CovisError(
      'STATE_CONFLICT',
      `${name} has learned from photos of this library, and the network before it is not known`,
      {
        hint: 'Name a network that has learned nothing here with --network, as in --network embedded.',
      },
    );
  const network = networkRow(library, before);
  return {
    network,
    note: `${name} has learned from photos of this library, so that no photo is new to it: learning begins once more at ${network.spec.name}, which has not`,
  };
}

/** Obstacles that lie in the network. */
function obstacles(library: Library, { network }: Start): { whitening: string | null; training: string | null } {
  const { spec } = network;
  const { graph } = loadNetwork(library, network);
  const obstacle = obstacleOf(spec);
  return {
    whitening: hasLinearLayer(graph) ? `${spec.name} ends in a linear layer already` : null,
    training:
      spec.scales !== undefined
        ? `${spec.name} describes at several scales, which is not trained`
        : obstacle !== undefined
          ? `${spec.name} cannot be trained: operator ${obstacle} has no rule of differentiation`
          : null,
  };
}

function parametersOf(g: Guards, o: AdaptOptions, margin: number): TrainingParameters {
  return {
    ...DEFAULT_TRAINING,
    backend: o.backend ?? DEFAULT_TRAINING.backend,
    precision: o.precision ?? readSettings().precision ?? DEFAULT_TRAINING.precision,
    epochs: o.epochs ?? g.epochs,
    queriesPerEpoch: o.queriesPerEpoch ?? g.queriesPerEpoch,
    learningRate: o.learningRate ?? g.learningRate,
    batch: g.batch,
    size: o.size ?? g.size,
    margin,
    seed: o.seed,
    mining: { ...DEFAULT_MINING, minShared: g.minShared, minOverlap: g.minOverlap, maxScale: g.maxScale },
  };
}

/** What a person said takes the place of what the data chose, and says so. */
function guardsSaid(g: Guards, o: AdaptOptions, folds: number, margin: number): Guard[] {
  const said = new Map<string, number | undefined>([
    ['epochs', o.epochs],
    ['queriesPerEpoch', o.queriesPerEpoch],
    ['learningRate', o.learningRate],
    ['size', o.size],
  ]);
  const folded: Guard = {
    name: 'folds',
    label: 'Folds',
    value: folds,
    why:
      o.folds !== undefined
        ? 'you said so'
        : o.protocol === 'own'
          ? 'all photos are learned from, so that nothing is held out'
          : 'each holds other photos out and trains with another seed, so that every one asks once',
  };
  return [
    ...g.said
      .filter((s) => s.name !== 'parts' || o.protocol !== 'own')
      .map((s) => {
        const value = said.get(s.name);
        return value === undefined ? s : { ...s, value, why: `you said so; the data would take ${s.value}` };
      }),
    { name: 'margin', label: 'Margin', value: margin, why: 'follows from the kind of network' },
    folded,
  ];
}

/**
 * From photos to a search that has learned from them, in one step: finds places or takes those that are there, learns in every way that the
 * pairs allow, asks with photos of which nothing was learned, and has search take the best only where it is better beyond its interval.
 *
 * Figures of new photos and new places are of networks that were learned on the known part of each fold. The one that search takes in the end is
 * learned on all photos in the way that won; of it the own collection alone is measured, and the report says which figure is whose.
 * Every step keeps what it did, so that the same call goes on after a stop.
 * @throws CovisError `STATE_EMPTY` or `STATE_CONFLICT` that says what is missing, `CANCELLED`.
 */
export async function adaptLibrary(library: Library, o: AdaptOptions, task: TaskContext): Promise<AdaptReport> {
  const began = performance.now();
  for (const photos of o.folders)
    await clusterPhotos(library, { photos, reconstruct: o.reconstruct }, under(task, 'Finding places'));
  refuseUnmeasurable(library, o.protocol);
  const g = libraryGeometry(library);
  const states = protocolStates(g);
  const state = states.find((s) => s.protocol === o.protocol)!;
  if (state.places < PLACES_FOR_INTERVAL)
    throw new CovisError(
      'STATE_EMPTY',
      `Whether learning helps cannot be told: photos of ${many(state.places, 'place')} would ask, and it takes ${PLACES_FOR_INTERVAL} for an interval`,
      { hint: 'Add photos of more places, three of each at least.' },
    );
  const current = defaultNetworkOf(library);
  const start = await startOf(library, o.network);
  if (start.note !== undefined) task.warn(start.note);
  const guards = chooseGuards(collectionStatistics(library, g), defaultSize(start.network.spec));
  const inNetwork = obstacles(library, start);
  const margin = defaultMargin(loadNetwork(library, start.network).graph, DEFAULT_TRAINING.loss);
  const folds = o.folds ?? (o.protocol === 'own' ? 1 : guards.parts);
  const trial: Trial = {
    drawing: { protocol: o.protocol, parts: guards.parts, seed: o.seed },
    folds,
    start: start.network,
    parameters: parametersOf(guards, o, margin),
    memory: o.memory,
    noWhitening: inNetwork.whitening ?? guards.noWhitening,
    noTraining: inNetwork.training ?? guards.noTraining,
  };
  if (trial.noWhitening !== null && trial.noTraining !== null)
    throw new CovisError('STATE_EMPTY', `Nothing can be learned: ${trial.noWhitening}`, {
      hint: 'Add photos of the places that are there, and of others.',
    });
  const plan = planOf(task, {
    photos: g.ids.length,
    folds,
    known: o.protocol === 'own' ? 1 : 1 - 1 / guards.parts,
    epochs: trial.parameters.epochs,
    tuples: trial.parameters.queriesPerEpoch,
    trains: trial.noTraining === null,
  });
  const tried = await tryCandidates(library, g, trial, plan, (what) => what);
  plan.from(folds);
  const { candidates, compared, answers } = compare(g, tried, o.seed);
  const best = bestOf(compared);
  const looked = best ?? compared.reduce((x, y) => (y.map.mean > x.map.mean ? y : x));
  const figures: AdaptFigure[] = [
    figureOf(
      g,
      o.protocol,
      answers('start'),
      answers(looked.name),
      o.seed,
      learnedSaid(o.protocol, looked.name, trial, folds),
    ),
  ];
  const pieces = movedQueries(library, g, answers('start'), answers(looked.name));
  const final = best === undefined ? undefined : await learnOnAll(library, g, trial, best.name, plan.task);
  if (final !== undefined) figures.push(await ownFigure(library, g, start.network, final, o.seed, plan.task));
  const after = final ?? current;
  const said = saidOf(o, best, looked, current, start, after);
  const changed = after.uid !== current.uid;
  if (changed) noteDefault(library, after, said);
  const report: AdaptReport = {
    outcome: changed ? 'changed' : 'kept',
    said,
    protocol: o.protocol,
    photos: g.ids.length,
    places: state.places,
    pairs: g.a.length,
    geometry: geometrySaid(library),
    size: trial.parameters.size,
    seed: o.seed,
    protocols: states,
    guards: guardsSaid(guards, o, folds, margin),
    start: named(start.network),
    before: named(current),
    after: named(after),
    candidates,
    chosen: best?.name ?? 'start',
    figures,
    ...pieces,
    seconds: (performance.now() - began) / 1000,
  };
  storeExperiment(library, 'adapt', '', report);
  task.changed('experiments');
  task.changed('networks');
  return report;
}

const named = (n: NetworkRow): { network: string; name: string } => ({ network: n.uid, name: n.spec.name });
const many = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** Of what the geometry is: 3D models, or verified matches that stand in for them. */
function geometrySaid(library: Library): string {
  const poses = select(library.db, "SELECT EXISTS (SELECT 1 FROM view WHERE pose <> 'null')", flag).one();
  const bare = select(
    library.db,
    "SELECT EXISTS (SELECT 1 FROM cluster c WHERE NOT EXISTS (SELECT 1 FROM view v WHERE v.cluster_id = c.id AND v.pose <> 'null'))",
    flag,
  ).one();
  return poses
    ? bare
      ? '3D models, and verified matches where there are none'
      : '3D models'
    : 'verified matches, without 3D models';
}

/** Every candidate beside the start. */
function compare(
  g: Geometry,
  tried: ReadonlyMap<CandidateName, Tried>,
  seed: number,
): {
  candidates: AdaptCandidate[];
  compared: Compared[];
  answers: (name: CandidateName) => readonly (readonly Answer[])[];
} {
  const answers = (name: CandidateName): readonly (readonly Answer[])[] => {
    const t = tried.get(name)!;
    return 'answers' in t ? t.answers : [];
  };
  const compared: Compared[] = [];
  const candidates = CANDIDATES.map((name): AdaptCandidate => {
    const t = tried.get(name)!;
    if ('why' in t) return { name, map: null, difference: null, why: t.why };
    const map = meanOf(g, t.answers, seed);
    if (name === 'start') return { name, map, difference: null, why: null };
    const difference = differenceOf(g, answers('start'), t.answers, seed);
    compared.push({ name, map, difference });
    return { name, map, difference, why: null };
  });
  if (compared.length === 0)
    throw new CovisError(
      'STATE_EMPTY',
      `Nothing could be learned: ${candidates.find((c) => c.why !== null)?.why ?? ''}`,
      {
        hint: 'Add photos of the places that are there, and of others.',
      },
    );
  return { candidates, compared, answers };
}

/** Whose the figures of the protocol are. */
function learnedSaid(protocol: AdaptProtocol, name: CandidateName, t: Trial, folds: number): string {
  const way = `${CANDIDATE_NAMES[name]}, at ${t.parameters.size} px`;
  if (protocol === 'own')
    return `Before: ${t.start.spec.name}, which has learned nothing here; after: ${way}, learned on all photos, those that ask among them`;
  const what = protocol === 'new-photos' ? 'the photos that were not held out' : 'the places that were not held out';
  return `Before: ${t.start.spec.name}, which has learned nothing here; after: ${way}, learned in each of ${many(folds, 'fold')} on ${what} alone. Of a network that has learned on all photos this is no figure`;
}

/** The network that search is to take: learned on all photos in the way that won. */
async function learnOnAll(
  library: Library,
  g: Geometry,
  t: Trial,
  way: CandidateName,
  task: TaskContext,
): Promise<NetworkRow> {
  const within = under(task, 'Learning on all photos');
  const { size, seed, mining } = t.parameters;
  const base =
    way === 'whitened'
      ? t.start
      : await trained(library, t.start, foldParameters(t, g, null, 'adapt · all photos'), within, {
          memory: t.memory,
        });
  let network = base;
  if (way !== 'trained') {
    const on = { part: partOf(g, t.drawing, null), mining };
    const shrinkage = shrinkageFor(t.drawing.protocol);
    network = networkRow(
      library,
      (await whitenNetwork(library, base, { method: 'learned', size, seed, shrinkage, on }, within)).network,
    );
  }
  return published(library, network, `${t.start.spec.name} · adapted${way === 'trained' ? '' : ', whitened'}`, size);
}

/** A network of an experiment as one to work with, under a name of its own, that describes with the size that it was learned at. */
function published(library: Library, network: NetworkRow, name: string, size: number): NetworkRow {
  const { experiment: _, ...spec } = network.spec;
  const own = size === defaultSize(spec) ? {} : { size };
  return storeComputed(library, loadNetwork(library, network).graph, { ...spec, ...own, name }, network.uid);
}

/** The own collection with the start and with the network that search takes, each as search describes with it. */
async function ownFigure(
  library: Library,
  g: Geometry,
  start: NetworkRow,
  final: NetworkRow,
  seed: number,
  task: TaskContext,
): Promise<AdaptFigure> {
  const within = under(task, 'Describing for search');
  const sizes = [defaultSize(start.spec), defaultSize(final.spec)] as const;
  const { asking } = drawFold(g, { protocol: 'own', parts: 1, seed }, 0);
  const asked = async (n: NetworkRow): Promise<Answer[][]> => [
    ask(g, asking, described(g, await extract(library, n, defaultSize(n.spec), within))),
  ];
  const [before, after] = [await asked(start), await asked(final)];
  return figureOf(
    g,
    'own',
    before,
    after,
    seed,
    `Before: ${start.spec.name}, which has learned nothing here; after: ${final.spec.name}, which search takes and which has learned on all photos, those that ask among them; as search describes, at ${sizes[0] === sizes[1] ? `${sizes[0]} px` : `${sizes[0]} and ${sizes[1]} px`}`,
  );
}

function saidOf(
  o: AdaptOptions,
  best: Compared | undefined,
  looked: Compared,
  current: NetworkRow,
  start: Start,
  after: NetworkRow,
): string {
  const protocol = ADAPT_PROTOCOL_NAMES[o.protocol];
  const difference = differenceSaid(looked.difference);
  const way = CANDIDATE_NAMES[looked.name];
  if (best === undefined)
    return `Search keeps ${current.spec.name}: the best that was tried, ${way}, changes mAP of ${protocol} by ${difference}, which is not better beyond its interval.`;
  const what = `learned in this way (${way}), mAP of ${protocol} changes by ${difference} against ${start.network.spec.name}`;
  if (after.uid === current.uid)
    return `Search keeps ${current.spec.name}, which is what this would make again: ${what}.`;
  const over =
    current.uid === start.network.uid
      ? ''
      : ` ${current.spec.name}, which search took before, was not measured: ${start.note === undefined ? 'it is another network than the one that was asked for' : 'no photo is new to it'}.`;
  return `Search takes ${after.spec.name} now: ${what}.${over}`;
}

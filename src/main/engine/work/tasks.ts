import { basename } from 'node:path';
import {
  type Backend,
  type JobKind,
  type ManifoldParameters,
  METHODS,
  type Method,
  type MiningParameters,
  type Pooling,
  PROTOCOLS,
  type Protocol,
  type TrainingParameters,
} from '../../../shared/domain.ts';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { PROTOCOL_TEXT } from '../evaluation/ground-truth.ts';
import {
  GEOMETRY_PROTOCOLS,
  geometryBenchmark,
  measureLibrary,
  truthBenchmark,
  type LibraryMeasurement,
} from '../evaluation/library-measure.ts';
import { clusterPhotos, type ClusteringOptions } from '../clustering/cluster.ts';
import { libraryDomainNetworks, type DomainNames } from '../domains/domain-networks.ts';
import { domainGeneralisation, type DomainOptions } from '../domains/generalisation.ts';
import { measureSketches, type SketchOptions } from '../evaluation/sketches.ts';
import { storeExperiment } from '../library/experiments.ts';
import { teacherAgainstStudent } from '../evaluation/teacher.ts';
import type { TaskContext } from '../queue/context.ts';
import { extractRegions } from '../retrieval/feature-maps.ts';
import { layOut, storeMap } from '../retrieval/map.ts';
import { libraryParameters, GraphCache, Ranker, type RankParameters } from '../retrieval/methods.ts';
import { measureTradeoff } from '../retrieval/tradeoff.ts';
import {
  importVectors,
  loadSet,
  networkSet,
  type ImportVectorsOptions,
  type LoadedSet,
} from '../retrieval/vector-sets.ts';
import { computeLooks, duplicateGroups } from '../features/duplicates.ts';
import type { Library } from '../library/library.ts';
import { defaultSize } from '../inputs/inputs.ts';
import { edgeNetworkFrom, edgeNetworkOf, type EdgeStart } from '../edges/library-networks.ts';
import { extract } from '../retrieval/extract.ts';
import { addBackbone, type BackboneSource } from '../network/catalogue.ts';
import { hasLinearLayer } from '../network/linear-head.ts';
import { loadNetwork, repoolNetwork, resolveNetwork, type NetworkRow } from '../network/networks.ts';
import { evaluateNetwork, mineLibrary, mineManifoldLibrary, runAll, type MineReport } from './run.ts';
import { exportLibrary, type ExportOptions } from '../exchange/export.ts';
import { importPairs, isPairList } from '../exchange/import-pairs.ts';
import { importSources, type ImportReport } from '../sfm/import.ts';
import { DEFAULT_TEACHER } from '../teacher/bow-index.ts';
import { runLadder, type LadderOptions } from '../training/ladder.ts';
import { whitenNetwork, type WhitenOptions } from '../training/whiten.ts';
import {
  DEFAULT_EDGE_TRAINING,
  DEFAULT_TRAINING,
  defaultMargin,
  presetAdvice,
  presetNamed,
} from '../training/presets.ts';
import { resume, train, type TrainingResult } from '../training/train.ts';

/** Everything a long task may be told; what is left out has a default. */
export interface TaskParams {
  readonly sources?: readonly string[] | undefined;
  readonly images?: string | undefined;
  readonly network?: string | undefined;
  readonly size?: number | undefined;
  readonly seed?: number | undefined;
  readonly epochs?: number | undefined;
  readonly queriesPerEpoch?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly weightDecay?: number | undefined;
  readonly margin?: number | undefined;
  readonly protocol?: string | undefined;
  /** Ground truth of the library. */
  readonly truth?: string | undefined;
  readonly method?: string | undefined;
  /** Parameters of the ranking method that differ from its defaults. */
  readonly ranking?: { readonly [K in keyof RankParameters]?: RankParameters[K] | undefined } | undefined;
  /** Descriptor set; the network's own when left out. */
  readonly set?: string | undefined;
  readonly vectors?: ImportVectorsOptions | undefined;
  readonly half?: boolean | undefined;
  readonly clustering?: ClusteringOptions | undefined;
  /** Visual words of the teacher. */
  readonly words?: number | undefined;
  readonly export?: ExportOptions | undefined;
  readonly mining?: { readonly [K in keyof MiningParameters]?: MiningParameters[K] | undefined } | undefined;
  /** Mines on the manifold of the descriptors instead of geometry. */
  readonly manifold?: { readonly [K in keyof ManifoldParameters]?: ManifoldParameters[K] | undefined } | undefined;
  readonly loss?: TrainingParameters['loss'] | undefined;
  readonly optimiser?: TrainingParameters['optimiser'] | undefined;
  readonly batch?: number | undefined;
  /** A recipe by name; the one for small machines if left out. */
  readonly preset?: string | undefined;
  readonly backend?: Backend | undefined;
  /** What the trained network is to be called. */
  readonly name?: string | undefined;
  /** Times an epoch that tuples are mined. */
  readonly minings?: number | undefined;
  /** Of a photo network that is trained; its own if left out. */
  readonly pooling?: Pooling | undefined;
  /** A training run to take up where it stopped. */
  readonly resume?: number | undefined;
  /** Manifold run that is trained on. */
  readonly pools?: number | undefined;
  /** What is trained on: photos, or edge maps of them. Left out, what the network takes. */
  readonly domain?: 'photos' | 'edges' | undefined;
  /** Of an edge network that is made. */
  readonly edges?: EdgeStart | undefined;
  readonly domains?: Partial<DomainNames> &
    Pick<DomainOptions, 'folder' | 'drawn'> & { readonly seeds?: number | undefined };
  readonly sketches?: SketchOptions | undefined;
  readonly ladder?: Partial<LadderOptions> | undefined;
  readonly backbone?: (BackboneSource & { readonly pooling: Pooling }) | undefined;
  readonly whiten?: Partial<Omit<WhitenOptions, 'size' | 'seed'>> | undefined;
}

/**
 * The recipe, overlaid with what was given.
 * @param edges training on edge maps has a recipe of its own where none is named.
 * @throws CovisError `INPUT_INVALID` for a recipe that does not exist.
 */
export function trainingParameters(p: TaskParams, edges = false): TrainingParameters {
  const { epochs, queriesPerEpoch, learningRate, weightDecay, margin, size, seed, loss, optimiser, batch, pools } = p;
  const named = p.preset === undefined ? undefined : presetNamed(p.preset).parameters;
  const base = named ?? (edges ? DEFAULT_EDGE_TRAINING : DEFAULT_TRAINING);
  // Gradient descent outside a recipe is that of mining on manifolds (methods.md 5.5).
  const descent =
    optimiser === 'sgd' && base.optimiser !== 'sgd' ? ({ scaling: 'tuples', dampening: 0.9 } as const) : {};
  return {
    ...base,
    ...descent,
    ...defined({
      epochs,
      queriesPerEpoch,
      learningRate,
      weightDecay,
      margin,
      size,
      seed,
      loss,
      optimiser,
      batch,
      pools,
      minings: p.minings,
      backend: p.backend,
      name: p.name,
    }),
    mining: { ...base.mining, ...defined(p.mining ?? {}) },
  };
}

/** The one place that knows how each kind of job is done; the command line, the studio's queue and tests all come here. */
export async function runTask(library: Library, kind: JobKind, p: TaskParams, task: TaskContext): Promise<unknown> {
  const training = trainingParameters(p);
  switch (kind) {
    case 'import':
      return importAny(library, p, task);
    case 'ladder': {
      const start = await resolveNetwork(library, p.network, 'default');
      const { graph } = loadNetwork(library, start);
      const margin = p.margin ?? defaultMargin(graph, training.loss);
      const { poolings = ['mac', 'gem'], seeds = 3 } = p.ladder ?? {};
      return runLadder(library, start, { ...training, margin }, { poolings, seeds }, task);
    }
    case 'network': {
      const { pooling, ...source } = p.backbone!;
      const { uid, spec } = await addBackbone(library, source, pooling, task);
      return { network: uid, name: spec.name, dim: spec.dim };
    }
    case 'whiten': {
      const network = await resolveNetwork(library, p.network, 'latest');
      const { method = 'learned', ...options } = p.whiten ?? {};
      return whitenNetwork(
        library,
        network,
        { ...options, method, size: sizeOf(p, network), seed: training.seed },
        task,
      );
    }
    case 'extract': {
      const network =
        p.domain === 'edges'
          ? await edgeNetworkOf(library, p.network)
          : await resolveNetwork(library, p.network, 'latest');
      const size = sizeOf(p, network);
      const set = await extract(library, network, size, task);
      return { network: network.uid, photos: set.ids.length, computed: set.computed, dim: set.dim, size };
    }
    case 'mine':
      if (p.manifold !== undefined)
        return mineManifoldLibrary(library, await setOf(library, p, task), p.manifold, training.seed, task);
      return mineWith(library, await resolveNetwork(library, p.network, 'latest'), p, training, task);
    case 'train': {
      const began = performance.now();
      const result = p.resume === undefined ? await trainNew(library, p, task) : await resume(library, p.resume, task);
      await extract(library, result.network, sizeOf(p, result.network), task);
      return {
        run: result.trainingId,
        network: result.network.uid,
        backend: result.backend,
        device: result.device,
        epochs: result.epochs,
        tuples: result.tuples,
        seconds: (performance.now() - began) / 1000,
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      };
    }
    case 'evaluate': {
      const network = await resolveNetwork(library, p.network, 'latest');
      const size = sizeOf(p, network);
      return { network: network.uid, ...(await evaluateNetwork(library, network, size, training.seed, task)) };
    }
    case 'run':
      return runAll(library, { sources: p.sources ?? [], network: p.network, training }, task);
    case 'regions': {
      const network = await resolveNetwork(library, p.network, 'latest');
      return extractRegions(library, network, sizeOf(p, network), p.half ?? true, task);
    }
    case 'vectors':
      return importVectors(library, p.vectors!, task);
    case 'measure':
      return measureTask(library, p, training, task);
    case 'map': {
      const set = await setOf(library, p, task);
      if (set.owners !== undefined)
        throw new CovisError('INPUT_INVALID', 'A map shows one descriptor a photo, and this set has several', {
          hint: 'Choose a set of whole photos.',
        });
      storeMap(library, set.key, set.ids, await layOut(set.vectors, training.seed, task));
      task.changed('map');
      return { set: set.key, photos: set.ids.length };
    }
    case 'teacher':
      return teacherAgainstStudent(
        library,
        await setOf(library, p, task),
        p.protocol ?? 'sfm-medium',
        { ...DEFAULT_TEACHER, ...defined({ words: p.words }), seed: training.seed },
        task,
      );
    case 'duplicates':
      await computeLooks(library, task);
      return { groups: duplicateGroups(library).length };
    case 'cluster':
      return clusterPhotos(library, p.clustering!, task);
    case 'domains': {
      const { folder, fineTuned, edges, drawn, seeds } = p.domains!;
      const networks = await libraryDomainNetworks(library, { pretrained: p.network, fineTuned, edges });
      const report = await domainGeneralisation(networks, { folder, drawn, seeds: seeds ?? 3 }, task, library);
      storeExperiment(library, 'domains', folder, report);
      task.changed('experiments');
      return report;
    }
    case 'sketches': {
      const network = loadNetwork(library, await edgeNetworkOf(library, p.network));
      const report = await measureSketches(network, p.sketches!, task, library);
      storeExperiment(library, 'sketches', p.sketches!.photos, report);
      task.changed('experiments');
      return report;
    }
    case 'export':
      return exportLibrary(library, p.export!, task);
    case 'tradeoff': {
      const set = await setOf(library, p, task);
      const parameters = {
        ...libraryParameters('hybrid', { vectors: set.vectors, images: set.ids.length }),
        ...defined(p.ranking ?? {}),
      };
      const report = await measureTradeoff(set.vectors, parameters, TRADEOFF_ERROR, new GraphCache(set.vectors), task);
      return { set: set.key, setName: set.name, ...report };
    }
  }
}

/** Starts a training run: the network with the pooling that was asked for, and a margin that suits it. */
async function trainNew(library: Library, p: TaskParams, task: TaskContext): Promise<TrainingResult> {
  const preset = p.preset === undefined ? undefined : presetNamed(p.preset);
  let start =
    p.domain === 'edges'
      ? await edgeNetworkFrom(library, p.network, p.edges)
      : await resolveNetwork(library, p.network, 'default');
  const edges = start.spec.edges !== undefined;
  if (p.domain === 'photos' && edges)
    throw new CovisError('INPUT_INVALID', `${start.spec.name} takes edge maps and cannot be trained on photos`);
  const pooling = p.pooling ?? preset?.pooling ?? undefined;
  if (pooling !== undefined && !edges) start = repoolNetwork(library, start, pooling);
  const parameters = trainingParameters(p, edges);
  const { graph, spec } = loadNetwork(library, start);
  const advice = preset === undefined ? undefined : presetAdvice(preset, spec);
  if (advice !== undefined) task.warn(advice);
  if (preset?.whitened === true && !hasLinearLayer(graph))
    task.warn(
      `${preset.title} trains a whitening layer, which ${spec.name} does not have: make one with covis whiten first`,
    );
  // A recipe's own margin is part of it; otherwise it follows from the network.
  const own = p.margin !== undefined || preset?.backbone != null;
  return train(
    library,
    start,
    own ? parameters : { ...parameters, margin: defaultMargin(graph, parameters.loss) },
    task,
  );
}

function mineWith(
  library: Library,
  network: NetworkRow,
  p: TaskParams,
  training: TrainingParameters,
  task: TaskContext,
): Promise<MineReport> {
  return mineLibrary(library, network, { ...training, size: sizeOf(p, network) }, task);
}

/** Models and folders of photos together; lists of pairs one by one. */
async function importAny(library: Library, p: TaskParams, task: TaskContext): Promise<ImportReport> {
  const sources = p.sources ?? [];
  const lists = sources.filter(isPairList);
  const folders = sources.filter((s) => !lists.includes(s));
  const reports: ImportReport[] = [];
  if (folders.length > 0) reports.push(await importSources(library, { sources: folders, images: p.images }, task));
  for (const list of lists) reports.push(await importPairs(library, list, p.images, task));
  const sum = (key: 'photos' | 'clusters' | 'points' | 'observations' | 'pairs'): number =>
    reports.reduce((n, r) => n + r[key], 0);
  return {
    photos: sum('photos'),
    clusters: sum('clusters'),
    points: sum('points'),
    observations: sum('observations'),
    pairs: sum('pairs'),
    missing: reports.flatMap((r) => r.missing),
    warnings: reports.flatMap((r) => r.warnings),
  };
}

/** Relative error of scores at which ranks are compared; rankings then agree but for near ties. */
const TRADEOFF_ERROR = 1e-3;

/** Long side in pixels: what was given, else what the network takes. */
function sizeOf(p: Pick<TaskParams, 'size'>, network: NetworkRow): number {
  return p.size ?? defaultSize(network.spec);
}

/** The descriptor set that was asked for, extracting the network's own where it lacks photos. */
async function setOf(library: Library, p: TaskParams, task: TaskContext): Promise<LoadedSet> {
  if (p.set !== undefined) return loadSet(library, p.set);
  const network = await resolveNetwork(library, p.network, 'latest');
  const size = sizeOf(p, network);
  await extract(library, network, size, task);
  return networkSet(library, network, size);
}

/** What measuring a library under a protocol gives; for geometry also the other difficulties. */
export interface MeasureReport extends LibraryMeasurement {
  readonly byDifficulty?: Readonly<Record<string, number>>;
}

async function measureTask(
  library: Library,
  p: TaskParams,
  training: TrainingParameters,
  task: TaskContext,
): Promise<MeasureReport> {
  const method = (p.method ?? 'cosine') as Method;
  if (!METHODS.includes(method))
    throw new CovisError('INPUT_INVALID', `There is no method ${method}: ${METHODS.join(', ')}`);
  const set = await setOf(library, p, task);
  const database = { vectors: set.vectors, owners: set.owners, images: set.ids.length };
  const parameters = { ...libraryParameters(method, database), ...defined(p.ranking ?? {}), method };
  const ranker = await Ranker.prepare(database, parameters, task);
  try {
    const protocol = p.protocol ?? 'sfm';
    if (p.truth !== undefined) {
      const judged = protocol as Protocol;
      if (!PROTOCOLS.includes(judged))
        throw new CovisError('INPUT_INVALID', `There is no protocol ${protocol}: ${PROTOCOLS.join(', ')}`);
      const b = truthBenchmark(library, set, p.truth, judged, PROTOCOL_TEXT[judged], task);
      return await measureLibrary(library, set, ranker, b, task);
    }
    if (!Object.hasOwn(GEOMETRY_PROTOCOLS, protocol))
      throw new CovisError('INPUT_INVALID', `The protocol ${protocol} needs a ground truth`, {
        hint: `From geometry alone: ${Object.keys(GEOMETRY_PROTOCOLS).join(', ')}.`,
      });
    const byDifficulty: Record<string, number> = {};
    let asked: LibraryMeasurement | undefined;
    for (const name of Object.keys(GEOMETRY_PROTOCOLS)) {
      const b = geometryBenchmark(library, set, name, training.seed);
      try {
        const m = await measureLibrary(library, set, ranker, b, task);
        byDifficulty[GEOMETRY_PROTOCOLS[name]!] = m.map;
        if (name === protocol) asked = m;
      } catch (error) {
        // A library of dense models may have no hard positives; only what was asked for has to exist.
        if (!(error instanceof CovisError) || error.code !== 'STATE_EMPTY' || name === protocol) throw error;
      }
    }
    return { ...asked!, byDifficulty };
  } finally {
    await ranker.close();
  }
}

/** What the job is called in lists. */
export function taskTitle(kind: JobKind, p: TaskParams): string {
  const sources = (p.sources ?? [])
    .map((s) =>
      s
        .replace(/[\\/]+$/, '')
        .split(/[\\/]/)
        .at(-1),
    )
    .join(', ');
  switch (kind) {
    case 'import':
      return `Import ${sources}`;
    case 'extract':
      return 'Extract descriptors';
    case 'mine':
      return p.manifold === undefined ? 'Mine tuples' : 'Mine on the manifold';
    case 'train':
      return p.resume === undefined ? 'Train' : `Resume training run ${p.resume}`;
    case 'network':
      return `Add ${p.backbone === undefined || 'file' in p.backbone ? basename(p.backbone?.file ?? '') : p.backbone.id}`;
    case 'whiten':
      return 'Learn a whitening';
    case 'ladder':
      return 'Component contributions';
    case 'evaluate':
      return 'Measure';
    case 'run':
      return `Whole loop on ${sources}`;
    case 'regions':
      return 'Describe regions';
    case 'vectors':
      return 'Import descriptors';
    case 'measure':
      return `Measure ${p.method ?? 'cosine'}`;
    case 'map':
      return 'Map of all photos';
    case 'domains':
      return `Domains of ${basename(p.domains?.folder ?? '')}`;
    case 'sketches':
      return `Drawings of ${basename(p.sketches?.photos ?? '')}`;
    case 'export':
      return `Export ${p.export?.format ?? ''}`;
    case 'duplicates':
      return 'Find near duplicates';
    case 'cluster':
      return `Cluster ${basename(p.clustering?.photos ?? '')}`;
    case 'teacher':
      return 'Teacher against student';
    case 'tradeoff':
      return 'Diffusion from gradients to spectrum';
  }
}

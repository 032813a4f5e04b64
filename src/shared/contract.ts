import { z } from 'zod';
import {
  type CatalogueEntry,
  type ClusterDetail,
  type ClusterInfo,
  type CovisibleView,
  type DescriptorMap,
  type DuplicateGroup,
  type EdgeNetworkInfo,
  type EvaluationInfo,
  type ExperimentInfo,
  type Explanation,
  type JobInfo,
  type JobProgress,
  type LibraryInfo,
  type ManifoldView,
  RUN_EXPORTS,
  POOLINGS,
  type PresetInfo,
  type MeasurementDetail,
  type MeasurementInfo,
  type MatchedPhoto,
  type MiningRunInfo,
  PROTOCOLS,
  type PairedTest,
  type PhotoFactsRow,
  type PhotoInfo,
  type ReviewProgress,
  type RunComparison,
  SEARCH_METHODS,
  type SearchHit,
  type SearchMethod,
  type SetInfo,
  type TrainingRunInfo,
  type TruthInfo,
  STRATEGY_BITS,
  TUPLE_SORTS,
  type TupleInfo,
  type TupleList,
  type TupleStrategy,
  VERDICTS,
} from './domain.ts';
import { pageJobSchema } from './jobs/index.ts';
import type { ErrorShape } from './errors.ts';
import { ranking } from './methods/index.ts';
import { rankingFits } from './methods/parameters.ts';

/** Ids are content hashes in hex. */
const id = z.string().regex(/^[0-9a-f]{8,64}$/);
const none = z.object({}).strict();
const size = z.int().min(64).max(2048);
const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** A network's descriptors as NETWORK-SIZE, or a stored set. */
const set = z.string().regex(/^[0-9a-f]{8,64}(-\d{2,4})?$/);
const protocol = z.enum(PROTOCOLS);
const fraction = z.number().min(0).max(1);
/** What a search asks with: a photo of the library or an upload, maybe a part of it in fractions. */
const asked = {
  photo: id.optional(),
  upload: id.optional(),
  crop: z.object({ x: fraction, y: fraction, width: fraction, height: fraction }).strict().optional(),
  network: id.optional(),
};

const range = z.object({ min: z.number().optional(), max: z.number().optional() }).strict();
const tupleFilter = z
  .object({
    cluster: id,
    strategy: z.enum(Object.keys(STRATEGY_BITS) as [TupleStrategy, ...TupleStrategy[]]),
    similarity: range,
    hardest: range,
    shared: range,
    decision: z.enum(['none', 'any', 'accept', 'reject', 'swap', 'same-object', 'note']),
    disagreement: z.boolean(),
    newSince: z.int(),
  })
  .partial()
  .strict();
const list = z.string().regex(/^l\d{1,15}$/);
/** What a person said of two photos, by content hash; run and tuple say where they were looking. */
const judgement = z
  .object({
    query: id,
    other: id,
    aspect: z.enum(['positive', 'negative', 'note']),
    verdict: z.enum([...VERDICTS, 'note']),
    replacement: id.optional(),
    note: z.string().max(10_000).optional(),
    run: z.int().optional(),
    tuple: z.int().min(0).optional(),
  })
  .strict();

const chosen = z.array(id).min(1).max(1000);
/** What a person does to clusters. */
const clusterEdit = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('rename'), cluster: id, name: z.string().min(1).max(200) }).strict(),
  z.object({ kind: z.literal('exclude'), clusters: chosen }).strict(),
  z.object({ kind: z.literal('include'), clusters: chosen }).strict(),
  z.object({ kind: z.literal('merge'), clusters: chosen }).strict(),
  z.object({ kind: z.literal('split'), cluster: id, views: z.array(z.int().min(0)).min(1).max(100_000) }).strict(),
]);
export type ClusterEditParams = z.infer<typeof clusterEdit>;

/** What a person chose for every library: keys by action. */
export const settingsSchema = z
  .object({
    keys: z.record(z.string().max(40), z.array(z.string().max(40)).max(8)),
  })
  .partial()
  .strict();
export type Settings = z.infer<typeof settingsSchema>;
export type TupleFilterParams = z.infer<typeof tupleFilter>;
export type JudgementParams = z.infer<typeof judgement>;

/** Every route with the schema of its parameters. `HostRoutes` below are refused when a page asks. */
export const ROUTES = {
  'library.current': none,
  'library.open': z.object({ path: z.string() }).strict(),
  'library.import': z.object({ paths: z.array(z.string()).min(1) }).strict(),
  /** A dialog or the command line says where to. */
  'library.export': z.object({ path: z.string(), format: z.enum(RUN_EXPORTS), run: z.int() }).strict(),
  'clusters.list': none,
  'clusters.detail': z.object({ id }).strict(),
  'clusters.covisible': z.object({ id, view: z.int().min(0) }).strict(),
  'clusters.edit': z.object({ edit: clusterEdit }).strict(),
  /** Photos whose local features match one's. */
  'matches.of': z.object({ photo: id }).strict(),
  'photos.facts': none,
  'photos.duplicates': z.object({ bits: z.int().min(0).max(16) }).strict(),
  /** A dialog or the command line says which folder. */
  'library.cluster': z.object({ path: z.string() }).strict(),
  'photos.info': z.object({ id }).strict(),
  'tuples.runs': none,
  /** Puts a run's tuples in order once; pages are then read by the list's name. */
  'tuples.open': z.object({ run: z.int(), filter: tupleFilter, sort: z.enum(TUPLE_SORTS) }).strict(),
  'tuples.page': z.object({ list, from: z.int().min(0), limit: z.int().min(1).max(500) }).strict(),
  'tuples.find': z.object({ list, index: z.int().min(0) }).strict(),
  'tuples.compare': z.object({ a: z.int(), b: z.int() }).strict(),
  'review.progress': z.object({ run: z.int() }).strict(),
  'review.decide': z
    .object({ label: z.string().min(1).max(200), judgements: z.array(judgement).min(1).max(10_000) })
    .strict(),
  'review.undo': none,
  'review.redo': none,
  'manifold.around': z
    .object({
      photo: id,
      set: set.optional(),
      network: id.optional(),
      size: size.optional(),
      k: z.int().min(2).max(1000).optional(),
      positivesK: z.int().min(1).max(10_000).optional(),
      negativesK: z.int().min(1).max(100_000).optional(),
    })
    .strict(),
  'settings.get': none,
  'settings.set': settingsSchema,
  'training.runs': none,
  'evaluations.list': none,
  'search.run': z
    .object({
      ...asked,
      /** An uploaded drawing asks, alone or mixed with the photo. */
      drawing: id.optional(),
      photoWeight: fraction.optional(),
      set: set.optional(),
      size: size.optional(),
      method: z.enum(SEARCH_METHODS).optional(),
      ranking: ranking.optional(),
      truth: z.object({ id, protocol }).strict().optional(),
      top: z.int().min(1).max(5000),
    })
    .strict()
    .check(rankingFits),
  'search.explain': z.object({ ...asked, hit: id, size: size.optional() }).strict(),
  /** The network that drawings go to. */
  'edges.info': z.object({ network: id.optional() }).strict(),
  'experiments.list': none,
  'training.presets': none,
  /** A dialog or the command line says which folder. */
  'library.domains': z.object({ path: z.string() }).strict(),
  /** A dialog or the command line says which ONNX file. */
  'library.network': z.object({ path: z.string(), pooling: z.enum(POOLINGS) }).strict(),
  'networks.catalogue': none,
  'sets.list': none,
  'sets.remove': z.object({ set: id }).strict(),
  'truths.list': none,
  'truths.add': z.object({ upload: id, name: z.string().max(255), protocol }).strict(),
  'measurements.list': none,
  'measurements.detail': z.object({ id: z.int() }).strict(),
  'measurements.paired': z.object({ a: z.int(), b: z.int() }).strict(),
  'map.points': z.object({ set }).strict(),
  /** Photos whose file names have a text in them, whatever the case. */
  'photos.find': z.object({ text: z.string().min(1).max(200), limit: z.int().min(1).max(100) }).strict(),
  'photos.random': z.object({ count: z.int().min(1).max(200), seed }).strict(),
  'jobs.list': none,
  'jobs.start': z.object({ job: pageJobSchema }).strict(),
  'jobs.cancel': z.object({ id: z.int() }).strict(),
  /** An error that nobody caught in the page. */
  'log.page': z
    .object({ message: z.string().max(2000), stack: z.string().max(8000).optional(), view: z.string().max(200) })
    .strict(),
} as const;

export type RouteName = keyof typeof ROUTES;
export type RouteParams<R extends RouteName> = z.infer<(typeof ROUTES)[R]>;

/** Routes that take paths of this machine. */
export const HOST_ROUTES: ReadonlySet<RouteName> = new Set([
  'library.open',
  'library.import',
  'library.export',
  'library.cluster',
  'library.domains',
  'library.network',
]);

/** What undo or redo turned and where it was decided; null where there was nothing. */
export type Turned = { readonly label: string; readonly run: number | null; readonly tuple: number | null } | null;

/** What each route answers. */
export interface RouteResults {
  'library.current': LibraryInfo | null;
  'library.open': LibraryInfo;
  'library.import': { job: number };
  'library.export': { job: number };
  'clusters.list': readonly ClusterInfo[];
  'clusters.detail': ClusterDetail;
  'clusters.covisible': readonly CovisibleView[];
  'clusters.edit': { readonly clusters: readonly string[]; readonly note: string | null };
  'matches.of': readonly MatchedPhoto[];
  'photos.facts': readonly PhotoFactsRow[];
  'photos.duplicates': readonly DuplicateGroup[];
  'library.cluster': { job: number };
  'photos.info': PhotoInfo;
  'photos.find': readonly { readonly id: string; readonly name: string }[];
  'photos.random': readonly PhotoInfo[];
  'tuples.runs': readonly MiningRunInfo[];
  'tuples.open': TupleList;
  'tuples.page': { readonly tuples: readonly TupleInfo[] };
  /** Position in the list; -1 where the list does not have the tuple. */
  'tuples.find': { readonly position: number };
  'tuples.compare': RunComparison;
  'review.progress': ReviewProgress;
  'review.decide': { readonly action: number };
  /** What was undone; null where there was nothing. */
  'review.undo': Turned;
  'review.redo': Turned;
  'manifold.around': ManifoldView;
  'settings.get': Settings;
  'settings.set': Settings;
  'training.runs': readonly TrainingRunInfo[];
  'evaluations.list': readonly EvaluationInfo[];
  'search.run': {
    readonly hits: readonly SearchHit[];
    readonly set: string;
    readonly setName: string;
    readonly method: SearchMethod;
    readonly parameters: Readonly<Record<string, number>>;
    readonly milliseconds: number;
    readonly preparedMs: number;
    readonly judgedBy: string | null;
  };
  'search.explain': Explanation;
  'edges.info': EdgeNetworkInfo | null;
  'experiments.list': readonly ExperimentInfo[];
  'training.presets': readonly PresetInfo[];
  'library.domains': { job: number };
  'library.network': { job: number };
  /** @property from where downloads come. */
  'networks.catalogue': { readonly entries: readonly CatalogueEntry[]; readonly from: string };
  'sets.list': readonly SetInfo[];
  'sets.remove': null;
  'truths.list': readonly TruthInfo[];
  'truths.add': TruthInfo;
  'measurements.list': readonly MeasurementInfo[];
  'measurements.detail': MeasurementDetail;
  'measurements.paired': PairedTest;
  'map.points': DescriptorMap | null;
  'jobs.list': readonly JobInfo[];
  'jobs.start': { job: number };
  'jobs.cancel': null;
  'log.page': null;
}

export type Reply<T> = { readonly ok: true; readonly data: T } | { readonly ok: false; readonly error: ErrorShape };

/** A request as it travels; `id` pairs it with its reply. */
export interface RequestMessage {
  readonly id: number;
  readonly route: string;
  readonly params: unknown;
}

export interface ReplyMessage {
  readonly id: number;
  readonly reply: Reply<unknown>;
}

/** What the engine says unasked. */
export type EngineEvent =
  | { readonly event: 'job'; readonly job: JobInfo }
  | { readonly event: 'progress'; readonly id: number; readonly progress: JobProgress }
  | { readonly event: 'changed'; readonly what: string }
  | { readonly event: 'engine'; readonly state: 'ready' | 'restarting' | 'gone'; readonly message: string };

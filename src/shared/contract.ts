import { z } from 'zod';
import type {
  ClusterDetail,
  ClusterInfo,
  CovisibleView,
  EvaluationInfo,
  JobInfo,
  JobProgress,
  LibraryInfo,
  MiningRunInfo,
  PhotoInfo,
  SearchHit,
  TrainingRunInfo,
  TupleInfo,
} from './domain.ts';
import type { ErrorShape } from './errors.ts';

/** Ids are content hashes in hex. */
const id = z.string().regex(/^[0-9a-f]{8,64}$/);
const none = z.object({}).strict();
const size = z.int().min(64).max(2048);
const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

const mining = z
  .object({
    minShared: z.int().min(1).max(100_000),
    minOverlap: z.number().min(0).max(1),
    maxScale: z.number().min(1).max(100),
    negatives: z.int().min(1).max(100),
    queries: z.int().min(1).max(1_000_000),
  })
  .partial()
  .strict();

const jobParams = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('extract'), network: id.optional(), size: size.optional() }).strict(),
  z
    .object({
      kind: z.literal('mine'),
      network: id.optional(),
      size: size.optional(),
      seed: seed.optional(),
      mining: mining.optional(),
    })
    .strict(),
  z
    .object({
      kind: z.literal('train'),
      network: id.optional(),
      size: size.optional(),
      seed: seed.optional(),
      epochs: z.int().min(1).max(1000).optional(),
      queriesPerEpoch: z.int().min(1).max(100_000).optional(),
      learningRate: z.number().positive().max(1).optional(),
      weightDecay: z.number().min(0).max(1).optional(),
      margin: z.number().positive().max(2).optional(),
      mining: mining.optional(),
    })
    .strict(),
  z
    .object({ kind: z.literal('evaluate'), network: id.optional(), size: size.optional(), seed: seed.optional() })
    .strict(),
]);

/** Jobs that a page may start. Those that take paths (import, run) start from the host: a dialog or the command line. */
export type PageJob = z.infer<typeof jobParams>;

/** Every route with the schema of its parameters. `HostRoutes` below are refused when a page asks. */
export const ROUTES = {
  'library.current': none,
  'library.open': z.object({ path: z.string() }).strict(),
  'library.import': z.object({ paths: z.array(z.string()).min(1) }).strict(),
  'clusters.list': none,
  'clusters.detail': z.object({ id }).strict(),
  'clusters.covisible': z.object({ id, view: z.int().min(0) }).strict(),
  'photos.info': z.object({ id }).strict(),
  'tuples.runs': none,
  'tuples.page': z
    .object({ run: z.int(), from: z.int().min(0), limit: z.int().min(1).max(500), cluster: id.optional() })
    .strict(),
  'training.runs': none,
  'evaluations.list': none,
  'search.run': z
    .object({
      photo: id.optional(),
      upload: id.optional(),
      network: id.optional(),
      size: size.optional(),
      top: z.int().min(1).max(1000),
    })
    .strict(),
  'photos.random': z.object({ count: z.int().min(1).max(200), seed }).strict(),
  'jobs.list': none,
  'jobs.start': z.object({ job: jobParams }).strict(),
  'jobs.cancel': z.object({ id: z.int() }).strict(),
} as const;

export type RouteName = keyof typeof ROUTES;
export type RouteParams<R extends RouteName> = z.infer<(typeof ROUTES)[R]>;

/** Routes that take paths of this machine. */
export const HOST_ROUTES: ReadonlySet<RouteName> = new Set(['library.open', 'library.import']);

/** What each route answers. */
export interface RouteResults {
  'library.current': LibraryInfo | null;
  'library.open': LibraryInfo;
  'library.import': { job: number };
  'clusters.list': readonly ClusterInfo[];
  'clusters.detail': ClusterDetail;
  'clusters.covisible': readonly CovisibleView[];
  'photos.info': PhotoInfo;
  'photos.random': readonly PhotoInfo[];
  'tuples.runs': readonly MiningRunInfo[];
  'tuples.page': { readonly total: number; readonly tuples: readonly TupleInfo[] };
  'training.runs': readonly TrainingRunInfo[];
  'evaluations.list': readonly EvaluationInfo[];
  'search.run': { readonly hits: readonly SearchHit[]; readonly network: string; readonly milliseconds: number };
  'jobs.list': readonly JobInfo[];
  'jobs.start': { job: number };
  'jobs.cancel': null;
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

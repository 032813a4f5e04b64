import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import {
  HOST_ROUTES,
  ROUTES,
  type EngineEvent,
  type Reply,
  type RouteName,
  type RouteParams,
  type RouteResults,
  type Turned,
} from '../../shared/contract.ts';
import { defined } from '../../shared/defined.ts';
import { CovisError, toErrorShape } from '../../shared/errors.ts';
import { EXPORTS, type LibraryInfo } from '../../shared/domain.ts';
import { listEvaluations } from './evaluation/evaluations.ts';
import { drawnMatches, matchedPhotos } from './clustering/matches.ts';
import { closeInterruptedJobs } from './queue/records.ts';
import { JobQueue } from './queue/queue.ts';
import { duplicateGroups, photoFacts } from './features/duplicates.ts';
import { listExperiments } from './library/experiments.ts';
import { Library } from './library/library.ts';
import { photoByHash, photoInfo, findPhotos, randomPhotos } from './library/photos.ts';
import { thumbnail, thumbnailSize, uprightJpeg } from './library/thumbnails.ts';
import { compareRuns } from './mining/compare-runs.ts';
import { editClusters } from './mining/cluster-changes.ts';
import { decide, redo, undo } from './mining/decisions.ts';
import { listMiningRuns } from './mining/runs.ts';
import { reviewProgress, TupleLists } from './mining/tuples.ts';
import { networkCatalogue } from './network/catalogue.ts';
import { mirrorPlace } from './network/zoo.ts';
import { ensureDefaultNetwork, listNetworks } from './network/networks.ts';
import {
  clusterArray,
  clusterDetail,
  covisibleViews,
  listClusters,
  sharedPointsOfPhotos,
  viewPoints,
} from './sfm/clusters.ts';
import { listSets, removeSet } from './retrieval/vector-sets.ts';
import { SearchClient } from './search/client.ts';
import type { AskedPhoto } from './search/session.ts';
import { descriptorMap } from './retrieval/descriptor-map.ts';
import type { Crop } from './library/pixels.ts';
import { listMeasurements, measurementDetail, pairMeasurements } from './evaluation/library-measure.ts';
import { importTruthBytes, listTruths } from './evaluation/truths.ts';
import { PRESETS } from './training/presets.ts';
import { closeInterruptedRuns, listTrainingRuns } from './training/runs.ts';
import { logFailure, logger } from './environment/log.ts';
import { PageLog } from './environment/page-log.ts';
import { readSettings, writeSettings } from './environment/settings.ts';
import type { JobGiven } from '../../shared/jobs/index.ts';
import { VERSION } from './environment/version.ts';

/** Bytes with their type, for photos and arrays. */
export interface Asset {
  readonly type: string;
  readonly bytes: Uint8Array;
}

type Handlers = { readonly [R in RouteName]: (params: RouteParams<R>) => RouteResults[R] | Promise<RouteResults[R]> };

/** Photos dropped for a search live here until as many newer ones came. */
const UPLOADS_KEPT = 16;
const UPLOAD_BYTES = 64 << 20;
const log = logger('engine');
const DEVICE = 'ONNX Runtime, CPU';

/**
 * The engine: one open library, its jobs, and an answer to every route. Faces (server, desktop, command line) call
 * {@link dispatch} and {@link asset}; long work runs in the job queue's threads.
 */
export class Engine {
  readonly #events = new EventEmitter();
  readonly #uploads = new Map<string, Uint8Array>();
  #library: Library | undefined;
  #searches: SearchClient | undefined;
  #queue: JobQueue | undefined;
  readonly #page = new PageLog(logger('page'));
  #tuples: TupleLists | undefined;

  /** Opens (or makes) a library; the one open before is closed. */
  async open(path: string, create = false): Promise<LibraryInfo> {
    const next = create ? Library.create(path) : Library.open(path);
    await this.close();
    ensureDefaultNetwork(next);
    closeInterruptedJobs(next);
    closeInterruptedRuns(next);
    this.#library = next;
    this.#queue = new JobQueue(next, new URL('./work/worker.ts', import.meta.url), (e) => this.#emit(e));
    this.#searches = new SearchClient(next.path);
    this.#tuples = new TupleLists(next);
    log.info(`Library ${next.path}`);
    this.#emit({ event: 'changed', what: 'library' });
    return this.#info(next);
  }

  async close(): Promise<void> {
    await this.#searches?.close();
    this.#searches = undefined;
    await this.#queue?.close();
    this.#library?.close();
    this.#library = undefined;
    this.#tuples = undefined;
    this.#queue = undefined;
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    this.#events.on('event', listener);
    return () => this.#events.off('event', listener);
  }

  #emit(event: EngineEvent): void {
    this.#events.emit('event', event);
  }

  /** Answers a request. Never throws: what goes wrong is in the envelope. @param from pages are refused the routes that take paths. */
  async dispatch(route: string, params: unknown, from: 'page' | 'host'): Promise<Reply<unknown>> {
    try {
      if (!Object.hasOwn(ROUTES, route)) throw new CovisError('ROUTE_NOT_FOUND', `There is no route ${route}`);
      const name = route as RouteName;
      if (from === 'page' && HOST_ROUTES.has(name))
        throw new CovisError('FORBIDDEN_SENDER', `${route} is not for pages`);
      const parsed = ROUTES[name].safeParse(params ?? {});
      if (!parsed.success)
        throw new CovisError(
          'VALIDATION_FAILED',
          `${route}: ${parsed.error.issues.map((i) => `${i.path.join('.')} ${i.message}`).join('; ')}`,
        );
      const handler = this.#handlers[name] as (p: unknown) => unknown;
      return { ok: true, data: await handler(parsed.data) };
    } catch (error) {
      logFailure(log, route.slice(0, 100), error);
      return { ok: false, error: toErrorShape(error) };
    }
  }

  /**
   * Bytes by opaque path: `photo/<id>?s=<pixels>`, `cluster/<id>/<array>?n=<points>`, `cluster/<id>/view/<n>`,
   * `shared/<photo>/<photo>`, `matches/<photo>/<photo>`, `upload/<id>`, `edges/<photo>` and `sketch/<upload>` with
   * `?network=<id>&filtered=1`.
   * @throws CovisError `NOT_FOUND` for anything else.
   */
  async asset(path: string, query: URLSearchParams): Promise<Asset> {
    const [kind, a = '', b = '', c = ''] = path.split('/');
    const binary = (bytes: Uint8Array): Asset => ({ type: 'application/octet-stream', bytes });
    const raw = (x: Float32Array | Uint32Array): Asset => binary(new Uint8Array(x.buffer, x.byteOffset, x.byteLength));
    if (kind === 'photo' && isId(a)) {
      return {
        type: 'image/jpeg',
        bytes: await thumbnail(this.#open(), a, thumbnailSize(Number(query.get('s') ?? 640))),
      };
    }
    if (kind === 'upload' && isId(a)) {
      const bytes = this.#uploads.get(a);
      if (bytes !== undefined) return { type: 'image/jpeg', bytes: await uprightJpeg(bytes, 640) };
    }
    if (kind === 'cluster' && isId(a)) {
      if (b === 'view' && /^\d{1,9}$/.test(c)) return raw(viewPoints(this.#open(), a, Number(c)));
      const most = Number(query.get('n') ?? Infinity);
      const bytes = clusterArray(this.#open(), a, b, Number.isSafeInteger(most) && most >= 0 ? most : Infinity);
      if (bytes !== undefined) return binary(bytes);
    }
    if (kind === 'shared' && isId(a) && isId(b)) return raw(sharedPointsOfPhotos(this.#open(), a, b));
    const network = query.get('network') ?? undefined;
    if ((kind === 'edges' || kind === 'sketch') && isId(a) && (network === undefined || isId(network))) {
      const drawing = kind === 'sketch' ? this.#uploads.get(a) : undefined;
      if (kind === 'edges' || drawing !== undefined) {
        this.#open();
        const asked = kind === 'edges' ? { photo: a } : { drawing };
        const bytes = await this.#searches!.sight({ ...asked, network, filtered: query.get('filtered') === '1' });
        return { type: 'image/png', bytes };
      }
    }
    if (kind === 'matches' && isId(a) && isId(b)) return raw(drawnMatches(this.#open(), a, b));
    throw new CovisError('NOT_FOUND', 'There is nothing here');
  }

  /** Takes the bytes of a photo to search with. @returns its opaque id. @throws `INPUT_INVALID` above 64 MiB. */
  upload(bytes: Uint8Array): string {
    if (bytes.length === 0 || bytes.length > UPLOAD_BYTES)
      throw new CovisError('INPUT_INVALID', 'A photo to search with has between 1 byte and 64 MiB');
    const token = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    // The same again counts as new, so that a drawing that was gone back to is not the next to go.
    this.#uploads.delete(token);
    this.#uploads.set(token, bytes);
    for (const old of this.#uploads.keys()) {
      if (this.#uploads.size <= UPLOADS_KEPT) break;
      this.#uploads.delete(old);
    }
    return token;
  }

  #open(): Library {
    if (this.#library === undefined) throw new CovisError('STATE_EMPTY', 'No library is open');
    return this.#library;
  }

  #jobs(): JobQueue {
    this.#open();
    return this.#queue!;
  }

  #info(library: Library): LibraryInfo {
    const count = (table: 'photo' | 'scene' | 'cluster' | 'pair' | 'given_pair'): number =>
      library.db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get() as number;
    return {
      path: library.path,
      name: library.name,
      photos: count('photo'),
      scenes: count('scene'),
      clusters: count('cluster'),
      pairs: count('pair') + count('given_pair'),
      points: (library.db.prepare('SELECT COALESCE(SUM(points), 0) FROM cluster').pluck().get() as number) ?? 0,
      networks: listNetworks(library),
      device: DEVICE,
      version: VERSION,
    };
  }

  readonly #handlers: Handlers = {
    'library.current': () => (this.#library === undefined ? null : this.#info(this.#library)),
    'library.open': ({ path }) => this.open(path, !Library.exists(path)),
    'library.import': ({ paths }) => ({
      job: this.#jobs().start('import', { sources: paths }),
    }),
    'library.export': ({ path, format, run }) => ({
      job: this.#jobs().start('export', {
        out: path,
        format,
        // A benchmark is of the library, whatever run it is asked for beside.
        ...('run' in EXPORTS[format].params.shape ? { run } : {}),
      }),
    }),
    'clusters.list': () => listClusters(this.#open()),
    'clusters.detail': ({ id }) => clusterDetail(this.#open(), id),
    'clusters.edit': ({ edit }) => {
      const done = editClusters(this.#open(), edit);
      this.#emit({ event: 'changed', what: 'decisions' });
      this.#emit({ event: 'changed', what: 'clusters' });
      return done;
    },
    'matches.of': ({ photo }) => matchedPhotos(this.#open(), photo),
    'photos.facts': () => photoFacts(this.#open()),
    'photos.duplicates': ({ bits }) => duplicateGroups(this.#open(), bits),
    'library.cluster': ({ path }) => ({ job: this.#jobs().start('cluster', { photos: path }) }),
    'clusters.covisible': ({ id, view }) => covisibleViews(this.#open(), id, view),
    'photos.info': ({ id }) => photoInfo(this.#open(), id),
    'photos.find': ({ text, limit }) => findPhotos(this.#open(), text, limit),
    'photos.random': ({ count, seed }) => randomPhotos(this.#open(), count, seed),
    'tuples.runs': () => listMiningRuns(this.#open()),
    'tuples.open': (q) => this.#lists().open(q),
    'tuples.page': ({ list, from, limit }) => this.#lists().page(list, from, limit),
    'tuples.find': ({ list, index }) => ({ position: this.#lists().find(list, index) }),
    'tuples.compare': ({ a, b }) => compareRuns(this.#open(), a, b),
    'review.progress': ({ run }) => reviewProgress(this.#open(), run),
    'review.decide': (p) => this.#decide(p),
    'review.undo': () => this.#turn(undo),
    'review.redo': () => this.#turn(redo),
    'manifold.around': (p) => this.#around(p),
    'settings.get': () => readSettings(),
    'settings.set': (change) => {
      const settings = writeSettings(change);
      this.#emit({ event: 'changed', what: 'settings' });
      return settings;
    },
    'training.presets': () =>
      Object.entries(PRESETS).map(([name, { title, backbone, pooling, parameters }]) => ({
        name,
        title,
        backbone,
        pooling,
        parameters,
      })),
    'training.runs': () => listTrainingRuns(this.#open()),
    'evaluations.list': () => listEvaluations(this.#open()),
    'search.run': (p) => this.#search(p),
    'search.explain': (p) => this.#explain(p),
    'edges.info': ({ network }) => {
      this.#open();
      return this.#searches!.edges({ network });
    },
    'experiments.list': () => listExperiments(this.#open()),
    'library.domains': ({ path }) => ({ job: this.#jobs().start('domains', { folder: path }) }),
    'library.network': ({ path, pooling }) => ({
      job: this.#jobs().start('network', { backbone: { file: path, pooling } }),
    }),
    'networks.catalogue': () => ({ entries: networkCatalogue(), from: mirrorPlace() }),
    'sets.list': () => listSets(this.#open()),
    'sets.remove': ({ set }) => {
      removeSet(this.#open(), set);
      this.#emit({ event: 'changed', what: 'descriptors' });
      return null;
    },
    'truths.list': () => listTruths(this.#open()),
    'truths.add': (p) => this.#addTruth(p),
    'measurements.list': () => listMeasurements(this.#open()),
    'measurements.detail': ({ id }) => measurementDetail(this.#open(), id),
    'measurements.paired': ({ a, b }) => pairMeasurements(this.#open(), a, b),
    'map.points': ({ set }) => descriptorMap(this.#open(), set),
    'jobs.list': () => this.#jobs().list(),
    'jobs.start': ({ job: { kind, ...params } }) => ({
      job: this.#jobs().start(kind, params as JobGiven<typeof kind>),
    }),
    'jobs.cancel': ({ id }) => {
      this.#jobs().cancel(id);
      return null;
    },
    'log.page': (error) => {
      this.#page.take(error);
      return null;
    },
  };

  #lists(): TupleLists {
    this.#open();
    return this.#tuples!;
  }

  #decide({ label, judgements }: RouteParams<'review.decide'>): RouteResults['review.decide'] {
    const library = this.#open();
    const id = (hash: string): number => photoByHash(library, hash).id;
    const action = decide(
      library,
      label,
      judgements.map((j) => ({
        ...j,
        query: id(j.query),
        other: id(j.other),
        replacement: j.replacement === undefined ? undefined : id(j.replacement),
      })),
    );
    this.#emit({ event: 'changed', what: 'decisions' });
    return { action };
  }

  #turn(way: (library: Library) => Turned): Turned {
    const turned = way(this.#open());
    if (turned !== null) {
      this.#emit({ event: 'changed', what: 'decisions' });
      this.#emit({ event: 'changed', what: 'clusters' });
    }
    return turned;
  }

  #around(p: RouteParams<'manifold.around'>): Promise<RouteResults['manifold.around']> {
    this.#open();
    return this.#searches!.around(p);
  }

  #photoAsked(p: { photo?: string | undefined; upload?: string | undefined; crop?: Crop | undefined }): AskedPhoto {
    if (p.photo !== undefined) return { photo: p.photo, crop: p.crop };
    const bytes = this.#uploads.get(p.upload ?? '');
    if (bytes === undefined)
      throw new CovisError('NOT_FOUND', 'The photo to search with is no longer here', { hint: 'Drop it again.' });
    return { bytes, crop: p.crop };
  }

  #search(p: RouteParams<'search.run'>): Promise<RouteResults['search.run']> {
    this.#open();
    const ranking = defined(p.ranking ?? {});
    const drawing = p.drawing === undefined ? undefined : this.#uploads.get(p.drawing);
    if (p.drawing !== undefined && drawing === undefined)
      throw new CovisError('NOT_FOUND', 'The drawing is no longer here', { hint: 'Draw another line.' });
    return this.#searches!.search({
      ...(drawing !== undefined && p.photo === undefined && p.upload === undefined ? {} : this.#photoAsked(p)),
      drawing,
      photoWeight: p.photoWeight,
      set: p.set,
      network: p.network,
      size: p.size,
      method: p.method ?? 'cosine',
      ranking,
      top: p.top,
      truth: p.truth,
    });
  }

  #explain(p: RouteParams<'search.explain'>): Promise<RouteResults['search.explain']> {
    this.#open();
    return this.#searches!.explain({ ...this.#photoAsked(p), hit: p.hit, network: p.network, size: p.size });
  }

  #addTruth(p: RouteParams<'truths.add'>): RouteResults['truths.add'] {
    const bytes = this.#uploads.get(p.upload);
    if (bytes === undefined)
      throw new CovisError('NOT_FOUND', 'The file is no longer here', { hint: 'Drop it again.' });
    const truth = importTruthBytes(this.#open(), bytes, p.name, p.protocol);
    this.#emit({ event: 'changed', what: 'truths' });
    return truth;
  }
}

function isId(text: string): boolean {
  return /^[0-9a-f]{8,64}$/.test(text);
}

import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { EngineEvent, Reply } from '../../shared/contract.ts';
import type { JobInfo, LibraryInfo } from '../../shared/domain.ts';
import { CovisError } from '../../shared/errors.ts';
import { ROUTES } from '../../shared/routes/index.ts';
import type { Asker } from '../../shared/routes/route.ts';
import type { EngineContext, Opened } from './answers/answers.ts';
import { asset, type Asset } from './answers/assets.ts';
import { dispatch } from './answers/dispatch.ts';
import { ANSWERS, type AllAnswers } from './answers/index.ts';
import { libraryInfo } from './answers/library.ts';
import { Downloads, type Download } from './answers/downloads.ts';
import { Incoming } from './answers/incoming.ts';
import { Uploads } from './answers/uploads.ts';
import { beginDeeds, closeDeeds, MANY } from './collections/deeds-thread.ts';
import { forgetSets } from './collections/set-memory.ts';
import { logFailure, logger } from './environment/log.ts';
import { PageLog } from './environment/page-log.ts';
import { Library } from './library/library.ts';
import { TupleLists } from './mining/tuples.ts';
import { ensureDefaultNetwork } from './network/networks.ts';
import { JobQueue } from './queue/queue.ts';
import { SearchClient } from './search/client.ts';
import { counts } from './library/tables/counts.ts';
import { countPhotos } from './library/tables/photo.ts';
import { noteHeld } from './start/remember.ts';
import { noteJobRate } from './start/steps.ts';
import { StartDesk, type StartOptions } from './start/desk.ts';

const log = logger('engine');
/** So long after a library was opened for a person the threads beside begin: who only looks in, as a test does, needs none. */
const THREADS_MS = 300;
/** Answers that many views begin with; what is counted for them is kept until something is written. */
const COUNTED = ['collections.list', 'sets.list', 'photos.overview'] as const;
/** Descriptors that are read before somebody searches: fewer are read in no time, more would take the memory of one who may not search at all. */
const DESCRIPTOR_BYTES = { least: 1 << 24, most: 1 << 28 };

export interface EngineOptions {
  /** Holds every result against its route's schema before it is sent; `COVIS_CHECK_RESULTS=1` if not given. */
  readonly checkResults?: boolean;
  /** Answers in place of the engine's own. */
  readonly answers?: Partial<AllAnswers>;
  /** How pages choose libraries; libraries are then put into the list of those that were open. */
  readonly start?: StartOptions;
}

/**
 * The engine: one open library, its jobs, and an answer to every route. Faces (server, desktop, command line) call
 * {@link dispatch} and {@link asset}; long work runs in the job queue's threads.
 */
export class Engine {
  // Every page that is open listens.
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #uploads = new Uploads();
  readonly #incoming = new Incoming();
  readonly #downloads = new Downloads();
  readonly #answers: AllAnswers;
  readonly #check: boolean;
  readonly #context: EngineContext;
  readonly #desk: StartDesk;
  readonly #remembers: boolean;
  #opened: Opened | undefined;
  #beginning: NodeJS.Timeout | undefined;
  /** Opening and closing, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions = {}) {
    this.#desk = new StartDesk(options.start ?? { roots: [] }, () => this.#emit({ event: 'changed', what: 'recent' }));
    this.#remembers = options.start !== undefined;
    this.#answers = { ...ANSWERS, ...options.answers };
    this.#check = options.checkResults ?? process.env['COVIS_CHECK_RESULTS'] === '1';
    this.#context = this.#makeContext();
  }

  /** Opens (or makes) a library; the one open before is closed. */
  async open(path: string, create = false): Promise<LibraryInfo> {
    return libraryInfo(await this.#inTurn(() => this.#open(path, create)));
  }

  /** Folder of the open library; empty where there is none. */
  get library(): string {
    return this.#opened?.library.path ?? '';
  }

  /** @param leave a job that is finishing something is not waited for: it ends by itself. */
  async close(leave = false): Promise<void> {
    const opened = this.#opened;
    clearTimeout(this.#beginning);
    // Its pictures are made of what is about to be closed.
    await this.#desk.settled();
    this.#downloads.close();
    this.#incoming.close();
    if (opened !== undefined) await closeDeeds(opened.library);
    await opened?.searches.close();
    await opened?.queue.close(leave);
    forgetSets();
    // A job that was cut off has brought photos, too.
    if (opened !== undefined && this.#remembers) noteHeld(opened.library);
    opened?.library.close();
    this.#opened = undefined;
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    this.#events.on('event', listener);
    return () => this.#events.off('event', listener);
  }

  /** Answers a request. Never throws: what goes wrong is in the envelope. @param from pages are refused the routes that take paths. */
  dispatch(route: string, params: unknown, from: Asker): Promise<Reply<unknown>> {
    return dispatch(ROUTES, this.#answers, this.#context, { route, params, from, check: this.#check });
  }

  /** Bytes by opaque path, as `answers/assets.ts` lists them. @throws CovisError `NOT_FOUND` for anything else. */
  asset(path: string, query: URLSearchParams): Promise<Asset> {
    return asset(this.#context, path, query);
  }

  /** Takes the bytes of a photo to search with. @returns its opaque id. @throws `INPUT_INVALID` above 64 MiB. */
  upload(bytes: Uint8Array): string {
    return this.#uploads.add(bytes);
  }

  /** As {@link upload}, of bytes as they come. @throws CovisError as `Uploads.receive`. */
  receive(parts: AsyncIterable<Uint8Array>): Promise<string> {
    return this.#uploads.receive(parts);
  }

  /** Takes the next part of a file that a page sends. @throws CovisError as `Incoming.add`. */
  uploadPart(id: string | undefined, at: number, bytes: Uint8Array): { readonly id: string; readonly bytes: number } {
    return this.#incoming.add(id, at, bytes);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** What a job wrote for a page, once. @throws CovisError `NOT_FOUND`. */
  download(id: string): Download {
    return this.#downloads.take(id);
  }

  async #open(path: string, create: boolean): Promise<Library> {
    const library = create ? Library.create(path) : Library.open(path);
    if (this.#opened !== undefined) {
      await this.close(true);
      // Its jobs were at work when this one was opened.
      library.sweep();
    }
    if (library.readOnly === undefined) ensureDefaultNetwork(library);
    this.#opened = {
      library,
      queue: new JobQueue(library, new URL('./work/worker.ts', import.meta.url), (e) => this.#emit(e)),
      searches: new SearchClient(library.path),
      lists: new TupleLists(library),
    };
    log.info(`Library ${library.path}`);
    this.#emit({ event: 'changed', what: 'library' });
    this.#remember();
    this.#beginThreads();
    return library;
  }

  #followed(job: JobInfo): void {
    if (!this.#remembers || this.#opened === undefined || job.state === 'queued' || job.state === 'running') return;
    if (job.state === 'done') noteJobRate(job, counts(this.#opened.library).photos);
    // One that was stopped leaves photos, too.
    this.#remember();
  }

  #remember(): void {
    if (!this.#remembers || this.#opened === undefined) return;
    void this.#desk.remember(this.#opened.library).then(() => this.#emit({ event: 'changed', what: 'recent' }));
  }

  /**
   * What would keep a person waiting is done before he asks: threads take half a second to begin, sums over all photos and descriptors some
   * tenths of one.
   */
  #beginThreads(): void {
    const { library, searches } = this.#opened!;
    if (!this.#remembers) return;
    this.#beginning = setTimeout(() => {
      const noted = (what: string) => (error: unknown) => {
        // A library that is closed meanwhile ends what is read for it.
        if (this.#opened?.library === library) logFailure(log, what, error);
      };
      beginDeeds(library, DESCRIPTOR_BYTES.most).catch(noted('collections'));
      // Of few photos all of it is done in no time when it is asked for.
      const many = countPhotos(library) >= MANY;
      searches
        .prepare({ descriptors: many, within: DESCRIPTOR_BYTES })
        .then(({ ready }) => (ready ? searches.ahead() : null))
        .catch(noted('search'));
      if (many) void this.#count(library);
    }, THREADS_MS).unref();
  }

  /** Each sum in a turn of its own: who asks for anything meanwhile is answered between them. */
  async #count(library: Library): Promise<void> {
    for (const route of COUNTED) {
      await setImmediate(undefined, { ref: false });
      if (this.#opened?.library !== library) return;
      const reply = await this.dispatch(route, {}, 'page');
      if (!reply.ok) log.warn(`${route}: ${reply.error.message}`);
    }
  }

  #emit(event: EngineEvent): void {
    if (event.event === 'job') this.#followed(event.job);
    this.#events.emit('event', event);
  }

  #makeContext(): EngineContext {
    const opened = (): Opened => {
      if (this.#opened === undefined) throw new CovisError('STATE_EMPTY', 'No library is open');
      return this.#opened;
    };
    return {
      get library() {
        return opened().library;
      },
      get queue() {
        return opened().queue;
      },
      get searches() {
        return opened().searches;
      },
      get lists() {
        return opened().lists;
      },
      uploads: this.#uploads,
      incoming: this.#incoming,
      downloads: this.#downloads,
      desk: this.#desk,
      pageLog: new PageLog(logger('page')),
      current: () => this.#opened?.library,
      open: (path) => this.#inTurn(() => this.#open(path, !Library.exists(path))),
      shut: () =>
        this.#inTurn(async () => {
          if (this.#opened === undefined) return;
          await this.close();
          this.#emit({ event: 'changed', what: 'library' });
        }),
      emit: (event) => this.#emit(event),
    };
  }
}

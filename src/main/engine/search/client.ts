import { setTimeout } from 'node:timers/promises';
import type { EdgeNetworkInfo, Explanation, JobProgress, ManifoldView, SearchAnswer } from '../../../shared/domain.ts';
import { DEFINITIONS } from '../../../shared/methods/index.ts';
import type { Finding } from '../retrieval/graph-cache.ts';
import type { SearchRequest, SightRequest } from './requests.ts';
import type { SearchSession } from './session.ts';
import { SearchThread } from './thread.ts';
import { Waits } from './waits.ts';

/** So long nobody has asked for anything before something is done that nobody has asked for. */
const PAUSE_MS = 300;

/**
 * Searches beside the thread that answers requests. What a method prepares may take minutes of a large library, hours where the teacher has to
 * read its photos: that is done in a thread of its own, so that all else is answered meanwhile.
 */
export class SearchClient {
  readonly #prompt: SearchThread;
  readonly #patient: SearchThread;
  readonly #waits: Waits<SearchAnswer>;
  #closed = false;

  /** @param leaseMs a search under a name is given up where nobody has asked for so long how far it is. */
  constructor(libraryPath: string, leaseMs?: number) {
    this.#prompt = new SearchThread(libraryPath);
    this.#patient = new SearchThread(libraryPath);
    this.#waits = new Waits(leaseMs);
  }

  /**
   * @param wait the name under which {@link progress} tells how far it is and {@link stop} gives it up; the same asked again under the same
   * name waits for the same answer. @throws CovisError as {@link SearchSession.search}, `CANCELLED`, `INPUT_INVALID` for a name that another
   * search has.
   */
  search(request: SearchRequest, wait?: string): Promise<SearchAnswer> {
    if (DEFINITIONS[request.method].prepares !== true) return this.#prompt.ask('search', request);
    const needs = neededBy(request);
    if (wait === undefined) return this.#patient.ask('search', request, { needs });
    return this.#waits.join(wait, request, (signal) => this.#patient.ask('search', request, { needs, signal }));
  }

  /** How far a search is that takes long; null where it is answered, or has nothing to say yet. */
  progress(wait: string): JobProgress | null {
    const request = this.#waits.look(wait) as SearchRequest | undefined;
    const now = this.#patient.progress;
    if (request === undefined || now === undefined) return null;
    if (now.of === neededBy(request)) return now.progress;
    const { step, ...rest } = now.progress;
    return { ...rest, step: `After another search: ${step}` };
  }

  /** Gives a search up, which is then told `CANCELLED`. */
  stop(wait: string): void {
    this.#waits.stop(wait);
  }

  prepare(request: Parameters<SearchSession['prepare']>[0]): Promise<{ readonly ready: boolean }> {
    return this.#prompt.ask('prepare', request);
  }

  /** Has the graph ready that would be asked for next, once nobody waits for anything else. */
  async ahead(): Promise<null> {
    do await setTimeout(PAUSE_MS, undefined, { ref: false });
    while (!this.#prompt.idle);
    return this.#closed ? null : this.#prompt.ask('ahead', undefined);
  }

  explain(request: Parameters<SearchSession['explain']>[0]): Promise<Explanation> {
    return this.#prompt.ask('explain', request);
  }

  around(request: Parameters<SearchSession['around']>[0]): Promise<ManifoldView> {
    return this.#prompt.ask('around', request);
  }

  graph(request: Parameters<SearchSession['graph']>[0]): Promise<Finding> {
    return this.#prompt.ask('graph', request);
  }

  sight(request: SightRequest): Promise<Uint8Array> {
    return this.#prompt.ask('sight', request);
  }

  edges(request: Parameters<SearchSession['edges']>[0]): Promise<EdgeNetworkInfo | null> {
    return this.#prompt.ask('edges', request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waits.close();
    await Promise.all([this.#prompt.close(), this.#patient.close()]);
  }
}

/** What has to be prepared for a search, whichever photo asks. */
function neededBy(r: SearchRequest): string {
  return JSON.stringify([r.set, r.network, r.size, r.method, r.ranking, r.collection, r.drawing !== undefined]);
}

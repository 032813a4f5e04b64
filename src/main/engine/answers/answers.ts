import type { EngineEvent } from '../../../shared/contract.ts';
import type { AnswerOf, AskedOf, Routes } from '../../../shared/routes/route.ts';
import type { PageLog } from '../environment/page-log.ts';
import type { Library } from '../library/library.ts';
import type { TupleLists } from '../mining/tuples.ts';
import type { JobQueue } from '../queue/queue.ts';
import type { SearchClient } from '../search/client.ts';
import type { StartDesk } from '../start/desk.ts';
import type { Downloads } from './downloads.ts';
import type { Incoming } from './incoming.ts';
import type { Uploads } from './uploads.ts';

/** What belongs to the open library. */
export interface Opened {
  readonly library: Library;
  readonly queue: JobQueue;
  /** The thread that searches. */
  readonly searches: SearchClient;
  /** Lists of tuples that pages have open. */
  readonly lists: TupleLists;
}

/** What those who answer may use of the engine. The fields of {@link Opened} throw `STATE_EMPTY` while no library is open. */
export interface EngineContext extends Opened {
  /** Photos, drawings and files that pages sent. */
  readonly uploads: Uploads;
  /** Files that pages send in parts, of any size. */
  readonly incoming: Incoming;
  /** What jobs wrote for pages to download. */
  readonly downloads: Downloads;
  /** Where errors of pages go. */
  readonly pageLog: PageLog;
  /** What can be done before a library is open. */
  readonly desk: StartDesk;
  /** The library that is open now, if one is. */
  current(): Library | undefined;
  /** Opens (or makes) a library; the one open before is closed. */
  open(path: string): Promise<Library>;
  /** Closes the library that is open, if one is. */
  shut(): Promise<void>;
  emit(event: EngineEvent): void;
}

/** An answer to each of some routes: parameters come checked, and what is given back has the type that the route says. */
export type Answers<S extends Routes> = {
  readonly [R in keyof S]: (engine: EngineContext, params: AskedOf<S[R]>) => AnswerOf<S[R]> | Promise<AnswerOf<S[R]>>;
};

/** Answers a subject's routes, every one of them. */
export function answers<S extends Routes>(_routes: S, handlers: Answers<NoInfer<S>>): Answers<S> {
  return handlers;
}

/** Tells pages that something of the library is other than it was. */
export function changed(engine: EngineContext, ...what: readonly string[]): void {
  for (const w of what) engine.emit({ event: 'changed', what: w });
}

/** How requests, replies and events travel between processes. What can be asked is in `routes/`. */
import type { JobInfo, JobProgress } from './facts/jobs.ts';
import type { ErrorShape } from './errors.ts';

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

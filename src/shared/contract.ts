/** How requests, replies and events travel between processes. What can be asked is in `routes/`. */
import { z } from 'zod';
import type { Facts } from './facts/facts.ts';
import type { JobInfo, JobProgress } from './facts/jobs.ts';
import type { FolderEntry } from './facts/start.ts';
import type { ErrorShape } from './errors.ts';

export type Reply<T> = { readonly ok: true; readonly data: T } | { readonly ok: false; readonly error: ErrorShape };

/** A request as it travels; `id` pairs it with its reply. */
export const requestMessage = z.object({ id: z.number(), route: z.string(), params: z.unknown() });
export type RequestMessage = Facts<typeof requestMessage>;

export interface ReplyMessage {
  readonly id: number;
  readonly reply: Reply<unknown>;
}

/** What the engine says unasked. */
export type EngineEvent =
  | { readonly event: 'job'; readonly job: JobInfo }
  | { readonly event: 'progress'; readonly id: number; readonly progress: JobProgress }
  | { readonly event: 'changed'; readonly what: string }
  /** A sentence for the person, of the desktop itself. */
  | { readonly event: 'said'; readonly message: string }
  /** A view to go to, as the desktop's menu or a second start asks for. */
  | { readonly event: 'show'; readonly view: string }
  /** What a person chose to import from the desktop's menu. */
  | { readonly event: 'chosen'; readonly sources: readonly FolderEntry[] }
  /** What a person chose in the desktop's menu, by its id: the page does it. */
  | { readonly event: 'act'; readonly action: string }
  /** How far a backup is restored. */
  | { readonly event: 'restoring'; readonly progress: JobProgress }
  /** `ready`: there, for the first time or again. `silent`: connected, but nothing is heard of it; `heard` ends that. */
  | {
      readonly event: 'engine';
      readonly state: 'ready' | 'restarting' | 'gone' | 'silent' | 'heard';
      readonly message: string;
    };

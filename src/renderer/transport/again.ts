import type { Reply } from '../../shared/contract.ts';
import type { Channel } from './channel.ts';
import { onEvent } from './events.ts';

/** How long a request that may be asked again waits for a lost engine before it settles with ENGINE_EXITED. */
export const PATIENCE_MS = 10_000;

export function isLost(reply: Reply<unknown>): boolean {
  return !reply.ok && reply.error.code === 'ENGINE_EXITED';
}

/** Resolves with true when the engine is there again, with false after `ms`. */
export function back(ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (is: boolean) => (): void => {
      off();
      clearTimeout(timer);
      resolve(is);
    };
    const off = onEvent((e) => e.event === 'engine' && e.state === 'ready' && done(true)());
    const timer = setTimeout(done(false), ms);
  });
}

/** Asks what may be asked twice: where the connection is lost on the way, again when it is back, for a bounded time. */
export async function askAgain(channel: Channel, route: string, params: unknown): Promise<Reply<unknown>> {
  let until: number | undefined;
  for (;;) {
    const reply = await channel.request(route, params);
    if (!isLost(reply)) return reply;
    until ??= Date.now() + PATIENCE_MS;
    if (Date.now() >= until || !(await back(until - Date.now()))) return reply;
  }
}

import type { App } from 'vue';
import { request } from '../transport/request.ts';

/** As long as the engine takes them. */
const MESSAGE = 2000;
const STACK = 8000;
const SAME_AGAIN_MS = 10_000;

const sent = new Map<string, number>();

/** Sends an error to the engine's log; the same one at most every ten seconds. */
function report(thrown: unknown, where: string): void {
  const error = thrown instanceof Error ? thrown : undefined;
  const message = `${where}: ${error?.message ?? String(thrown)}`.slice(0, MESSAGE);
  const now = Date.now();
  if (now - (sent.get(message) ?? -Infinity) < SAME_AGAIN_MS) return;
  if (sent.size > 100) sent.clear();
  sent.set(message, now);
  const stack = error?.stack?.slice(0, STACK);
  // Without the engine there is nowhere to send it; the page says by itself that the engine is gone.
  request('log.page', {
    message,
    ...(stack === undefined ? {} : { stack }),
    view: location.pathname.slice(0, 200),
  }).catch(() => undefined);
}

/** Plugin of the app: what nobody caught in the page ends in the log, and in the console as before. */
export function reportErrors(app: App): void {
  app.config.errorHandler = (error, _component, info) => {
    report(error, info);
    console.error(error);
  };
  addEventListener('error', (e) => report(e.error ?? e.message, 'error'));
  addEventListener('unhandledrejection', (e) => report(e.reason, 'unhandled rejection'));
}

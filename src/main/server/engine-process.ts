/**
 * The engine as a process of its own, for the desktop. Requests and events are messages of the parent's channel;
 * photos and arrays go over a loopback server whose port and token only the parent learns. Ends with its parent.
 */
import type { EngineEvent, ReplyMessage, RequestMessage } from '../../shared/contract.ts';
import { toErrorShape, type ErrorShape } from '../../shared/errors.ts';
import { Engine } from '../engine/engine.ts';
import { logFailure, logger, logUncaught } from '../engine/environment/log.ts';
import { endWithParent } from '../engine/environment/parent.ts';
import { startServer } from './http.ts';

/** What the engine's process says to its parent. */
export type EngineProcessMessage =
  /** `unopened`: why the library that was named could not be opened; the engine runs without one. */
  | { readonly type: 'ready'; readonly port: number; readonly token: string; readonly unopened?: ErrorShape }
  /** The library that is open from now on; empty for none. */
  | { readonly type: 'library'; readonly path: string }
  | { readonly type: 'reply'; readonly message: ReplyMessage }
  | { readonly type: 'event'; readonly event: EngineEvent };

/** What the parent says: requests, marked with whether a page or the host itself asks. */
export interface ParentMessage {
  readonly from: 'page' | 'host';
  readonly request: RequestMessage;
}

logUncaught(logger('engine'), true);
// People choose folders in the desktop's dialogs, not in the page.
const engine = new Engine({ start: { roots: [] } });
/** A parent that is gone cannot be told; `disconnect` then ends this process. */
const send = (m: EngineProcessMessage): void => {
  if (process.connected) process.send?.(m, undefined, undefined, () => undefined);
};
engine.onEvent((event) => {
  if (event.event === 'changed' && event.what === 'library') send({ type: 'library', path: engine.library });
  send({ type: 'event', event });
});
process.on('message', ({ from, request }: ParentMessage) => {
  void engine
    .dispatch(request.route, request.params, from)
    .then((reply) => send({ type: 'reply', message: { id: request.id, reply } }));
});
endWithParent();
process.on('disconnect', () => {
  void engine.close(true).finally(() => process.exit(0));
});
const library = process.argv[2];
let unopened: ErrorShape | undefined;
if (library !== undefined && library !== '') {
  try {
    await engine.open(library);
  } catch (error) {
    logFailure(logger('engine'), `${library} cannot be opened`, error);
    unopened = toErrorShape(error);
  }
}
const server = await startServer(engine, {});
send({ type: 'ready', port: server.port, token: server.token, ...(unopened === undefined ? {} : { unopened }) });

import type { Reply } from '../../shared/contract.ts';
import { fromErrorShape } from '../../shared/errors.ts';
import type { RouteName, RouteParams, RouteResults } from '../../shared/routes/index.ts';
import { askAgain, isLost } from './again.ts';
import { forgetAhead, keepAhead, takeAhead } from './ahead.ts';
import { SocketChannel, type Channel } from './channel.ts';
import { onEvent, tell } from './events.ts';
import { enterOnce } from './entrance.ts';
import { keyHeaders, socketWithKeys, takeKeys } from './keys.ts';
import { Outbox } from './outbox.ts';
import { underWay } from './quiet.ts';
import { remember, remembered } from './remembered.ts';
import { REPEATS } from './repeats.ts';

const WELCOME_MS = 3000;
const desktop = window.covis;
let made: Channel | undefined = desktop;
desktop?.onEvent(tell);

/** False where the server answers and refuses this page: it was started anew and has another key. Unreachable counts as welcome. */
async function welcome(): Promise<boolean> {
  try {
    return (await fetch('/enter', { headers: keyHeaders(), signal: AbortSignal.timeout(WELCOME_MS) })).status !== 401;
  } catch {
    return true;
  }
}

function channel(first?: WebSocket): Channel {
  made ??= new SocketChannel({ open: socketWithKeys, first, tell, welcome });
  return made;
}

/** Takes over what the page came in with; called before anything is asked, so that the first request finds a connection. */
export async function enter(): Promise<void> {
  const { keys, socket } = await enterOnce();
  takeKeys(keys);
  channel(socket);
}

/** Decisions on their way. */
export const outbox = new Outbox(channel, onEvent);

function unwrapped<R extends RouteName>(_route: R, reply: Reply<unknown>): RouteResults<R> {
  if (reply.ok) return reply.data as RouteResults<R>;
  throw fromErrorShape(reply.error);
}

/** Asks ahead: see {@link askAhead}. */
export type AskAhead = typeof askAhead;

/**
 * Asks what will be asked for certain, and may be asked twice, before there is anyone to ask it: who asks the same first takes the answer.
 * @throws CovisError as {@link request}, at once where the connection is lost.
 */
export async function askAhead<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  return unwrapped(route, await keepAhead(route, params, () => underWay(channel().request(route, params))));
}

/** Asks what may be asked twice, or takes the answer where it was asked ahead. */
async function asked(route: RouteName, params: unknown): Promise<Reply<unknown>> {
  const ahead = takeAhead(route, params);
  if (ahead !== undefined) {
    const reply = await ahead;
    // As an answer comes: what is made of it is no part of the task that asked.
    await new Promise((resolve) => setTimeout(resolve));
    if (!isLost(reply)) return reply;
  }
  return underWay(askAgain(channel(), route, params));
}

/**
 * Asks the engine. What may be asked twice is asked again where the connection is lost, for ten seconds; what is to be done once waits in the
 * outbox for as long as it takes. While the connection is lost, what was answered before is answered again. @throws CovisError with the engine's code, ENGINE_EXITED where it cannot be asked.
 */
export async function request<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  const repeat = REPEATS[route];
  if (repeat === 'once') return hand(route, params).answer;
  if (repeat !== 'safe') {
    forgetAhead();
    return unwrapped(route, await underWay(channel().request(route, params)));
  }
  const known = remembered(route, params);
  if (known !== undefined) return known as RouteResults<R>;
  const answer = unwrapped(route, await asked(route, params));
  remember(route, params, answer);
  return answer;
}

/** Hands over what is to be done once: its answer, and what resolves where that has to wait for a lost connection. */
export function hand<R extends RouteName>(
  route: R,
  params: RouteParams<R>,
): { readonly answer: Promise<RouteResults<R>>; readonly kept: Promise<'kept'> } {
  forgetAhead();
  const { answer, kept } = outbox.hand(route, params as Readonly<Record<string, unknown>>);
  return { answer: answer.then((reply) => unwrapped(route, reply)), kept: kept.then(() => 'kept') };
}

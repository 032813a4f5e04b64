import type { RouteName, RouteParams, RouteResults } from '../../shared/routes/index.ts';
import { fromErrorShape } from '../../shared/errors.ts';
import { SocketChannel, type Channel } from './channel.ts';
import { tell } from './events.ts';

const desktop = window.covis;
let channel: Channel | undefined = desktop;
desktop?.onEvent(tell);

/** False where the server answers and refuses this page: it was started anew and has another key. Unreachable counts as welcome. */
async function welcome(): Promise<boolean> {
  try {
    return (await fetch('/')).status !== 401;
  } catch {
    return true;
  }
}

/** Asks the engine. @throws CovisError with the engine's code. */
export async function request<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults<R>> {
  channel ??= new SocketChannel({ url: `ws://${location.host}/messages`, tell, welcome });
  const reply = await channel.request(route, params);
  if (reply.ok) return reply.data as RouteResults<R>;
  throw fromErrorShape(reply.error);
}

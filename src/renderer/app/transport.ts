import type { EngineEvent, Reply, ReplyMessage, RouteName, RouteParams, RouteResults } from '../../shared/contract.ts';
import type { ExportFormat, Pooling } from '../../shared/domain.ts';
import { CovisError, fromErrorShape } from '../../shared/errors.ts';

type Listener = (event: EngineEvent) => void;
const listeners = new Set<Listener>();

/** How requests travel: through the desktop's bridge, or a WebSocket in a browser. */
interface Channel {
  request(route: string, params: unknown): Promise<Reply<unknown>>;
}

function tell(event: EngineEvent): void {
  for (const l of listeners) l(event);
}

const GONE: Reply<never> = {
  ok: false,
  error: { code: 'ENGINE_EXITED', message: 'The connection to the engine was lost' },
};
const RETRY_MS = 1500;

/** Rejects what is pending when the connection is lost, says so, and connects again. */
class SocketChannel implements Channel {
  readonly #pending = new Map<number, (reply: Reply<unknown>) => void>();
  #socket: Promise<WebSocket>;
  #next = 1;
  #lost = false;

  constructor() {
    this.#socket = this.#connect();
  }

  #connect(): Promise<WebSocket> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${location.host}/messages`);
      socket.onopen = () => {
        if (this.#lost) tell({ event: 'engine', state: 'ready', message: '' });
        this.#lost = false;
        resolve(socket);
      };
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(String(data)) as ReplyMessage | EngineEvent;
        if ('event' in message) tell(message);
        else {
          this.#pending.get(message.id)?.(message.reply);
          this.#pending.delete(message.id);
        }
      };
      socket.onclose = () => {
        reject(new Error('closed'));
        for (const answer of this.#pending.values()) answer(GONE);
        this.#pending.clear();
        if (!this.#lost)
          tell({
            event: 'engine',
            state: 'gone',
            message:
              'The connection to covis serve was lost. It is tried again; if covis serve was ended, start it and open the address that it prints.',
          });
        this.#lost = true;
        setTimeout(() => {
          this.#socket = this.#connect();
          this.#socket.catch(() => undefined);
        }, RETRY_MS);
      };
    });
  }

  async request(route: string, params: unknown): Promise<Reply<unknown>> {
    let socket: WebSocket;
    try {
      socket = await this.#socket;
    } catch {
      return GONE;
    }
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      socket.send(JSON.stringify({ id, route, params }));
    });
  }
}

const desktop = window.covis;
const channel: Channel = desktop ?? new SocketChannel();
desktop?.onEvent(tell);

/** Asks the engine. @throws CovisError with the engine's code. */
export async function request<R extends RouteName>(route: R, params: RouteParams<R>): Promise<RouteResults[R]> {
  const reply = await channel.request(route, params);
  if (reply.ok) return reply.data as RouteResults[R];
  throw fromErrorShape(reply.error);
}

export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Native dialogs of the desktop; undefined in a browser. */
export const host =
  desktop === undefined
    ? undefined
    : {
        openLibrary: () => unwrap(desktop.openLibrary()),
        importModels: () => unwrap(desktop.importModels()),
        clusterPhotos: () => unwrap(desktop.clusterPhotos()),
        chooseDomains: () => unwrap(desktop.chooseDomains()),
        chooseNetwork: (pooling: Pooling) => unwrap(desktop.chooseNetwork(pooling)),
        exportRun: (format: ExportFormat, run: number) => unwrap(desktop.exportRun(format, run)),
      };

async function unwrap(reply: Promise<Reply<unknown>>): Promise<unknown> {
  const r = await reply;
  if (!r.ok) throw fromErrorShape(r.error);
  return r.data;
}

/** Address of a photo at least `size` pixels long. */
export function photoUrl(id: string, size: number): string {
  return `/asset/photo/${id}?s=${size}`;
}

/** Fetches a flat array of the engine. @throws CovisError. */
export async function fetchArray(path: string): Promise<ArrayBuffer> {
  const response = await fetch(`/asset/${path}`);
  if (!response.ok) throw new CovisError('NOT_FOUND', `${path} cannot be fetched (${response.status})`);
  return response.arrayBuffer();
}

/** Sends a photo to search with. @returns its id. */
export async function uploadPhoto(file: Blob): Promise<string> {
  const response = await fetch('/asset/upload', { method: 'POST', body: file });
  const answer = (await response.json()) as { id?: string; error?: { code: never; message: string } };
  if (answer.id === undefined)
    throw answer.error === undefined
      ? new CovisError('INTERNAL', 'The photo was not taken')
      : fromErrorShape(answer.error);
  return answer.id;
}

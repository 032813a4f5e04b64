import type { EngineEvent, Reply, ReplyMessage } from '../../shared/contract.ts';

/** How requests travel: through the desktop's bridge, or a WebSocket in a browser. */
export interface Channel {
  /** Always settles; a lost connection is a reply with the code ENGINE_EXITED. */
  request(route: string, params: unknown): Promise<Reply<unknown>>;
}

export interface SocketChannelOptions {
  readonly url: string;
  /** Events of the engine, and those of the connection itself as `engine` events: `gone` once, `ready` when it is back. */
  readonly tell: (event: EngineEvent) => void;
  readonly retryMs?: number;
  /** Asked before each new try: false where the server answers but knows this page no longer, so that trying is vain. */
  readonly welcome?: () => Promise<boolean>;
}

const GONE: Reply<never> = {
  ok: false,
  error: {
    code: 'ENGINE_EXITED',
    message: 'The connection to the engine is lost',
    hint: 'It is tried again by itself; ask again once it is back',
  },
};
const LOST =
  'The connection to covis serve was lost. It is tried again; if covis serve was ended, start it and open the address that it prints.';
const STRANGER =
  'covis serve was started anew and does not know this page. Open the address that it printed: it carries the key to this library.';
const RETRY_MS = 1500;

/**
 * Requests over one WebSocket. What is in flight when the connection goes, and what is asked until it is back, settles at once with
 * ENGINE_EXITED; only the very first connection is waited for. Answers of a connection that is gone are not heard any more.
 */
export class SocketChannel implements Channel {
  readonly #options: SocketChannelOptions;
  readonly #pending = new Map<number, (reply: Reply<unknown>) => void>();
  #socket: WebSocket | undefined;
  #next = 1;
  #lost = false;
  #told = '';
  /** The server answers but does not know this page. */
  #stranger = false;
  readonly #first: Promise<void>;
  #settled: () => void = () => undefined;

  constructor(options: SocketChannelOptions) {
    this.#options = options;
    this.#first = new Promise((resolve) => (this.#settled = resolve));
    this.#connect();
  }

  #connect(): void {
    const socket = new WebSocket(this.#options.url);
    this.#socket = socket;
    socket.onopen = () => {
      if (this.#lost) this.#options.tell({ event: 'engine', state: 'ready', message: '' });
      this.#lost = false;
      this.#told = '';
      this.#settled();
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      const message = JSON.parse(String(data)) as ReplyMessage | EngineEvent;
      if ('event' in message) this.#options.tell(message);
      else {
        const answer = this.#pending.get(message.id);
        this.#pending.delete(message.id);
        answer?.(message.reply);
      }
    };
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#lost = true;
      this.#settled();
      const waiting = [...this.#pending.values()];
      this.#pending.clear();
      for (const answer of waiting) answer(GONE);
      this.#say(this.#stranger ? STRANGER : LOST);
      setTimeout(() => void this.#again(), this.#options.retryMs ?? RETRY_MS);
    };
  }

  async #again(): Promise<void> {
    this.#stranger = (await this.#options.welcome?.()) === false;
    if (this.#stranger) this.#say(STRANGER);
    this.#connect();
  }

  /** Each reason once, not at every try. */
  #say(message: string): void {
    if (this.#told === message) return;
    this.#told = message;
    this.#options.tell({ event: 'engine', state: 'gone', message });
  }

  async request(route: string, params: unknown): Promise<Reply<unknown>> {
    await this.#first;
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return GONE;
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      socket.send(JSON.stringify({ id, route, params }));
    });
  }
}

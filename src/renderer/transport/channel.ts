import type { EngineEvent, Reply, ReplyMessage } from '../../shared/contract.ts';
import { PING, PONG } from '../../shared/pulse.ts';

/** How requests travel: through the desktop's bridge, or a WebSocket in a browser. */
export interface Channel {
  /** Always settles; a lost connection is a reply with the code ENGINE_EXITED. */
  request(route: string, params: unknown): Promise<Reply<unknown>>;
}

export interface SocketChannelOptions {
  /** Begins a connection. */
  readonly open: () => WebSocket;
  /** The first connection, where it was begun already; what it said until now was not heard. */
  readonly first?: WebSocket | undefined;
  /** Events of the engine, and those of the connection itself as `engine` events: `gone` once, `ready` when it is back. */
  readonly tell: (event: EngineEvent) => void;
  readonly retryMs?: number;
  /** Asked before each new try: false where the server answers but knows this page no longer, so that trying is vain. */
  readonly welcome?: () => Promise<boolean>;
}

const lost = (message: string, hint: string): Reply<never> => ({
  ok: false,
  error: { code: 'ENGINE_EXITED', message, hint },
});
const NOT_SENT = lost(
  'The connection to the engine is lost',
  'It is tried again by itself; ask again once it is back.',
);
const NOT_ANSWERED = lost(
  'The connection to the engine was lost before the answer came',
  'Once it is back, look whether this was done before you ask for it again.',
);
const LOST =
  'The connection to covis serve was lost. It is tried again; if covis serve was ended, start it and open the address that it prints.';
const STRANGER =
  'covis serve does not know this page: it has another key now, or this browser has lost it. Open the address that it printed.';
const SILENT = 'covis serve does not answer at the moment: it is busy, or stands still.';
const RETRY_MS = 1000;
const OPENING_MS = 5000;
/** How often it is asked whether the server is there, and after how long without a word it is said that it is not. */
const PING_MS = 500;
const SILENT_MS = 1400;
/** A connection on which nothing was heard for so long is given up. */
const GIVEN_UP_MS = 20_000;

/**
 * Requests over one WebSocket. What is in flight when the connection goes, and what is asked until it is back, settles at once with
 * ENGINE_EXITED; only the very first connection is waited for. Answers of a connection that is gone are not heard any more. A server that
 * stands still closes nothing: it is asked again and again whether it is there.
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
  #pulse: ReturnType<typeof setInterval> | undefined;

  constructor(options: SocketChannelOptions) {
    this.#options = options;
    this.#first = new Promise((resolve) => (this.#settled = resolve));
    this.#follow(options.first ?? options.open());
  }

  #follow(socket: WebSocket): void {
    this.#socket = socket;
    const opening = setTimeout(() => this.#drop(socket), OPENING_MS);
    const opened = (): void => {
      clearTimeout(opening);
      if (this.#socket !== socket) return;
      if (this.#lost) this.#options.tell({ event: 'engine', state: 'ready', message: '' });
      this.#lost = false;
      this.#told = '';
      this.#settled();
      this.#listen(socket);
    };
    const closed = (): void => {
      clearTimeout(opening);
      this.#drop(socket);
    };
    socket.onopen = opened;
    socket.onclose = closed;
    // One that was begun elsewhere may have opened, or closed, already.
    if (socket.readyState === WebSocket.OPEN) opened();
    else if (socket.readyState > WebSocket.OPEN) closed();
  }

  /** Hands on what the server says, and says when it says nothing. */
  #listen(socket: WebSocket): void {
    /** When a question was sent that nothing was heard after; none is on its way while 0. */
    let asked = 0;
    let silent = false;
    /** Whether it answers such questions at all. */
    let answers = false;
    let beat = Date.now();
    socket.onmessage = ({ data }) => {
      if (this.#socket !== socket) return;
      asked = 0;
      if (silent) this.#options.tell({ event: 'engine', state: 'heard', message: '' });
      silent = false;
      if (data === PONG) answers = true;
      else this.#hear(String(data));
    };
    this.#pulse = setInterval(() => {
      const now = Date.now();
      // A page that was asleep has heard nothing because of that.
      const slept = now - beat > 3 * PING_MS;
      beat = now;
      if (slept && asked !== 0) asked = now;
      if (asked === 0) {
        asked = now;
        socket.send(PING);
      } else if (!answers) return;
      else if (now - asked > GIVEN_UP_MS) this.#drop(socket);
      else if (now - asked >= SILENT_MS && !silent) {
        silent = true;
        this.#options.tell({ event: 'engine', state: 'silent', message: SILENT });
      }
    }, PING_MS);
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as ReplyMessage | EngineEvent;
    if ('event' in message) return this.#options.tell(message);
    const answer = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    answer?.(message.reply);
  }

  /** Gives a connection up and tries for another. */
  #drop(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    clearInterval(this.#pulse);
    socket.close();
    this.#lost = true;
    this.#settled();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    this.#say(this.#stranger ? STRANGER : LOST);
    for (const answer of waiting) answer(NOT_ANSWERED);
    setTimeout(() => void this.#again(), this.#options.retryMs ?? RETRY_MS);
  }

  async #again(): Promise<void> {
    this.#stranger = (await this.#options.welcome?.()) === false;
    if (this.#stranger) this.#say(STRANGER);
    this.#follow(this.#options.open());
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
    if (socket?.readyState !== WebSocket.OPEN) return NOT_SENT;
    const id = this.#next++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve);
      socket.send(JSON.stringify({ id, route, params }));
    });
  }
}

/** Messages over WebSockets: in fair order, within bounds, from clients that also listen. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { requestMessage, type ReplyMessage, type RequestMessage } from '../../shared/contract.ts';
import { PING, PONG } from '../../shared/pulse.ts';
import type { Engine } from '../engine/engine.ts';
import { logger } from '../engine/environment/log.ts';
import { parseJson } from '../engine/formats/json-text.ts';
import { PROTOCOL } from './doors.ts';
import { Reading, type Readable } from './reading.ts';

const log = logger('server');
/** Ten thousand judgements at once take 1.5 MB. */
const MESSAGE_LIMIT = 4 << 20;
const MOST_CLIENTS = 64;
/** Requests of one client that are answered at the same time; more of them wait, and it is not read on beyond these. */
const AT_ONCE = 8;
const MOST_WAITING = 64;
const MOST_WAITING_BYTES = MESSAGE_LIMIT;
/** Of all clients together; above it each has one message read at a time. */
const MOST_WAITING_BYTES_OF_ALL = 4 * MESSAGE_LIMIT;
/** Text from which on a request is large: what it says takes some ten times as much memory once it is read. */
const LARGE = 256 << 10;
/** Of large requests that are answered at the same moment; one alone may be longer. */
const MOST_LARGE_BYTES = MESSAGE_LIMIT / 2;
/** What a client has not taken when the next answer comes. */
const MOST_UNREAD_BYTES = 8 << 20;
const HEARTBEAT_MS = 30_000;

/** What a request takes of this thread, in milliseconds, before it is known: something, and more the longer it is. */
const shareOf = (text: string): number => 1 + text.length / 25_000;

/** Milliseconds that this thread has worked; before Node 24, which cannot tell, those that have passed. */
function threadMs(): number {
  // It is not there in the Node 22 that serves where no other comes along.
  const used = (process as { threadCpuUsage?: typeof process.threadCpuUsage }).threadCpuUsage?.();
  return used === undefined ? performance.now() : (used.user + used.system) / 1000;
}

interface Client extends Readable {
  readonly ws: WebSocket;
  readonly waiting: string[];
  waitingBytes: number;
  answering: number;
  alive: boolean;
  /** Until when, in the clock of all, this one has had its share. */
  served: number;
  /** It has asked for so much that it is read no further. */
  full: boolean;
  /** Others have their turn to be read. */
  held: boolean;
}

function newClient(ws: WebSocket): Client {
  return {
    ws,
    waiting: [],
    waitingBytes: 0,
    answering: 0,
    alive: true,
    served: 0,
    full: false,
    held: false,
    hold(held) {
      this.held = held;
      readOrNot(this);
    },
    cutOff(why) {
      log.warn(`A page was cut off: it ${why}`);
      ws.terminate();
    },
  };
}

function readOrNot({ ws, full, held }: Client): void {
  if (full || held) ws.pause();
  else ws.resume();
}

/**
 * Answers the requests of all clients by weighted fair queueing (Demers, Keshav, Shenker 1989; the clock by Golestani 1994): next is the
 * one whose request would end first if all clients were served at once, at equal shares. One who asks thousands, or many who ask for ten
 * thousand judgements at the same moment, delay a page's small request by the one answer that is under way.
 * A client that asks faster than it is answered is read no further meanwhile; one that does not take its answers is cut off.
 */
export class Messages {
  readonly #engine: Pick<Engine, 'dispatch' | 'onEvent'>;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MESSAGE_LIMIT,
    // Never the key that may stand beside it.
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  readonly #clients = new Set<Client>();
  readonly #reading = new Reading<Client>();
  /** The clock of all: milliseconds of service that a client who always asked would have had. */
  #clock = 0;
  readonly #heartbeat: NodeJS.Timeout;
  #turning = false;
  #waitingBytes = 0;
  /** Characters of the large requests that are answered now. */
  #largeBytes = 0;

  constructor(engine: Pick<Engine, 'dispatch' | 'onEvent'>) {
    this.#engine = engine;
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  /** Takes a connection whose key and origin were looked at. */
  accept(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#clients.size >= MOST_CLIENTS) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(req, socket, head, (ws) => this.#greet(ws, socket));
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#reading.close();
    for (const client of this.#clients) {
      client.ws.terminate();
      this.#forget(client);
    }
    this.#server.close();
  }

  #greet(ws: WebSocket, socket: Duplex): void {
    const client = newClient(ws);
    this.#clients.add(client);
    this.#reading.begin(client);
    // Before the socket's frames are put together: a message that ends with these bytes is whole then.
    socket.prependListener('data', (part: Buffer) => this.#reading.took(client, part.length));
    const off = this.#engine.onEvent((event) => this.#send(client, event));
    ws.on('close', () => {
      off();
      this.#clients.delete(client);
      this.#reading.end(client);
      this.#forget(client);
    });
    // A message that is too large or no frame: the socket closes itself and says why to the page.
    ws.on('error', () => undefined);
    ws.on('pong', () => (client.alive = true));
    ws.on('message', (data) => {
      this.#reading.whole(client);
      // Behind what was no request nothing is one.
      if (ws.readyState !== ws.OPEN) return;
      const text = String(data);
      client.alive = true;
      // A page asks whether anybody is here; that waits for nothing.
      if (text === PING) return void ws.send(PONG, () => undefined);
      // Who waits for each answer before the next question owes nothing: only those who flood are held to their share.
      if (client.waiting.length === 0)
        client.served = client.answering === 0 ? this.#clock : Math.max(client.served, this.#clock);
      client.waiting.push(text);
      client.waitingBytes += text.length;
      this.#waitingBytes += text.length;
      if (
        client.waiting.length >= MOST_WAITING ||
        client.waitingBytes >= MOST_WAITING_BYTES ||
        this.#waitingBytes >= MOST_WAITING_BYTES_OF_ALL
      ) {
        client.full = true;
        readOrNot(client);
      }
      this.#turn();
    });
  }

  /** Asks for one request after another; other work of the process has its chance between them. */
  #turn(): void {
    if (this.#turning) return;
    let client: Client | undefined;
    let first = Infinity;
    for (const c of this.#clients) {
      if (c.waiting.length === 0 || c.answering >= AT_ONCE || !this.#fits(c.waiting[0]!)) continue;
      // Whoever has asked for more than it waits for is behind those who ask one thing at a time, by what it has asked for.
      const place = c.served + shareOf(c.waiting[0]!) + c.waiting.length + c.answering;
      if (place < first) [client, first] = [c, place];
    }
    if (client === undefined) return;
    const ends = client.served + shareOf(client.waiting[0]!);
    this.#turning = true;
    this.#clock = Math.max(this.#clock, client.served);
    const began = threadMs();
    this.#answer(client);
    client.served = Math.max(ends, client.served + threadMs() - began);
    setImmediate(() => {
      this.#turning = false;
      this.#turn();
    });
  }

  #fits(text: string): boolean {
    return text.length < LARGE || this.#largeBytes === 0 || this.#largeBytes + text.length <= MOST_LARGE_BYTES;
  }

  #forget(client: Client): void {
    this.#waitingBytes -= client.waitingBytes;
    client.waitingBytes = 0;
    client.waiting.length = 0;
  }

  #answer(client: Client): void {
    const { ws } = client;
    const text = client.waiting.shift()!;
    client.waitingBytes -= text.length;
    this.#waitingBytes -= text.length;
    if (client.full && client.waiting.length < MOST_WAITING / 2 && client.waitingBytes < MOST_WAITING_BYTES / 2) {
      client.full = false;
      readOrNot(client);
    }
    let message: RequestMessage;
    try {
      message = requestMessage.parse(parseJson(text, {}));
    } catch {
      ws.close(1003, 'no request');
      this.#forget(client);
      return;
    }
    client.answering += 1;
    const large = text.length < LARGE ? 0 : text.length;
    this.#largeBytes += large;
    void this.#engine.dispatch(String(message.route), message.params, 'page').then((reply) => {
      // While it could not be asked for more it saved nothing up.
      if (client.answering === AT_ONCE) client.served = Math.max(client.served, this.#clock);
      client.answering -= 1;
      this.#largeBytes -= large;
      this.#send(client, { id: message.id, reply } satisfies ReplyMessage);
      this.#turn();
    });
  }

  #send({ ws }: Client, message: unknown): void {
    if (ws.readyState !== ws.OPEN) return;
    if (ws.bufferedAmount > MOST_UNREAD_BYTES) {
      log.warn(`A page has not taken ${ws.bufferedAmount} bytes of its answers and was cut off`);
      ws.terminate();
      return;
    }
    ws.send(JSON.stringify(message), () => undefined);
  }

  /** Who has gone without a word answers no ping. */
  #beat(): void {
    for (const client of this.#clients) {
      if (!client.alive) client.ws.terminate();
      // One that is not read at the moment cannot be heard.
      client.alive = client.ws.isPaused;
      client.ws.ping(undefined, undefined, () => undefined);
    }
  }
}

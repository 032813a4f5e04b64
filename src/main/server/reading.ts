/** Large messages are read one after the other: what arrives at the same moment from many would keep this thread from everything else. */

/** Bytes of one message from which on it has to wait for its turn. */
const HEAVY = 64 << 10;
/** Of messages that have begun and not ended, all clients together. */
const MOST_UNFINISHED = 16 << 20;
/** Who has its turn and sends nothing for so long lets the next one have it. */
const PATIENCE_MS = 100;

/** A connection that can be read no further for a while. */
export interface Readable {
  /** Reads it no further, or again. */
  hold(held: boolean): void;
  /** Ends it. */
  cutOff(why: string): void;
}

/** What is known of one that is read. */
class Reader {
  /** Of the message that has begun. */
  bytes = 0;
  held = false;
  readonly connection: Readable;
  constructor(connection: Readable) {
    this.connection = connection;
  }
}

/**
 * Whose message is read. A loop of events reads whatever has arrived on all connections before anything else has its chance; two hundred
 * clients with two megabytes each hold it for half a second so. Messages of up to {@link HEAVY} bytes are read as they come; of longer
 * ones one at a time is, the others stay in the sockets of the system, which bounds memory, too.
 */
export class Reading<C extends Readable> {
  readonly #readers = new Map<C, Reader>();
  /** Whose long message is read now. */
  #one: C | undefined;
  #line: C[] = [];
  #unfinished = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Bytes of messages that have begun and not ended. */
  get unfinished(): number {
    return this.#unfinished;
  }

  begin(connection: C): void {
    this.#readers.set(connection, new Reader(connection));
  }

  /** Bytes arrived of a message of this connection. */
  took(connection: C, bytes: number): void {
    const reader = this.#readers.get(connection);
    if (reader === undefined) return;
    reader.bytes += bytes;
    this.#unfinished += bytes;
    if (reader.bytes <= HEAVY) return;
    if (this.#one === undefined || this.#one === connection) this.#give(connection);
    else this.#wait(connection, reader);
    if (this.#unfinished > MOST_UNFINISHED) this.#makeRoom();
  }

  /** A message has arrived whole. */
  whole(connection: C): void {
    const reader = this.#readers.get(connection);
    if (reader === undefined) return;
    this.#unfinished -= reader.bytes;
    reader.bytes = 0;
    if (this.#one === connection) this.#next();
  }

  /** The connection is gone. */
  end(connection: C): void {
    this.whole(connection);
    this.#readers.delete(connection);
    this.#line = this.#line.filter((c) => c !== connection);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #wait(connection: C, reader: Reader): void {
    if (reader.held) return;
    reader.held = true;
    this.#line.push(connection);
    connection.hold(true);
  }

  #give(connection: C): void {
    this.#one = connection;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lapse(connection), PATIENCE_MS).unref();
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#one = undefined;
    const next = this.#line.shift();
    if (next === undefined) return;
    this.#readers.get(next)!.held = false;
    this.#give(next);
    next.hold(false);
  }

  /** Nothing came of the one that has its turn: others have theirs first. */
  #lapse(slow: C): void {
    if (this.#line.length > 0) this.#wait(slow, this.#readers.get(slow)!);
    this.#next();
  }

  /** Of those who have begun and go on with nothing, the one with most is cut off. */
  #makeRoom(): void {
    let most: [C, Reader] | undefined;
    for (const [c, r] of this.#readers) if (c !== this.#one && r.bytes > (most?.[1].bytes ?? 0)) most = [c, r];
    most?.[0].cutOff('begins more than it ends');
  }
}

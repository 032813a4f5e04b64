import { CovisError } from '../../../shared/errors.ts';

const MIB = 1 << 20;

/**
 * What a file of a stranger may cost. Every reader takes its limits from here; what can be is derived from the size of the file, so that
 * a genuine file of any size is read and a small one cannot become a large one.
 */
export const LIMITS = {
  /** Bytes of files that are read whole. */
  whole: {
    pickle: 1024 * MIB,
    mat: 2 ** 31 - 1,
    json: 512 * MIB,
    text: 256 * MIB,
    list: 1024 * MIB,
    network: 2 ** 31 - 1,
  },
  /** Bytes that a file may become once it is unpacked and its numbers are widened: so many, and so many for each byte of the file. */
  unpacked: { base: 128 * MIB, each: 32 },
  /** Values of a file: so many, and so many for each byte. */
  items: { base: 1_000_000, each: 4 },
  /** Lists and objects of JSON: each costs many times its text. */
  containers: { base: 2_000_000, each: 1 / 8 },
  /** Levels of what lies inside another. */
  depth: 64,
  /** Seconds of reading where the work is not bounded by the size: so many, and one more for so many bytes. */
  seconds: { base: 60, bytes: MIB },
  /** Bytes of the header of an array. */
  header: MIB,
  /** Dimensions of an array, as many as NumPy has. */
  dimensions: 64,
  /** Bytes of sparse matrices once they are full, besides as many for each byte of the file as may be unpacked. */
  dense: 640 * MIB,
  photo: {
    /** Pixels that the decoder takes at most. */
    pixels: 0x3fff * 0x3fff,
    /** Above the first so many pixels there are at most so many for each byte of the file: what is packed tighter is no photo. */
    free: 1 << 24,
    each: 256,
    /** Bytes of an image that is taken apart value by value. */
    values: 640 * MIB,
    /** Files up to so many bytes are read at once, larger ones by the decoder. */
    whole: 64 * MIB,
    seconds: 120,
  },
  drawing: { pixels: 50_000_000, bytes: 64 * MIB },
  /** Bytes once unpacked, pixels of the pictures in it, seconds of painting. */
  svg: { bytes: 32 * MIB, pixels: 1 << 24, seconds: 10 },
  /** Rows of a foreign database. */
  rows: 10_000_000,
} as const;

const CLOCK_EVERY = 4096;

/** Bytes as a sentence has them: 2 KiB, 256 MiB, 1 GiB. */
export function inWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < MIB) return `${Math.round(bytes / 1024)} KiB`;
  const mib = Math.round(bytes / MIB);
  return mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`;
}

/** What one file may still cost while it is read. */
export class Budget {
  readonly #file: string;
  /** Bytes of the file as it lies there. */
  readonly size: number;
  readonly #ends: number;
  #bytes: number;
  #dense: number;
  #items: number;
  #turns = 0;

  /** @param size bytes of the file as it lies there. @param now milliseconds, for tests. */
  constructor(file: string, size: number, now = performance.now()) {
    this.#file = file;
    this.size = size;
    this.#bytes = LIMITS.unpacked.base + LIMITS.unpacked.each * size;
    this.#dense = LIMITS.dense + LIMITS.unpacked.each * size;
    this.#items = LIMITS.items.base + LIMITS.items.each * size;
    this.#ends = now + 1000 * (LIMITS.seconds.base + size / LIMITS.seconds.bytes);
  }

  /** Bytes that may still be taken. */
  get left(): number {
    return Math.max(0, this.#bytes);
  }

  /** To be said before memory is taken. @throws CovisError `INPUT_UNSUPPORTED` where the file becomes too large. */
  bytes(count: number): void {
    this.#bytes -= count;
    if (!(this.#bytes >= 0)) throw this.tooLarge();
  }

  /** As {@link bytes}, of a sparse matrix that is made full. */
  dense(count: number): void {
    this.#dense -= count;
    if (!(this.#dense >= 0)) throw this.#beyond('has a sparse matrix that becomes too large once it is full');
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` for more values than such a file can mean, and past the time. */
  items(count = 1): void {
    this.#items -= count;
    if (!(this.#items >= 0)) throw this.#beyond('holds more values than a file of its size can mean');
    this.#turns += 1;
    if (this.#turns % CLOCK_EVERY === 0) this.time();
  }

  /** @throws CovisError `INPUT_UNSUPPORTED` when reading has taken longer than a file of this size can. */
  time(now = performance.now()): void {
    if (now > this.#ends) throw this.#beyond('takes longer to read than a file of its size can');
  }

  /** @param depth of what is read now, 0 for the outermost. @throws CovisError `INPUT_CORRUPT` for what is nested too deeply. */
  depth(depth: number): void {
    if (depth > LIMITS.depth)
      throw new CovisError('INPUT_CORRUPT', `This file is nested more than ${LIMITS.depth} levels deep`, {
        file: this.#file,
      });
  }

  tooLarge(cause?: unknown): CovisError {
    const most = LIMITS.unpacked.base + LIMITS.unpacked.each * this.size;
    return this.#beyond(`becomes more than ${inWords(most)} once it is unpacked`, cause);
  }

  #beyond(what: string, cause?: unknown): CovisError {
    return new CovisError('INPUT_UNSUPPORTED', `This file of ${inWords(this.size)} ${what}`, {
      file: this.#file,
      hint: 'It is damaged, or made to harm. If it is neither, save it unpacked, or in several files.',
      cause,
    });
  }
}

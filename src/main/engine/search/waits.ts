import { isDeepStrictEqual } from 'node:util';
import { CovisError } from '../../../shared/errors.ts';

/** Pages ask twice a second; one in the background, whose clock a browser slows down, once a minute. */
const LEASE_MS = 180_000;

interface Wait<T> {
  readonly asked: unknown;
  readonly answer: Promise<T>;
  readonly abort: AbortController;
  lease: NodeJS.Timeout;
}

/**
 * Answers that take long, each under a name that who asks has chosen: by it others learn of it, and give it up. What nobody has looked at for
 * a while is given up as well: a page that is gone says no word.
 */
export class Waits<T> {
  readonly #all = new Map<string, Wait<T>>();
  readonly #leaseMs: number;

  constructor(leaseMs = LEASE_MS) {
    this.#leaseMs = leaseMs;
  }

  /** Begins, or waits with those who wait for the same. @throws CovisError `INPUT_INVALID` where something else is waited for under this name. */
  join(name: string, asked: unknown, begin: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const known = this.#all.get(name);
    if (known !== undefined) {
      if (!isDeepStrictEqual(known.asked, asked))
        throw new CovisError('INPUT_INVALID', 'Something else is waited for under this name');
      this.look(name);
      return known.answer;
    }
    const abort = new AbortController();
    const answer = begin(abort.signal).finally(() => {
      clearTimeout(this.#all.get(name)?.lease);
      this.#all.delete(name);
    });
    this.#all.set(name, { asked, answer, abort, lease: this.#lease(name) });
    return answer;
  }

  /** What is waited for under a name, which is wanted for a while longer; undefined where nothing is. */
  look(name: string): unknown {
    const wait = this.#all.get(name);
    if (wait === undefined) return undefined;
    clearTimeout(wait.lease);
    wait.lease = this.#lease(name);
    return wait.asked;
  }

  stop(name: string): void {
    this.#all.get(name)?.abort.abort();
  }

  close(): void {
    for (const { lease, abort } of this.#all.values()) {
      clearTimeout(lease);
      abort.abort();
    }
  }

  #lease(name: string): NodeJS.Timeout {
    return setTimeout(() => this.stop(name), this.#leaseMs).unref();
  }
}

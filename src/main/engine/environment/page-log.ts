import type { Log } from './log.ts';

/** What a page says that went wrong in it. */
export interface PageError {
  readonly message: string;
  readonly stack?: string | undefined;
  /** Path of the view that was shown. */
  readonly view: string;
}

const PER_MINUTE = 20;
const MINUTE_MS = 60_000;

/** Writes errors of pages to the log, twenty a minute at most; how many more there were is said with the next one. */
export class PageLog {
  readonly #log: Log;
  readonly #now: () => number;
  #since = 0;
  #taken = 0;
  #leftOut = 0;

  constructor(log: Log, now: () => number = Date.now) {
    this.#log = log;
    this.#now = now;
  }

  take({ message, stack, view }: PageError): void {
    const now = this.#now();
    if (now - this.#since >= MINUTE_MS) {
      if (this.#leftOut > 0) this.#log.warn(`${this.#leftOut} more errors of the page were left out`);
      this.#since = now;
      this.#taken = 0;
      this.#leftOut = 0;
    }
    if (this.#taken >= PER_MINUTE) {
      this.#leftOut += 1;
      return;
    }
    this.#taken += 1;
    // Chromium's stacks begin with the message, those of others do not.
    const trace = stack === undefined || stack === '' ? '' : `\n${stack}`;
    this.#log.error(`${view}: ${stack?.includes(message) === true ? '' : message}${trace}`.replace(': \n', ': '));
  }
}

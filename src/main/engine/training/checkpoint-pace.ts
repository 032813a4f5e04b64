/** Milliseconds between checkpoints within an epoch, and the part of the time that writing them may take at most: one in so many. */
const EVERY_MS = 30_000;
const SHARE = 20;
/** After a step that took so long one is written, too, where it takes no more of the time: who ends the process at once loses the step under way alone. */
const LONG_STEP_MS = 1000;

/** When a run writes a checkpoint within an epoch. */
export class CheckpointPace {
  readonly #every: number;
  #saved = performance.now();
  /** Milliseconds that writing the last one took. */
  #cost = 0;

  /** @param every milliseconds between two; none, and each step is followed by one. */
  constructor(every = EVERY_MS) {
    this.#every = every;
  }

  /** @param stepMs milliseconds that the step took that ends now. */
  isDue(stepMs: number): boolean {
    const pause = this.#every === 0 ? 0 : Math.max(stepMs >= LONG_STEP_MS ? 0 : this.#every, this.#cost * SHARE);
    return performance.now() - this.#saved >= pause;
  }

  /** One stands. @param began when writing it began, by `performance.now`. */
  written(began: number): void {
    this.#saved = performance.now();
    this.#cost = this.#saved - began;
  }
}

/** Rounds that an iteration is taken to need until two of its own are seen. */
const TYPICAL_ROUNDS = 8;
/** What is not over is not all done. */
const MOST = 0.99;

/** How far an iteration is that ends when its residual is small enough: every round divides that by about the same. */
export class Nearing {
  readonly #tolerance: number;
  #first: number | undefined;
  /** Of the whole before this round, and what this one is to bring. */
  #before = 0;
  #brings = 1 / TYPICAL_ROUNDS;
  #told = 0;

  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  /** @param share of the round under way that is done. @returns of the whole; never less than it was, never all. */
  at(share: number): number {
    this.#told = Math.max(this.#told, Math.min(MOST, this.#before + this.#brings * Math.min(1, share)));
    return this.#told;
  }

  /** A round has ended with this residual. */
  ended(residual: number): void {
    const before = this.#before;
    if (this.#first === undefined) this.#first = residual;
    const [came, all] = [Math.log(this.#first / residual), Math.log(this.#first / this.#tolerance)];
    const first = 1 / TYPICAL_ROUNDS;
    if (all > 0 && Number.isFinite(all)) this.#before = Math.max(before, first + (1 - first) * Math.min(1, came / all));
    this.#brings = this.#before - before;
  }
}

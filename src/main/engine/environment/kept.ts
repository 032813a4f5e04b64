/** What takes a while to make and never changes, by its key: the last few, also while they are being made. What failed is made anew. */
export class Kept<T> {
  readonly #most: number;
  readonly #made = new Map<string, Promise<T>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws what `make` throws. */
  async of(key: string, make: () => Promise<T>): Promise<T> {
    const made = this.#made.get(key) ?? make();
    // Used last, dropped last.
    this.#made.delete(key);
    this.#made.set(key, made);
    for (const old of this.#made.keys()) {
      if (this.#made.size <= this.#most) break;
      this.#made.delete(old);
    }
    try {
      return await made;
    } catch (error) {
      if (this.#made.get(key) === made) this.#made.delete(key);
      throw error;
    }
  }

  /** All that is kept, what was used last at the end. */
  all(): readonly Promise<T>[] {
    return [...this.#made.values()];
  }
}

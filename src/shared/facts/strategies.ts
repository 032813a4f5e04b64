/** Who would take a positive: bits of a tuple's `strategies`. */
export const STRATEGY_BITS = { m1: 1, m2: 2, m3: 4, given: 8, manifold: 16 } as const;
export type TupleStrategy = keyof typeof STRATEGY_BITS;

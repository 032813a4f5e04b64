/**
 * Ways from a feature map to a vector (methods.md 1.5): maximum, mean, generalised mean with one exponent or one per channel, and the
 * sum over R-MAC's regions, each pooled by maximum or by GeM.
 */
export const POOLINGS = ['mac', 'spoc', 'gem', 'gemmp', 'rmac', 'rgem'] as const;
export type Pooling = (typeof POOLINGS)[number];

/** What poolings are called, also in names of networks. */
export const POOLING_NAMES: Readonly<Record<Pooling, string>> = {
  mac: 'MAC',
  spoc: 'SPoC',
  gem: 'GeM',
  gemmp: 'GeM per channel',
  rmac: 'R-MAC',
  rgem: 'R-GeM',
};

/** What of a network's tokens describes: the class token, the patches pooled as the map that they are, or both, each of unit length. */
export const TOKEN_PARTS = ['class', 'patches', 'both'] as const;
export type TokenPart = (typeof TOKEN_PARTS)[number];

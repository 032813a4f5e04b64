/** Protocols of adapting and what it may come to, by name. */

/**
 * What a figure is about. `own`: every photo asks all others, and all of them may have been learned from. `new-photos`: photos of known places
 * ask, of which nothing was learned. `new-places`: photos of places ask of which nothing was learned.
 */
export const ADAPT_PROTOCOLS = ['own', 'new-photos', 'new-places'] as const;
export type AdaptProtocol = (typeof ADAPT_PROTOCOLS)[number];

/** What people call them. */
export const ADAPT_PROTOCOL_NAMES: Readonly<Record<AdaptProtocol, string>> = {
  own: 'own collection',
  'new-photos': 'new photos of known places',
  'new-places': 'new places',
};

export const CANDIDATES = ['start', 'whitened', 'trained', 'trained-whitened'] as const;
export type CandidateName = (typeof CANDIDATES)[number];
export const CANDIDATE_NAMES: Readonly<Record<CandidateName, string>> = {
  start: 'as it was',
  whitened: 'whitening alone',
  trained: 'trained',
  'trained-whitened': 'trained, then whitened',
};

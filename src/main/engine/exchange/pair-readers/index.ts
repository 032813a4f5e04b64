import { hloc } from './hloc.ts';
import type { PairReader } from './reader.ts';
import { retrievalSfm } from './retrieval-sfm.ts';

/** Formats of lists of pairs, in the order of recognition. */
export const PAIR_READERS: readonly PairReader[] = [retrievalSfm, hloc];

import { join } from 'node:path';

/** One side of a retrieval-SfM file (methods.md 9.1). */
export interface PairList {
  readonly cids: readonly string[];
  readonly cluster: readonly number[];
  readonly qidxs: readonly number[];
  readonly pidxs: readonly number[];
}

/** Where the reference trainer looks for a photo below `ims/`: by the last characters of its id, without an extension. */
export function imsPath(cid: string): string {
  return join(cid.slice(-2), cid.slice(-4, -2), cid.slice(-6, -4), cid);
}

/** What the desktop's process tells the page. */
import type { ErrorShape } from '../errors.ts';

/** What a folder or a file is chosen for, in a dialog, and which of them it takes. */
export const PURPOSES = {
  library: 'folder',
  photos: 'folder',
  images: 'folder',
  models: 'either',
  'model-file': 'file',
  within: 'folder',
  backup: 'folder',
  restore: 'folder',
  domains: 'folder',
  exported: 'folder',
  collection: 'either',
  into: 'folder',
  network: 'file',
  fetched: 'folder',
  vectors: 'file',
  names: 'file',
  sketches: 'folder',
  truth: 'file',
  rows: 'file',
  local: 'file',
  detector: 'file',
  index: 'folder',
  ranks: 'file',
  'ground-truth': 'file',
  'truth-folder': 'folder',
  classes: 'folder',
  'neighbour-index': 'file',
} as const satisfies Readonly<Record<string, 'folder' | 'file' | 'either'>>;
export type ChoicePurpose = keyof typeof PURPOSES;
/** Those for which files are listed, too. */
export type FilePurpose = {
  [P in ChoicePurpose]: (typeof PURPOSES)[P] extends 'folder' ? never : P;
}[ChoicePurpose];
export const FILE_PURPOSES = (Object.keys(PURPOSES) as ChoicePurpose[]).filter(
  (p): p is FilePurpose => PURPOSES[p] !== 'folder',
);

/** A library that could not be opened, and why. */
export interface Unopened {
  readonly path: string;
  readonly error: ErrorShape;
}

/** What a repair said, and whether the library can be opened now. */
export interface Repaired {
  readonly ok: boolean;
  readonly text: string;
}

/** What the page learns when it starts, and whenever the engine has. */
export interface DesktopNews {
  readonly unopened: Unopened | null;
  /** To be said once. */
  readonly sentences: readonly string[];
}

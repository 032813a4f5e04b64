/** What the desktop's process tells the page. */
import type { ErrorShape } from '../errors.ts';

/** What a folder is chosen for, in a dialog. */
export const FOLDER_PURPOSES = [
  'library',
  'photos',
  'models',
  'within',
  'backup',
  'domains',
  'exported',
  'into',
] as const;
export type FolderPurpose = (typeof FOLDER_PURPOSES)[number];

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

/** Files and folders that a person chose in a dialog. The page names them by the id; the paths are for people to read. */
export interface ChosenSources {
  readonly id: string;
  readonly paths: readonly string[];
}

/** What the page learns when it starts, and whenever the engine has. */
export interface DesktopNews {
  readonly unopened: Unopened | null;
  /** To be said once. */
  readonly sentences: readonly string[];
}

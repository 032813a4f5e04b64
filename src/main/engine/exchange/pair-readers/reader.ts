import type { FileKind } from '../../formats/recognise.ts';
import type { PairList } from '../pair-list.ts';

/** Sides of a list of pairs: those of the split that the list itself makes, or one that leaves it to the seed. */
export type Side = 'train' | 'val' | 'pairs';

/** A format of lists of pairs. To add one, write a file that exports such a value and name it in the list. */
export interface PairReader extends FileKind {
  /** @throws CovisError `INPUT_*` naming the file. */
  read(file: string): { readonly [S in Side]?: PairList };
  /** Folder of the photos where none is named. */
  images(file: string): string;
  /** Finds the photo that the list calls so: its name below the folder; undefined where it is not there. */
  namer(folder: string): (cid: string) => string | undefined;
}

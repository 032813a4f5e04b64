import type { FileKind } from '../../formats/recognise.ts';
import type { BoundNames } from '../../library/names.ts';
import type { PairList } from '../pair-list.ts';

/** Sides of a list of pairs: those of the split that the list itself makes, or one that leaves it to the seed. */
export type Side = 'train' | 'val' | 'pairs';

/** Photos of a folder, by what a list calls them. */
export interface ListedPhotos {
  /** Whether this name is one photo there. */
  readonly known: (name: string) => boolean;
  /** Binds all names of the list together. @returns the name below the folder of each, and what none has or several have. */
  bind(names: readonly string[]): {
    readonly name: (cid: string) => string | undefined;
    readonly ambiguous: BoundNames['ambiguous'];
  };
}

/** A format of lists of pairs. To add one, write a file that exports such a value and name it in the list. */
export interface PairReader extends FileKind {
  /**
   * @param known whether a photo of this name is there, for lists whose names are told apart by that alone.
   * @throws CovisError `INPUT_*` naming the file.
   */
  read(file: string, known?: (name: string) => boolean): { readonly [S in Side]?: PairList };
  /** Folder of the photos where none is named. */
  images(file: string): string;
  /** Finds photos as the list calls them. */
  photos(folder: string): ListedPhotos;
}

import type { FileKind } from '../../formats/recognise.ts';
import type { Matrix } from '../rank.ts';

/** Descriptors of a file, as they are there: not normalised. */
export interface DescriptorFile {
  readonly vectors: Matrix;
  /** One name an image, where the file has names. */
  readonly names?: readonly string[];
  /** Image of each row, where images have several regions. */
  readonly owners?: Uint32Array;
  readonly images: number;
  /** Names of photos whose vectors cannot be reached, as those that are no UTF-8. */
  readonly unreadable?: readonly string[];
}

/** A format of descriptor files (methods.md 9.3). To add one, write a file that exports such a value and name it in the list. */
export interface DescriptorReader extends FileKind {
  /** @param wanted variables that are looked for, in order, where a file has several. @throws CovisError `INPUT_*` naming the file. */
  read(file: string, wanted: readonly string[]): DescriptorFile | Promise<DescriptorFile>;
}

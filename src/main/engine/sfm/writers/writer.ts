import type { SparseModel } from '../model.ts';

/** A format that models are written in. To add one, write a file that exports such a value and name it in the list. */
export interface ModelWriter {
  /** As `covis convert --to` takes it. */
  readonly format: string;
  /** For people: the program and the file. */
  readonly title: string;
  /** Files that a model may lack: those of another model beside it would be taken for its own. */
  readonly optional?: readonly string[];
  /**
   * Writes into a folder that is there. @returns the files, the one that a reader is given first.
   * @throws CovisError `INPUT_UNSUPPORTED` for names that the format cannot hold.
   */
  write(model: SparseModel, folder: string): string[];
}

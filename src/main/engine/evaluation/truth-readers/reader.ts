import type { FileKind } from '../../formats/recognise.ts';
import type { GroundTruth } from '../ground-truth.ts';

/** What a reader may need besides the file. */
export interface TruthOptions {
  readonly protocol: string;
  /** A file with one name a line, in the order of rows, for formats that do not list the database. */
  readonly imageList?: string | undefined;
}

/** A format of ground truths (methods.md 9.2). To add one, write a file that exports such a value and name it in the list. */
export interface TruthReader extends FileKind {
  /** Whether it is one file or a folder of them. */
  readonly at: 'file' | 'folder';
  /** @throws CovisError `INPUT_*` naming the file. */
  read(path: string, options: TruthOptions): GroundTruth;
}

import type { FileKind } from '../../formats/recognise.ts';
import type { Grey } from '../sketch.ts';

/** A format of drawings. To add one, write a file that exports such a value and name it in the list. */
export interface DrawingReader extends FileKind {
  /**
   * The drawing at full size.
   * @param where the file, for errors; nothing where it came as bytes.
   * @throws CovisError `INPUT_CORRUPT` or `INPUT_INVALID`.
   */
  read(bytes: Uint8Array, where: { readonly file?: string }): Promise<Grey>;
}

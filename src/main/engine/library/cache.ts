import { logFailure, logger } from '../environment/log.ts';
import { writeWhole } from '../formats/beside.ts';
import type { Library } from './library.ts';

/** Keeps what can be made again at any time. Where the disk is full or may not be written to, it is made again the next time. */
export function keepIfPossible(library: Library, file: string, content: Uint8Array): void {
  if (library.readOnly !== undefined) return;
  try {
    writeWhole(file, content, { force: true, flush: false });
  } catch (error) {
    logFailure(logger('library'), 'What was computed could not be kept', error);
  }
}

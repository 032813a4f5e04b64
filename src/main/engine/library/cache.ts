import { logFailure, logger } from '../environment/log.ts';
import { writeWhole } from '../formats/beside.ts';
import type { Library } from './library.ts';

/**
 * Keeps what can be made again at any time. Where the disk is full or may not be written to, it is made again the next time.
 * @returns whether it was kept.
 */
export function keepIfPossible(library: Library, file: string, content: Uint8Array): boolean {
  if (library.readOnly !== undefined) return false;
  try {
    writeWhole(file, content, { force: true, flush: false });
    return true;
  } catch (error) {
    logFailure(logger('library'), 'What was computed could not be kept', error);
    return false;
  }
}

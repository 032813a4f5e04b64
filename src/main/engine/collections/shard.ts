/** A file that holds photos of an export, as its readers see it. */
import { CovisError } from '../../../shared/errors.ts';
import type { Budget } from '../formats/budget.ts';

/** A shard while it is read. */
export interface ShardFile {
  readonly file: string;
  readonly fd: number;
  readonly size: number;
  /** Photos that it may hold at most. */
  readonly most: number;
  readonly budget: Budget;
}

/** Where a photo lies in a shard. */
export interface InShard {
  readonly name: string;
  readonly at: number;
  readonly bytes: number;
}

/** What is wrong with a shard. */
export function ofShard(
  code: 'INPUT_INVALID' | 'INPUT_CORRUPT' | 'INPUT_UNSUPPORTED',
  file: string,
  message: string,
): CovisError {
  return new CovisError(code, message, {
    file,
    hint: 'It is not as Covis wrote it: covis collection verify says what is changed. Take it from where the export came from.',
  });
}

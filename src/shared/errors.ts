import type { ErrorCode } from './error-codes.ts';
import { systemWords } from './system-errors.ts';

export type { ErrorCode } from './error-codes.ts';

/** An error as it crosses a process boundary. `offset` is a byte offset into `file`. */
export interface ErrorShape {
  readonly code: ErrorCode;
  readonly message: string;
  readonly file?: string;
  readonly offset?: number;
  readonly hint?: string;
}

/** What to do about a file where an error has nothing better to say. */
const WHAT_TO_DO: Partial<Record<ErrorCode, string>> = {
  INPUT_MISSING: 'Look whether the path is right and its disk is there.',
  INPUT_TRUNCATED: 'It is cut short: copy it again, or make it again.',
  INPUT_UNSUPPORTED: 'Save it in another form with the program that made it.',
  INPUT_CORRUPT: 'It is damaged, or of another kind than its name says: copy it again, or make it again.',
};

/** Characters that a terminal would obey: what is quoted from a file that is not text may be full of them. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f]+/g;

/** What is quoted from a file may be of any length. */
const LONGEST = 1200;

function printable(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return short.replace(CONTROL, '\uFFFD');
}

/** The one error class of Covis: what happened, to which file, where in it, and what to do. */
export class CovisError extends Error {
  readonly code: ErrorCode;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    where: { file?: string; offset?: number; hint?: string; cause?: unknown } = {},
  ) {
    super(printable(message), where.cause === undefined ? undefined : { cause: where.cause });
    this.name = 'CovisError';
    this.code = code;
    this.file = where.file;
    this.offset = where.offset;
    this.hint = where.hint ?? (where.file === undefined ? undefined : WHAT_TO_DO[code]);
  }
}

/** Where a file goes that is written beside its place first. */
export function finalName(file: string): string {
  return file.replace(/(\.\d+-\d+-\d+)?\.tmp$/, '');
}

/**
 * What the system or SQLite threw at a file, as an error that says so; any other error as it is.
 * @param file named instead of what the system named. @param doing where that is known.
 */
export function ofSystem(cause: unknown, file?: string, doing?: 'reading'): unknown {
  const found = systemWords(cause, doing);
  if (found === undefined) return cause;
  const [code, message, hint] = found.words;
  const named = file ?? (found.file === undefined ? undefined : finalName(found.file));
  return new CovisError(code, message, { ...(named === undefined ? {} : { file: named }), hint, cause });
}

/** As {@link ofSystem}, of a file that was to be read. */
export function unreadable(cause: unknown, file: string): unknown {
  return ofSystem(cause, file, 'reading');
}

/** The same error with the file that it is about, where it names none; any other as it is. */
export function naming(error: unknown, file: string): unknown {
  if (!(error instanceof CovisError) || error.file !== undefined) return error;
  const { code, message, hint } = error;
  return new CovisError(code, message, { file, ...(hint === undefined ? {} : { hint }), cause: error });
}

/** Turns anything thrown into a shape that can be sent; what neither Covis nor the system explains becomes `INTERNAL`. */
export function toErrorShape(thrown: unknown): ErrorShape {
  const error = thrown instanceof CovisError ? thrown : ofSystem(thrown);
  if (error instanceof CovisError) {
    return {
      code: error.code,
      message: error.message,
      ...(error.file === undefined ? {} : { file: error.file }),
      ...(error.offset === undefined ? {} : { offset: error.offset }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    };
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** Rebuilds the error that {@link toErrorShape} flattened. */
export function fromErrorShape(shape: ErrorShape): CovisError {
  return new CovisError(shape.code, shape.message, shape);
}

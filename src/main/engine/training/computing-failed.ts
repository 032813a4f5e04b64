/** What a runtime or a device threw in the midst of training, as a sentence that says what to do. */
import { CovisError } from '../../../shared/errors.ts';
import type { Executor } from './executor.ts';

/** A buffer for which Dawn got no memory is not refused: what uses it is, as invalid. */
const EXHAUSTED =
  /bad[ _]alloc|cannot allocate memory|out[ _]of[ _]((device|host)[ _])?memory|failed to allocate|bfc_?arena|allocation failed|\boom\b|\[Invalid Buffer.*previous error/i;
const LOST = /(device|adapter|context|instance).{0,40}(lost|destroyed|removed|hung|reset|dropped)|disposed|VK_ERROR/i;

/** The first sentence of what a runtime said: the rest names its own lines. */
function words(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n').find((l) => l.trim() !== '') ?? 'it said nothing';
}

/**
 * Does what the back end of a run computes.
 * @throws CovisError `EXTERNAL_FAILED` for what it throws that nobody explains: memory that ran out, a device that is gone, or in its words.
 */
export async function computed<T>(
  { backend, device }: Pick<Executor, 'backend' | 'device'>,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // A graph that finds no memory to be opened in is none that the runtime cannot run.
    const refused = cause instanceof CovisError ? cause.cause : undefined;
    if (cause instanceof CovisError && !(refused instanceof Error && EXHAUSTED.test(words(refused)))) throw cause;
    const said = words(refused ?? cause);
    const on = `${backend} (${device})`;
    const text = EXHAUSTED.test(said)
      ? `Memory ran out on ${on}`
      : LOST.test(said)
        ? `The device of ${on} is gone`
        : `${on} could not go on`;
    throw new CovisError('EXTERNAL_FAILED', `${text}: ${said}`, { cause });
  }
}

/** True for what {@link computed} threw: the numbers that were there before are as they were. */
export function isComputingFailure(error: unknown): error is CovisError {
  return error instanceof CovisError && error.code === 'EXTERNAL_FAILED';
}

/** The error of work that failed before there was a run. */
export function beforeRun(error: CovisError): CovisError {
  return new CovisError(error.code, error.message, {
    cause: error,
    hint: 'Nothing was learned yet: begin with another back end (--backend cpu), a smaller --size, or --memory and the GiB that it may take.',
  });
}

/** The error of a run that can be taken up. @param run number of the run. */
export function withWayOn(error: CovisError, run: number): CovisError {
  return new CovisError(error.code, error.message, {
    cause: error,
    hint: `The run can be taken up where it stood, also on another back end or with less memory: covis train LIBRARY --resume ${run} --backend cpu, or --memory and the GiB that it may take.`,
  });
}

/**
 * An error of anything else in such a run, with the command that takes it up: said first, since a hint may end in a command to be copied,
 * without a full stop. @param run number of the run.
 */
export function withCommand(error: CovisError, run: number): CovisError {
  return new CovisError(error.code, error.message, {
    cause: error,
    ...(error.file === undefined ? {} : { file: error.file }),
    hint: `The run is taken up with covis train LIBRARY --resume ${run}.${error.hint === undefined ? '' : ` ${error.hint}`}`,
  });
}

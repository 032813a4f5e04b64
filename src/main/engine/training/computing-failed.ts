/** What a runtime or a device threw in the midst of training, as a sentence that says what to do. */
import { CovisError } from '../../../shared/errors.ts';
import type { Executor } from './executor.ts';

const EXHAUSTED = /bad[ _]alloc|out of (device |host )?memory|failed to allocate|bfc_?arena|allocation failed|\boom\b/i;
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
    if (cause instanceof CovisError) throw cause;
    const said = words(cause);
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

/** The error of a run that can be taken up. @param run number of the run. */
export function withWayOn(error: CovisError, run: number): CovisError {
  return new CovisError(error.code, error.message, {
    cause: error,
    hint: `The run can be taken up where it stood, also on another back end or with less memory: covis train LIBRARY --resume ${run} --backend cpu, or --memory and the GiB that it may take.`,
  });
}

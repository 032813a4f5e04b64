import type { CovisError } from '../../src/shared/errors.ts';

/** What was said, with its code, and its byte where there is one: `INPUT_CORRUPT at 12: …`; `read` where nothing was thrown. */
export function saidAt(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const { code, message, offset } = error as CovisError;
    return `${code}${offset === undefined ? '' : ` at ${offset}`}: ${message}`;
  }
  return 'read';
}

/** As {@link saidAt}, without the byte. */
export function said(work: () => unknown): string {
  return saidAt(work).replace(/^(\w+) at \d+:/, '$1:');
}

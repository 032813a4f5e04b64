import { toErrorShape, type ErrorCode } from '../../../shared/errors.ts';

/** Why something cannot be shown, as a title and a text. */
export interface Fault {
  readonly code: ErrorCode;
  readonly title: string;
  readonly text: string;
}

/**
 * An error as a view shows it in place of what it cannot show; null for none. What the engine refuses by its form came from an address that
 * was typed or is of another version.
 */
export function faultOf(error: unknown): Fault | null {
  if (error === null || error === undefined) return null;
  const { code, message, file, hint } = toErrorShape(error);
  if (code === 'VALIDATION_FAILED')
    return {
      code,
      title: 'This address asks for something that there cannot be',
      text: `${message.replace(/^[a-z]+\.[a-z]+: /, '')}.`,
    };
  if (code === 'NOT_FOUND')
    return { code, title: message, text: hint ?? 'It may have been removed, or the address is of another library.' };
  return { code, title: message, text: [file, hint].filter((t) => t !== undefined).join('. ') };
}

/** An error as a dialog says it beside what was asked for: what happened, to which file, and what to do. */
export function sentenceOf(error: unknown): string {
  const { message, file, hint } = toErrorShape(error);
  return [file === undefined ? message : `${message}: ${file}`, hint].filter((t) => t !== undefined).join('. ');
}

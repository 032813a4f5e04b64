import { CovisError } from '../../../shared/errors.ts';
import { kebab } from './flags.ts';

/**
 * Options that would be ignored are refused instead.
 * @param why completes the sentence that begins with the option.
 * @throws CovisError `INPUT_INVALID` naming the first of them that was given.
 */
export function refuseTogether(asked: object, keys: readonly string[], why: string): void {
  for (const key of keys) {
    const value = (asked as Readonly<Record<string, unknown>>)[key];
    if (value !== undefined && value !== false) throw new CovisError('INPUT_INVALID', `--${kebab(key)} ${why}`);
  }
}

import { CovisError } from '../../shared/errors.ts';
import type { Options } from './program.ts';

/** An option that takes one of a few words; undefined where it was not given. @throws CovisError `INPUT_INVALID` listing them. */
export function choice<T extends string>(o: Options, key: string, of: readonly T[]): T | undefined {
  const v = o[key] as T | undefined;
  if (v === undefined || of.includes(v)) return v;
  const flag = key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  throw new CovisError('INPUT_INVALID', `--${flag} takes ${words(of)}, not "${v}"`);
}

function words(of: readonly string[]): string {
  return of.length < 2 ? of.join('') : `${of.slice(0, -1).join(', ')} or ${of.at(-1)!}`;
}

/** Numbers with commas between them. @throws CovisError `INPUT_INVALID`. */
export function numbers(o: Options, key: string): number[] | undefined {
  const text = o[key] as string | undefined;
  if (text === undefined) return undefined;
  const list = text.split(',').map(Number);
  if (list.length === 0 || list.some((v) => !(v > 0)))
    throw new CovisError('INPUT_INVALID', `--${key} takes positive numbers with commas between them, not "${text}"`);
  return list;
}

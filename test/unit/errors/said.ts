/** What a person reads of an error, and what nobody should. */
import { expect } from 'vitest';
import { toErrorShape } from '../../../src/shared/errors.ts';

/** Code, sentence, file (with the byte where there is one), what to do. */
export type Said = readonly [code: string, message: string, file: string | undefined, hint: string | undefined];

/** Words of the runtime and of libraries. */
const RAW =
  /Cannot read prop|\bE(NOENT|ISDIR|ACCES|PERM|NOTDIR|NOSPC|XIST|LOOP)\b|SQLITE_|not a database|undefined|\[object|Error:|Invalid input|\bNaN\b|\n\s+at /;

/** What was said, with the place of each folder as its name. */
export function saidOf(thrown: unknown, folders: Readonly<Record<string, string>>): Said {
  const { code, message, file, offset, hint } = toErrorShape(thrown);
  const here = (text: string): string =>
    Object.entries(folders).reduce((t, [name, path]) => t.replaceAll(path, name), text);
  const place = file === undefined ? undefined : `${here(file)}${offset === undefined ? '' : ` at ${offset}`}`;
  return [code, here(message), place, hint === undefined ? undefined : here(hint)];
}

/** The rule: explained, in words, a sentence, and what to do unless the sentence says itself what is taken. */
export function expectPlain([code, message, , hint]: Said): void {
  expect(code).not.toBe('INTERNAL');
  expect(`${message} ${hint ?? ''}`).not.toMatch(RAW);
  // eslint-disable-next-line no-control-regex
  expect(`${message} ${hint ?? ''}`).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
  expect(message).toMatch(/^([A-Z"]|--[a-z]|<[a-z]).*[^.]$/s);
  if (hint === undefined) expect(message).toMatch(/takes|needs|goes with|is of|has a|read from|a drawing is|Say /);
  else expect(hint).toMatch(/^[A-Z-].*/s);
}

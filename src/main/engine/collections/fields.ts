/** Fields of photos and collections: what values are as they should be, and how they change. */
import { CovisError } from '../../../shared/errors.ts';
import type { FieldChange, FieldValues } from '../../../shared/facts/collections.ts';
import { isDate } from './edtf.ts';
import { rightsNote } from './rights.ts';

const MOST_FIELDS = 200;

/** The name of a field as it is kept. @throws CovisError `INPUT_INVALID`. */
export function fieldName(wanted: string): string {
  const name = wanted.normalize('NFC').trim();
  if (name === '' || name.length > 100 || /\p{Cc}/u.test(name))
    throw new CovisError(
      'INPUT_INVALID',
      'The name of a field has between 1 and 100 characters, without control characters',
    );
  return name;
}

function clean(values: readonly string[]): readonly string[] {
  return [...new Set(values.map((v) => v.toWellFormed()))];
}

/** Values in the place of others, beside others, or taken away, in this order: clear, set, add. A value is not noted twice. */
export function changeFields(fields: FieldValues, { set = {}, add = {}, clear = [] }: FieldChange): FieldValues {
  const out = new Map(Object.entries(fields));
  for (const name of clear) out.delete(fieldName(name));
  for (const [name, values] of Object.entries(set)) out.set(fieldName(name), clean(values));
  for (const [name, values] of Object.entries(add)) {
    const own = fieldName(name);
    out.set(own, clean([...(out.get(own) ?? []), ...values]));
  }
  if (out.size > MOST_FIELDS)
    throw new CovisError('INPUT_INVALID', `A photo or a collection has at most ${MOST_FIELDS} fields`);
  return Object.fromEntries(out);
}

/** @throws CovisError `INPUT_INVALID` for a date that is no EDTF. */
export function refuseWrongDates({ set = {}, add = {} }: FieldChange): void {
  for (const value of [...(set['date'] ?? []), ...(add['date'] ?? [])])
    if (!isDate(value))
      throw new CovisError('INPUT_INVALID', `"${value}" is no date of EDTF`, {
        hint: 'Write 1994, 1994-05, 1994-05-17, 1994? for a guess, 1994~ for about, 199X, 1994/1996 or 1994/.. for a span.',
      });
}

/** What is kept though no program will know what it means: rights in a person's own words. */
export function fieldNotes({ set = {}, add = {} }: FieldChange): string[] {
  return [...(set['rights'] ?? []), ...(add['rights'] ?? [])].flatMap((value) => {
    const note = rightsNote(value);
    return note === undefined ? [] : [note];
  });
}

import type { z } from 'zod';
import { shellWord } from '../../../shared/shell-word.ts';
import { fieldsOf, type FormField } from '../../kit/schema-fields.ts';

/** `longSide` is `--long-side`, as the command line derives it from the same schema. */
function flag(field: FormField): string {
  const { flag: named } = (field.schema.meta() ?? {}) as { readonly flag?: string };
  return named ?? field.key.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}

/** Words of a command as a shell takes them. */
export const words = (...all: readonly string[]): string => all.map(shellWord).join(' ');

/** Options for those values of a schema that are not its defaults, each with a space before it. */
export function optionsText(
  schema: z.ZodObject,
  values: Readonly<Record<string, unknown>>,
  without: readonly string[] = [],
): string {
  return fieldsOf(schema)
    .filter((f) => !without.includes(f.key))
    .flatMap((f) => {
      const value = values[f.key];
      if (value === undefined || value === null || value === f.default || value === (f.default ?? false)) return [];
      if (value === true) return [`--${flag(f)}`];
      if (value === false) return [`--no-${flag(f)}`];
      return [`--${flag(f)} ${shellWord(String(value))}`];
    })
    .map((option) => ` ${option}`)
    .join('');
}

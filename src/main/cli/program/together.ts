import type { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { leavesOf } from '../../../shared/schema.ts';
import { flagOf, kebab } from './flags.ts';

function refuse(option: string, why: string): never {
  throw new CovisError('INPUT_INVALID', `${option} ${why}`);
}

/**
 * Options that would be ignored are refused instead.
 * @param why completes the sentence that begins with the option.
 * @throws CovisError `INPUT_INVALID` naming the first of them that was given.
 */
export function refuseTogether(asked: object, keys: readonly string[], why: string): void {
  for (const key of keys) {
    const value = (asked as Readonly<Record<string, unknown>>)[key];
    if (value !== undefined && value !== false) refuse(`--${kebab(key)}`, why);
  }
}

/** As {@link refuseTogether}, of everything that a schema has, groups included. */
export function refuseAll(schema: z.ZodObject, asked: object, why: string): void {
  for (const leaf of leavesOf(schema)) {
    const value = leaf.path.reduce<unknown>((v, key) => (v as Record<string, unknown> | undefined)?.[key], asked);
    if (value !== undefined) refuse(flagOf(leaf), why);
  }
}

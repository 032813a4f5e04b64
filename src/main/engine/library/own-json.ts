import { existsSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { parseJson } from '../formats/json-text.ts';

/**
 * What Covis noted beside data that it can make again. @returns undefined where it is not there, or is not what Covis writes: a library
 * may come from another machine, or be damaged.
 */
export function ownJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  return existsSync(file) ? ownJsonIn(readFileSync(file), file, schema) : undefined;
}

/** As {@link ownJson}, of bytes that were in a file. */
export function ownJsonIn<T>(bytes: Uint8Array, file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(parseJson(Buffer.from(bytes).toString('utf8'), { file })).data;
  } catch (error) {
    if (error instanceof CovisError) return undefined;
    throw error;
  }
}

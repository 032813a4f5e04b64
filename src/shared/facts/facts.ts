/** How facts are written: a schema a fact, its type inferred. Facts cross processes, so they are plain, serialisable and read-only. */
import { z } from 'zod';

/** The same with every field and element read-only. */
export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** What a schema says, as it is read. */
export type Facts<S extends z.ZodType> = DeepReadonly<z.output<S>>;

/** How many of something. */
export const count = z.int().min(0);

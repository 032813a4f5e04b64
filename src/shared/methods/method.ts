import type { z } from 'zod';

declare module 'zod' {
  interface GlobalMeta {
    /** What reports and stored measurements call it, where that is not its name. */
    reported?: string;
  }
}

/**
 * A way to rank a database: what it is called, what it reads and what holds where nothing is said. `engine/retrieval/methods/<name>.ts` prepares it
 * and ranks; options, checks, forms and reports are derived from this.
 */
export interface RankingMethod<
  N extends string = string,
  P extends z.ZodObject = z.ZodObject,
  T extends 'global' | 'both' = 'global' | 'both',
> {
  readonly name: N;
  /** What lists call it. */
  readonly title: string;
  /** What it does, in one sentence. */
  readonly summary: string;
  /** Whether it ranks photos by one descriptor each, or by regions, too. */
  readonly takes: T;
  /** It does something with all descriptors before the first search, which takes long where there are many. */
  readonly prepares?: true;
  /** What it reads, each with its default for global descriptors. */
  readonly params: P;
  /** Defaults with regions, where they differ. */
  readonly regional?: Partial<z.output<P>>;
  /** What nobody can choose and reports show nevertheless. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** Defines a ranking method. */
export function rankingMethod<const N extends string, P extends z.ZodObject, const T extends 'global' | 'both'>(
  definition: RankingMethod<N, P, T>,
): RankingMethod<N, P, T> {
  return definition;
}

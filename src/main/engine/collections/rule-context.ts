/** What is handed on while a rule is turned into SQL. */
import type { Rule } from '../../../shared/facts/collection-rules.ts';
import type { Library } from '../library/library.ts';

/** SQL and the values of its question marks, in order. */
export interface Compiled {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Scores that a condition of likeness gave, for provenance. */
export interface Scored {
  readonly method: string;
  /** Content hash of the network; null for a set without one. */
  readonly network: string | null;
  readonly scores: ReadonlyMap<number, number>;
}

/** What is gathered while a rule is turned into SQL. */
export interface RuleContext {
  readonly library: Library;
  /** What a person should know, each once. */
  readonly notes: Set<string>;
  /** Numbers of the collections whose rules are being looked into, outermost first. */
  readonly within: readonly number[];
  scored: Scored | undefined;
}

/** Turns a rule below another into SQL. */
export type Below = (c: RuleContext, r: Rule, positive: boolean) => Promise<Compiled>;

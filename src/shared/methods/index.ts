import { z } from 'zod';
import { ann } from './ann.ts';
import { bow } from './bow.ts';
import { cosine } from './cosine.ts';
import { alphaDba, dba } from './database-augmentation.ts';
import type { FLAGS } from './fields.ts';
import { fsr } from './fsr.ts';
import { hybrid } from './hybrid.ts';
import type { RankingMethod } from './method.ts';
import { offline } from './offline.ts';
import { alphaQe, aqe } from './query-expansion.ts';
import { cg, iterative, jacobi } from './solvers.ts';
import { superglobal } from './superglobal.ts';
import { truncated } from './truncated.ts';

/** Every way to rank a database, as lists show them; the first is what all others are compared with. */
const RANKING_METHODS = [
  cosine,
  ann,
  aqe,
  alphaQe,
  dba,
  alphaDba,
  superglobal,
  cg,
  iterative,
  jacobi,
  truncated,
  fsr,
  hybrid,
  offline,
] as const;

type Names<L extends readonly RankingMethod[]> = { [I in keyof L]: L[I]['name'] };

/** Names of the methods that rank a database. */
export const METHODS = RANKING_METHODS.map((m) => m.name) as unknown as Names<typeof RANKING_METHODS>;
export type Method = (typeof METHODS)[number];

/** What a search can rank by: descriptors, or visual words with spatial verification. */
export const SEARCH_METHODS = [...METHODS, bow.name] as const;
export type SearchMethod = (typeof SEARCH_METHODS)[number];

type Definition = (typeof RANKING_METHODS)[number] | typeof bow;

/** Definitions by name, in the order of lists. */
export const DEFINITIONS = Object.fromEntries([...RANKING_METHODS, bow].map((m) => [m.name, m])) as unknown as {
  readonly [M in SearchMethod]: Extract<Definition, { readonly name: M }>;
};

/** Any parameter of any method. */
export type ParameterName = { [M in SearchMethod]: keyof (typeof DEFINITIONS)[M]['params']['shape'] }[SearchMethod];
/** Names of all parameters, each once. */
export const PARAMETERS = [
  ...new Set(Object.values(DEFINITIONS).flatMap((d) => Object.keys(d.params.shape))),
] as ParameterName[];

/** Parameters as they travel and before a method has looked at them. */
export type GivenParameters = { readonly [K in ParameterName]?: number | undefined };
/** A method with all that it reads. */
export type RankParameters<M extends SearchMethod = Method> = M extends SearchMethod
  ? { readonly method: M } & Readonly<z.output<(typeof DEFINITIONS)[M]['params']>>
  : never;

/** Option of a parameter, without dashes. */
export type ParameterFlag = {
  [K in ParameterName]: K extends keyof typeof FLAGS ? (typeof FLAGS)[K] : K;
}[ParameterName];

/** What any of the methods takes that read a parameter. */
function ofAnyMethod(name: ParameterName): z.ZodType<number, number> {
  const readers = Object.values(DEFINITIONS).filter((d) => Object.hasOwn(d.params.shape, name));
  const own = new Set(
    readers.map((d) => (d.params.shape as unknown as Record<string, z.ZodDefault<z.ZodNumber>>)[name]!.unwrap()),
  );
  // What one takes and another takes, too, need not be said twice.
  const within = (a: z.ZodNumber, b: z.ZodNumber): boolean =>
    a !== b && a.minValue! >= b.minValue! && a.maxValue! <= b.maxValue!;
  const [first, ...others] = [...own].filter((a) => ![...own].some((b) => within(a, b)));
  return others.length === 0 ? first! : z.union([first!, ...others]).meta(first!.meta() ?? {});
}

/** Parameters of any method, as they travel. Which of them a method reads, and within which bounds, its own schema says. */
export const ranking = z.strictObject(
  Object.fromEntries(PARAMETERS.map((name) => [name, ofAnyMethod(name).optional()])) as {
    [K in ParameterName]: z.ZodOptional<z.ZodType<number, number>>;
  },
);

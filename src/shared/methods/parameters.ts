/** What a ranking method is told, checked by its definition: the same for options, routes and jobs. */
import type { z } from 'zod';
import { defined } from '../defined.ts';
import { CovisError } from '../errors.ts';
import { check, leavesOf, type Leaf } from '../schema.ts';
import {
  DEFINITIONS,
  type GivenParameters,
  type ParameterFlag,
  type ParameterName,
  type RankParameters,
  type SearchMethod,
} from './index.ts';
import type { RankingMethod } from './method.ts';

/** A parameter of a method. */
export interface Parameter {
  readonly name: ParameterName;
  readonly leaf: Leaf;
  /** Its option, without dashes. */
  readonly flag: ParameterFlag;
  /** Its default, and the one with regions. */
  readonly initial: number;
  readonly regional: number;
}

/** @throws CovisError `INPUT_INVALID` for a name that no method has. */
export function methodNamed(name: string): RankingMethod<SearchMethod> {
  if (!Object.hasOwn(DEFINITIONS, name))
    throw new CovisError('INPUT_INVALID', `There is no method ${name}: ${Object.keys(DEFINITIONS).join(', ')}`);
  return DEFINITIONS[name as SearchMethod] as RankingMethod<SearchMethod>;
}

/** What a method reads, in the order of reports. */
export function parametersOf(method: SearchMethod): Parameter[] {
  const definition = methodNamed(method);
  return leavesOf(definition.params).map((leaf) => {
    const name = leaf.path[0] as ParameterName;
    const initial = leaf.initial as number;
    const regional = (definition.regional as GivenParameters | undefined)?.[name] ?? initial;
    return { name, leaf, flag: (leaf.meta.flag ?? name) as ParameterFlag, initial, regional };
  });
}

/** Refuses what a method does not read. @param names as the asking face calls them. @throws CovisError `INPUT_INVALID`. */
export function refuseForeign(
  method: SearchMethod,
  names: readonly string[],
  nameOf: (p: Parameter) => string = (p) => p.name,
): void {
  if (names.length === 0) return;
  const read = parametersOf(method).map(nameOf);
  throw new CovisError(
    'INPUT_INVALID',
    `The method ${method} does not read ${names.join(', ')}: it ${read.length === 0 ? 'has no parameters' : `reads ${read.join(', ')}`}`,
  );
}

/**
 * All parameters of a method: those that were given, the rest its defaults.
 * @param defaults instead of the method's own. @param nameOf what the asking face calls a parameter.
 * @throws CovisError `INPUT_INVALID` for a method that does not exist, a parameter that it does not read, or a value outside its range: each says
 * what is taken instead.
 */
export function methodParameters<M extends SearchMethod>(
  method: M,
  given: GivenParameters = {},
  defaults: GivenParameters = {},
  nameOf: (p: Parameter) => string = (p) => p.name,
): RankParameters<M> {
  const parameters = parametersOf(method);
  const told = defined(given);
  const named = new Map<string, Parameter>(parameters.map((p) => [p.name, p]));
  refuseForeign(
    method,
    Object.keys(told).filter((name) => !named.has(name)),
    nameOf,
  );
  const values = check(methodNamed(method).params, { ...defaults, ...told }, (path) => nameOf(named.get(path[0]!)!));
  return { method, ...values } as unknown as RankParameters<M>;
}

/** The defaults of a method, for global descriptors or for regions. */
export function defaultParameters<M extends SearchMethod>(method: M, regional = false): RankParameters<M> {
  const own = regional ? (methodNamed(method).regional as GivenParameters | undefined) : undefined;
  return methodParameters(method, {}, own);
}

/** Parameters as reports and stored measurements name them, with what nobody can choose. */
export function reportedParameters(p: RankParameters<SearchMethod>): Record<string, number> {
  const values = p as GivenParameters;
  return {
    ...Object.fromEntries(
      parametersOf(p.method).map(({ name, leaf }) => [leaf.meta.reported ?? name, values[name]!] as const),
    ),
    ...methodNamed(p.method).constants,
  };
}

/** For schemas of routes and jobs that hold a method and its parameters: refuses what {@link methodParameters} refuses. */
export function rankingFits(ctx: z.core.ParsePayload<Asked>): void {
  fits(ctx, ctx.value.method ?? 'cosine');
}

/** As {@link rankingFits}, for what works with one method. */
export function rankingFitsMethod(method: SearchMethod): (ctx: z.core.ParsePayload<Asked>) => void {
  return (ctx) => fits(ctx, method);
}

interface Asked {
  readonly method?: SearchMethod | undefined;
  readonly ranking?: GivenParameters | undefined;
}

function fits(ctx: z.core.ParsePayload<Asked>, method: SearchMethod): void {
  try {
    methodParameters(method, ctx.value.ranking);
  } catch (error) {
    if (!(error instanceof CovisError)) throw error;
    ctx.issues.push({ code: 'custom', path: ['ranking'], input: ctx.value.ranking, message: error.message });
  }
}

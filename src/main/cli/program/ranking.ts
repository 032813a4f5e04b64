import { z } from 'zod';
import {
  METHODS,
  ranking,
  type GivenParameters,
  type ParameterFlag,
  type SearchMethod,
} from '../../../shared/methods/index.ts';
import { methodParameters, parametersOf, refuseForeign, type Parameter } from '../../../shared/methods/parameters.ts';

interface Reader {
  readonly p: Parameter;
  readonly method: SearchMethod;
}

/** Every parameter of every method, by its option. */
const READERS = Map.groupBy(
  METHODS.flatMap((method): Reader[] => parametersOf(method).map((p) => ({ p, method }))),
  ({ p }) => p.flag,
);

/** `eigenpairs of the graph (fsr: 500; hybrid: 40)`: what an option is, with its defaults and the methods that read it. */
function helpOf(readers: readonly Reader[]): string {
  const meanings = Map.groupBy(readers, ({ p }) => p.leaf.meta.help ?? p.name);
  const texts = Array.from(meanings, ([help, own]) => {
    const defaults = Map.groupBy(own, ({ p }) =>
      p.regional === p.initial ? String(p.initial) : `${p.initial}, with regions ${p.regional}`,
    );
    const where = Array.from(defaults, ([text, some]) => `${some.map((r) => r.method).join(', ')}: ${text}`);
    return `${help} (${where.join('; ')})`;
  });
  return texts.join('; ');
}

function optionOf(readers: readonly Reader[]): z.ZodOptional<z.ZodType<number, number>> {
  const [first, ...others] = new Set(readers.map(({ p }) => ranking.shape[p.name].unwrap()));
  const schema = others.length === 0 ? first! : z.union([first!, ...others]);
  return schema.optional().meta({ help: helpOf(readers), flag: readers[0]!.p.flag });
}

/** Parameters of ranking methods, under the same names for every command. */
export const rankingOptions = Object.fromEntries(
  Array.from(READERS, ([flag, readers]) => [flag, optionOf(readers)]),
) as { [F in ParameterFlag]: z.ZodOptional<z.ZodType<number, number>> };

/**
 * Those parameters that were given.
 * @throws CovisError `INPUT_INVALID` for an option that the method does not read, or a value outside its range.
 */
export function rankingOf(
  o: { readonly [F in ParameterFlag]?: number | undefined },
  method: SearchMethod,
): GivenParameters {
  const called = (p: Parameter): string => `--${p.flag}`;
  const told = [...READERS.keys()].filter((flag) => o[flag] !== undefined);
  const read = new Map(parametersOf(method).map((p) => [p.flag, p.name]));
  const foreign = told.filter((flag) => !read.has(flag));
  refuseForeign(
    method,
    foreign.map((flag) => `--${flag}`),
    called,
  );
  const given: GivenParameters = Object.fromEntries(told.map((f) => [read.get(f)!, o[f]!]));
  methodParameters(method, given, {}, called);
  return given;
}

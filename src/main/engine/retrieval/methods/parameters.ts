import type { GivenParameters, RankParameters, SearchMethod } from '../../../../shared/methods/index.ts';
import { defaultParameters, methodParameters } from '../../../../shared/methods/parameters.ts';
import { neighbourCount } from '../graph.ts';

/**
 * All parameters of a method on a database: what was given, and defaults for the rest, those with regions where there are regions.
 * @param on `rows` where fewer neighbours are to be taken of a small database, as libraries do.
 * @throws CovisError `INPUT_INVALID` for a parameter that the method does not read, or a value outside its range.
 */
export function rankingParameters<M extends SearchMethod>(
  method: M,
  given: GivenParameters = {},
  on: { readonly regional?: boolean; readonly rows?: number } = {},
): RankParameters<M> {
  const { method: _, ...defaults }: { method: M } & GivenParameters = defaultParameters(method, on.regional);
  return methodParameters(
    method,
    given,
    on.rows === undefined ? defaults : { ...defaults, ...fewer(defaults, on.rows) },
  );
}

/** Neighbours for a library of any size. */
function fewer({ k: most, kq }: GivenParameters, rows: number): GivenParameters {
  if (most === undefined) return {};
  const k = neighbourCount(rows, most);
  return { k, kq: kq === undefined ? undefined : Math.min(kq, k) };
}

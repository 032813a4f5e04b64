import type { z } from 'zod';
import type { Reply } from '../../../shared/contract.ts';
import { CovisError, toErrorShape } from '../../../shared/errors.ts';
import type { Asker, Routes } from '../../../shared/routes/route.ts';
import { check } from '../../../shared/schema.ts';
import { logFailure, logger } from '../environment/log.ts';
import { explained } from '../library/explained.ts';
import type { Answers, EngineContext } from './answers.ts';

const log = logger('engine');

/** `hits.0.score`, as messages name a place in a value. */
const placeOf = (path: readonly PropertyKey[]): string => path.map(String).join('.');

/** The first place where a value has more than what its schema took of it; undefined where there is none. */
function surplus(
  value: unknown,
  taken: unknown,
  path: readonly PropertyKey[] = [],
): readonly PropertyKey[] | undefined {
  if (value === taken || typeof value !== 'object' || value === null) return undefined;
  const known = taken as Readonly<Record<string, unknown>>;
  for (const [key, v] of Object.entries(value)) {
    if (v === undefined) continue;
    const here = [...path, key];
    const deeper = Object.hasOwn(known, key) ? surplus(v, known[key], here) : here;
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

/** @throws CovisError `INTERNAL` for a result that is not what its route says, with the place of the first fault. */
export function checkResult(route: string, schema: z.ZodType, result: unknown): void {
  const checked = schema.safeParse(result);
  if (!checked.success) {
    const [first] = checked.error.issues;
    throw new CovisError(
      'INTERNAL',
      `${route} answered what it does not promise, at ${placeOf(first?.path ?? []) || 'its root'}: ${first?.message ?? 'unknown'}`,
    );
  }
  const more = surplus(result, checked.data);
  if (more !== undefined)
    throw new CovisError('INTERNAL', `${route} answered what it does not promise: nothing is said of ${placeOf(more)}`);
}

/** What a route is told, checked. @throws CovisError `VALIDATION_FAILED` naming the route, the parameter and what it takes. */
function asked(route: string, params: z.ZodType, given: unknown): unknown {
  try {
    return check(params, given, undefined, 'VALIDATION_FAILED');
  } catch (error) {
    if (!(error instanceof CovisError)) throw error;
    const { code, message, hint } = error;
    throw new CovisError(code, `${route}: ${message}`, hint === undefined ? {} : { hint });
  }
}

/**
 * Answers a request. Never throws: what goes wrong is in the envelope.
 * @param from pages are refused the routes that take paths. @param check results, too.
 */
export async function dispatch<S extends Routes>(
  routes: S,
  handlers: Answers<S>,
  engine: EngineContext,
  request: { readonly route: string; readonly params: unknown; readonly from: Asker; readonly check: boolean },
): Promise<Reply<unknown>> {
  const { route, from } = request;
  try {
    if (!Object.hasOwn(routes, route)) throw new CovisError('ROUTE_NOT_FOUND', `There is no route ${route}`);
    const { who, params, result } = routes[route]!;
    if (from === 'page' && who === 'host') throw new CovisError('FORBIDDEN_SENDER', `${route} is not for pages`);
    const given = asked(route, params, request.params ?? {});
    // The parameters are those of this very route, which the name alone does not tell the compiler.
    const answer = handlers[route] as (engine: EngineContext, params: unknown) => unknown;
    const data = await answer(engine, given);
    if (request.check) checkResult(route, result, data);
    return { ok: true, data };
  } catch (error) {
    logFailure(log, route.slice(0, 100), error);
    return { ok: false, error: toErrorShape(explained(error, engine.current())) };
  }
}

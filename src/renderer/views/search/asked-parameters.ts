import type { GivenParameters, ParameterName, SearchMethod } from '../../../shared/methods/index.ts';
import { PARAMETER_NAMES } from '../../stores/method-facts.ts';
import { reads } from './methods.ts';

/** Of some parameters those that a method reads; it refuses others. */
export function readBy(method: SearchMethod, given: GivenParameters): GivenParameters {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => value !== undefined && reads(method, name as ParameterName)),
  );
}

/** Parameters as an address says them: each under its own name. What is no number is not there. */
export function parametersIn(query: Readonly<Record<string, unknown>>): GivenParameters {
  return Object.fromEntries(
    PARAMETER_NAMES.flatMap((name) => {
      const text = query[name];
      const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN;
      return Number.isFinite(value) ? [[name, value]] : [];
    }),
  );
}

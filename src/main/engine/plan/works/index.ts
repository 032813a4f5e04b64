import type { PlannedWork } from '../../../../shared/facts/plans.ts';
import { extractPlan, type ExtractGiven } from './extract.ts';
import type { PlanWork } from './work.ts';

/** What each kind of work is asked with. */
export interface GivenByWork {
  readonly extract: ExtractGiven;
}

/** Every kind of work that can be planned. */
export const PLAN_WORKS: { readonly [W in PlannedWork]: PlanWork<GivenByWork[W]> } = { extract: extractPlan };

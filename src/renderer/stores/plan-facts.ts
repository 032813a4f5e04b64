import { PLANNED_WORKS } from '../../shared/facts/planned.ts';
import { wordsOf } from '../../shared/jobs/planned-works.ts';

const told = (work: string) => {
  const { unit, done, failed } = wordsOf(work);
  return { unit, done, failed };
};

/** What is said of the units of each kind of plan. The built page has this as it comes out here, as what `method-facts.ts` says, without schemas. */
export const PLAN_WORDS = Object.fromEntries(PLANNED_WORKS.map((work) => [work, told(work)]));

/** Of a kind that this Covis does not know. */
export const OTHER_PLAN_WORDS = told('');

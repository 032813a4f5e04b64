import { PLANNED_WORKS } from '../../shared/facts/planned.ts';
import { wordsOf } from '../../shared/jobs/planned-works.ts';

const told = (work: string) => {
  const { unit, done, failed } = wordsOf(work);
  return { unit, done, failed };
};

/** What is said of the units of each kind of plan. Evaluated when the page is built, as `method-facts.ts` is: it comes without schemas. */
export const PLAN_WORDS = Object.fromEntries(PLANNED_WORKS.map((work) => [work, told(work)]));

/** Of a kind that this Covis does not know. */
export const OTHER_PLAN_WORDS = told('');

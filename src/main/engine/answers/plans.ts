import { EXECUTORS } from '../../../shared/facts/planned.ts';
import { planRoutes } from '../../../shared/routes/plans.ts';
import { forgetPlan, listPlans, planRow } from '../library/tables/plan.ts';
import type { Library } from '../library/library.ts';
import type { Plan } from '../plan/folder.ts';
import { hasSlurm } from '../plan/slurm.ts';
import { againAs, aside, cancelOthers } from '../plan/steer.ts';
import { planOfRow, statusOfRow } from '../plan/status.ts';
import { answers, changed } from './answers.ts';
import { startJob } from './jobs.ts';

const planOf = (library: Library, uid: string): Plan => planOfRow(planRow(library, uid));

/** What was asked for as options of the command, each one word, so that no value is taken for an option. */
function optionsOf(asked: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(asked).flatMap(([key, value]) => {
    const flag = `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
    if (value === undefined || value === false) return [];
    return value === true ? [flag] : [`${flag}=${String(value)}`];
  });
}

export const plans = answers(planRoutes, {
  'plans.list': async ({ library }) => ({
    plans: await Promise.all(listPlans(library).map(statusOfRow)),
    executors: EXECUTORS.filter((e) => e === 'local' || hasSlurm()),
  }),
  // In processes of their own: a scheduler may take its time to answer, and what is begun goes on when the studio is closed.
  'plans.retry': (engine, { uid, ...asked }) => {
    const plan = planOf(engine.library, uid);
    // What is wrong with it is said at once, to whoever asked.
    againAs(plan, asked);
    aside(plan, 'retry', ...optionsOf(asked));
    changed(engine, 'plans');
    return null;
  },
  'plans.cancel': (engine, { uid }) => {
    const plan = planOf(engine.library, uid);
    cancelOthers(plan);
    aside(plan, 'cancel');
    changed(engine, 'plans');
    return null;
  },
  'plans.collect': (engine, { uid }) => startJob(engine, 'collect', { plan: planOf(engine.library, uid).folder }),
  'plans.forget': (engine, { uid }) => {
    forgetPlan(engine.library, planRow(engine.library, uid).uid);
    changed(engine, 'plans');
    return null;
  },
});

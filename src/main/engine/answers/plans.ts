import { EXECUTORS } from '../../../shared/facts/plans.ts';
import { planRoutes } from '../../../shared/routes/plans.ts';
import { forgetPlan, listPlans, planRow } from '../library/tables/plan.ts';
import type { Library } from '../library/library.ts';
import type { Plan } from '../plan/folder.ts';
import { hasSlurm } from '../plan/slurm.ts';
import { aside, cancelOthers } from '../plan/steer.ts';
import { planOfRow, statusOfRow } from '../plan/status.ts';
import { answers, changed } from './answers.ts';
import { startJob } from './jobs.ts';

const planOf = (library: Library, uid: string): Plan => planOfRow(planRow(library, uid));

export const plans = answers(planRoutes, {
  'plans.list': async ({ library }) => ({
    plans: await Promise.all(listPlans(library).map(statusOfRow)),
    executors: EXECUTORS.filter((e) => e === 'local' || hasSlurm()),
  }),
  // In processes of their own: a scheduler may take its time to answer, and what is begun goes on when the studio is closed.
  'plans.retry': (engine, { uid }) => {
    aside(planOf(engine.library, uid), 'retry');
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

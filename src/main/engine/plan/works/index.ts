import type { PlannedWork } from '../../../../shared/facts/planned.ts';
import type { Asked } from '../../../../shared/jobs/planned-works.ts';
import { clusterPlan } from './cluster.ts';
import { teacherPlan, type TeacherGiven } from './teacher.ts';
import { domainsPlan, type DomainsGiven } from './domains.ts';
import { edgesPlan } from './edges.ts';
import { extractPlan, type ExtractGiven } from './extract.ts';
import { matchesPlan } from './matches.ts';
import { diffusionPlan, neighboursPlan } from './ranks.ts';
import { indexPlan } from './index-build.ts';
import { ladderPlan, presetsPlan, seedsPlan, type LadderGiven, type PlannedRun } from './runs.ts';
import type { PlanWork } from './work.ts';

/** What each kind of work is cut of. */
export interface GivenByWork {
  readonly extract: ExtractGiven;
  readonly ladder: LadderGiven;
  readonly seeds: readonly PlannedRun[];
  readonly presets: readonly PlannedRun[];
  readonly edges: Asked<'edges'>;
  readonly matches: Asked<'matches'>;
  readonly neighbours: Asked<'neighbours'>;
  readonly diffusion: Asked<'diffusion'>;
  readonly index: Asked<'index'>;
  readonly domains: DomainsGiven;
  readonly teacher: TeacherGiven;
  readonly cluster: Asked<'cluster'>;
}

/** Every kind of work that can be planned. */
export const PLAN_WORKS: { readonly [W in PlannedWork]: PlanWork<GivenByWork[W]> } = {
  extract: extractPlan,
  ladder: ladderPlan,
  seeds: seedsPlan,
  presets: presetsPlan,
  edges: edgesPlan,
  matches: matchesPlan,
  neighbours: neighboursPlan,
  diffusion: diffusionPlan,
  index: indexPlan,
  domains: domainsPlan,
  teacher: teacherPlan,
  cluster: clusterPlan,
};

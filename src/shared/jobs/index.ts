/** Every job. A new one is one file here, one in engine/work, one among the commands, and a line in each list. */
import { z } from 'zod';
import { canBeChosen, forPages, madeOf } from '../schema.ts';
import { adaptJob } from './adapt.ts';
import { backendJob } from './backend.ts';
import { backupJob } from './backup.ts';
import { checkJob } from './check.ts';
import { chooseJob } from './choose.ts';
import { cleanJob } from './clean.ts';
import { clusterJob } from './cluster.ts';
import { collectJob } from './collect.ts';
import { collectionCommitJob } from './collection-commit.ts';
import { collectionExportJob } from './collection-export.ts';
import { collectionImportJob } from './collection-import.ts';
import { collectionMetadataJob } from './collection-metadata.ts';
import { collectionVerifyJob } from './collection-verify.ts';
import { convertJob } from './convert.ts';
import { domainsJob } from './domains.ts';
import { duplicatesJob } from './duplicates.ts';
import { edgesJob } from './edges.ts';
import { evaluateClassesJob } from './evaluate-classes.ts';
import { evaluateRanksJob } from './evaluate-ranks.ts';
import { evaluateJob } from './evaluate.ts';
import { exportJob } from './export.ts';
import { extractFolderJob } from './extract-folder.ts';
import { extractJob } from './extract.ts';
import { importJob } from './import.ts';
import { indexBuildJob, indexSearchJob } from './index-vectors.ts';
import { ladderJob } from './ladder.ts';
import { mapJob } from './map.ts';
import { measureJob } from './measure.ts';
import { mineDescriptorsJob } from './mine-descriptors.ts';
import { mineJob } from './mine.ts';
import { networkExportJob } from './network-export.ts';
import { networkJob } from './network.ts';
import { planJob } from './plan.ts';
import { projectJob } from './project.ts';
import { qualityJob } from './quality.ts';
import { rankJob } from './rank.ts';
import { regionsJob } from './regions.ts';
import { runJob } from './run.ts';
import { sketchesJob } from './sketches.ts';
import { submitJob } from './submit.ts';
import { teacherJob } from './teacher.ts';
import { tradeoffJob } from './tradeoff.ts';
import { trainJob } from './train.ts';
import { vectorsJob } from './vectors.ts';
import { whitenJob } from './whiten.ts';
import type { GivenOf, JobDefinition, ParamsOf, ResultOf } from './job.ts';

export const JOBS = {
  adapt: adaptJob,
  backend: backendJob,
  import: importJob,
  extract: extractJob,
  mine: mineJob,
  train: trainJob,
  evaluate: evaluateJob,
  run: runJob,
  regions: regionsJob,
  vectors: vectorsJob,
  measure: measureJob,
  map: mapJob,
  tradeoff: tradeoffJob,
  export: exportJob,
  teacher: teacherJob,
  cluster: clusterJob,
  duplicates: duplicatesJob,
  quality: qualityJob,
  choose: chooseJob,
  domains: domainsJob,
  sketches: sketchesJob,
  network: networkJob,
  whiten: whitenJob,
  ladder: ladderJob,
  check: checkJob,
  clean: cleanJob,
  backup: backupJob,
  'collection-commit': collectionCommitJob,
  'collection-export': collectionExportJob,
  'collection-import': collectionImportJob,
  'collection-metadata': collectionMetadataJob,
  'collection-verify': collectionVerifyJob,
  plan: planJob,
  submit: submitJob,
  collect: collectJob,
  convert: convertJob,
  edges: edgesJob,
  rank: rankJob,
  'index-build': indexBuildJob,
  'index-search': indexSearchJob,
  'evaluate-ranks': evaluateRanksJob,
  'evaluate-classes': evaluateClassesJob,
  'extract-folder': extractFolderJob,
  'mine-descriptors': mineDescriptorsJob,
  'network-export': networkExportJob,
  project: projectJob,
} as const satisfies { readonly [K in string]: JobDefinition<K> };

export type JobKind = keyof typeof JOBS;
export type JobParams<K extends JobKind> = ParamsOf<(typeof JOBS)[K]>;
export type JobGiven<K extends JobKind> = GivenOf<(typeof JOBS)[K]>;
export type JobResult<K extends JobKind> = ResultOf<(typeof JOBS)[K]>;

/** A job as a page starts it. */
export type PageJob = {
  // A job without parameters has an index signature of nothing, which would refuse its kind.
  [K in JobKind]: (typeof JOBS)[K]['startedBy'] extends 'page'
    ? { readonly kind: K } & (string extends keyof JobGiven<K> ? unknown : JobGiven<K>)
    : never;
}[JobKind];

/** True for a job that takes what a person chose: its paths are ids in the hands of a page, and another route starts it. */
export function takesChosen(kind: JobKind): boolean {
  const { startedBy, params }: JobDefinition<JobKind> = JOBS[kind];
  return startedBy !== 'command' && canBeChosen(params);
}

/** True for a job that writes for other tools where a person says; a browser may download it instead. Of a plan nothing is there when its job ends. */
export function writes(kind: JobKind): boolean {
  return takesChosen(kind) && kind !== 'submit' && madeOf(JOBS[kind].params).length > 0;
}

/** A job as a page starts it with what was chosen: `kind`, and what its schema takes with ids for paths. */
export interface ChosenJob {
  readonly kind: JobKind;
  readonly [param: string]: unknown;
}

/** What a page says of a job that writes, but where to. */
export function placeless(params: z.ZodObject): z.ZodObject {
  const places = new Set(madeOf(params).map(({ path }) => path[0]));
  const shape = forPages(params, true).shape as z.ZodRawShape;
  return z.strictObject(Object.fromEntries(Object.entries(shape).filter(([key]) => !places.has(key))));
}

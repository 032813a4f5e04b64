/** How every job is done. */
import type { z } from 'zod';
import type { JOBS, JobKind } from '../../../shared/jobs/index.ts';
import type { Work } from './work.ts';

/** The code of a job is read when one is done: a thread does one, a command as well, and reading all of it takes longer than many a job. */
function late<R extends z.ZodType>(read: () => Promise<Work<R>>): Work<R> {
  return { run: async (library, params, task) => (await read()).run(library, params, task) };
}

export const WORK: { readonly [K in JobKind]: Work<(typeof JOBS)[K]['result']> } = {
  adapt: late(async () => (await import('./adapt.ts')).adaptWork),
  backend: late(async () => (await import('./backend.ts')).backendWork),
  import: late(async () => (await import('./import.ts')).importWork),
  extract: late(async () => (await import('./extract.ts')).extractWork),
  mine: late(async () => (await import('./mine.ts')).mineWork),
  train: late(async () => (await import('./train.ts')).trainWork),
  evaluate: late(async () => (await import('./evaluate.ts')).evaluateWork),
  run: late(async () => (await import('./run.ts')).runWork),
  regions: late(async () => (await import('./regions.ts')).regionsWork),
  vectors: late(async () => (await import('./vectors.ts')).vectorsWork),
  measure: late(async () => (await import('./measure.ts')).measureWork),
  map: late(async () => (await import('./map.ts')).mapWork),
  tradeoff: late(async () => (await import('./tradeoff.ts')).tradeoffWork),
  export: late(async () => (await import('./export.ts')).exportWork),
  teacher: late(async () => (await import('./teacher.ts')).teacherWork),
  cluster: late(async () => (await import('./cluster.ts')).clusterWork),
  duplicates: late(async () => (await import('./duplicates.ts')).duplicatesWork),
  quality: late(async () => (await import('./quality.ts')).qualityWork),
  choose: late(async () => (await import('./choose.ts')).chooseWork),
  domains: late(async () => (await import('./domains.ts')).domainsWork),
  sketches: late(async () => (await import('./sketches.ts')).sketchesWork),
  network: late(async () => (await import('./network.ts')).networkWork),
  whiten: late(async () => (await import('./whiten.ts')).whitenWork),
  ladder: late(async () => (await import('./ladder.ts')).ladderWork),
  check: late(async () => (await import('./check.ts')).checkWork),
  clean: late(async () => (await import('./clean.ts')).cleanWork),
  backup: late(async () => (await import('./backup.ts')).backupWork),
  'collection-commit': late(async () => (await import('./collection-commit.ts')).collectionCommitWork),
  'collection-export': late(async () => (await import('./collection-export.ts')).collectionExportWork),
  'collection-import': late(async () => (await import('./collection-import.ts')).collectionImportWork),
  'collection-metadata': late(async () => (await import('./collection-metadata.ts')).collectionMetadataWork),
  'collection-verify': late(async () => (await import('./collection-verify.ts')).collectionVerifyWork),
  plan: late(async () => (await import('./plan.ts')).planWork),
  submit: late(async () => (await import('./plan.ts')).submitWork),
  collect: late(async () => (await import('./plan.ts')).collectWork),
  convert: late(async () => (await import('./convert.ts')).convertWork),
  edges: late(async () => (await import('./edges.ts')).edgesWork),
  rank: late(async () => (await import('./rank.ts')).rankWork),
  'index-build': late(async () => (await import('./index-vectors.ts')).indexBuildWork),
  'index-search': late(async () => (await import('./index-vectors.ts')).indexSearchWork),
  'evaluate-ranks': late(async () => (await import('./evaluate-ranks.ts')).evaluateRanksWork),
  'evaluate-classes': late(async () => (await import('./evaluate-classes.ts')).evaluateClassesWork),
  'extract-folder': late(async () => (await import('./extract-folder.ts')).extractFolderWork),
  'mine-descriptors': late(async () => (await import('./mine-descriptors.ts')).mineDescriptorsWork),
  'network-export': late(async () => (await import('./network-export.ts')).networkExportWork),
  project: late(async () => (await import('./project.ts')).projectWork),
};

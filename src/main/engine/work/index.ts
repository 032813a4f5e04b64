/** How every job is done. */
import type { JOBS, JobKind } from '../../../shared/jobs/index.ts';
import { adaptWork } from './adapt.ts';
import { backendWork } from './backend.ts';
import { backupWork } from './backup.ts';
import { checkWork } from './check.ts';
import { chooseWork } from './choose.ts';
import { cleanWork } from './clean.ts';
import { clusterWork } from './cluster.ts';
import { collectionCommitWork } from './collection-commit.ts';
import { collectionExportWork } from './collection-export.ts';
import { collectionImportWork } from './collection-import.ts';
import { collectionMetadataWork } from './collection-metadata.ts';
import { collectionVerifyWork } from './collection-verify.ts';
import { convertWork } from './convert.ts';
import { domainsWork } from './domains.ts';
import { duplicatesWork } from './duplicates.ts';
import { edgesWork } from './edges.ts';
import { evaluateClassesWork } from './evaluate-classes.ts';
import { evaluateRanksWork } from './evaluate-ranks.ts';
import { evaluateWork } from './evaluate.ts';
import { exportWork } from './export.ts';
import { extractFolderWork } from './extract-folder.ts';
import { extractWork } from './extract.ts';
import { importWork } from './import.ts';
import { indexBuildWork, indexSearchWork } from './index-vectors.ts';
import { ladderWork } from './ladder.ts';
import { mapWork } from './map.ts';
import { measureWork } from './measure.ts';
import { mineDescriptorsWork } from './mine-descriptors.ts';
import { mineWork } from './mine.ts';
import { networkExportWork } from './network-export.ts';
import { networkWork } from './network.ts';
import { collectWork, planWork, submitWork } from './plan.ts';
import { projectWork } from './project.ts';
import { qualityWork } from './quality.ts';
import { rankWork } from './rank.ts';
import { regionsWork } from './regions.ts';
import { runWork } from './run.ts';
import { sketchesWork } from './sketches.ts';
import { teacherWork } from './teacher.ts';
import { tradeoffWork } from './tradeoff.ts';
import { trainWork } from './train.ts';
import { vectorsWork } from './vectors.ts';
import { whitenWork } from './whiten.ts';
import type { Work } from './work.ts';

export const WORK: { readonly [K in JobKind]: Work<(typeof JOBS)[K]['params'], (typeof JOBS)[K]['result']> } = {
  adapt: adaptWork,
  backend: backendWork,
  import: importWork,
  extract: extractWork,
  mine: mineWork,
  train: trainWork,
  evaluate: evaluateWork,
  run: runWork,
  regions: regionsWork,
  vectors: vectorsWork,
  measure: measureWork,
  map: mapWork,
  tradeoff: tradeoffWork,
  export: exportWork,
  teacher: teacherWork,
  cluster: clusterWork,
  duplicates: duplicatesWork,
  quality: qualityWork,
  choose: chooseWork,
  domains: domainsWork,
  sketches: sketchesWork,
  network: networkWork,
  whiten: whitenWork,
  ladder: ladderWork,
  check: checkWork,
  clean: cleanWork,
  backup: backupWork,
  'collection-commit': collectionCommitWork,
  'collection-export': collectionExportWork,
  'collection-import': collectionImportWork,
  'collection-metadata': collectionMetadataWork,
  'collection-verify': collectionVerifyWork,
  plan: planWork,
  submit: submitWork,
  collect: collectWork,
  convert: convertWork,
  edges: edgesWork,
  rank: rankWork,
  'index-build': indexBuildWork,
  'index-search': indexSearchWork,
  'evaluate-ranks': evaluateRanksWork,
  'evaluate-classes': evaluateClassesWork,
  'extract-folder': extractFolderWork,
  'mine-descriptors': mineDescriptorsWork,
  'network-export': networkExportWork,
  project: projectWork,
};

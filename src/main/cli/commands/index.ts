/** Every command, in the order of `covis --help`. A command below another stands behind it. */
import type { CommandDefinition } from '../program/command.ts';
import { adapt } from './adapt.ts';
import { backends, backendsAdd, backendsRemove } from './backends.ts';
import { backup, restore } from './backup.ts';
import { check } from './check.ts';
import { clean } from './clean.ts';
import { cluster } from './cluster.ts';
import { clusters } from './clusters.ts';
import {
  collectionFields,
  collectionFieldsExport,
  collectionFieldsImport,
  collectionSet,
} from './collection/describe.ts';
import { collectionExport, collectionFieldsRead, collectionImport, collectionVerify } from './collection/exports.ts';
import {
  collection,
  collectionCreate,
  collectionDelete,
  collectionDuplicate,
  collectionList,
  collectionRename,
  collectionShow,
  collectionUse,
} from './collection/make.ts';
import {
  collectionAdd,
  collectionFoldUnder,
  collectionMove,
  collectionRemove,
  collectionUnfold,
} from './collection/photos.ts';
import { collectionFold } from './collection/fold.ts';
import { collectionJudge, collectionNext } from './collection/judge.ts';
import { collectionSelect } from './collection/select.ts';
import { collectionSmart } from './collection/smart.ts';
import {
  collectionBundle,
  collectionCommit,
  collectionConflicts,
  collectionDiff,
  collectionMissing,
  collectionMerge,
  collectionRestore,
  collectionTag,
  collectionVersions,
} from './collection/versions.ts';
import { convert } from './convert.ts';
import { decideCommand } from './decide.ts';
import { descriptors } from './descriptors.ts';
import { doctorCommand } from './doctor.ts';
import { domains } from './domains.ts';
import { duplicates } from './duplicates.ts';
import { edges } from './edges.ts';
import { evaluate } from './evaluate.ts';
import { exportCommand } from './export.ts';
import { extract } from './extract.ts';
import { importCommand } from './import.ts';
import { indexBuild, indexCommand, indexSearch } from './index-vectors.ts';
import { init } from './init.ts';
import { logs } from './logs.ts';
import { mine } from './mine.ts';
import { network } from './network.ts';
import { networks, networksAdd, networksExport } from './networks.ts';
import { plan, submit } from './plan/make.ts';
import { collect, work } from './plan/shards.ts';
import { cancel, retry, status } from './plan/steer.ts';
import { quality } from './quality.ts';
import { rank } from './rank.ts';
import { search } from './search.ts';
import { sketches } from './sketches.ts';
import { open, serve } from './studio.ts';
import { teacher } from './teacher.ts';
import { ladder, run, train } from './train.ts';
import { whiten } from './whiten.ts';

export const COMMANDS: readonly CommandDefinition[] = [
  init,
  importCommand,
  cluster,
  adapt,
  clusters,
  extract,
  mine,
  decideCommand,
  backends,
  backendsAdd,
  backendsRemove,
  networks,
  networksAdd,
  networksExport,
  network,
  whiten,
  train,
  run,
  ladder,
  rank,
  indexCommand,
  indexBuild,
  indexSearch,
  evaluate,
  search,
  descriptors,
  exportCommand,
  convert,
  duplicates,
  quality,
  check,
  clean,
  backup,
  restore,
  teacher,
  edges,
  domains,
  sketches,
  collection,
  collectionList,
  collectionCreate,
  collectionRename,
  collectionDelete,
  collectionDuplicate,
  collectionUse,
  collectionShow,
  collectionAdd,
  collectionRemove,
  collectionMove,
  collectionFoldUnder,
  collectionUnfold,
  collectionFold,
  collectionSmart,
  collectionJudge,
  collectionNext,
  collectionSelect,
  collectionSet,
  collectionFields,
  collectionFieldsExport,
  collectionFieldsImport,
  collectionFieldsRead,
  collectionCommit,
  collectionVersions,
  collectionDiff,
  collectionMissing,
  collectionRestore,
  collectionTag,
  collectionBundle,
  collectionMerge,
  collectionConflicts,
  collectionExport,
  collectionImport,
  collectionVerify,
  plan,
  work,
  collect,
  submit,
  status,
  cancel,
  retry,
  serve,
  open,
  doctorCommand,
  logs,
];

/** `covis collection` and all below it. */
import type { CommandDefinition } from '../../program/command.ts';
import { collectionSet, collectionFields, collectionFieldsExport, collectionFieldsImport } from './describe.ts';
import { collectionFieldsRead, collectionExport, collectionImport, collectionVerify } from './exports.ts';
import { collectionFold } from './fold.ts';
import { collectionJudge, collectionNext } from './judge.ts';
import {
  collection,
  collectionList,
  collectionCreate,
  collectionRename,
  collectionDelete,
  collectionDuplicate,
  collectionUse,
  collectionShow,
} from './make.ts';
import { collectionAdd, collectionRemove, collectionMove, collectionFoldUnder, collectionUnfold } from './photos.ts';
import { collectionSelect } from './select.ts';
import { collectionSmart } from './smart.ts';
import {
  collectionCommit,
  collectionVersions,
  collectionDiff,
  collectionMissing,
  collectionRestore,
  collectionTag,
  collectionBundle,
  collectionMerge,
  collectionConflicts,
} from './versions.ts';

export const COLLECTION: readonly CommandDefinition[] = [
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
];

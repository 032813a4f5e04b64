import type { Component } from 'vue';
import { useCollectionFiles } from '../stores/collection-files.ts';
import { useForms } from '../stores/forms.ts';
import { useImports } from '../stores/imports.ts';
import { usePanels } from '../stores/panels.ts';
import { useQuestions } from '../stores/questions.ts';
import { useStart } from '../stores/start.ts';

/** A dialog that may lie over any view. */
export interface LateDialog {
  /** True once something asks for it. */
  readonly wanted: () => boolean;
  readonly load: () => Promise<{ default: Component }>;
  /** Of one that is told whether it is open: where that stands. */
  readonly panel?: 'history' | 'help' | 'palette';
}

/** All of them. None is part of the page's start: its code comes when there is time, and it is made when it is first wanted. */
export const DIALOGS: readonly LateDialog[] = [
  { wanted: () => usePanels().history, load: () => import('./HistoryDialog.vue'), panel: 'history' },
  { wanted: () => usePanels().help, load: () => import('./HelpSheet.vue'), panel: 'help' },
  { wanted: () => usePanels().palette, load: () => import('./CommandPalette.vue'), panel: 'palette' },
  { wanted: () => usePanels().collecting || usePanels().naming, load: () => import('./CollectDialog.vue') },
  { wanted: () => usePanels().restoring !== false, load: () => import('../views/start/RestoreDialog.vue') },
  { wanted: () => usePanels().checking, load: () => import('../views/storage/CheckDialog.vue') },
  { wanted: () => usePanels().exporting !== null, load: () => import('../views/tools/ExportDialog.vue') },
  { wanted: () => usePanels().sets, load: () => import('../views/tools/SetsDialog.vue') },
  { wanted: () => usePanels().machine, load: () => import('../views/tools/MachineDialog.vue') },
  { wanted: () => usePanels().log, load: () => import('../views/tools/LogDialog.vue') },
  { wanted: () => useImports().sources !== null, load: () => import('../views/common/ImportDialog.vue') },
  { wanted: () => useStart().making !== null, load: () => import('../views/start/NewLibraryDialog.vue') },
  { wanted: () => useForms().kind !== null, load: () => import('../views/start/JobDialog.vue') },
  { wanted: () => useQuestions().purpose !== null, load: () => import('../views/start/FolderDialog.vue') },
  { wanted: () => useQuestions().question !== null, load: () => import('../views/start/AskDialog.vue') },
  {
    wanted: () => useCollectionFiles().source !== null,
    load: () => import('../views/collections/ImportCollectionDialog.vue'),
  },
];

/** Dialogs with forms of a job, whose schemas the view itself does without. */
export const DIALOGS = {
  choose: () => import('./ChooseDialog.vue'),
  export: () => import('./ExportDialog.vue'),
  fold: () => import('./FoldDialog.vue'),
} as const;

/** The form of a mining job, whose schemas the view itself does without. */
export const mineDialog = () => import('./MineDialog.vue');

/** Forms with schemas, which the view itself does without. */
export const planDialog = () => import('./PlanDialog.vue');
export const retryDialog = () => import('./RetryDialog.vue');

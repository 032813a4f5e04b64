/** The form of a run, with the schemas of its fields: what was trained is not kept waiting for it. */
export const trainForm = () => import('./TrainForm.vue');

/** The form of a measurement's parameters, with their schemas. */
export const measureParameters = () => import('./MeasureParameters.vue');

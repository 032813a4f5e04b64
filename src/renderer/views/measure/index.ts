import { Gauge } from '@lucide/vue';
import { view } from '../view.ts';
import { measureParameters } from './parameters.ts';

export const measure = view({
  name: 'measure',
  title: 'Measure',
  icon: Gauge,
  path: '/measure/:id?',
  empty: 'Measuring asks how well photos of the same place are found.',
  component: () => import('./MeasureView.vue'),
  later: [measureParameters],
  key: '7',
  palette: [
    { label: 'Measure: gradients to spectrum', query: { tab: 'tradeoff' } },
    { label: 'Measure: teacher against student', query: { tab: 'teacher' } },
    { label: 'Measure: what components bring', query: { tab: 'ladder' } },
    { label: 'Measure: shapes', query: { tab: 'shapes' } },
  ],
});

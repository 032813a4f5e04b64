import type { ManifoldView } from '../../../shared/domain.ts';

/** At most so many. */
export const STRIPS = 4;

/** The rankings around a photo, in their order. */
export function stripsOf(view: ManifoldView) {
  const near = [
    {
      kind: 'euclidean',
      title: 'Euclidean neighbours',
      text: 'by cosine; below each its two ranks',
      of: view.euclidean,
    },
    { kind: 'manifold', title: 'Manifold neighbours', text: 'by diffusion along the graph', of: view.manifold },
  ] as const;
  // Who is hard is said of the whole graph alone.
  if (view.part !== null) return near;
  return [
    ...near,
    { kind: 'positive', title: 'Hard positives', text: 'would train as matches', of: view.positives },
    { kind: 'negative', title: 'Hard negatives', text: 'would train as non-matches', of: view.negatives },
  ] as const;
}

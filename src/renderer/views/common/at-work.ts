import type { Brought } from '../../../shared/domain.ts';

/** What is said of what a job is about to bring, where it will be. */
export const AT_WORK: Readonly<Record<Brought, { readonly title: string; readonly text: string }>> = {
  photos: {
    title: 'Photos are on their way',
    text: 'They appear here when they are in the library. You can go anywhere meanwhile.',
  },
  clusters: {
    title: 'Places are being found',
    text: 'Photos that see the same things become clusters, which appear here when they are found. You can go anywhere meanwhile.',
  },
  matches: {
    title: 'Photos are being matched',
    text: 'Photos whose local features match this one’s appear here once all are matched.',
  },
  descriptors: {
    title: 'Photos are being described',
    text: 'A network turns each photo into a descriptor, so that photos can be compared. What needs them appears here when they are there.',
  },
  'edge-descriptors': {
    title: 'Drawing is being prepared',
    text: 'Every photo is described by its edges. You can draw here when that is done.',
  },
  map: {
    title: 'The map is being laid out',
    text: 'All photos in two dimensions, those with similar descriptors together. It appears here when it is done.',
  },
  tuples: {
    title: 'Tuples are being mined',
    text: 'For each query a photo that sees the same points, and the most similar photos of other places. They appear here when they are mined.',
  },
  training: {
    title: 'A training is about to begin',
    text: 'Its curves appear here with its first epoch.',
  },
  measurements: {
    title: 'Measuring',
    text: 'What is measured appears here as a matrix of protocols and methods.',
  },
  duplicates: {
    title: 'Looking for photos that are there more than once',
    text: 'Groups appear here when all photos were looked at.',
  },
  tradeoff: {
    title: 'Measuring time, memory and error for every rank',
    text: 'The slider and its curves appear here when it is done.',
  },
  teacher: {
    title: 'Comparing the teacher with the student',
    text: 'Both rank the same queries. The first run reads the local features of every photo.',
  },
  ladder: {
    title: 'Measuring what each component brings',
    text: 'The same network is trained several times, each time with one thing better. Its rungs appear here when all are measured; what is trained is kept when you stop it.',
  },
  shapes: {
    title: 'Measuring shapes across domains',
    text: 'Its tables appear here when it is done.',
  },
};

import type { PathStep, StepEstimate } from '../../../shared/domain.ts';
import { bytes } from '../../kit/format.ts';

/** What a step is called, what its button says, and what it is good for. */
export const STEP_WORDS: Readonly<Record<PathStep['name'], { title: string; button: string; about: string }>> = {
  photos: { title: 'Photos', button: 'Bring photos…', about: 'Photos and 3D models come into the library' },
  places: {
    title: 'Places',
    button: 'Find places',
    about: 'Photos of one place are found, joined and, with COLMAP, made a 3D model',
  },
  describe: {
    title: 'Describe',
    button: 'Describe the photos',
    about: 'The network in use describes every photo, so that they can be compared',
  },
  mine: {
    title: 'Mine',
    button: 'Mine pairs',
    about: 'Pairs that teach are found, and the hardest photos of other places',
  },
  look: { title: 'Look', button: 'Look at the pairs', about: 'A person says of some pairs whether they are right' },
  train: {
    title: 'Train',
    button: 'Train a network',
    about: 'A network learns from the pairs to tell your places apart',
  },
  search: {
    title: 'Search',
    button: 'Search',
    about: 'Photos of the same place are found with a photo, a part of it or a drawing',
  },
};

/** Seconds below which nobody counts them. */
const FEW = 5;

function roughly(seconds: number): string {
  if (seconds < FEW) return 'a few seconds';
  if (seconds < 90) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

/** An estimate as people read it; empty for none. */
export function estimated(e: StepEstimate | null): string {
  if (e === null) return '';
  const size = e.bytes === null || e.bytes < 1000 ? '' : `, ${bytes(e.bytes)}`;
  const [fast, slow] = e.seconds;
  if (fast === slow) return `Estimated: ${roughly(fast)}${size}`;
  const [least, most] = [fast, slow].map((s) => roughly(s).replace('about ', ''));
  return `Estimated: ${fast < FEW ? 'up to' : `${least} to`} ${most} on two cores${size}`;
}

/** The view in which each step's result is seen. */
export const STEP_VIEWS = {
  photos: 'photos',
  places: 'clusters',
  describe: 'map',
  mine: 'tuples',
  look: 'tuples',
  train: 'train',
  search: 'search',
} as const;

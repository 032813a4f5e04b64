import type { PathStep, StepEstimate } from '../../../shared/domain.ts';
import { bytes } from '../../kit/format.ts';

interface StepWords {
  readonly title: string;
  readonly button: string;
  readonly about: string;
  /** While a job is at work on it; nothing for what a person does. */
  readonly doing?: string;
  /** Where its job goes on beyond what a stop would keep: what it does then, and the button that stops it. */
  readonly beyond?: string;
  readonly stop?: string;
}

/** What a step is called, what its button says, and what it is good for. */
export const STEP_WORDS: Readonly<Record<PathStep['name'], StepWords>> = {
  photos: {
    title: 'Photos',
    button: 'Bring photos…',
    about: 'Photos and 3D models come into the library',
    doing: 'Photos are on their way',
  },
  places: {
    title: 'Places',
    button: 'Find places',
    about: 'Photos of one place are found, joined and, with COLMAP, made a 3D model',
    doing: 'Places are being found',
    beyond: '3D models are being built',
    stop: 'Stop at places',
  },
  describe: {
    title: 'Describe',
    button: 'Describe the photos',
    about: 'The network in use describes every photo, so that they can be compared',
    doing: 'Photos are being described',
  },
  mine: {
    title: 'Mine',
    button: 'Mine pairs',
    about: 'Pairs that teach are found, and the hardest photos of other places',
    doing: 'Pairs are being mined',
  },
  look: { title: 'Look', button: 'Look at the pairs', about: 'A person says of some pairs whether they are right' },
  train: {
    title: 'Train',
    button: 'Train a network',
    about: 'A network learns from the pairs to tell your places apart',
    doing: 'A network is being trained',
  },
  search: {
    title: 'Search',
    button: 'Search',
    about: 'Photos of the same place are found with a photo, a part of it or a drawing',
  },
};

/** What a step is good for and how it stands, in sentences. */
export function tipOf(s: PathStep): string {
  const words = STEP_WORDS[s.name];
  const state = s.state === 'done' ? `Done: ${s.why}` : s.state === 'blocked' ? `Not yet: ${s.why}` : s.why;
  return `${words.about}. ${state}.`;
}

/** Seconds below which nobody counts them. */
const FEW = 5;

function roughly(seconds: number): string {
  if (seconds < FEW) return 'a few seconds';
  if (seconds < 90) return `about ${Math.max(5, Math.round(seconds / 5) * 5)} s`;
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}

/** How long something takes as people read it, without the word for it; empty for none. */
export function estimatedTime(e: StepEstimate | null): string {
  if (e === null) return '';
  const [fast, slow] = e.seconds;
  if (fast === slow) return roughly(fast);
  const [least, most] = [fast, slow].map((s) => roughly(s).replace('about ', ''));
  return `${fast < FEW ? 'up to' : `${least} to`} ${most} on two cores`;
}

/** An estimate as people read it; empty for none. */
export function estimated(e: StepEstimate | null): string {
  if (e === null) return '';
  const size = e.bytes === null || e.bytes < 1000 ? '' : `, ${bytes(e.bytes)}`;
  const besides = e.includes === undefined ? '' : `, with ${e.includes}`;
  return `Estimated: ${estimatedTime(e)}${size}${besides}`;
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

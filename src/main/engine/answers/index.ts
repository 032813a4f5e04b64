/** Who answers what. The compiler refuses this list while a route of `shared/routes` has no answer. */
import type { ROUTES } from '../../../shared/routes/index.ts';
import type { Answers } from './answers.ts';
import { clusters } from './clusters.ts';
import { collectionFiles } from './collection-files.ts';
import { collectionRules } from './collection-rules.ts';
import { collections } from './collections.ts';
import { descriptors } from './descriptors.ts';
import { jobs } from './jobs.ts';
import { library } from './library.ts';
import { log } from './log.ts';
import { manifold } from './manifold.ts';
import { measurements } from './measurements.ts';
import { networks } from './networks.ts';
import { photos } from './photos.ts';
import { plans } from './plans.ts';
import { review } from './review.ts';
import { search } from './search.ts';
import { settings } from './settings.ts';
import { start } from './start.ts';
import { storage } from './storage.ts';
import { training } from './training.ts';
import { tuples } from './tuples.ts';

export type AllAnswers = Answers<typeof ROUTES>;

export const ANSWERS: AllAnswers = {
  ...start,
  ...library,
  ...clusters,
  ...collections,
  ...collectionFiles,
  ...collectionRules,
  ...photos,
  ...tuples,
  ...review,
  ...manifold,
  ...search,
  ...descriptors,
  ...measurements,
  ...training,
  ...networks,
  ...settings,
  ...storage,
  ...jobs,
  ...plans,
  ...log,
};

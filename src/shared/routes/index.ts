/** Every route there is. A new one stands in its subject's file, and `engine/answers` answers it; the compiler asks for both. */
import { clusterRoutes } from './clusters.ts';
import { collectionFileRoutes } from './collection-files.ts';
import { collectionRuleRoutes } from './collection-rules.ts';
import { collectionRoutes } from './collections.ts';
import { descriptorRoutes } from './descriptors.ts';
import { jobRoutes } from './jobs.ts';
import { libraryRoutes } from './library.ts';
import { logRoutes } from './log.ts';
import { manifoldRoutes } from './manifold.ts';
import { measurementRoutes } from './measurements.ts';
import { networkRoutes } from './networks.ts';
import { photoRoutes } from './photos.ts';
import { planRoutes } from './plans.ts';
import { reviewRoutes } from './review.ts';
import type { AnswerOf, GivenTo, Routes } from './route.ts';
import { searchRoutes } from './search.ts';
import { settingsRoutes } from './settings.ts';
import { startRoutes } from './start.ts';
import { storageRoutes } from './storage.ts';
import { trainingRoutes } from './training.ts';
import { tupleRoutes } from './tuples.ts';

export const ROUTES = {
  ...startRoutes,
  ...libraryRoutes,
  ...clusterRoutes,
  ...collectionRoutes,
  ...collectionFileRoutes,
  ...collectionRuleRoutes,
  ...photoRoutes,
  ...tupleRoutes,
  ...reviewRoutes,
  ...manifoldRoutes,
  ...searchRoutes,
  ...descriptorRoutes,
  ...measurementRoutes,
  ...trainingRoutes,
  ...networkRoutes,
  ...settingsRoutes,
  ...storageRoutes,
  ...jobRoutes,
  ...planRoutes,
  ...logRoutes,
} satisfies Routes;

export type RouteName = keyof typeof ROUTES;
/** What may be sent to a route. */
export type RouteParams<R extends RouteName> = GivenTo<(typeof ROUTES)[R]>;
/** What a route answers. */
export type RouteResults<R extends RouteName> = AnswerOf<(typeof ROUTES)[R]>;

export const ROUTE_NAMES = Object.keys(ROUTES) as readonly RouteName[];

/** Routes that pages are refused. */
export const HOST_ROUTES: ReadonlySet<RouteName> = new Set(ROUTE_NAMES.filter((r) => ROUTES[r].who === 'host'));

import type { Repeat } from '../../shared/routes/route.ts';
import { ROUTE_NAMES, ROUTES, type RouteName } from '../../shared/routes/index.ts';

/**
 * What the page has to know of each route to ask it: whether it may be asked again. The built page has this as it comes out here
 * (electron.vite.config.ts), without the schemas of all routes, which nobody in the page needs.
 */
export const REPEATS = Object.fromEntries(
  ROUTE_NAMES.flatMap((name) => (ROUTES[name].repeat === undefined ? [] : [[name, ROUTES[name].repeat]])),
) as Readonly<Partial<Record<RouteName, Repeat>>>;

import { storageReport } from '../facts/storage.ts';
import { none } from '../fields.ts';
import { route } from './route.ts';

export const storageRoutes = {
  /** What takes how much, what it is made of, what can go and what stays. Looks at every file of the library. */
  'storage.report': route({ who: 'page', repeat: 'safe', params: none, result: storageReport }),
};

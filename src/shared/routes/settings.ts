import { settings } from '../facts/settings.ts';
import { none } from '../fields.ts';
import { route } from './route.ts';

export const settingsRoutes = {
  'settings.get': route({ who: 'page', params: none, result: settings }),
  /** Overlays what is given and keeps the rest. */
  'settings.set': route({ who: 'page', params: settings, result: settings }),
};

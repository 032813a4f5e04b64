import { settings } from '../facts/settings.ts';
import { none } from '../fields.ts';
import { route } from './route.ts';

export const settingsRoutes = {
  'settings.get': route({ who: 'page', repeat: 'safe', params: none, result: settings }),
  /** Overlays what is given and keeps the rest. */
  'settings.set': route({ who: 'page', repeat: 'safe', params: settings, result: settings }),
};

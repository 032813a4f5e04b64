import { settingsRoutes } from '../../../shared/routes/settings.ts';
import { readSettings, writeSettings } from '../environment/settings.ts';
import { answers, changed } from './answers.ts';

export const settings = answers(settingsRoutes, {
  'settings.get': () => readSettings(),
  'settings.set': (engine, change) => {
    const settings = writeSettings(change);
    changed(engine, 'settings');
    // What describes stands in the header.
    if (change.backend !== undefined || change.precision !== undefined) changed(engine, 'library');
    return settings;
  },
});

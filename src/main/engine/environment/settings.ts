import { join } from 'node:path';
import { settings, type Settings } from '../../../shared/facts/settings.ts';
import { changeKept, onDamage, partsOf, readKept, sentenceOf } from './kept-file.ts';
import { logger } from './log.ts';
import { userFolder } from './user-folder.ts';

/** Where a person's settings are: beside those of other programs, the same for every library and face. */
export function settingsFile(): string {
  const given = process.env['COVIS_SETTINGS'];
  if (given !== undefined && given !== '') return given;
  return join(userFolder(), 'settings.json');
}

// Of all files beside the settings.
onDamage((damage) => logger('settings').warn(sentenceOf(damage)));

const SHAPE = partsOf<Settings>(settings);

/** What a person chose. What cannot be read counts as no choice: settings are never worth an error at start. */
export const readSettings = (): Settings => readKept(settingsFile(), SHAPE);

/** Overlays the settings that are given and keeps the rest. @throws what {@link changeKept} throws. */
export function writeSettings(change: Settings): Settings {
  return changeKept(settingsFile(), SHAPE, (before) => ({ ...before, ...change }), 0o666);
}

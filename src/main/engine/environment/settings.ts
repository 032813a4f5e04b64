import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { settings, type Settings } from '../../../shared/facts/settings.ts';
import { logFailure, logger } from './log.ts';
import { userFolder } from './user-folder.ts';
import { makeFolder } from './folders.ts';

/** Where a person's settings are: beside those of other programs, the same for every library and face. */
export function settingsFile(): string {
  const given = process.env['COVIS_SETTINGS'];
  if (given !== undefined && given !== '') return given;
  return join(userFolder(), 'settings.json');
}

/** What a person chose. A file that cannot be read counts as no choice: settings are never worth an error at start. */
export function readSettings(): Settings {
  return readFrom(settingsFile()) ?? {};
}

/** Undefined for a file that cannot be read, which the log says. */
function readFrom(file: string): Settings | undefined {
  try {
    return existsSync(file) ? settings.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  } catch (error) {
    logFailure(logger('settings'), `${file} cannot be read`, error);
    return undefined;
  }
}

/** Overlays the settings that are given and keeps the rest; a file that cannot be read is kept beside, as `settings.json.damaged`. */
export function writeSettings(change: Settings): Settings {
  const file = settingsFile();
  const before = readFrom(file);
  if (before === undefined) renameSync(file, `${file}.damaged`);
  const next = { ...before, ...change };
  makeFolder(dirname(file));
  writeFileSync(`${file}.tmp`, `${JSON.stringify(next, undefined, 2)}\n`);
  renameSync(`${file}.tmp`, file);
  return next;
}

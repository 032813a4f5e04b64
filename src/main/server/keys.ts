/** The key and port under which a library was served last, so that an open page finds it again after a restart. */
import { randomBytes } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { changeKept, entriesOf, readKept } from '../engine/environment/kept-file.ts';
import { logFailure, logger } from '../engine/environment/log.ts';
import { settingsFile } from '../engine/environment/settings.ts';

const key = z.strictObject({ token: z.string().regex(/^[0-9a-f]{48}$/), port: z.int().min(0).max(65_535) });
/** Those that cannot be read are made anew; open pages then ask for the address that is printed. */
const SHAPE = entriesOf(key);
export type LibraryKey = z.infer<typeof key>;

/** Beside a person's settings, readable by that person alone; never in a library, which may be handed on. */
const keysFile = (): string => join(dirname(settingsFile()), 'keys.json');

export function newToken(): string {
  return randomBytes(24).toString('hex');
}

/** Under this the key is kept of a server that was started without a library. */
const NO_LIBRARY = 'start';

const nameOf = (library: string | undefined): string => (library === undefined ? NO_LIBRARY : realpathSync(library));

/** The library's key, made at its first time; port 0 until it was served. Of the start page where none is named. */
export function keyOf(library: string | undefined): LibraryKey {
  return readKept(keysFile(), SHAPE)[nameOf(library)] ?? { token: newToken(), port: 0 };
}

/** Keeps them for the next start. Where the person's folder cannot be written, which the log says, pages have to be opened anew then. */
export function keepKey(library: string | undefined, key: LibraryKey): void {
  const file = keysFile();
  const name = nameOf(library);
  try {
    changeKept(file, SHAPE, (before) => ({ ...before, [name]: key }));
  } catch (error) {
    logFailure(logger('server'), `${file} cannot be written`, error);
  }
}

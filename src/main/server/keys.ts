/** The key and port under which a library was served last, so that an open page finds it again after a restart. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { settingsFile } from '../engine/environment/settings.ts';
import { makeFolder } from '../engine/environment/folders.ts';

const keys = z.record(
  z.string(),
  z.strictObject({ token: z.string().regex(/^[0-9a-f]{48}$/), port: z.int().min(0).max(65_535) }),
);
export type LibraryKey = z.infer<typeof keys>[string];

/** Beside a person's settings, readable by that person alone; never in a library, which may be handed on. */
const keysFile = (): string => join(dirname(settingsFile()), 'keys.json');

function readKeys(): z.infer<typeof keys> {
  const file = keysFile();
  try {
    return existsSync(file) ? keys.parse(JSON.parse(readFileSync(file, 'utf8'))) : {};
  } catch {
    // Keys that cannot be read are made anew; open pages then ask for the address that is printed.
    return {};
  }
}

export function newToken(): string {
  return randomBytes(24).toString('hex');
}

/** Under this the key is kept of a server that was started without a library. */
const NO_LIBRARY = 'start';

const nameOf = (library: string | undefined): string => (library === undefined ? NO_LIBRARY : realpathSync(library));

/** The library's key, made at its first time; port 0 until it was served. Of the start page where none is named. */
export function keyOf(library: string | undefined): LibraryKey {
  return readKeys()[nameOf(library)] ?? { token: newToken(), port: 0 };
}

/** Keeps them for the next start. Where the person's folder cannot be written, pages have to be opened anew then. */
export function keepKey(library: string | undefined, key: LibraryKey): void {
  const file = keysFile();
  const all = { ...readKeys(), [nameOf(library)]: key };
  try {
    makeFolder(dirname(file));
    writeFileSync(`${file}.${process.pid}.tmp`, `${JSON.stringify(all, undefined, 2)}\n`, { mode: 0o600 });
    renameSync(`${file}.${process.pid}.tmp`, file);
  } catch {
    return;
  }
}

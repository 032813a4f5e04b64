import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { keepKey, keyOf, newToken } from '../../../src/main/server/keys.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const library = join(folder, 'library');
const file = join(folder, 'person', 'keys.json');
beforeEach(() => {
  vi.stubEnv('COVIS_SETTINGS', join(folder, 'person', 'settings.json'));
  mkdirSync(library, { recursive: true });
});
afterEach(() => vi.unstubAllEnvs());

it('a library keeps its key and port, by whatever path it is opened; others have their own', () => {
  const key = { ...keyOf(library), port: 4711 };
  keepKey(library, key);
  symlinkSync(library, join(folder, 'link'));
  expect(keyOf(join(folder, 'link'))).toEqual(key);
  mkdirSync(join(folder, 'other'));
  const other = keyOf(join(folder, 'other'));
  expect(other.token).toMatch(/^[0-9a-f]{48}$/);
  expect(other.token).not.toBe(key.token);
  keepKey(join(folder, 'other'), other);
  expect(keyOf(library)).toEqual(key);
});

it('keys are for the person alone', () => {
  keepKey(library, { token: newToken(), port: 1 });
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('a file that is damaged, or holds what is no key, counts as none', () => {
  for (const text of [
    '{',
    '[]',
    `{"${library}":{"token":"short","port":1}}`,
    `{"${library}":{"token":"${'a'.repeat(48)}","port":99999}}`,
  ]) {
    writeFileSync(file, text);
    expect(keyOf(library).port, text).toBe(0);
    expect(keyOf(library).token).toMatch(/^[0-9a-f]{48}$/);
  }
  keepKey(library, { token: 'b'.repeat(48), port: 2 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ [library]: { port: 2 } });
});

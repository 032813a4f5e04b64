import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSettings, writeSettings } from '../../../src/main/engine/environment/settings.ts';

let folder: string;
let file: string;
let before: string | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'covis-settings-'));
  file = join(folder, 'settings.json');
  before = process.env['COVIS_SETTINGS'];
  process.env['COVIS_SETTINGS'] = file;
});
afterEach(() => {
  if (before === undefined) delete process.env['COVIS_SETTINGS'];
  else process.env['COVIS_SETTINGS'] = before;
  rmSync(folder, { recursive: true, force: true });
});

it('keeps a settings file that cannot be read beside the new one', () => {
  writeFileSync(file, '{"keys": {"theme": ["q"]');
  expect(readSettings()).toEqual({});
  expect(existsSync(`${file}.damaged`)).toBe(false);
  writeSettings({ keys: { theme: ['w'] } });
  expect(readFileSync(`${file}.damaged`, 'utf8')).toBe('{"keys": {"theme": ["q"]');
  expect(readSettings()).toEqual({ keys: { theme: ['w'] } });
});

it('overlays what is given and keeps the rest, without a copy of a file that is whole', () => {
  writeSettings({ keys: { theme: ['q'] } });
  writeSettings({});
  expect(readSettings()).toEqual({ keys: { theme: ['q'] } });
  expect(existsSync(`${file}.damaged`)).toBe(false);
});

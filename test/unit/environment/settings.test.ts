import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { damagedFiles } from '../../../src/main/engine/environment/kept-file.ts';
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
  expect(readdirSync(folder)).toEqual(['settings.json']);
  writeSettings({ keys: { theme: ['w'] } });
  expect(readFileSync(damagedFiles(folder)[0]!.keptAs!, 'utf8')).toBe('{"keys": {"theme": ["q"]');
  expect(readSettings()).toEqual({ keys: { theme: ['w'] } });
});

it('keeps what is right of settings that are not in full', () => {
  writeFileSync(file, JSON.stringify({ backend: 'cpu', steps: 'yes', later: 1 }));
  expect(readSettings()).toEqual({ backend: 'cpu' });
  expect(writeSettings({ checkpoints: 3 })).toEqual({ backend: 'cpu', checkpoints: 3 });
  expect(damagedFiles(folder)).toHaveLength(1);
});

it('overlays what is given and keeps the rest, without a copy of a file that is whole', () => {
  writeSettings({ keys: { theme: ['q'] } });
  writeSettings({});
  expect(readSettings()).toEqual({ keys: { theme: ['q'] } });
  expect(readdirSync(folder)).toEqual(['settings.json']);
});

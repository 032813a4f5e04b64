import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { damagedFiles, onDamage, type Damage } from '../../../src/main/engine/environment/kept-file.ts';
import {
  knownLibraries,
  noteLibrary,
  type KnownLibrary,
} from '../../../src/main/engine/environment/known-libraries.ts';
import { noteRate, readRates } from '../../../src/main/engine/environment/rates.ts';
import { writeSettings } from '../../../src/main/engine/environment/settings.ts';
import { remember, remembered, type Measured } from '../../../src/main/engine/network/fastest.ts';
import { keepKey, keyOf } from '../../../src/main/server/keys.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const told: Damage[] = [];
onDamage((d) => told.push(d));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'covis-kept-'));
  vi.stubEnv('COVIS_SETTINGS', at('settings.json'));
  told.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const entry = (path: string): KnownLibrary => ({
  path,
  opened: '2026-01-02T03:04:05.000Z',
  photos: 3,
  clusters: null,
  pictures: 0,
});
const measured: Measured = { backend: 'cpu', milliseconds: { cpu: 3 } };
const token = '0a'.repeat(24);

/** Each file of the folder: how it is written anew, and what one reads of it then. */
const FILES = {
  'libraries.json': () => {
    noteLibrary(entry('/new'));
    expect(knownLibraries()[0]).toEqual(entry('/new'));
  },
  'settings.json': () => expect(writeSettings({ steps: false })).toMatchObject({ steps: false }),
  'rates.json': () => {
    noteRate('import', 2, 3);
    expect(readRates()).toMatchObject({ import: { units: 2, seconds: 3 } });
  },
  'back-ends.json': () => {
    remember('new', measured);
    expect(remembered('new')).toEqual(measured);
  },
  'keys.json': () => {
    keepKey(undefined, { token, port: 7 });
    expect(keyOf(undefined)).toEqual({ token, port: 7 });
  },
} as const;
type Name = keyof typeof FILES;
const NAMES = Object.keys(FILES) as Name[];

describe.each(NAMES)('%s that is', (name) => {
  it.each([
    ['cut short', '[{"path": "/a", "ope'],
    ['empty', ''],
    ['other JSON', '"libraries"'],
  ])('%s is kept once under a name of its own when it is written anew, which is told', (_, text) => {
    writeFileSync(at(name), text);
    FILES[name]();
    FILES[name]();
    const kept = damagedFiles(folder);
    expect(kept).toEqual([{ file: at(name), why: expect.any(String) as string, keptAs: expect.any(String) as string }]);
    expect(readFileSync(kept[0]!.keptAs!, 'utf8')).toBe(text);
    expect(told.at(-1)).toMatchObject({ file: at(name), keptAs: kept[0]!.keptAs });
    expect(told.filter((d) => d.keptAs !== null)).toHaveLength(1);
    // A second one takes nothing from the first.
    writeFileSync(at(name), `${text} again`);
    FILES[name]();
    expect(damagedFiles(folder).map((d) => readFileSync(d.keptAs!, 'utf8'))).toEqual([text, `${text} again`]);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('a folder, a pipe or too large is kept, too, and nothing waits for it', () => {
    mkdirSync(at(name));
    FILES[name]();
    rmSync(at(name));
    if (process.platform !== 'win32') {
      execFileSync('mkfifo', [at(name)]);
      FILES[name]();
      rmSync(at(name));
    }
    writeFileSync(at(name), '');
    truncateSync(at(name), 5e9);
    FILES[name]();
    expect(damagedFiles(folder)).toHaveLength(process.platform === 'win32' ? 2 : 3);
  });
});

it('a file that an editor has marked as UTF-8 is read as it is', () => {
  writeFileSync(at('libraries.json'), `\uFEFF${JSON.stringify([entry('/a')])}`);
  expect(knownLibraries()).toEqual([entry('/a')]);
  expect(told).toEqual([]);
});

it('libraries that can be read stay in a list of which others cannot', () => {
  const wrong = [entry('/a'), { path: 3 }, 'x', null, { ...entry('/c'), opened: 'yesterday' }, entry('/b')];
  writeFileSync(at('libraries.json'), JSON.stringify(wrong));
  expect(knownLibraries().map((l) => l.path)).toEqual(['/a', '/b']);
  expect(damagedFiles(folder)).toEqual([
    { file: at('libraries.json'), why: 'has 4 entries that cannot be read', keptAs: null },
  ]);
  expect(readdirSync(folder)).toEqual(['libraries.json']);
  noteLibrary(entry('/new'));
  expect(knownLibraries().map((l) => l.path)).toEqual(['/new', '/a', '/b']);
  expect(JSON.parse(readFileSync(damagedFiles(folder)[0]!.keptAs!, 'utf8'))).toEqual(wrong);
  noteLibrary(entry('/newer'));
  expect(damagedFiles(folder)).toHaveLength(1);
});

it('measurements that can be read stay beside one that cannot', () => {
  writeFileSync(at('back-ends.json'), JSON.stringify({ old: measured, odd: { backend: 'abacus' } }));
  remember('new', measured);
  expect([remembered('old'), remembered('odd'), remembered('new')]).toEqual([measured, undefined, measured]);
});

it('a file that is mended is said no more', () => {
  writeFileSync(at('libraries.json'), '[');
  knownLibraries();
  expect(damagedFiles(folder)).toHaveLength(1);
  writeFileSync(at('libraries.json'), '[]');
  knownLibraries();
  expect(damagedFiles(folder)).toEqual([]);
});

it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a file that may not be read stays as it is',
  () => {
    const text = JSON.stringify([entry('/a')]);
    writeFileSync(at('libraries.json'), text);
    chmodSync(at('libraries.json'), 0);
    noteLibrary(entry('/new'));
    expect(told).toMatchObject([{ why: 'may not be read (EACCES)', keptAs: null }]);
    chmodSync(at('libraries.json'), 0o600);
    expect(readFileSync(at('libraries.json'), 'utf8')).toBe(text);
  },
);

it('keys and the list are for the person alone, kept ones too', () => {
  for (const name of ['keys.json', 'libraries.json'] as const) {
    writeFileSync(at(name), 'x', { mode: 0o600 });
    FILES[name]();
    for (const file of [at(name), damagedFiles(folder).at(-1)!.keptAs!])
      if (process.platform !== 'win32') expect(statSync(file).mode & 0o777, file).toBe(0o600);
  }
});

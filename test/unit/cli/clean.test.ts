import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const path = join(folder, 'library');

function covis(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...args], { encoding: 'utf8' });
}

function jobs(): unknown[] {
  const library = Library.open(path);
  try {
    return library.db.prepare('SELECT kind, state FROM job ORDER BY id').raw().all();
  } finally {
    library.close();
  }
}

it('lists, says what would go, and removes with --yes alone, which is an event of the library', () => {
  Library.create(path).close();
  const thumbnail = join(path, 'thumbnails', 'ab', `${'ab'.repeat(16)}-96.jpg`);
  mkdirSync(join(thumbnail, '..'));
  writeFileSync(thumbnail, 'x'.repeat(5000));
  // The photo is not there: its thumbnail is of one that is gone.
  const listed = covis('clean', path);
  expect([listed.status, listed.stdout]).toEqual([
    0,
    expect.stringMatching(/photos that are gone +5\.0 kB {2}--remove gone-photos\n[^]*Nothing was removed/),
  ]);
  const refused = covis('clean', path, '--yes');
  expect([refused.status, refused.stderr]).toEqual([
    1,
    expect.stringContaining('--yes goes with what is to be removed'),
  ]);
  const planned = covis('clean', path, '--remove', 'gone-photos,copies');
  expect([planned.status, planned.stdout]).toEqual([
    0,
    expect.stringMatching(/1 file would go, 5\.0 kB\.\nNothing was removed\. The same with --yes/),
  ]);
  expect([existsSync(thumbnail), jobs()]).toEqual([true, []]);
  const removed = covis('clean', path, '--remove', 'gone-photos', '--yes', '--json');
  expect(JSON.parse(removed.stdout)).toMatchObject({ done: true, files: 1, bytes: 5000 });
  expect([existsSync(thumbnail), jobs()]).toEqual([false, [['clean', 'done']]]);
}, 120_000);

it('backs up, and restores into a new place alone', () => {
  const [out, back] = [join(folder, 'backup'), join(folder, 'back')];
  expect(covis('backup', path, out).stdout).toMatch(/^Backed up 2 files, .* to .*backup\n/);
  expect(covis('restore', out, back).stdout).toMatch(/^Restored 2 files, .* to .*back, as of /);
  const again = covis('restore', out, back);
  expect([again.status, again.stderr]).toEqual([
    1,
    expect.stringContaining('A library lies here, which is never written over'),
  ]);
}, 120_000);

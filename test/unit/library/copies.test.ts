import Database from 'better-sqlite3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { LATEST, migrate } from '../../../src/main/engine/library/schema.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();

/** A library as an older Covis left it, with one scene. */
function older(name: string, version: number): string {
  const path = join(folder, name);
  mkdirSync(path);
  const db = new Database(join(path, 'library.db'));
  migrate(db, version);
  db.prepare("INSERT INTO scene (name, root, images) VALUES ('castle', '/castle', '/castle/images')").run();
  db.close();
  return path;
}

function factsOf(file: string): unknown[] {
  const db = new Database(file, { readonly: true });
  try {
    return [db.pragma('user_version', { simple: true }), db.prepare('SELECT name FROM scene').pluck().all()];
  } finally {
    db.close();
  }
}

it('keeps a copy of a database before it is brought up to date, and none of one that is new or up to date', () => {
  const path = older('one', 6);
  Library.open(path).close();
  const copy = join(path, 'library.db.before-7');
  expect(factsOf(copy)).toEqual([6, ['castle']]);
  expect(factsOf(join(path, 'library.db'))).toEqual([LATEST, ['castle']]);
  Library.open(path).close();
  expect(readdirSync(path).filter((f) => /^library\.db\../.test(f))).toEqual(['library.db.before-7']);
  const made = join(folder, 'new');
  Library.create(made).close();
  expect(readdirSync(made).filter((f) => /^library\.db\../.test(f))).toEqual([]);
});

it('keeps the newest two', () => {
  const path = older('three', 6);
  for (const n of [2, 5]) {
    const file = join(path, `library.db.before-${n}`);
    writeFileSync(file, 'older');
    utimesSync(file, 1000, 1000);
  }
  Library.open(path).close();
  expect(
    readdirSync(path)
      .filter((f) => /^library\.db\../.test(f))
      .sort(),
  ).toEqual(['library.db.before-5', 'library.db.before-7']);
});

it('keeps one whole copy of what was there when several programs open an older library at once', async () => {
  const path = older('many', 6);
  const ends = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const child = spawn(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), 'clusters', path, '--json'], {
        stdio: 'ignore',
      });
      return ((await once(child, 'close')) as [number])[0];
    }),
  );
  expect(ends).toContain(0);
  expect(factsOf(join(path, 'library.db.before-7'))).toEqual([6, ['castle']]);
  expect(readdirSync(path).filter((f) => /^library\.db\..*-.*-/.test(f))).toEqual([]);
  expect(existsSync(join(path, 'library.db.before-8'))).toBe(false);
});

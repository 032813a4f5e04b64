import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { LATEST } from '../../../src/main/engine/library/schema.ts';
import { listClusters } from '../../../src/main/engine/sfm/clusters.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const whole = join(folder, 'whole');
let serial = 0;

/** A folder with this database. */
function withDatabase(bytes: Uint8Array | undefined): { root: string; file: string } {
  const root = join(folder, `made-${(serial += 1)}`);
  mkdirSync(root);
  const file = join(root, 'library.db');
  if (bytes !== undefined) writeFileSync(file, bytes);
  return { root, file };
}

const refusal = (what: () => unknown): unknown => {
  try {
    what();
  } catch (error) {
    return error;
  }
  return undefined;
};

/** Everything that lists of a library are made of. */
function content(library: Library): unknown {
  const of = (table: string): unknown[] => library.db.prepare(`SELECT * FROM ${table}`).raw().all();
  return [
    listClusters(library),
    ...['photo', 'photo_file', 'scene', 'cluster_all', 'view_all', 'pair_all', 'network'].map(of),
  ];
}

beforeAll(async () => {
  (await smallLibrary(whole)).close();
});

describe('opening a library', () => {
  it.each([
    ['empty', Buffer.alloc(0), 'INPUT_CORRUPT', /is empty/],
    ['text', Buffer.from('version of a library\n'), 'INPUT_CORRUPT', /no SQLite database/],
    [
      'a Git LFS pointer',
      Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
      'INPUT_UNSUPPORTED',
      /Git LFS pointer/,
    ],
    ['shorter than a head', Buffer.from('SQLite'), 'INPUT_CORRUPT', /no SQLite database/],
  ])('refuses a database that is %s, and leaves it as it is', (_, bytes, code, message) => {
    for (const open of [Library.open, Library.create]) {
      const { root, file } = withDatabase(bytes);
      expect(refusal(() => open(root))).toMatchObject({
        code,
        file,
        message: expect.stringMatching(message) as string,
      });
      expect(readFileSync(file)).toEqual(bytes);
      expect(readdirSync(root)).toEqual(['library.db']);
    }
  });

  it.each([
    ['without a table', 'SELECT 1', /says no version/],
    ['with tables of its own', 'CREATE TABLE images (name TEXT)', /says no version/],
    ['with a version of its own', 'CREATE TABLE images (name TEXT); PRAGMA user_version = 3', /it lacks /],
  ])('refuses a database of another program %s, and adds nothing to it', (_, sql, message) => {
    const { root, file } = withDatabase(undefined);
    const db = new Database(file);
    db.exec(`CREATE TABLE made (x); DROP TABLE made; ${sql}`);
    db.close();
    const error = refusal(() => Library.create(root));
    expect(error).toMatchObject({ code: 'INPUT_UNSUPPORTED', file, message: expect.stringMatching(message) as string });
    const again = new Database(file, { readonly: true });
    expect(again.prepare("SELECT name FROM sqlite_master WHERE name <> 'images'").all()).toEqual([]);
    again.close();
  });

  it('refuses one of a newer version', () => {
    const root = join(folder, 'newer');
    cpSync(whole, root, { recursive: true });
    const db = new Database(join(root, 'library.db'));
    db.pragma(`user_version = ${LATEST + 1}`);
    db.close();
    expect(refusal(() => Library.open(root))).toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringMatching(/newer/) as string,
    });
  });

  it('refuses one that is cut short', () => {
    const { root, file } = withDatabase(readFileSync(join(whole, 'library.db')));
    truncateSync(file, 3 * 4096);
    expect(refusal(() => Library.open(root))).toMatchObject({ code: 'INPUT_CORRUPT', file });
  });

  it('with 3,000 random bytes overwritten refuses it, or every list is as it was', () => {
    const bytes = readFileSync(join(whole, 'library.db'));
    const own = Library.open(whole);
    const before = JSON.stringify(content(own));
    own.close();
    let refused = 0;
    for (let seed = 0; seed < 60; seed += 1) {
      const r = random(seed);
      const damaged = Buffer.from(bytes);
      // In one place, or all over the file.
      const from = Math.floor(r.next() * (bytes.length - 3000));
      for (let k = 0; k < 3000; k += 1)
        damaged[seed % 2 === 0 ? from + k : Math.floor(r.next() * bytes.length)] = Math.floor(r.next() * 256);
      const { root } = withDatabase(damaged);
      const error = refusal(() => {
        const library = Library.open(root);
        try {
          expect(JSON.stringify(content(library))).toBe(before);
        } finally {
          library.close();
        }
      });
      if (error !== undefined) {
        expect(error, `seed ${seed}`).toMatchObject({
          code: expect.stringMatching(/^INPUT_(CORRUPT|UNSUPPORTED)$/) as string,
        });
        refused += 1;
      }
      rmSync(root, { recursive: true });
    }
    expect(refused).toBeGreaterThan(50);
  });

  it('looks at a database once, and again when its size or time have changed', () => {
    const root = join(folder, 'again');
    cpSync(whole, root, { recursive: true });
    const file = join(root, 'library.db');
    Library.open(root).close();
    const stamp = join(root, 'library.sound');
    expect(JSON.parse(readFileSync(stamp, 'utf8'))).toEqual({
      bytes: statSync(file).size,
      modified: statSync(file).mtimeMs,
    });
    // Damage that leaves size and time is found on demand alone.
    const bytes = readFileSync(file);
    const { mtime, atime } = statSync(file);
    const page = bytes.readUInt16BE(16);
    const damaged = Buffer.from(bytes).fill(0xff, 5 * page + 8, 6 * page);
    writeFileSync(file, damaged);
    expect(refusal(() => Library.open(root))).toMatchObject({ code: 'INPUT_CORRUPT', file });
    writeFileSync(file, bytes);
    utimesSync(file, atime, mtime);
    Library.open(root).close();
  });

  it('makes a database whole at once: nothing but it is left, and one that is there is not written over', () => {
    const root = join(folder, 'fresh');
    Library.create(root).close();
    expect(readdirSync(root).filter((n) => n.startsWith('library.db'))).toEqual(['library.db']);
    expect(existsSync(join(root, 'library.sound'))).toBe(true);
    const library = Library.create(root);
    library.db.prepare("INSERT INTO scene (name, root, images) VALUES ('a', 'b', 'c')").run();
    library.close();
    const again = Library.create(root);
    expect(again.db.prepare('SELECT COUNT(*) FROM scene').pluck().get()).toBe(1);
    again.close();
  });
});

import Database from 'better-sqlite3';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DatabasePages } from '../../../src/main/engine/library/pages.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { recoverDatabase } from '../../../src/main/engine/library/recovery.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const whole = join(folder, 'whole');
const PAGE = 4096;
let serial = 0;

type Rows = Readonly<Record<string, readonly unknown[]>>;

/** Every row of every table. */
function rowsOf(file: string): Rows {
  const db = new Database(file, { readonly: true });
  const tables = db
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
    .pluck()
    .all() as string[];
  const out = Object.fromEntries(tables.map((t) => [t, db.prepare(`SELECT * FROM ${t}`).raw().all()]));
  db.close();
  return out;
}

/** A library of nothing but a copy of the database, in which bytes of the database were changed. */
function damaged(change: (bytes: Buffer, roots: ReadonlyMap<string, number>) => void): string {
  const root = join(folder, `damaged-${(serial += 1)}`);
  mkdirSync(root);
  copyFileSync(join(whole, 'library.db'), join(root, 'library.db'));
  const db = new Database(join(root, 'library.db'), { readonly: true });
  const roots = new Map(db.prepare('SELECT name, rootpage FROM sqlite_master').raw().all() as [string, number][]);
  db.close();
  const bytes = readFileSync(join(root, 'library.db'));
  change(bytes, roots);
  writeFileSync(join(root, 'library.db'), bytes);
  return root;
}

/** Pages of a table's or index's tree: inner ones, and leaves. */
function pagesOf(bytes: Buffer, at: number): { inner: number[]; leaves: number[] } {
  const b = bytes.subarray((at - 1) * PAGE, at * PAGE);
  if (b[0] === 13 || b[0] === 10) return { inner: [], leaves: [at] };
  const cells = b.readUInt16BE(3);
  const children = [
    ...Array.from({ length: cells }, (_, i) => b.readUInt32BE(b.readUInt16BE(12 + 2 * i))),
    b.readUInt32BE(8),
  ];
  const below = children.map((c) => pagesOf(bytes, c));
  return { inner: [at, ...below.flatMap((p) => p.inner)], leaves: below.flatMap((p) => p.leaves) };
}

const fill = (bytes: Buffer, page: number): void => void bytes.fill(0xa5, (page - 1) * PAGE, page * PAGE);
const subset = (part: readonly unknown[], of: readonly unknown[]): boolean => {
  const all = new Set(of.map((r) => JSON.stringify(r)));
  return part.every((r) => all.has(JSON.stringify(r)));
};

let before: Rows;
beforeAll(async () => {
  const library = await smallLibrary(whole);
  // More than fits a page, in a table with rowids.
  const add = library.db.prepare(
    "INSERT INTO job (kind, title, params, state, pid, created) VALUES ('mine', ?, '{}', 'done', 1, '2026')",
  );
  for (let i = 0; i < 60; i += 1) add.run(`${i} ${'x'.repeat(i === 30 ? 9000 : 500)}`);
  library.close();
  before = rowsOf(join(whole, 'library.db'));
});

describe('a damaged library.db', () => {
  it('is read by its pages as SQLite reads it', () => {
    const pages = new DatabasePages(join(whole, 'library.db'));
    const db = new Database(join(whole, 'library.db'), { readonly: true });
    for (const [name, root] of db
      .prepare("SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%'")
      .raw()
      .all() as [string, number][]) {
      const tree = pages.tree(root, 'table');
      const rows = tree.pages.flatMap((p) => pages.rows(p));
      expect([name, tree.bad, rows.map((r) => Number(r.rowid))]).toEqual([
        name,
        [],
        db.prepare(`SELECT rowid FROM ${name} ORDER BY rowid`).pluck().all(),
      ]);
    }
    db.close();
    pages.close();
  });

  it('loses the rows of a damaged page and what refers to them, says so, and is whole after an import', async () => {
    const root = damaged((bytes, roots) => fill(bytes, pagesOf(bytes, roots.get('pair_all')!).leaves[2]!));
    expect(() => Library.open(root)).toThrow(
      expect.objectContaining({
        code: 'INPUT_CORRUPT',
        hint: `Nothing was changed. Put back a copy of this file, or recover what can be read of it: covis check ${root} --repair`,
      }),
    );
    const was = readFileSync(join(root, 'library.db'));
    const r = recoverDatabase(root);
    expect(readFileSync(r.kept)).toEqual(was);
    expect(r.kept).toMatch(/library\.db\.damaged-\d{4}-\d\d-\d\d$/);
    const after = rowsOf(join(root, 'library.db'));
    const missing = before['pair_all']!.length - after['pair_all']!.length;
    expect(missing).toBeGreaterThan(10);
    expect(r.tables.filter((t) => t.lost !== 0 || t.pages > 0)).toEqual([
      { table: 'pair_all', rows: after['pair_all']!.length, lost: missing, pages: 1, dangling: 0, loosened: 0 },
    ]);
    for (const [name, rows] of Object.entries(before)) expect([name, subset(after[name]!, rows)]).toEqual([name, true]);
    for (const [name, rows] of Object.entries(before))
      if (name !== 'pair_all') expect([name, after[name]]).toEqual([name, rows]);
    const library = Library.open(root);
    await importSources(library, { sources: r.sources }, silentContext());
    library.close();
    expect(rowsOf(join(root, 'library.db'))['pair_all']).toEqual(before['pair_all']);
    expect(readdirSync(root).filter((n) => n.includes('recovering'))).toEqual([]);
  });

  it('loses nothing where an index alone is damaged', () => {
    for (const page of [
      (_: Buffer, roots: ReadonlyMap<string, number>) => roots.get('view_photo')!,
      (bytes: Buffer, roots: ReadonlyMap<string, number>) =>
        pagesOf(bytes, roots.get('sqlite_autoindex_photo_1')!).leaves[0]!,
    ]) {
      const root = damaged((bytes, roots) => fill(bytes, page(bytes, roots)));
      const r = recoverDatabase(root);
      expect(r.tables.filter((t) => t.lost !== 0)).toEqual([]);
      expect(rowsOf(join(root, 'library.db'))).toEqual(before);
      Library.open(root).close();
    }
  });

  it('finds the leaves that hung on a damaged inner page', () => {
    const rowids = damaged((bytes, roots) => {
      expect(pagesOf(bytes, roots.get('job')!).leaves.length).toBeGreaterThan(5);
      fill(bytes, roots.get('job')!);
    });
    expect(recoverDatabase(rowids).tables.find((t) => t.table === 'job')).toMatchObject({ rows: 60, pages: 1 });
    expect(rowsOf(join(rowids, 'library.db'))).toEqual(before);
    // Inner pages of a table without rowids have rows of their own.
    let own = 0;
    const keyed = damaged((bytes, roots) => {
      const [top] = pagesOf(bytes, roots.get('pair_all')!).inner;
      own = bytes.readUInt16BE((top! - 1) * PAGE + 3);
      fill(bytes, top!);
    });
    expect(recoverDatabase(keyed).tables.find((t) => t.table === 'pair_all')).toMatchObject({ lost: own, pages: 1 });
  });

  it('takes views without their photos, and leaves out what cannot be without them', () => {
    const root = damaged((bytes, roots) => {
      const { leaves } = pagesOf(bytes, roots.get('photo')!);
      fill(bytes, leaves[0]!);
    });
    const r = recoverDatabase(root);
    const of = (table: string): (typeof r.tables)[number] => r.tables.find((t) => t.table === table)!;
    const after = rowsOf(join(root, 'library.db'));
    const lost = before['photo']!.length - after['photo']!.length;
    expect(lost).toBeGreaterThan(0);
    // The index of hashes is whole and says how many there were.
    expect(of('photo')).toMatchObject({ lost, pages: 1 });
    expect(of('photo_file')).toMatchObject({ dangling: before['photo_file']!.length - after['photo_file']!.length });
    expect(of('photo_file').dangling).toBeGreaterThanOrEqual(lost);
    expect(after['view_all']).toHaveLength(before['view_all']!.length);
    expect(of('view_all').loosened).toBeGreaterThan(0);
    Library.open(root).close();
  });

  it('with anything overwritten gives a sound library of rows that it had, or is refused', () => {
    const size = readFileSync(join(whole, 'library.db')).length;
    let recovered = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const r = random(seed);
      const root = damaged((bytes) => {
        const at = PAGE + r.below(size - PAGE - 3000);
        for (let i = 0; i < (seed % 2 === 0 ? 3000 : 40); i += 1) bytes[at + i] = r.below(256);
      });
      const untouched = ((): boolean => {
        try {
          Library.open(root).close();
          return true;
        } catch {
          return false;
        }
      })();
      if (untouched) continue;
      const report = recoverDatabase(root);
      recovered += 1;
      Library.open(root).close();
      const after = rowsOf(join(root, 'library.db'));
      for (const t of report.tables) {
        const [had, has] = [before[t.table]!, after[t.table]!];
        // A row that lost what it referred to is another row.
        if (t.loosened === 0) expect([seed, t.table, subset(has, had)]).toEqual([seed, t.table, true]);
        expect(t.rows).toBe(has.length);
        if (t.lost !== null) expect([seed, t.table, t.lost]).toEqual([seed, t.table, had.length - has.length]);
        else expect(t.pages).toBeGreaterThan(0);
      }
    }
    expect(recovered).toBeGreaterThan(3);
  });

  it('is refused without its first page, and while something else has it open; nothing is changed then', () => {
    const first = damaged((bytes) => bytes.fill(7, 0, 60));
    const was = readdirSync(first);
    expect(() => recoverDatabase(first)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT' }));
    expect(readdirSync(first)).toEqual(was);
    const root = damaged((bytes, roots) => fill(bytes, pagesOf(bytes, roots.get('pair_all')!).leaves[1]!));
    const other = new Database(join(root, 'library.db'));
    other.prepare('SELECT COUNT(*) FROM scene').get();
    const bytes = readFileSync(join(root, 'library.db'));
    expect(() => recoverDatabase(root)).toThrow(
      expect.objectContaining({ code: 'STATE_CONFLICT', message: 'Another program has this library open' }),
    );
    other.close();
    expect(readFileSync(join(root, 'library.db'))).toEqual(bytes);
    expect(existsSync(recoverDatabase(root).kept)).toBe(true);
  });

  it('keeps its journal, and what was in it', () => {
    const root = damaged((bytes, roots) => fill(bytes, pagesOf(bytes, roots.get('pair_all')!).leaves[1]!));
    // A program that is killed leaves its journal.
    const write = `const D = require(${JSON.stringify(join(ROOT, 'node_modules', 'better-sqlite3'))});
      const d = new D(${JSON.stringify(join(root, 'library.db'))}); d.pragma('journal_mode = WAL');
      d.exec("INSERT INTO scene (name, root, images) VALUES ('late', '/late', '/late/images')"); process.kill(process.pid, 'SIGKILL')`;
    spawnSync(process.execPath, ['-e', write]);
    const r = recoverDatabase(root);
    expect(existsSync(`${r.kept}-wal`)).toBe(true);
    expect(r.sources).toContain('/late');
    expect(existsSync(join(root, 'library.db-wal'))).toBe(false);
  });
});

describe('covis check --repair', () => {
  it('recovers a damaged database first, and says what was lost and what to do', () => {
    const root = damaged((bytes, roots) => fill(bytes, pagesOf(bytes, roots.get('pair_all')!).leaves[2]!));
    const repaired = spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), 'check', root, '--repair'], {
      encoding: 'utf8',
    });
    expect(repaired.status).toBe(1);
    const said = repaired.stdout.split('\n');
    expect(said[0]).toMatch(
      /^database: was damaged, and is recovered\. The damaged one is kept as .*library\.db\.damaged-/,
    );
    expect(said[1]).toMatch(/^ {2}pairs of views: \d+ kept, \d+ lost, 1 page damaged$/);
    expect(said[2]).toMatch(new RegExp(`^  Import what was imported again; .*: covis import ${root} /`));
    expect(said[3]).toBe('  A backup from before has what was lost; the library was made of what is left.');
    expect(said[4]).toBe('database: sound now');
  }, 60_000);
});

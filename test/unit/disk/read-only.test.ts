import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { commands } from '../../../src/main/cli/commands/index.ts';
import { Engine } from '../../../src/main/engine/engine.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { migrate } from '../../../src/main/engine/library/schema.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { smallLibrary, SAMPLE } from '../../support/small-library.ts';
import { asAnybody } from '../errors/made-files.ts';

const COMMANDS = await commands();

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const base = at('base');
const OF_ACCOUNT = 'This account may not write to this library';
const photo = join(SAMPLE, 'castle', 'images', 'castle_01.jpg');

let printed = '';
const quiet = [
  vi.spyOn(process.stderr, 'write').mockReturnValue(true),
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  }),
];
afterAll(() => quiet.forEach((spy) => spy.mockRestore()));
beforeAll(async () => {
  const library = await smallLibrary(base);
  await WORK.extract.run(library, { size: 64 }, silentContext());
  await WORK.mine.run(library, { size: 64, mining: { count: 2, queries: 12 } }, silentContext());
  library.close();
  chmodSync(folder, 0o777);
});

type Values = Readonly<Record<string, unknown>>;
async function covis(name: string, words: Values, options: Values = {}): Promise<unknown> {
  printed = '';
  await COMMANDS.find((c) => c.name === name)!.run(words, { ...options, json: true });
  return JSON.parse(printed);
}

/** A copy of the library that nobody may write to. @param change what is done to it before. */
function closed(name: string, change: (path: string) => void = () => undefined): string {
  const path = at(name);
  cpSync(base, path, { recursive: true });
  change(path);
  const all = [path, ...readdirSync(path, { recursive: true, encoding: 'utf8' }).map((f) => join(path, f))];
  for (const f of all) chmodSync(f, statSync(f).isDirectory() ? 0o555 : 0o444);
  return path;
}

/** Everything in a folder, with sizes and times. */
const state = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((f) => `${f} ${statSync(join(path, f)).size} ${statSync(join(path, f)).mtimeMs}`);

const linux = process.platform === 'linux';

describe.runIf(linux)('a library that may not be written to', () => {
  it('is listed, searched, checked and exported from, and left as it is', async () => {
    const path = closed('read');
    const before = state(path);
    mkdirSync(at('out'));
    chmodSync(at('out'), 0o777);
    await asAnybody(path, async () => {
      await expect(covis('clusters', { library: path })).resolves.toHaveLength(5);
      const hits = await covis('search', { library: path }, { query: photo, size: 64, top: 2 });
      expect(hits).toMatchObject([{ photo: 'castle_01.jpg' }, {}]);
      await expect(covis('check', { library: path })).resolves.toMatchObject({ database: [] });
      await expect(covis('export', { library: path }, { format: 'csv', out: at('out') })).resolves.toMatchObject({
        format: 'csv',
      });
      await expect(covis('backup', { library: path, out: at('out', 'backup') })).resolves.toBeDefined();
    });
    expect(existsSync(at('out', 'tuples.csv'))).toBe(true);
    expect(existsSync(at('out', 'backup', 'library', 'library.db'))).toBe(true);
    expect(state(path)).toEqual(before);
  });

  const writing: readonly (readonly [name: string, words: Values, options?: Values])[] = [
    ['import', { sources: [join(SAMPLE, 'arch')] }],
    ['extract', {}, { size: 96 }],
    ['mine', {}, { size: 64 }],
    ['evaluate', {}, { size: 64 }],
    ['check', {}, { repair: true }],
    ['duplicates', {}],
    ['decide', {}, { undo: true }],
    ['whiten', {}, { size: 64 }],
    ['train', {}, { size: 64, epochs: 1 }],
    ['teacher', {}, { size: 64 }],
    ['network', { file: 'default' }, { project: 8 }],
  ];

  it('is refused to every command that writes, with a sentence', async () => {
    const path = closed('write');
    const before = state(path);
    await asAnybody(path, async () => {
      for (const [name, words, options] of writing)
        await expect(covis(name, { library: path, ...words }, options), name).rejects.toMatchObject({
          code: 'READ_ONLY',
          message: `${OF_ACCOUNT}: it is open for reading`,
          file: path,
        });
    });
    expect(state(path)).toEqual(before);
  });

  it('is shown by the studio, which says so, exports, and refuses what writes', async () => {
    const path = closed('studio');
    const before = state(path);
    mkdirSync(at('out-2'));
    chmodSync(at('out-2'), 0o777);
    await asAnybody(path, async () => {
      const engine = new Engine();
      await expect(engine.open(path)).resolves.toMatchObject({ readOnly: OF_ACCOUNT, clusters: 5 });
      const ask = (route: string, params: unknown): ReturnType<Engine['dispatch']> =>
        engine.dispatch(route, params, 'host');
      await expect(ask('clusters.list', {})).resolves.toMatchObject({ ok: true });
      await expect(ask('jobs.start', { job: { kind: 'duplicates' } })).resolves.toMatchObject({
        ok: false,
        error: { code: 'READ_ONLY' },
      });
      const ended = new Promise<unknown>((done) => {
        engine.onEvent((e) => {
          if (e.event === 'job' && (e.job.state === 'done' || e.job.state === 'failed')) done(e.job);
        });
      });
      const chosen = await ask('start.chosen', { paths: [at('out-2')] });
      const folder = (chosen as { ok: true; data: readonly { id: string }[] }).data[0]!.id;
      await expect(ask('start.export', { folder, format: 'csv', run: 1 })).resolves.toMatchObject({ ok: true });
      await expect(ended).resolves.toMatchObject({ state: 'done' });
      await expect(ask('jobs.list', {})).resolves.toMatchObject({
        ok: true,
        data: [{ kind: 'export', state: 'done' }],
      });
      await engine.close();
    });
    expect(state(path)).toEqual(before);
  });

  it('of an older Covis is read as it is now', async () => {
    const path = closed('older', (p) => {
      rmSync(join(p, 'library.db'));
      const db = new Database(join(p, 'library.db'));
      db.pragma('journal_mode = WAL');
      migrate(db, 3);
      db.prepare("INSERT INTO scene (name, root, images) VALUES ('old', '/old', '/old')").run();
      db.close();
      rmSync(join(p, 'library.sound'), { force: true });
    });
    await asAnybody(path, () => {
      const library = Library.open(path);
      expect(library.db.prepare('SELECT name, mixed FROM scene').all()).toEqual([{ name: 'old', mixed: 0 }]);
      expect(() => library.db.prepare("UPDATE scene SET name = 'new'").run()).toThrow(OF_ACCOUNT);
      expect(() => library.transaction(() => undefined)).toThrow(OF_ACCOUNT);
      library.close();
    });
  });

  it('shows what was not yet put into its database, or says that it cannot', async () => {
    const makeWal = (p: string): void => {
      const live = at('live');
      rmSync(live, { recursive: true, force: true });
      cpSync(base, live, { recursive: true });
      const db = new Database(join(live, 'library.db'));
      db.pragma('wal_autocheckpoint = 0');
      db.prepare("UPDATE scene SET name = 'from the journal'").run();
      // As it is left by a machine that lost its power.
      for (const f of ['library.db', 'library.db-wal']) copyFileSync(join(live, f), join(p, f));
      db.close();
    };
    const path = closed('journal', makeWal);
    await asAnybody(path, () => {
      const library = Library.open(path);
      expect(library.db.prepare('SELECT DISTINCT name FROM scene').pluck().all()).toEqual(['from the journal']);
      library.close();
    });
    const secret = closed('secret', makeWal);
    chmodSync(join(secret, 'library.db-wal'), 0);
    await asAnybody(secret, () => {
      expect(() => Library.open(secret)).toThrow(
        expect.objectContaining({ message: 'This may not be read', file: join(secret, 'library.db-wal') }),
      );
    });
  });

  it('is not taken for one where it is damaged, or of a newer Covis', async () => {
    const path = closed('damaged', (p) => {
      writeFileSync(join(p, 'library.db'), Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5000, 7)]));
      rmSync(join(p, 'library.sound'), { force: true });
    });
    await asAnybody(path, () => {
      expect(() => Library.open(path)).toThrow(expect.objectContaining({ code: 'INPUT_CORRUPT' }));
    });
    const newer = closed('newer', (p) => {
      const db = new Database(join(p, 'library.db'));
      db.pragma('user_version = 9999');
      db.close();
    });
    await asAnybody(newer, () => {
      expect(() => Library.open(newer)).toThrow(/newer Covis/);
    });
  });
});

import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Engine } from '../../../src/main/engine/engine.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { LATEST, migrate } from '../../../src/main/engine/library/schema.ts';
import { onWaiting, waitAtMost } from '../../../src/main/engine/library/turns.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import type { ErrorShape } from '../../../src/shared/errors.ts';
import type { Told } from '../../support/command-process.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary, SAMPLE } from '../../support/small-library.ts';

const folder = temporaryFolder();
const at = (...names: string[]): string => join(folder, ...names);
const children: ChildProcess[] = [];
afterAll(() => children.forEach((c) => c.kill()));

type Outcome = { readonly done: true } | { readonly done: false; readonly error: ErrorShape };

async function start(): Promise<ChildProcess> {
  const child = fork(join(ROOT, 'test', 'support', 'command-process.ts'), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  children.push(child);
  await once(child, 'message');
  return child;
}

async function tell(child: ChildProcess, told: Told): Promise<Outcome> {
  const answer = once(child, 'message');
  child.send(told);
  return ((await answer) as [Outcome])[0];
}

describe('twelve programs at once', () => {
  let twelve: ChildProcess[] = [];
  beforeAll(async () => {
    twelve = await Promise.all(Array.from({ length: 12 }, start));
  }, 180_000);
  afterAll(() => twelve.forEach((c) => c.kill()));

  it('make one library, and none fails', async () => {
    for (let round = 0; round < 3; round += 1) {
      const library = at(`made-${round}`);
      const ends = await Promise.all(twelve.map((c) => tell(c, { name: 'create', words: { library } })));
      expect(ends.filter((e) => !e.done)).toEqual([]);
    }
  }, 180_000);

  it('bring one library up to date, each version once', async () => {
    const library = at('old');
    mkdirSync(library);
    const db = new Database(join(library, 'library.db'));
    db.pragma('journal_mode = WAL');
    migrate(db, 2);
    db.prepare("INSERT INTO scene (name, root, images) VALUES ('old', '/old', '/old')").run();
    db.close();
    const ends = await Promise.all(twelve.map((c) => tell(c, { name: 'open', words: { library } })));
    expect(ends.filter((e) => !e.done)).toEqual([]);
    const now = Library.open(library);
    expect(now.db.pragma('user_version', { simple: true })).toBe(LATEST);
    expect(now.db.prepare('SELECT name FROM scene').pluck().all()).toEqual(['old']);
    now.close();
  }, 180_000);
});

describe('a program that waits for another', () => {
  it('says for whom after two seconds, and goes on when it is done', async () => {
    const path = at('held');
    const library = Library.create(path);
    const child = await start();
    const said: string[] = [];
    onWaiting((text) => said.push(text));
    const held = tell(child, { name: 'hold', words: { library: path, ms: 4000, said: at('held.txt') } });
    await vi.waitUntil(() => existsSync(at('held.txt')), { timeout: 60_000 });
    // Blocks this thread until it has its turn.
    library.db.prepare("INSERT INTO scene (name, root, images) VALUES ('a', '/a', '/a')").run();
    expect(said).toEqual([
      process.platform === 'linux'
        ? expect.stringMatching(
            new RegExp(`^Waiting for \\S.* \\(process ${child.pid!}\\), which is writing to this library$`),
          )
        : 'Waiting for another program, which is writing to this library',
    ]);
    await expect(held).resolves.toEqual({ done: true });
    library.close();
  }, 120_000);

  it('gives up with a sentence where it may not wait as long, and loses nothing', async () => {
    const path = at('held-longer');
    const library = Library.create(path);
    const child = await start();
    waitAtMost(0);
    const held = tell(child, { name: 'hold', words: { library: path, ms: 8000, said: at('longer.txt') } });
    await vi.waitUntil(() => existsSync(at('longer.txt')), { timeout: 60_000 });
    for (const write of [
      () => library.db.prepare("INSERT INTO scene (name, root, images) VALUES ('a', '/a', '/a')").run(),
      () => library.transaction(() => undefined),
    ])
      expect(write).toThrow(
        expect.objectContaining({ code: 'STATE_CONFLICT', hint: 'Do this again when that one is done.' }),
      );
    waitAtMost(60_000);
    await held;
    library.transaction(() => undefined);
    library.close();
  }, 120_000);
});

describe('three programs that own one file by turns', () => {
  it('have it, or see that another has it', async () => {
    const ends = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, [join(ROOT, 'test', 'support', 'owning.ts'), at('owned'), '2000'], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        children.push(child);
        let said = '';
        child.stdout.on('data', (d: Buffer) => (said += d.toString()));
        await once(child, 'close');
        return JSON.parse(said) as { owned: number; thrown: string[] };
      }),
    );
    expect(ends.flatMap((e) => e.thrown)).toEqual([]);
    for (const { owned } of ends) expect(owned).toBeGreaterThan(50);
  }, 60_000);
});

describe('a library whose thumbnails come and go', () => {
  it('is opened and checked meanwhile', async () => {
    const path = at('coming-and-going');
    Library.create(path).close();
    const script = `const fs = require('node:fs'); const root = process.argv[1];
      for (;;) {
        for (let i = 0; i < 40; i += 1) { fs.mkdirSync(root + '/' + i, { recursive: true }); fs.writeFileSync(root + '/' + i + '/a.jpg', 'a'); }
        for (let i = 0; i < 40; i += 1) fs.rmSync(root + '/' + i, { recursive: true });
      }`;
    const other = spawn(process.execPath, ['-e', script, join(path, 'thumbnails')], { stdio: 'ignore' });
    children.push(other);
    await vi.waitUntil(() => existsSync(join(path, 'thumbnails', '0')), { timeout: 60_000 });
    for (let k = 0; k < 60; k += 1) {
      const library = Library.open(path);
      const { parts } = await WORK.check.run(library, { full: k % 2 === 0 }, silentContext());
      // What is there is no picture; what is not there any more is nothing.
      expect(parts.map((p) => p.missing)).toEqual(parts.map(() => 0));
      library.close();
    }
    expect(other.exitCode).toBeNull();
    other.kill();
  }, 120_000);
});

describe('two programs on one library', () => {
  const lib = at('L');
  let two: ChildProcess[] = [];
  const done = new Map<string, number>();
  beforeAll(async () => {
    const library = await smallLibrary(lib, ['castle', 'pagoda']);
    await WORK.extract.run(library, { size: 64 }, silentContext());
    network = ensureDefaultNetwork(library).uid;
    library.close();
    writeFileSync(
      at('decisions.jsonl'),
      `${JSON.stringify({ query: 'castle_01.jpg', other: 'castle_02.jpg', verdict: 'accept' })}\n`,
    );
    cpSync(join(SAMPLE, 'obelisk'), at('obelisk'), { recursive: true });
    mkdirSync(at('loose'));
    for (const name of readdirSync(join(SAMPLE, 'arch', 'images'))
      .sort()
      .slice(0, 5))
      cpSync(join(SAMPLE, 'arch', 'images', name), at('loose', name));
    two = [await start(), await start()];
  }, 180_000);

  let outs = 0;
  let network = '';
  const COMMANDS: Readonly<Record<string, () => Told>> = {
    import: () => ({ name: 'import', words: { library: lib, sources: [at('obelisk')] } }),
    extract: () => ({ name: 'extract', words: { library: lib }, options: { size: 64 } }),
    mine: () => ({ name: 'mine', words: { library: lib }, options: { size: 64, queries: 6, count: 2 } }),
    decide: () => ({ name: 'decide', words: { library: lib }, options: { from: at('decisions.jsonl') } }),
    duplicates: () => ({ name: 'duplicates', words: { library: lib } }),
    check: () => ({ name: 'check', words: { library: lib } }),
    export: () => ({
      name: 'export',
      words: { library: lib },
      options: { format: 'network', out: at(`n-${(outs += 1)}`) },
    }),
    networks: () => ({ name: 'networks', options: { library: lib, default: network } }),
    train: () => ({
      name: 'train',
      words: { library: lib },
      options: { size: 64, epochs: 1, queriesPerEpoch: 4, batch: 2, count: 2, backend: 'cpu' },
    }),
    whiten: () => ({ name: 'whiten', words: { library: lib }, options: { size: 64 } }),
    cluster: () => ({
      name: 'cluster',
      words: { photos: at('loose') },
      options: { library: lib, words: 50, matchesOnly: true },
    }),
    regions: () => ({ name: 'descriptors', words: { library: lib }, options: { regions: true, size: 64 } }),
    evaluate: () => ({ name: 'evaluate', words: { library: lib }, options: { size: 64 } }),
    clean: () => ({ name: 'clean', words: { library: lib }, options: { remove: ['thumbnails'], yes: true } }),
    backup: () => ({ name: 'backup', words: { library: lib, out: at(`b-${(outs += 1)}`) } }),
  };
  const names = Object.keys(COMMANDS);
  const pairs = names.flatMap((a, i) => names.slice(i).map((b) => [a, b] as const));

  it.each(pairs)(
    '%s and %s both end well, or say that the other is at it',
    async (a, b) => {
      const ends = await Promise.all([a, b].map((name, i) => tell(two[i]!, COMMANDS[name]!())));
      for (const [i, name] of [a, b].entries()) {
        const end = ends[i]!;
        if (end.done) done.set(name, (done.get(name) ?? 0) + 1);
        // The one that may be: both describe the same photos.
        else
          expect(end.error).toMatchObject({
            code: 'STATE_CONFLICT',
            message: expect.stringMatching(/described already/) as string,
          });
      }
    },
    120_000,
  );

  it('lose nothing', async () => {
    const library = Library.open(lib);
    const count = (sql: string): unknown => library.db.prepare(sql).pluck().get();
    expect(count('SELECT COUNT(*) FROM mining_run WHERE training_id IS NULL')).toBe(done.get('mine'));
    expect(count('SELECT COUNT(*) FROM action')).toBe(done.get('decide'));
    expect(count("SELECT COUNT(*) FROM job WHERE kind = 'import' AND state = 'done'")).toBe(done.get('import'));
    expect(count("SELECT COUNT(*) FROM job WHERE state IN ('running', 'queued')")).toBe(0);
    const { database, parts } = await WORK.check.run(library, {}, silentContext());
    expect([database, parts.filter((p) => p.damaged + p.missing > 0)]).toEqual([[], []]);
    library.close();
  }, 120_000);

  it('are also the studio and a command', async () => {
    const engine = new Engine();
    await engine.open(lib);
    const ended: string[] = [];
    engine.onEvent((e) => {
      if (e.event === 'job' && !['queued', 'running'].includes(e.job.state)) ended.push(`${e.job.kind} ${e.job.state}`);
    });
    const jobs = ['duplicates', 'mine'].map((kind) =>
      engine.dispatch(
        'jobs.start',
        { job: { kind, ...(kind === 'mine' ? { size: 64, mining: { count: 2, queries: 6 } } : {}) } },
        'page',
      ),
    );
    for (const name of names) {
      await expect(tell(two[0]!, COMMANDS[name]!()), name).resolves.toEqual({ done: true });
      await expect(engine.dispatch('library.current', {}, 'page')).resolves.toMatchObject({ ok: true });
      await expect(engine.dispatch('jobs.list', {}, 'page')).resolves.toMatchObject({ ok: true });
    }
    for (const job of jobs) await expect(job).resolves.toMatchObject({ ok: true });
    await vi.waitUntil(() => ended.length === 2, { timeout: 60_000 });
    expect(ended).toEqual(['duplicates done', 'mine done']);
    await engine.close();
  }, 180_000);
});

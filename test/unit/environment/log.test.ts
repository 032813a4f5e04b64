import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../src/shared/contract.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { Engine } from '../../../src/main/engine/engine.ts';
import { logFailure, logger } from '../../../src/main/engine/environment/log.ts';
import {
  appendEntry,
  formatEntry,
  hush,
  lastEntries,
  logFile,
  parseLog,
  type LogEntry,
} from '../../../src/main/engine/environment/log-file.ts';
import { PageLog } from '../../../src/main/engine/environment/page-log.ts';
import { JobQueue } from '../../../src/main/engine/queue/queue.ts';
import { startServer } from '../../../src/main/server/http.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const COVIS = join(ROOT, 'src', 'main', 'cli', 'index.ts');
const before = { ...process.env };
let logs = '';
const children: ChildProcess[] = [];
let n = 0;

beforeEach(() => {
  logs = join(folder, `logs-${(n += 1)}`);
  process.env['COVIS_LOGS'] = logs;
  delete process.env['COVIS_LOG'];
});
/** Starts what a test forgets only if it fails. */
function begin(args: readonly string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  return child as never;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const key of ['COVIS_LOGS', 'COVIS_LOG']) {
    if (before[key] === undefined) delete process.env[key];
    else process.env[key] = before[key];
  }
});

const written = (): LogEntry[] => lastEntries(1000, 'debug', logs);

/** Waits until an entry is there. */
async function entry(component: string, text: string): Promise<LogEntry> {
  for (let i = 0; i < 600; i += 1) {
    const found = written().find((e) => e.component === component && e.text.includes(text));
    if (found !== undefined) return found;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(`No entry of ${component} has "${text}": ${JSON.stringify(written())}`);
}

/** Runs TypeScript that may use the logger, in a process of its own. */
function script(body: string): ReturnType<typeof spawnSync> & { stdout: string; stderr: string } {
  const file = join(folder, `script-${(n += 1)}.ts`);
  const from = JSON.stringify(join(ROOT, 'src', 'main', 'engine', 'environment', 'log.ts'));
  writeFileSync(file, `import { logger, logUncaught } from ${from};\n${body}`);
  return spawnSync(process.execPath, [file], { encoding: 'utf8', env: process.env });
}

describe('entries', () => {
  it('keep the lines of a stack together, and no text passes for an entry of its own', () => {
    const time = '2026-01-02T03:04:05.006Z';
    const planted = `one\n${time} error server [1] forged\n\u001b[31mred`;
    const lines = formatEntry({ time, level: 'warn', component: 'page', text: planted });
    expect(lines).toBe(`${time} warn  page [${process.pid}] one\n    ${time} error server [1] forged\n    [31mred\n`);
    expect(parseLog(`half a line\n${lines}`)).toEqual([
      {
        time,
        level: 'warn',
        component: 'page',
        process: String(process.pid),
        text: `one\n${time} error server [1] forged\n[31mred`,
      },
    ]);
  });

  it('are written from the level of COVIS_LOG on, info without it', () => {
    const log = logger('levels');
    const all = (): void => {
      log.error('E');
      log.warn('W');
      log.info('I');
      log.debug('D');
    };
    const texts = (): string =>
      written()
        .map((e) => e.text)
        .join('');
    all();
    expect(texts()).toBe('EWI');
    process.env['COVIS_LOG'] = 'error';
    all();
    expect(texts()).toBe('EWIE');
    process.env['COVIS_LOG'] = 'debug';
    all();
    expect(texts()).toBe('EWIEEWID');
    process.env['COVIS_LOG'] = 'nonsense';
    all();
    expect(texts()).toBe('EWIEEWIDEWI');
    expect(lastEntries(3, 'warn', logs).map((e) => e.text)).toEqual(['W', 'E', 'W']);
  });

  it('hold causes, and input that is at fault is one line without a stack', () => {
    const log = logger('levels');
    logFailure(log, 'a', new CovisError('INTERNAL', 'outer', { cause: new TypeError('inner') }));
    logFailure(log, 'b', new CovisError('INPUT_CORRUPT', 'broken', { file: '/x/y.npy' }));
    logFailure(log, 'c', new CovisError('CANCELLED', 'Cancelled'));
    const [ours, theirs, ...more] = written();
    expect(ours?.level).toBe('error');
    expect(ours?.text).toMatch(/^a: CovisError: outer\n +at .*log\.test\.ts/);
    expect(ours?.text).toMatch(/cause\]: TypeError: inner\n +at /);
    expect(theirs).toMatchObject({ level: 'info', text: 'b: INPUT_CORRUPT: broken (/x/y.npy)' });
    expect(more).toEqual([]);
  });

  it('are never worth an error', () => {
    writeFileSync(join(folder, 'a-file'), '');
    expect(() => appendEntry('x\n', join(folder, 'a-file', 'logs'))).not.toThrow();
  });
});

describe('rotation', { timeout: 180_000 }, () => {
  it('keeps so many files of so many bytes', () => {
    const line = (i: number): string =>
      formatEntry({
        time: '2026-01-02T03:04:05.006Z',
        level: 'info',
        component: 'r',
        text: String(i).padStart(4, '0'),
      });
    const bytes = line(0).length;
    for (let i = 0; i < 100; i += 1) appendEntry(line(i), logs, { maxBytes: 10 * bytes, kept: 3 });
    expect(readdirSync(logs).sort()).toEqual(['covis.1.log', 'covis.2.log', 'covis.3.log', 'covis.log']);
    for (const f of readdirSync(logs)) expect(readFileSync(join(logs, f)).length).toBe(10 * bytes);
    expect(lastEntries(25, 'info', logs).map((e) => Number(e.text))).toEqual(
      Array.from({ length: 25 }, (_, i) => 75 + i),
    );
  });

  it('loses and tears no line while several processes write', async () => {
    mkdirSync(logs);
    const file = join(folder, 'writer.ts');
    const from = JSON.stringify(join(ROOT, 'src', 'main', 'engine', 'environment', 'log-file.ts'));
    writeFileSync(
      file,
      `import { appendEntry, formatEntry } from ${from};
       for (let i = 0; i < 300; i += 1)
         appendEntry(formatEntry({ time: new Date().toISOString(), level: 'info', component: 'w', text: process.argv[2] + ' ' + i + '\\nmore' }),
           ${JSON.stringify(logs)}, { maxBytes: 4000, kept: 100 });`,
    );
    await Promise.all(
      ['a', 'b', 'c'].map(
        (name) => new Promise((done) => spawn(process.execPath, [file, name], { stdio: 'inherit' }).on('exit', done)),
      ),
    );
    // Whoever cannot have the lock writes on into the file that is there, so that files may be fewer than their bytes ask for.
    expect(readdirSync(logs).length).toBeGreaterThan(3);
    const texts = new Set(lastEntries(10_000, 'info', logs).map((e) => e.text));
    for (const name of ['a', 'b', 'c']) for (let i = 0; i < 300; i += 1) expect(texts).toContain(`${name} ${i}\nmore`);
  });
});

describe('what goes wrong', { timeout: 180_000 }, () => {
  const path = join(folder, 'library');
  const engine = new Engine();
  let photo = '';

  beforeAll(async () => {
    const library = await smallLibrary(path);
    photo = library.db.prepare('SELECT hash FROM photo LIMIT 1').pluck().get() as string;
    // The fault: everything that asks for networks meets an error that Covis does not know.
    library.close();
    await engine.open(path);
    const damaged = Library.open(path);
    damaged.db.exec('ALTER TABLE network RENAME TO network_gone');
    damaged.close();
  });
  afterAll(() => engine.close());

  it('in a route is logged with its stack', async () => {
    const reply = await engine.dispatch('library.current', {}, 'page');
    expect(reply).toMatchObject({ ok: false, error: { code: 'INTERNAL' } });
    const e = await entry('engine', 'library.current:');
    expect(e.level).toBe('error');
    expect(e.text).toMatch(/no such table: network\n +at .*networks\.ts/s);
  });

  it('in a job is logged with its stack, from its thread', async () => {
    const ended = new Promise<void>((done) => {
      const off = engine.onEvent((event: EngineEvent) => {
        if (event.event !== 'job' || event.job.state !== 'failed') return;
        off();
        done();
      });
    });
    await engine.dispatch('jobs.start', { job: { kind: 'extract' } }, 'page');
    await ended;
    const e = await entry('job', 'extract:');
    expect(e.level).toBe('error');
    expect(e.process).toMatch(/^\d+\.\d+$/);
    expect(e.text).toMatch(/no such (table|column).*\n +at .*src\/main\/engine/s);
    await entry('queue', ', extract: started');
    await entry('queue', ', extract: failed');
  });

  it('in the thread that searches is logged with its stack', async () => {
    const reply = await engine.dispatch('search.run', { photo, top: 3 }, 'page');
    expect(reply).toMatchObject({ ok: false });
    const e = await entry('search', 'search:');
    expect(e.text).toMatch(/no such (table|column).*\n +at .*search\/session\.ts/s);
    expect(e.process).toContain('.');
  });

  it('in a thread itself is logged with its stack', async () => {
    const library = Library.create(join(folder, 'small'));
    const crash = new URL('data:text/javascript,function planted() { throw new Error("planted") } planted()');
    const queue = new JobQueue(library, crash, () => undefined);
    queue.start('duplicates', {});
    const e = await entry('queue', 'its thread failed');
    expect(e.level).toBe('error');
    expect(e.text).toMatch(/Error: planted\n +at planted/);
    await queue.close();
    library.close();
  });

  it('in the page is logged, so many a minute, cut to size', async () => {
    const stack = 'Error: planted\n    at view (SearchView.vue:10:3)';
    const asked = { message: 'setup function: planted', stack, view: '/search' };
    expect(await engine.dispatch('log.page', asked, 'page')).toEqual({ ok: true, data: null });
    const e = await entry('page', '/search: setup function: planted');
    expect(e.text).toContain('\n    at view (SearchView.vue:10:3)');
    const long = await engine.dispatch('log.page', { ...asked, message: 'x'.repeat(2001) }, 'page');
    expect(long).toMatchObject({ error: { code: 'VALIDATION_FAILED' } });
    let now = 1e6;
    const limited = new PageLog(logger('limited'), () => now);
    for (let i = 0; i < 50; i += 1) limited.take({ message: `m${i}`, view: '/' });
    expect(written().filter((w) => w.component === 'limited').length).toBe(20);
    now += 60_000;
    limited.take({ message: 'again', view: '/' });
    const last = written()
      .filter((w) => w.component === 'limited')
      .slice(20);
    expect(last.map((w) => w.text)).toEqual(['30 more errors of the page were left out', '/: again']);
  });

  it('unseen in a server is logged; it goes on after a rejection and a lost connection, and ends after anything else', async () => {
    const log =
      "logUncaught(logger('server'), true); setTimeout(() => { console.log('went on'); process.exit(0) }, 100);";
    const rejected = script(
      `${log} function planted() { return Promise.reject(new Error('rejected')) } void planted();`,
    );
    expect(rejected).toMatchObject({ status: 0, stdout: 'went on\n' });
    expect((await entry('server', 'Error: rejected')).text).toMatch(
      /^unhandledRejection: Error: rejected\n +at planted/,
    );
    const lost = script(`${log} setTimeout(() => { throw Object.assign(new Error('lost'), { code: 'ECONNRESET' }) });`);
    expect(lost).toMatchObject({ status: 0, stdout: 'went on\n' });
    expect((await entry('server', 'Error: lost')).text).toMatch(/^uncaughtException: Error: lost\n +at /);
    const thrown = script(`${log} setTimeout(() => { throw new Error('thrown') });`);
    expect(thrown).toMatchObject({ status: 1, stdout: '' });
    expect((await entry('server', 'Error: thrown')).text).toMatch(/^uncaughtException: Error: thrown\n +at /);
  });

  it('unseen in a command is logged, and ends it as before', async () => {
    const r = script("logUncaught(logger('cli')); void Promise.reject(new Error('rejected'));");
    expect(r.status).toBe(1);
    expect(r.stderr).toContain('Error: rejected');
    expect((await entry('cli', 'Error: rejected')).level).toBe('error');
  });
});

describe('secrets', () => {
  it('no token is in the log', async () => {
    process.env['COVIS_LOG'] = 'debug';
    const engine = new Engine();
    const server = await startServer(engine, {});
    const origin = `http://127.0.0.1:${server.port}`;
    await fetch(`${origin}/?token=${server.token}`, { redirect: 'manual' });
    await fetch(`${origin}/asset/nothing?token=${server.token}`, {
      headers: { Authorization: `Bearer ${server.token}` },
    });
    await entry('server', 'GET /asset/nothing: NOT_FOUND');
    const log = logger('server');
    log.error(new Error(`a message with ${server.token}`));
    log.info({ url: server.url, headers: { cookie: `covis_${server.port}=${server.token}` } });
    log.info('GET /?token=0123abc&x=1', 'Authorization: Bearer 4567def', 'Cookie: covis_99=89abef; other=1');
    hush('a word');
    log.info('this is a word of mine');
    await server.close();
    const text = readFileSync(logFile(logs), 'utf8');
    expect(text).not.toContain(server.token);
    expect(text).toContain('a message with ***');
    expect(text).toContain('GET /?token=***&x=1 Authorization: Bearer *** Cookie: covis_99=***; other=1');
    expect(text).toContain('this is *** of mine');
  });

  it('a socket that is reset before it is let in does not end covis serve', async () => {
    const file = join(folder, 'serve.ts');
    const from = (p: string): string => JSON.stringify(join(ROOT, 'src', 'main', p));
    writeFileSync(
      file,
      `import { Engine } from ${from('engine/engine.ts')};
       import { logger, logUncaught } from ${from('engine/environment/log.ts')};
       import { startServer } from ${from('server/http.ts')};
       logUncaught(logger('server'), true);
       const { port } = await startServer(new Engine(), {});
       process.stdout.write(String(port));`,
    );
    const child = begin([file]);
    const port = await new Promise<number>((done) => child.stdout.once('data', (d: Buffer) => done(Number(String(d)))));
    for (let i = 0; i < 5; i += 1) {
      await new Promise<void>((done) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write('GET /messages HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
          setTimeout(() => socket.resetAndDestroy(), 5);
        });
        socket.on('error', () => undefined);
        socket.on('close', () => done());
      });
    }
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(401);
    expect(child.exitCode).toBe(null);
  });
});

describe('covis logs', { timeout: 180_000 }, () => {
  const covis = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [COVIS, ...args], { encoding: 'utf8', env: process.env });

  it('shows the last entries of a level, says where they are, and a command writes them to standard error with --verbose', () => {
    expect(covis('logs', '--path').stdout).toBe(`${logFile(logs)}\n`);
    expect(covis('logs')).toMatchObject({ status: 0, stdout: '' });
    const log = logger('shown');
    for (const t of ['one', 'two\nlines', 'three']) log.info(t);
    log.warn('four');
    expect(covis('logs', '--lines', '3').stdout.replaceAll(/^.*?\] /gm, '')).toBe('two\n    lines\nthree\nfour\n');
    expect(covis('logs', '--level', 'warn').stdout).toMatch(/^\S+Z warn {2}shown \[\d+\] four\n$/);
    const json = JSON.parse(covis('logs', '--json', '--lines', '1').stdout) as { path: string; entries: LogEntry[] };
    expect(json).toMatchObject({ path: logFile(logs), entries: [{ level: 'warn', component: 'shown', text: 'four' }] });
    expect(covis('logs', '--level', 'loud').stderr).toContain('--level takes error, warn, info or debug, not "loud"');
    expect(covis('logs', '--lines', '-1').stderr).toContain('--lines takes a whole number');
    const missing = covis('clusters', join(folder, 'nothing'), '--verbose');
    expect(missing.status).toBe(1);
    expect(missing.stderr).toMatch(/^\S+Z info {2}cli \[\d+\] clusters: NOT_FOUND: /);
    expect(missing.stderr).toContain('debug cli');
  });

  it('follows, also when the log is rotated', async () => {
    const log = logger('followed');
    log.info('before');
    const child = begin([COVIS, 'logs', '--follow']);
    let out = '';
    child.stdout.on('data', (d: Buffer) => (out += String(d)));
    const shows = async (text: string): Promise<void> => {
      for (let i = 0; i < 600 && !out.includes(text); i += 1) await new Promise((r) => setTimeout(r, 50));
      expect(out).toContain(text);
    };
    await shows('before');
    log.info('while it looks');
    await shows('while it looks');
    const late = formatEntry({ time: new Date().toISOString(), level: 'info', component: 'followed', text: 'after' });
    appendEntry(late, logs, { maxBytes: 10, kept: 2 });
    expect(existsSync(join(logs, 'covis.1.log'))).toBe(true);
    await shows('after');
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(out.match(/before|while it looks|after/g)).toEqual(['before', 'while it looks', 'after']);
  });
});

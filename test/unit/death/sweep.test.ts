import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { onSwept } from '../../../src/main/engine/library/sweep.ts';
import { addJob, getJob, jobEnded, jobStarted } from '../../../src/main/engine/queue/records.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { listTrainingRuns } from '../../../src/main/engine/training/runs.ts';
import { resume } from '../../../src/main/engine/training/train.ts';
import { DEFAULT_TRAINING } from '../../../src/main/engine/training/presets.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';

const folder = temporaryFolder();
const children: ChildProcess[] = [];
const said: string[] = [];
beforeAll(() => onSwept((line) => said.push(line)));
afterEach(() => said.splice(0));
afterAll(() => children.forEach((c) => c.kill('SIGKILL')));

function made(name: string): string {
  const path = join(folder, name);
  const library = Library.create(path);
  ensureDefaultNetwork(library);
  library.close();
  return path;
}

/** Another program at work on a library. */
async function atWork(path: string, what: 'job' | 'run' | 'nothing'): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(ROOT, 'test', 'support', 'at-work.ts'), path, what],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  await once(child.stdout!, 'data');
  return child;
}
async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
const states = (library: Library): unknown[] => library.db.prepare('SELECT state FROM job ORDER BY id').pluck().all();

describe('whoever opens a library', () => {
  it('leaves those alone who are at work', async () => {
    const path = made('alive');
    await atWork(path, 'job');
    const library = Library.open(path);
    expect(states(library)).toEqual(['running', 'queued']);
    expect(readdirSync(library.file('staging'))).toHaveLength(1);
    expect(readdirSync(library.file('features'))).toHaveLength(1);
    expect(said).toEqual([]);
    library.close();
  });

  it('closes what a killed program did, removes what it left unfinished, and says so in a line', async () => {
    const path = made('killed');
    await kill(await atWork(path, 'job'));
    const library = Library.open(path);
    expect(getJob(library, 1)).toMatchObject({
      state: 'interrupted',
      finished: expect.any(String),
      error: {
        code: 'ENGINE_EXITED',
        message: 'Covis ended while this job was running',
        hint: 'Start it again: what was finished is kept.',
      },
      warnings: ['Removed what nothing takes up: 1 unfinished folder and 1 temporary file'],
    });
    expect(getJob(library, 2)).toMatchObject({
      state: 'interrupted',
      error: { message: 'Covis ended before this job began', hint: 'Start it again.' },
    });
    expect([readdirSync(library.file('staging')), readdirSync(library.file('features'))]).toEqual([[], []]);
    expect(said).toEqual([
      'Cut short when Covis ended: jobs 1 (Import castle), 2 (Describe). Removed what nothing takes up: 1 unfinished folder and 1 temporary file',
    ]);
    library.close();
    said.splice(0);
    // Once.
    Library.open(path).close();
    expect(said).toEqual([]);
    expect(readdirSync(join(path, 'leases'))).toEqual([]);
  });

  it('keeps what may be written by another one, until that one is gone', async () => {
    const path = made('several');
    const other = await atWork(path, 'nothing');
    await kill(await atWork(path, 'job'));
    const [young, old] = [join(path, 'networks', 'a.onnx.tmp'), join(path, 'networks', 'b.onnx.tmp')];
    for (const file of [young, old]) writeFileSync(file, 'half');
    utimesSync(old, new Date(0), new Date(0));
    const first = Library.open(path);
    expect(states(first)).toEqual(['interrupted', 'interrupted']);
    // One with the number of a process that is gone, one that nobody has touched for long.
    expect([existsSync(young), existsSync(old), readdirSync(first.file('features'))]).toEqual([true, false, []]);
    first.close();
    await kill(other);
    Library.open(path).close();
    expect(existsSync(young)).toBe(false);
  });

  it('knows jobs of its own threads that are still open, and those of a thread that was ended', () => {
    const path = made('own');
    const mine = Library.open(path);
    const job = addJob(mine, 'mine', 'x', {});
    jobStarted(mine, job);
    const done = addJob(mine, 'mine', 'y', {});
    jobEnded(mine, done, { state: 'done', warnings: [] });
    const second = Library.open(path);
    expect(getJob(second, job)).toMatchObject({ state: 'running' });
    mine.close();
    second.sweep();
    expect(getJob(second, job)).toMatchObject({ state: 'interrupted' });
    expect(getJob(second, done)).toMatchObject({ state: 'done', error: null });
    second.close();
  });

  it('finds nobody at work in a copy of a library that is in use', async () => {
    const path = made('original');
    await atWork(path, 'job');
    const copy = join(folder, 'copy');
    cpSync(path, copy, { recursive: true });
    const library = Library.open(copy);
    expect(states(library)).toEqual(['interrupted', 'interrupted']);
    library.close();
    const own = Library.open(path);
    expect(states(own)).toEqual(['running', 'queued']);
    own.close();
  });

  it('is not kept from it by leases that hold anything else', async () => {
    const path = made('odd');
    await kill(await atWork(path, 'job'));
    mkdirSync(join(path, 'leases', 'a.lock'), { recursive: true });
    writeFileSync(join(path, 'leases', 'b.owner'), '{"pid":');
    writeFileSync(join(path, 'leases', 'c.lock'), 'no database, and longer than a header of one '.repeat(20));
    const library = Library.open(path);
    expect(library.owner).toMatch(/^[0-9a-f]{12}$/);
    expect(states(library)).toEqual(['interrupted', 'interrupted']);
    library.close();
    expect(readdirSync(join(path, 'leases')).filter((n) => /^[bc]/.test(n))).toEqual([]);
  });
});

describe('what older versions left', () => {
  it('is closed where no process has its number, or one that began later', async () => {
    const path = made('older');
    const library = Library.open(path);
    const other = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(other);
    await once(other.stdout!, 'data');
    const job = (pid: number, created: string): number => {
      const id = addJob(library, 'train', 'Train', {});
      library.db.prepare('UPDATE job SET pid = ?, owner = NULL, created = ? WHERE id = ?').run(pid, created, id);
      return id;
    };
    const now = new Date(Date.now() + 5000).toISOString();
    const gone = job(2 ** 22 + 1, now);
    const reused = job(other.pid!, '2026-01-01T00:00:00.000Z');
    const alive = job(other.pid!, now);
    mkdirSync(library.file('staging', 'c0ffee'));
    library.close();
    const next = Library.open(path);
    expect([gone, reused, alive].map((id) => getJob(next, id)!.state)).toEqual([
      'interrupted',
      'interrupted',
      'queued',
    ]);
    // It says nothing of its owner, and one of that version is at work.
    expect(readdirSync(next.file('staging'))).toEqual(['c0ffee']);
    other.kill('SIGKILL');
    await once(other, 'exit');
    next.sweep();
    expect([getJob(next, alive)!.state, readdirSync(next.file('staging'))]).toEqual(['interrupted', []]);
    next.close();
  });
});

describe('a training run', () => {
  function withRun(name: string): string {
    const path = made(name);
    const library = Library.open(path);
    library.db
      .prepare(
        "INSERT INTO training_run (id, created, state, pid, network_id, parameters, device) VALUES (1, '2026-01-01T00:00:00.000Z', 'failed', 1, 1, ?, 'CPU')",
      )
      .run(JSON.stringify(DEFAULT_TRAINING));
    writeFileSync(library.file('runs', '1.checkpoint'), 'x');
    library.close();
    return path;
  }

  it('is refused to a second one, who is told who has it', async () => {
    const path = withRun('twice');
    const other = await atWork(path, 'run');
    const library = Library.open(path);
    expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'running', resumable: false });
    await expect(resume(library, 1, silentContext())).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: 'Training run 1 is under way already',
      hint: expect.stringMatching(
        new RegExp(`stop it there first. It is at-work.ts \\(process ${other.pid}\\), since 20`),
      ),
    });
    await kill(other);
    // It is free now, and what it stands at is looked at.
    await expect(resume(library, 1, silentContext())).rejects.toThrow(/checkpoint is damaged/);
    library.close();
  });

  it('of a killed program can be taken up by whoever opens the library next, who is told how', async () => {
    const path = withRun('dead');
    await kill(await atWork(path, 'run'));
    const library = Library.open(path);
    expect(listTrainingRuns(library)[0]).toMatchObject({ state: 'failed', resumable: true });
    expect(said).toEqual(['Cut short when Covis ended: training run 1 (go on with --resume 1)']);
    expect(readdirSync(library.file('runs'))).toEqual(['1.checkpoint']);
    library.close();
  });

  it('leaves no checkpoint and no descriptors behind that nobody takes up', async () => {
    const path = withRun('useless');
    const child = await atWork(path, 'nothing');
    const library = Library.open(path);
    library.db.prepare("UPDATE training_run SET state = 'done' WHERE id = 1").run();
    const { uid } = ensureDefaultNetwork(library);
    library.close();
    const [taken, useless] = [
      join(path, 'descriptors', `${uid}-64.npy.part`),
      join(path, 'descriptors', 'abcdef-64.npy.part'),
    ];
    for (const file of [taken, useless]) writeFileSync(file, 'COVISJ2\n');
    await kill(child);
    Library.open(path).close();
    expect([existsSync(join(path, 'runs', '1.checkpoint')), existsSync(taken), existsSync(useless)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});

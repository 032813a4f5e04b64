import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Library } from '../../src/main/engine/library/library.ts';
import { listPlans } from '../../src/main/engine/library/tables/plan.ts';
import { defaultNetworkOf } from '../../src/main/engine/network/networks.ts';
import { collectPlan } from '../../src/main/engine/plan/collect.ts';
import { commandText, covisCommand } from '../../src/main/engine/plan/command.ts';
import { readPlan, shardFiles, type Plan } from '../../src/main/engine/plan/folder.ts';
import { lookAt, statusOf, statusOfRow, submissionOf } from '../../src/main/engine/plan/status.ts';
import { allShards, cancelPlan, shardsToDo, submitSlurm } from '../../src/main/engine/plan/steer.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { extract } from '../../src/main/engine/retrieval/extract.ts';
import { temporaryFolder } from '../support/folders.ts';
import { placeLibrary, planExtract, SIZE, withLibrary } from '../support/planned.ts';
import { describeWith, ROOT, smallDisk, type SmallDisk } from '../support/programs.ts';
import { smallSlurm, until, type SmallSlurm } from '../support/slurm.ts';

/** Generous: two slow cores do all of this, and Slurm looks now and then. */
const LONG = 600_000;

describeWith(['slurm'], 'a plan on a Slurm of two nodes', () => {
  const folder = temporaryFolder();
  const empty = join(folder, 'empty');
  const hold = join(folder, 'hold');
  const held = join(folder, 'held.sh');
  const options = { mem: '900M', covis: commandText([held]) };
  let slurm: SmallSlurm | undefined;
  let disk: SmallDisk | undefined;
  let wanted: Record<string, Buffer> = {};
  let photos = '';
  let count = 0;
  let copies = 0;

  function stored(library: string): Record<string, Buffer> {
    const at = join(library, 'descriptors');
    const names = readdirSync(at).filter((f) => f.endsWith('.npy'));
    return Object.fromEntries(names.map((f) => [f, readFileSync(join(at, f))]));
  }
  function copy(): string {
    const to = join(folder, `library${(copies += 1)}`);
    cpSync(empty, to, { recursive: true });
    return to;
  }
  /** Processes of tasks that wait, by their numbers. */
  const waiting = (): number[] =>
    existsSync(`${hold}.pids`) ? readFileSync(`${hold}.pids`, 'utf8').trim().split('\n').map(Number) : [];
  const holdTasks = (): void => {
    rmSync(`${hold}.pids`, { force: true });
    writeFileSync(hold, '');
  };
  const release = (): void => rmSync(hold, { force: true });
  const known = (plan: Plan): string => JSON.stringify(statusOf(plan, undefined, 'now')) + slurm!.call('squeue');
  const collected = (library: string, plan: Plan): Promise<void> =>
    until(
      'the collecting',
      () => existsSync(join(plan.folder, 'logs', 'collect.log')) && slurm!.call('squeue', '-h').trim() === '',
      LONG,
      () => known(plan),
    ).then(() =>
      withLibrary(library, async (l: Library) => {
        expect((await statusOfRow(listPlans(l)[0]!)).state).toBe('collected');
      }),
    );

  beforeAll(async () => {
    photos = await placeLibrary(empty);
    const alone = copy();
    count = (await withLibrary(alone, (l) => extract(l, defaultNetworkOf(l), SIZE, silentContext()))).ids.length;
    wanted = stored(alone);
    writeFileSync(
      held,
      `#!/bin/bash\nif [ "$1" = work ]; then echo $$ >>${commandText([`${hold}.pids`])}; while [ -e ${commandText([hold])} ]; do sleep 0.1; done; fi\nexec ${commandText(covisCommand())} "$@"\n`,
    );
    chmodSync(held, 0o755);
    slurm = await smallSlurm();
    process.env['SLURM_CONF'] = slurm.env['SLURM_CONF'];
  }, LONG);

  afterAll(() => {
    release();
    slurm?.end();
    disk?.end();
    delete process.env['SLURM_CONF'];
  });

  it(
    'is submitted by a command, done by both nodes and collected: the bytes of one machine',
    async () => {
      const library = copy();
      const name = readdirSync(join(photos, 'images')).find((n) => n.endsWith('.jpg'))!;
      const [file, away] = [join(photos, 'images', name), join(folder, 'away.jpg')];
      const out = `${library}-plan`;
      const r = spawnSync(
        process.execPath,
        [
          join(ROOT, 'bin', 'covis.mjs'),
          'submit',
          library,
          'extract',
          '--executor',
          'slurm',
          '--size',
          String(SIZE),
          '--shards',
          '4',
          '--array-limit',
          '3',
          '--mem',
          '900M',
          '--out',
          out,
          '--json',
        ],
        { encoding: 'utf8', env: slurm!.env },
      );
      expect(r.status, r.stderr).toBe(0);
      const { jobs } = JSON.parse(r.stdout) as { jobs: string[] };
      expect(jobs.length).toBe(2);
      await collected(library, readPlan(out));
      expect(stored(library)).toEqual(wanted);
      await withLibrary(library, (l) => {
        // Collected twice is collected once.
        expect(collectPlan(l, readPlan(out), silentContext())).toMatchObject({ before: true, added: 0, done: count });
      });
      expect(stored(library)).toEqual(wanted);

      // A photo that cannot be read is counted, and said.
      const other = copy();
      const plan = await planExtract(other, { shards: 2, out: `${other}-plan` });
      renameSync(file, away);
      try {
        submitSlurm(plan, allShards(plan), { mem: '900M' });
        await collected(other, plan);
      } finally {
        renameSync(away, file);
      }
      expect(statusOf(plan).items).toEqual({ planned: count, done: count - 1, failed: 1 });
      expect(readFileSync(join(plan.folder, 'logs', 'collect.log'), 'utf8')).toContain(name);
    },
    3 * LONG,
  );

  it(
    'whose task is killed says so, and does it again when it is told to',
    async () => {
      const library = copy();
      const plan = await planExtract(library, { shards: 2, out: `${library}-plan` });
      holdTasks();
      submitSlurm(plan, allShards(plan), options);
      await until(
        'two tasks',
        () => waiting().length === 2,
        LONG,
        () => known(plan),
      );
      expect(statusOf(plan, undefined, 'now').stages[0]!.counts).toMatchObject({ running: 2 });
      process.kill(waiting()[0]!, 'SIGKILL');
      release();
      await until(
        'the end of both',
        () => slurm!.call('squeue', '-h').trim() === '',
        LONG,
        () => known(plan),
      );
      const s = statusOf(plan, undefined, 'now');
      expect(s).toMatchObject({ state: 'failed', stages: [{ counts: { done: 1, lost: 1 } }] });
      expect(s.faults[0]!.message).toMatch(/^It ended without a word/);
      // Nobody collected what is not whole.
      expect(stored(library)).toEqual({});
      submitSlurm(plan, shardsToDo(lookAt(plan, 'now'), true), options);
      expect(
        submissionOf(plan)!
          .arrays.filter((a) => a.stage === 'extract')
          .map((a) => a.tasks.length),
      ).toEqual([3, 1]);
      await collected(library, plan);
      expect(stored(library)).toEqual(wanted);
    },
    3 * LONG,
  );

  it(
    'on a disk that is full stops with that sentence, and goes on when there is room',
    async () => {
      const at = join(folder, 'disk');
      mkdirSync(at);
      disk = smallDisk(at);
      // Not every machine lets one be made.
      if (disk === undefined) return;
      const library = copy();
      const plan = await planExtract(library, { shards: 2, out: join(at, 'plan') });
      holdTasks();
      submitSlurm(plan, allShards(plan), options);
      await until(
        'two tasks',
        () => waiting().length === 2,
        LONG,
        () => known(plan),
      );
      const { blocks, bfree, bsize } = statfsSync(at);
      disk.holds((blocks - bfree) * bsize);
      release();
      await until(
        'the end of both',
        () => slurm!.call('squeue', '-h').trim() === '',
        LONG,
        () => known(plan),
      );
      expect(readdirSync(join(at, 'plan', 'results', 'extract')).filter((f) => /\.(bin|done)$/.test(f))).toEqual([]);
      const s = statusOf(plan, undefined, 'now');
      expect(s.state).toBe('failed');
      expect(s.message).toMatch(/^The disk of the plan is full: /);
      // Nor can it be submitted again before there is room.
      expect(() => submitSlurm(plan, allShards(plan), options)).toThrow(/full/);
      disk.holds(64 << 20);
      submitSlurm(plan, shardsToDo(lookAt(plan, 'now')), options);
      await collected(library, plan);
      expect(stored(library)).toEqual(wanted);
    },
    3 * LONG,
  );

  it(
    'with two tasks on one shard has one result',
    async () => {
      const library = copy();
      const plan = await planExtract(library, { shards: 1, out: `${library}-plan` });
      holdTasks();
      const again = () => submitSlurm(plan, [{ stage: 'extract', shards: [1] }], options);
      again();
      again();
      await until(
        'two tasks',
        () => waiting().length === 2,
        LONG,
        () => known(plan),
      );
      release();
      await collected(library, plan);
      expect(stored(library)).toEqual(wanted);
      const names = readdirSync(join(plan.folder, 'results', 'extract'));
      expect(names.sort()).toEqual(['0001.bin', '0001.done']);
    },
    2 * LONG,
  );

  it(
    'is taken back: nothing waits, and what is done stays',
    async () => {
      const library = copy();
      const plan = await planExtract(library, { shards: 6, out: `${library}-plan` });
      holdTasks();
      submitSlurm(plan, allShards(plan), { ...options, arrayLimit: 1 });
      await until(
        'a task',
        () => waiting().length === 1,
        LONG,
        () => known(plan),
      );
      cancelPlan(plan);
      release();
      await until(
        'an empty queue',
        () => slurm!.call('squeue', '-h').trim() === '',
        LONG,
        () => known(plan),
      );
      expect(statusOf(plan, undefined, 'now')).toMatchObject({ state: 'cancelled', message: 'A person cancelled it' });
    },
    2 * LONG,
  );

  it(
    'goes on at the other node when one dies',
    async () => {
      const library = copy();
      const plan = await planExtract(library, { shards: 1, out: `${library}-plan` });
      holdTasks();
      submitSlurm(plan, allShards(plan), options);
      await until(
        'a task',
        () => waiting().length === 1,
        LONG,
        () => known(plan),
      );
      const node = slurm!.call('squeue', '-h', '--states=RUNNING', '-o', '%N').trim();
      expect(['n1', 'n2']).toContain(node);
      slurm!.killNode(node as 'n1' | 'n2');
      release();
      await collected(library, plan);
      expect(stored(library)).toEqual(wanted);
      expect(slurm!.call('sinfo', '-h', '-N', '-o', '%N %T')).toMatch(new RegExp(`${node} +down`));
      expect(existsSync(shardFiles(plan.folder, 'extract', 1).failed)).toBe(false);
    },
    3 * LONG,
  );
});

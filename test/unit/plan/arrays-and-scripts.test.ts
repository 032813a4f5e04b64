import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arraysOf, numbersOf, ranges } from '../../../src/main/engine/plan/arrays.ts';
import { commandText, wordsOf } from '../../../src/main/engine/plan/command.ts';
import type { PlanFile } from '../../../src/main/engine/plan/facts.ts';
import type { Plan } from '../../../src/main/engine/plan/folder.ts';
import { parseQueue, refuseOptions, shardScript, submitToSlurm } from '../../../src/main/engine/plan/slurm.ts';
import { allShards } from '../../../src/main/engine/plan/steer.ts';
import { temporaryFolder } from '../../support/folders.ts';

const sha = 'a'.repeat(64);

/** A plan of so many shards, which lies nowhere. */
function drawn(
  folder: string,
  ...stages: readonly (readonly [name: string, after: readonly string[], shards: number])[]
): Plan {
  const file = {
    uid: '0123456789abcdef',
    stages: stages.map(([name, after, n]) => ({
      name,
      after,
      shards: Array.from({ length: n }, () => ({ sha256: sha, items: 1 })),
    })),
  } as unknown as PlanFile;
  return { folder, file, sha256: sha };
}

describe('arrays of shards', () => {
  it('are written as ranges, and read again', () => {
    expect(ranges([1, 2, 3, 7, 9, 10])).toBe('1-3,7,9-10');
    expect(ranges([5])).toBe('5');
    expect(numbersOf('1-3,7,9-10')).toEqual([1, 2, 3, 7, 9, 10]);
    // What would never end is no range.
    expect(numbersOf('1-99999999,4,x,2-1')).toEqual([4]);
  });

  it('have at most a thousand tasks, whose numbers stay below the limit', () => {
    const all = Array.from({ length: 2500 }, (_, i) => i + 1);
    expect(arraysOf(all, 1000)).toEqual([
      { offset: 0, tasks: '1-1000', count: 1000 },
      { offset: 1000, tasks: '1-1000', count: 1000 },
      { offset: 2000, tasks: '1-500', count: 500 },
    ]);
    expect(arraysOf([3, 1000, 1001, 2004], 1000)).toEqual([
      { offset: 0, tasks: '3,1000', count: 2 },
      { offset: 1000, tasks: '1', count: 1 },
      { offset: 2000, tasks: '4', count: 1 },
    ]);
  });
});

describe('calls of sbatch', () => {
  it('are one for every thousand shards, stage after stage, and collecting at the end', () => {
    const plan = drawn('/p', ['words', [], 2], ['match', ['words'], 2001]);
    const { said } = submitToSlurm(
      plan,
      allShards(plan),
      { partition: 'main', mem: '8G', arrayLimit: 16 },
      { dry: true },
    );
    const calls = said.filter((s) => s.startsWith('sbatch '));
    expect(calls.map((c) => /--array=(\S+)/.exec(c)?.[1])).toEqual([
      '1-2%16',
      '1-1000%16',
      '1-1000%16',
      '1%16',
      undefined,
    ]);
    expect(calls.every((c) => c.includes('--partition=main') && c.includes('--mem=8G'))).toBe(true);
    expect(calls[0]).not.toContain('--dependency');
    for (const c of calls.slice(1, 4))
      expect(c).toMatch(/--dependency=afterok:\S+ --kill-on-invalid-dep=yes|'--dependency=afterok:[^:]+' --kill/);
    expect(calls[4]).toContain('/p/slurm/collect.sh');
    expect(calls[3]).toMatch(/match 2000$/);
  });

  it('take what belongs to Slurm and refuse what Covis says itself', () => {
    expect(() =>
      refuseOptions({ sbatch: '--constraint=avx512 --qos="a b"', time: '1-2:03:04', mem: '16G' }),
    ).not.toThrow();
    for (const sbatch of ['--array=1', '-a 1', '--wrap=x', '--dependency=singleton', '-D /'])
      expect(() => refuseOptions({ sbatch })).toThrow(/which Covis says itself/);
    expect(() => refuseOptions({ sbatch: '--qos="a' })).toThrow(/a quote that does not end/);
    for (const o of [{ partition: 'a b' }, { time: '2 hours' }, { mem: 'much' }, { gres: '$(id)' }, { account: 'a;b' }])
      expect(() => refuseOptions(o)).toThrow(/takes what Slurm takes for it/);
  });

  it('keep names with blanks, quotes and signs of a shell together', () => {
    expect(commandText(['a', 'b c', "d'e", '$(f)'])).toBe(`a 'b c' 'd'\\''e' '$(f)'`);
    expect(wordsOf(`a 'b c' "d e"f  g`)).toEqual(['a', 'b c', 'd ef', 'g']);
  });
});

const bash = spawnSync('bash', ['--version']).status === 0;
(bash ? describe : describe.skip)('the script of a task', () => {
  const folder = join(temporaryFolder(), "it's a $(plan)");
  mkdirSync(folder, { recursive: true });
  const fake = join(folder, 'covis.sh');
  writeFileSync(
    fake,
    `#!/bin/bash\nprintf '%s\\n' "$@" >"$SAID"\n[ -z "$WAITS" ] || { trap 'exit 75' USR1 TERM; echo ready; while :; do sleep 0.05; done; }\nexit 3\n`,
  );
  chmodSync(fake, 0o755);
  const script = join(folder, 'shard.sh');
  const env = { ...process.env, SLURM_ARRAY_TASK_ID: '7', SAID: join(folder, 'said') };

  it('does the shard of its number and of what is added, and ends as that ended', () => {
    writeFileSync(script, shardScript(drawn(folder, ['extract', [], 1]), { covis: commandText([fake]) }, false));
    const r = spawnSync('bash', [script, 'extract', '2000'], { env });
    expect(r.status).toBe(3);
    expect(readFileSync(env.SAID, 'utf8').split('\n')).toEqual([
      'work',
      folder,
      '--stage',
      'extract',
      '--shard',
      '2007',
      '',
    ]);
  });

  it('passes on that its time ends, and asks to be begun again where that goes on', async () => {
    const called = join(folder, 'called');
    const path = join(folder, 'bin');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'scontrol'), `#!/bin/bash\necho "$@" >${commandText([called])}\n`);
    chmodSync(join(path, 'scontrol'), 0o755);
    writeFileSync(script, shardScript(drawn(folder, ['run', [], 1]), { covis: commandText([fake]) }, true));
    const more = { ...env, WAITS: '1', SLURM_ARRAY_JOB_ID: '42', PATH: `${path}:${process.env['PATH'] ?? ''}` };
    const task = spawn('bash', [script, 'run', '0'], { env: more, stdio: ['ignore', 'pipe', 'inherit'] });
    // It is ready once what it does is.
    task.stdout.once('data', () => task.kill('SIGUSR1'));
    const [code] = (await once(task, 'close')) as [number | null];
    expect(code).toBe(75);
    expect(readFileSync(called, 'utf8').trim()).toBe('requeue 42_7');
  });
});

describe('what squeue says', () => {
  it('is read line by line, and what is none of it passed over', () => {
    expect(parseQueue('12_3|RUNNING\n12_4|PENDING\n13|PENDING\n\nslurm_load_jobs error\n12_[5-9]|PENDING\n')).toEqual([
      { array: '12', task: 3, state: 'RUNNING' },
      { array: '12', task: 4, state: 'PENDING' },
      { array: '13', task: null, state: 'PENDING' },
    ]);
  });
});

/** Long work that goes on beside: jobs that pages start, one after another, and commands in processes of their own. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PageJob } from '../../src/shared/jobs/index.ts';
import type { JobInfo } from '../../src/shared/domain.ts';
import { ROOT } from '../support/programs.ts';
import type { Page } from './people.ts';

/** Work that ended: what, after how many milliseconds, and how. `grows` is work after which a library rightly holds more. */
export interface Worked {
  readonly what: string;
  readonly ms: number;
  readonly end: string;
  readonly grows: boolean;
}

const COVIS = join(ROOT, 'bin', 'covis.mjs');
const LOOK_MS = 1000;
const LONGEST_MS = 15 * 60_000;

const JOBS: readonly (PageJob & { readonly grows?: true })[] = [
  { kind: 'extract' },
  { kind: 'evaluate' },
  { kind: 'duplicates' },
  { kind: 'check', full: true },
  { kind: 'regions' },
  { kind: 'map' },
  { kind: 'tradeoff' },
  { kind: 'measure', protocol: 'sfm-easy' },
  { kind: 'teacher' },
  { kind: 'mine', grows: true },
  { kind: 'whiten', grows: true },
  { kind: 'train', grows: true, epochs: 1, queriesPerEpoch: 10 },
];

/** The jobs of a studio in turn, without end. @returns how one ended. */
export async function nextJob(page: Page, turn: number, stopped: () => boolean): Promise<Worked> {
  const { grows = false, ...job } = JOBS[turn % JOBS.length]!;
  const began = performance.now();
  const worked = (end: string): Worked => ({ what: `job ${job.kind}`, ms: performance.now() - began, end, grows });
  const started = await page.ask('jobs.start', { job });
  if (started.end !== 'ok') return worked(started.end);
  const { job: id } = started.data as { job: number };
  while (performance.now() - began < LONGEST_MS) {
    await new Promise((r) => setTimeout(r, LOOK_MS));
    const list = await page.ask('jobs.list', {});
    const now = ((list.data ?? []) as JobInfo[]).find((j) => j.id === id);
    if (now !== undefined && now.state !== 'queued' && now.state !== 'running')
      return worked(now.state === 'done' ? 'ok' : (said(now.error) ?? now.state));
    if (stopped()) {
      await page.ask('jobs.cancel', { id });
      return worked('stopped');
    }
  }
  return worked('NO_END');
}

/** What a job's error says, so that whoever reads the figures need not look for it in the log. */
function said(error: JobInfo['error']): string | undefined {
  if (error === null) return undefined;
  return `${error.code}: ${error.message}${error.file === undefined ? '' : ` (${error.file})`}`;
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [COVIS, ...args], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (d: Buffer) => (said = (said + d.toString()).slice(-400)));
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(code === 0 ? 'ok' : `${signal ?? `code ${code}`}: ${said.trim().split('\n')[0] ?? ''}`);
    });
  });
}

/** Commands of people who have a shell open beside, in turn, without end. */
export async function nextCommand(
  library: string,
  sources: readonly string[],
  photo: string,
  turn: number,
  folder: string,
): Promise<Worked> {
  const out = join(folder, `export-${turn}`);
  const commands: readonly (readonly string[])[] = [
    ['search', library, '--query', photo],
    ['import', library, ...sources],
    ['clusters', library, '--json'],
    ['export', library, '--format', 'csv', '--out', out],
    ['duplicates', library],
    ['networks', '--library', library],
    ['export', library, '--format', 'retrieval-sfm', '--out', out],
    ['check', library],
  ];
  const args = commands[turn % commands.length]!;
  const began = performance.now();
  const end = await run(args);
  rmSync(out, { recursive: true, force: true });
  return {
    what: `covis ${args[0]}${args[3] === undefined || args[0] !== 'export' ? '' : ` ${args[3]}`}`,
    ms: performance.now() - began,
    end,
    grows: false,
  };
}

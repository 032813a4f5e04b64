/** The library in which a shard works: a copy of what the plan holds of the library, which stays where it is while the shard is not done. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { logger } from '../environment/log.ts';
import { ownIfFree } from '../library/file-owner.ts';
import { DEAD_MS, readOwner } from '../library/lease.ts';
import { Library } from '../library/library.ts';
import type { TaskContext } from '../queue/context.ts';
import { commonFile, shardFiles, writePart, type Plan } from './folder.ts';
import { unpackLibrary } from './library-pack.ts';

const LOOK_MS = 2000;
/** By what a plan calls it. */
export const PACK = 'library';

/** What came of the work, and what lets the copy go once that is written. */
export interface Worked<T> {
  readonly value: T;
  readonly written: () => void;
}

/**
 * Works in a shard's own library. It is the one that an earlier task of the same shard left when it was told to end, or was killed, so that
 * the work goes on from its last checkpoint; where another task is at it right now, a new one.
 */
export async function inWorkLibrary<T>(
  plan: Plan,
  stage: string,
  shard: number,
  task: TaskContext,
  work: (library: Library) => Promise<T>,
): Promise<Worked<T>> {
  const kept = shardFiles(plan.folder, stage, shard).work;
  mkdirSync(dirname(kept), { recursive: true });
  const release = await ownSoon(kept, task);
  const folder = release === undefined ? `${kept}.${hostname().replace(/[^\w.-]/g, '_')}-${process.pid}` : kept;
  const leave = (): void => {
    rmSync(folder, { recursive: true, force: true });
    release?.();
  };
  try {
    await prepare(plan, folder, task);
    const library = Library.open(join(folder, 'library'));
    try {
      return { value: await work(library), written: leave };
    } finally {
      library.close();
    }
  } catch (error) {
    // What nobody would find again is of no use.
    if (release === undefined) leave();
    release?.();
    throw error;
  }
}

/** Undefined where another task of this machine is at it. One of a machine that died is waited for until it counts as gone. */
async function ownSoon(kept: string, task: TaskContext): Promise<(() => void) | undefined> {
  const end = Date.now() + DEAD_MS + LOOK_MS;
  for (;;) {
    const release = ownIfFree(kept);
    if (release !== undefined || readOwner(kept)?.host === hostname() || Date.now() > end) return release;
    task.check();
    await pause(LOOK_MS);
  }
}

/** Unpacks the plan's library, unless that was done before, of this very plan. */
async function prepare(plan: Plan, folder: string, task: TaskContext): Promise<void> {
  const mark = join(folder, 'of-plan');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === plan.sha256) return;
  const pack = commonFile(plan, PACK);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  logger('plan').info(`Making the library of a shard in ${folder}`);
  unpackLibrary(pack, join(folder, 'library'), task);
  writePart(mark, plan.sha256);
}

/** A library of one place whose photos lie in a folder of the test's own, and plans of it. */
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { CovisError } from '../../src/shared/errors.ts';
import { Library } from '../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../src/main/engine/network/networks.ts';
import { doShard, type ShardReport } from '../../src/main/engine/plan/shard.ts';
import { makePlan, type Planning } from '../../src/main/engine/plan/make.ts';
import { collectPlan, type CollectReport } from '../../src/main/engine/plan/collect.ts';
import { readPlan, type Plan } from '../../src/main/engine/plan/folder.ts';
import { silentContext } from '../../src/main/engine/queue/context.ts';
import { importSources } from '../../src/main/engine/sfm/import.ts';
import { planAsked } from '../../src/main/engine/work/plan.ts';
import { SAMPLE } from './small-library.ts';

/** Small enough that a shard is done at once. */
export const SIZE = 64;

/** @returns where the photos lie. */
export async function placeLibrary(path: string, place = 'castle'): Promise<string> {
  const photos = join(`${path}-photos`, place);
  cpSync(join(SAMPLE, place), photos, { recursive: true });
  const library = Library.create(path);
  try {
    ensureDefaultNetwork(library);
    await importSources(library, { sources: [photos] }, silentContext());
  } finally {
    library.close();
  }
  return photos;
}

export async function withLibrary<T>(path: string, work: (library: Library) => Promise<T> | T): Promise<T> {
  const library = Library.open(path);
  try {
    return await work(library);
  } finally {
    library.close();
  }
}

export function planExtract(library: string, how: Planning): Promise<Plan> {
  return withLibrary(library, (l) => makePlan(l, 'extract', { size: SIZE }, how, silentContext()));
}

/** Does shards of the one stage, in this order. */
export async function doShards(plan: Plan, shards: readonly number[], warnings: string[] = []): Promise<ShardReport[]> {
  const out: ShardReport[] = [];
  for (const s of shards) out.push(await doShard(plan.folder, 'extract', s, silentContext(warnings)));
  return out;
}

/** What was thrown. */
export async function thrown(work: Promise<unknown>): Promise<CovisError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CovisError) return error;
    throw error;
  }
  throw new Error('Nothing was thrown');
}

/** Plans what a person asks for, beside the library. */
export function planKind(library: string, given: Readonly<Record<string, unknown>>, name = 'plan'): Promise<Plan> {
  return withLibrary(library, (l) => planAsked(l, { ...given, out: `${library}-${name}` } as never, silentContext()));
}

/** Does all shards of a plan, those of a stage backwards, and collects it. */
export async function doAndCollect(library: string, plan: Plan, warnings: string[] = []): Promise<CollectReport> {
  for (const { name, shards } of plan.file.stages)
    for (let i = shards.length; i > 0; i -= 1) await doShard(plan.folder, name, i, silentContext());
  return withLibrary(library, (l) => collectPlan(l, readPlan(plan.folder), silentContext(warnings)));
}

/** Files of a folder by name, also in folders below it. */
export function filesIn(folder: string): Record<string, Buffer> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return Object.fromEntries(
    files
      .map((e) => join(e.parentPath, e.name))
      .sort()
      .map((f) => [relative(folder, f), readFileSync(f)]),
  );
}

import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { defaultNetworkOf } from '../../../src/main/engine/network/networks.ts';
import { collectNoted, collectPlan } from '../../../src/main/engine/plan/collect.ts';
import { readPlan, shardFiles, type Plan } from '../../../src/main/engine/plan/folder.ts';
import { makePlan } from '../../../src/main/engine/plan/make.ts';
import { doShard } from '../../../src/main/engine/plan/shard.ts';
import { statusOf, statusOfRow } from '../../../src/main/engine/plan/status.ts';
import { listPlans } from '../../../src/main/engine/library/tables/plan.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { listSets } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWithAdapter } from '../../support/programs.ts';
import { doShards, placeLibrary, planExtract, SIZE, thrown, withLibrary } from '../../support/planned.ts';

const folder = temporaryFolder();
const [empty, alone] = [join(folder, 'empty'), join(folder, 'alone')];
let photos = '';
let count = 0;

/** The stored files of descriptors by name. */
function stored(library: string): Record<string, Buffer> {
  const at = join(library, 'descriptors');
  return Object.fromEntries(
    readdirSync(at)
      .filter((f) => f.endsWith('.npy'))
      .map((f) => [f, readFileSync(join(at, f))]),
  );
}

let copies = 0;
function copy(): string {
  const to = join(folder, `copy${(copies += 1)}`);
  cpSync(empty, to, { recursive: true });
  return to;
}
const out = (library: string): { out: string } => ({ out: `${library}-plan` });
const collect = (library: string, plan: Plan, warnings: string[] = []) =>
  withLibrary(library, (l: Library) => collectPlan(l, readPlan(plan.folder), silentContext(warnings)));

beforeAll(async () => {
  photos = await placeLibrary(empty);
  cpSync(empty, alone, { recursive: true });
  count = (await withLibrary(alone, (l) => extract(l, defaultNetworkOf(l), SIZE, silentContext()))).ids.length;
}, 120_000);

describe('an extraction in shards', () => {
  it('gives the same bytes as one on one machine, whatever the order of the shards', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 3, ...out(library) });
    const reports = await doShards(plan, [3, 1, 2]);
    expect(reports.reduce((n, r) => n + r.done, 0)).toBe(count);
    expect(await collect(library, plan)).toEqual({
      work: 'extract',
      shards: 3,
      added: count,
      done: count,
      failed: 0,
      before: false,
    });
    expect(stored(library)).toEqual(stored(alone));
    // Collected twice is collected once.
    expect(await collect(library, plan)).toMatchObject({ added: 0, before: true });
    expect(stored(library)).toEqual(stored(alone));
    await withLibrary(library, async (l) => {
      const [row] = listPlans(l);
      expect(await statusOfRow(row!)).toMatchObject({
        state: 'collected',
        items: { planned: count, done: count, failed: 0 },
      });
    });
    // Nothing half written, and nobody at it.
    expect(readdirSync(join(plan.folder, 'results', 'extract')).filter((f) => !/^\d{4}\.(bin|done)$/.test(f))).toEqual(
      [],
    );
  });

  it('is cut into parts that differ by one photo at most, and not into more than there are photos', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 4, ...out(library) });
    const sizes = plan.file.stages[0]!.shards.map((s) => s.items);
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(count);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    const error = await thrown(planExtract(library, { shards: count + 1, out: `${library}-more` }));
    expect(error.message).toBe(`${count} photos cannot be cut into ${count + 1} shards`);
    const there = await thrown(planExtract(library, out(library)));
    expect(there).toMatchObject({ code: 'STATE_CONFLICT', file: plan.folder });
  });

  it('does a shard once: what is done with its digest is left as it is, what is damaged is done again', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 2, ...out(library) });
    const files = shardFiles(plan.folder, 'extract', 1);
    expect((await doShards(plan, [1]))[0]!.before).toBe(false);
    const [result, done] = [readFileSync(files.result), readFileSync(files.done)];
    expect((await doShards(plan, [1]))[0]!.before).toBe(true);
    expect(readFileSync(files.done)).toEqual(done);
    writeFileSync(files.result, result.subarray(0, -1));
    expect((await doShards(plan, [1]))[0]!.before).toBe(false);
    expect(readFileSync(files.result)).toEqual(result);
  });

  it('done by two at once has one result, with the same bytes', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 1, ...out(library) });
    await Promise.all([doShards(plan, [1]), doShards(plan, [1])]);
    expect((await collect(library, plan)).added).toBe(count);
    expect(stored(library)).toEqual(stored(alone));
  });

  it('counts a photo that cannot be read, and says which', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 2, ...out(library) });
    const name = readdirSync(join(photos, 'images')).find((n) => n.endsWith('.jpg'))!;
    const [file, away] = [join(photos, 'images', name), join(folder, 'away.jpg')];
    renameSync(file, away);
    try {
      const warnings: string[] = [];
      const reports = await doShards(plan, [1, 2], warnings);
      expect(reports.reduce((n, r) => n + r.failed, 0)).toBe(1);
      expect(warnings.join()).toContain(name);
      const said: string[] = [];
      expect(await collect(library, plan, said)).toMatchObject({ added: count - 1, failed: 1 });
      expect(said.join()).toContain(name);
      expect(said).toContain('1 photo could not be described by any shard');
    } finally {
      renameSync(away, file);
    }
  });

  it('is not collected before all of it is done, nor with a result that was changed', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 2, ...out(library) });
    await doShards(plan, [2]);
    const collectAsAsked = (): Promise<unknown> =>
      withLibrary(library, (l) => collectNoted(l, readPlan(plan.folder), silentContext()));
    const missing = await thrown(collectAsAsked());
    expect(missing.message).toBe('1 shard is not done yet: extract 1');
    await doShards(plan, [1]);
    // What was missing once is no word on what is there now.
    expect(statusOf(readPlan(plan.folder))).toMatchObject({ state: 'ready', message: null });
    const files = shardFiles(plan.folder, 'extract', 2);
    const bytes = readFileSync(files.result);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(files.result, bytes);
    const changed = await thrown(collectAsAsked());
    expect(changed).toMatchObject({ code: 'INPUT_CORRUPT', file: files.result });
    expect(stored(library)).toEqual({});
    // Who looks later is told.
    expect(statusOf(readPlan(plan.folder))).toMatchObject({ state: 'ready', message: changed.message });
  });

  it('is refused by another version, of which the first task stops the whole plan', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 2, ...out(library) });
    const other = { version: '99.0.0', commit: null };
    const second = await thrown(doShard(plan.folder, 'extract', 2, silentContext(), other));
    expect(second.message).toMatch(
      /^This plan was made by Covis .*, and this is 99\.0\.0: results would not be comparable$/,
    );
    expect(statusOf(plan)).toMatchObject({
      state: 'failed',
      faults: [{ shard: 2, message: `${second.message}: ${plan.folder}` }],
    });
    await thrown(doShard(plan.folder, 'extract', 1, silentContext(), other));
    expect(statusOf(plan)).toMatchObject({ state: 'stopped', message: second.message });
    expect((await thrown(doShards(plan, [2]))).message).toBe(`The whole plan was stopped: ${second.message}`);
  });

  it('leaves nothing of a shard that was told to end', async () => {
    const library = copy();
    const plan = await planExtract(library, { shards: 1, ...out(library) });
    const stop = {
      ...silentContext(),
      check: () => {
        throw cancelled();
      },
    };
    expect((await thrown(doShard(plan.folder, 'extract', 1, stop))).code).toBe('CANCELLED');
    expect(readdirSync(join(plan.folder, 'results', 'extract'))).toEqual([]);
    expect(statusOf(plan).stages[0]!.counts).toMatchObject({ open: 1, failed: 0 });
    rmSync(plan.folder, { recursive: true });
    await withLibrary(library, async (l) => expect((await statusOfRow(listPlans(l)[0]!)).state).toBe('missing'));
  });
});

const adapter = await webGpuAdapter();

describeWithAdapter(adapter?.half === true ? adapter : undefined, 'an extraction in shards in half precision', () => {
  it(
    'is computed in what the plan says, wherever its shards are done, and stored so',
    { timeout: 300_000 },
    async () => {
      const library = copy();
      const plan = await withLibrary(library, (l) =>
        makePlan(l, 'extract', { size: SIZE, precision: 'half' }, { shards: 2, ...out(library) }, silentContext()),
      );
      await doShards(plan, [1, 2]);
      expect(await collect(library, plan)).toMatchObject({ added: count });
      await withLibrary(library, async (l) =>
        expect(await listSets(l)).toMatchObject([{ precision: 'half', rows: count }]),
      );
      // Not among those of single.
      const other = copy();
      const second = await withLibrary(other, (l) =>
        makePlan(l, 'extract', { size: SIZE, precision: 'half' }, { shards: 1, ...out(other) }, silentContext()),
      );
      await doShards(second, [1]);
      const some = await withLibrary(other, (l) => extract(l, defaultNetworkOf(l), SIZE, silentContext()));
      expect(some.computed).toBe(count);
      expect((await thrown(collect(other, second))).message).toContain('described in single precision');
      const again = { shards: 1, out: `${library}-again` };
      expect((await thrown(planExtract(library, again))).code).toBe('STATE_EMPTY');
    },
  );
});

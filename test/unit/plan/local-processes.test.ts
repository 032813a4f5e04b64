import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PlanStatus } from '../../../src/shared/facts/plans.ts';
import { listPlans } from '../../../src/main/engine/library/tables/plan.ts';
import { defaultNetworkOf } from '../../../src/main/engine/network/networks.ts';
import { statusOfRow } from '../../../src/main/engine/plan/status.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { placeLibrary, SIZE, withLibrary } from '../../support/planned.ts';
import { ROOT } from '../../support/programs.ts';

/** Generous: it waits for processes that go on by themselves. */
const LONG = 120_000;
const folder = temporaryFolder();
const [library, alone] = [join(folder, 'library'), join(folder, 'alone')];

function stored(path: string): Record<string, Buffer> {
  const at = join(path, 'descriptors');
  const names = readdirSync(at).filter((f) => f.endsWith('.npy'));
  return Object.fromEntries(names.map((f) => [f, readFileSync(join(at, f))]));
}

function covis(...words: readonly string[]): unknown {
  const r = spawnSync(process.execPath, [join(ROOT, 'bin', 'covis.mjs'), ...words, '--json'], { encoding: 'utf8' });
  expect(r.status, r.stderr).toBe(0);
  return JSON.parse(r.stdout);
}

beforeAll(async () => {
  await placeLibrary(library);
  cpSync(library, alone, { recursive: true });
  await withLibrary(alone, (l) => extract(l, defaultNetworkOf(l), SIZE, silentContext()));
}, LONG);

describe('a plan that processes of this machine do', () => {
  it(
    'goes on when who began it has ended, and is collected by itself: the bytes of one process',
    async () => {
      const out = join(folder, 'plan');
      const words = ['extract', '--executor', 'local', '--size', String(SIZE), '--shards', '2', '--at-once', '2'];
      const begun = covis('submit', library, ...words, '--out', out, '--detach') as { folder: string };
      expect(begun.folder).toBe(out);
      const end = Date.now() + LONG / 2;
      let now: PlanStatus | undefined;
      while (now?.state !== 'collected' && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 200));
        now = await withLibrary(library, (l) => statusOfRow(listPlans(l)[0]!));
      }
      expect(now, readFileSync(join(out, 'logs', 'retry.log'), 'utf8')).toMatchObject({
        state: 'collected',
        executor: 'local',
        stages: [{ counts: { done: 2 } }],
      });
      expect(stored(library)).toEqual(stored(alone));
    },
    LONG,
  );
});

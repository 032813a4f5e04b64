import type * as NodeFs from 'node:fs';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { Library } from '../../../src/main/engine/library/library.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { readShard, type Plan } from '../../../src/main/engine/plan/folder.ts';
import { makePlan } from '../../../src/main/engine/plan/make.ts';
import { submitToSlurm } from '../../../src/main/engine/plan/slurm.ts';
import { allShards } from '../../../src/main/engine/plan/steer.ts';
import { statusOf } from '../../../src/main/engine/plan/status.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { temporaryFolder } from '../../support/folders.ts';

const counts = vi.hoisted(() => ({ synced: 0 }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof NodeFs>();
  const fsyncSync = (fd: number): void => {
    counts.synced += 1;
    fs.fsyncSync(fd);
  };
  return { ...fs, default: { ...fs, fsyncSync }, fsyncSync };
});

const SHARDS = 10_000;
const folder = temporaryFolder();
let plan: Plan;
let seconds = 0;

beforeAll(async () => {
  const library = Library.create(join(folder, 'library'));
  try {
    ensureDefaultNetwork(library);
    library.transaction(() => {
      const { db } = library;
      // Rows as an import writes them, of files that nobody opens while it is planned.
      db.exec("INSERT INTO scene (id, name, root, images) VALUES (1, 'photos', '/photos', '/photos')");
      const photo = db.prepare(
        'INSERT INTO photo (id, hash, width, height, orientation, bytes) VALUES (?, ?, 64, 48, 1, 1)',
      );
      const file = db.prepare(
        'INSERT INTO photo_file (photo_id, scene_id, name, bytes, modified, changed) VALUES (?, 1, ?, 1, 1, 1)',
      );
      for (let i = 1; i <= 2 * SHARDS; i += 1) {
        photo.run(i, i.toString(16).padStart(32, '0'));
        file.run(i, `${i}.jpg`);
      }
    });
    counts.synced = 0;
    const before = process.cpuUsage();
    plan = await makePlan(library, 'extract', {}, { shards: SHARDS, out: join(folder, 'plan') }, silentContext());
    const { user, system } = process.cpuUsage(before);
    seconds = (user + system) / 1e6;
  } finally {
    library.close();
  }
}, 120_000);

describe('a plan of ten thousand shards', () => {
  it('is written with all of them', () => {
    const files = readdirSync(plan.folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
    expect(files.map((f) => f.name).sort()).toEqual(['extract.jsonl', 'network', 'plan.json']);
    // The table, plan.json and its folder: on a network disk each of ten thousand would be waited for.
    expect(counts.synced).toBeLessThan(10);
    expect(plan.file.stages[0]!.shards.every((s) => s.items === 2)).toBe(true);
    const photos = z.object({ photos: z.array(z.object({ files: z.array(z.object({ path: z.string() })) })) });
    const last = readShard(plan, 'extract', SHARDS, photos.loose());
    expect(last.photos.map((p) => p.files[0]!.path)).toEqual(['/photos/19999.jpg', '/photos/20000.jpg']);
    // For who measures; how fast a machine is, is no matter of right and wrong.
    console.log(`10,000 shards were planned in ${seconds.toFixed(1)} s of a processor`);
  });

  it('is ten arrays, and is looked at without asking for each', () => {
    const { said } = submitToSlurm(plan, allShards(plan), {}, { dry: true });
    expect(said.filter((s) => s.startsWith('sbatch ')).length).toBe(11);
    expect(statusOf(plan)).toMatchObject({ state: 'open', items: { planned: 2 * SHARDS, done: 0 } });
  });
});

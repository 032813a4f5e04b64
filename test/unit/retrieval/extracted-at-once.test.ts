import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { defaultNetworkOf } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract as extractPhotos, loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { CovisError } from '../../../src/shared/errors.ts';
import { DescriptorJournal } from '../../../src/main/engine/retrieval/journal.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const SIZE = 96;
const folder = temporaryFolder();
const empty = join(folder, 'empty');
beforeAll(async () => {
  (await smallLibrary(empty)).close();
}, 60_000);

async function extract(library: string): Promise<{ status: number; stderr: string }> {
  const child = spawn(
    process.execPath,
    [join(ROOT, 'bin', 'covis.mjs'), 'extract', library, '--size', String(SIZE), '--json'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.on('data', (d: Buffer) => (stderr += d.toString()));
  const [status] = (await once(child, 'close')) as [number];
  return { status, stderr };
}

/** Each photo's descriptor under its content, and what lies in the folder of descriptors. */
function described(path: string): { rows: Map<string, Float32Array>; photos: number; left: string[] } {
  const library = Library.open(path);
  try {
    const set = loadDescriptors(library, defaultNetworkOf(library), SIZE);
    const photos = allPhotos(library);
    const hashOf = new Map(photos.map((p) => [p.id, p.hash]));
    const rows = new Map(
      Array.from(set.ids, (id, i) => [hashOf.get(id)!, set.data.slice(i * set.dim, (i + 1) * set.dim)]),
    );
    const left = readdirSync(library.file('descriptors')).filter((f) => /\.(part|lock)$/.test(f));
    return { rows, photos: photos.length, left };
  } finally {
    library.close();
  }
}

describe('photos that two programs describe at once', () => {
  it('are described by one of them, as if it were alone', async () => {
    const [alone, both] = [join(folder, 'alone'), join(folder, 'both')];
    for (const to of [alone, both]) cpSync(empty, to, { recursive: true });
    expect((await extract(alone)).status).toBe(0);
    const ends = await Promise.all([extract(both), extract(both)]);
    // Whoever came second waited, or came so late that everything was there.
    expect(ends.map((e) => e.status)).toEqual([0, 0]);
    const [wanted, got] = [described(alone), described(both)];
    expect([got.rows.size, got.left]).toEqual([wanted.photos, []]);
    for (const [hash, v] of wanted.rows) {
      const cosine = got.rows.get(hash)!.reduce((sum, x, k) => sum + x * v[k]!, 0);
      expect(cosine).toBeGreaterThan(0.99999);
    }
  }, 120_000);

  it('wait for another owner by name until it is done, and can be stopped meanwhile', async () => {
    const path = join(folder, 'owned');
    cpSync(empty, path, { recursive: true });
    const library = Library.open(path);
    const network = defaultNetworkOf(library);
    const file = library.file('descriptors', `${network.uid}-${SIZE}.npy.part`);
    const journal = new DescriptorJournal(file, network.spec.dim);
    const steps: string[] = [];
    const task = { ...silentContext(), step: (name: string) => void steps.push(name) };
    const stopping = {
      ...task,
      check: () => {
        throw new CovisError('CANCELLED', 'Stopped');
      },
    };
    await expect(extractPhotos(library, network, SIZE, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
    const waiting = extractPhotos(library, network, SIZE, task);
    await expect.poll(() => steps.length).toBe(2);
    expect(steps[1]).toMatch(/^Waiting for .*\(process \d+\), since .*, which describes the same photos$/);
    // Said once, however long it takes.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(steps).toHaveLength(2);
    journal.close();
    expect((await waiting).computed).toBe(allPhotos(library).length);
    library.close();
    const { rows, photos, left } = described(path);
    expect([rows.size, left]).toEqual([photos, []]);
  }, 120_000);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import { defaultNetworkOf } from '../../../src/main/engine/network/networks.ts';
import { loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
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
    expect(ends.some((e) => e.status === 0)).toBe(true);
    // Whoever came second was refused, or came so late that everything was there.
    for (const e of ends) if (e.status !== 0) expect(e.stderr).toContain('These photos are being described already');
    const [wanted, got] = [described(alone), described(both)];
    expect([got.rows.size, got.left]).toEqual([wanted.photos, []]);
    for (const [hash, v] of wanted.rows) {
      const cosine = got.rows.get(hash)!.reduce((sum, x, k) => sum + x * v[k]!, 0);
      expect(cosine).toBeGreaterThan(0.99999);
    }
  }, 120_000);

  it('are refused while another owner is at them, with what to do, and described when it is done', async () => {
    const path = join(folder, 'owned');
    cpSync(empty, path, { recursive: true });
    const library = Library.open(path);
    const { uid, spec } = defaultNetworkOf(library);
    const journal = new DescriptorJournal(library.file('descriptors', `${uid}-${SIZE}.npy.part`), spec.dim);
    const refused = await extract(path);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/These photos are being described already[^]*\.npy\.part[^]*Wait until the other/);
    journal.close();
    library.close();
    expect((await extract(path)).status).toBe(0);
    const { rows, photos, left } = described(path);
    expect([rows.size, left]).toEqual([photos, []]);
  }, 120_000);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSettings } from '../../../src/main/engine/environment/settings.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { chosenPrecision, computing, openRunner, saidPrecision } from '../../../src/main/engine/network/computing.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { webGpuAdapter } from '../../../src/main/engine/network/gpu.ts';
import { ensureDefaultNetwork } from '../../../src/main/engine/network/networks.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { addDescriptors, heldPrecision, loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { DescriptorJournal } from '../../../src/main/engine/retrieval/journal.ts';
import { listSets } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { WORK } from '../../../src/main/engine/work/index.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { describeWithAdapter, ROOT } from '../../support/programs.ts';
import { smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();
const adapter = await webGpuAdapter();
const SIZE = 64;
let library: Library;

beforeAll(async () => {
  library = await smallLibrary(join(folder, 'library'));
}, 60_000);
afterAll(() => {
  writeSettings({ precision: 'single' });
  library.close();
});

const extract = (o: object) => WORK.extract.run(library, { size: SIZE, ...o }, silentContext());
/** Takes the last rows away, as though these photos had come since. */
function forget(rows: number): void {
  const network = ensureDefaultNetwork(library);
  const { ids, data, dim } = loadDescriptors(library, network, SIZE);
  const kept = new Map(Array.from(ids.slice(0, -rows), (id, i) => [id, data.slice(i * dim, (i + 1) * dim)]));
  const as = heldPrecision(library, network, SIZE)!;
  const hashOf = library.db.prepare('SELECT hash FROM photo WHERE id = ?').pluck();
  const byHash = new Map([...kept].map(([id, d]) => [hashOf.get(id) as string, d]));
  library.db.prepare('DELETE FROM descriptor_set WHERE network_id = ? AND size = ?').run(network.id, SIZE);
  addDescriptors(
    library,
    network,
    SIZE,
    (hash) => byHash.get(hash),
    as,
    silentContext(),
    () => undefined,
  );
}

describe('the precision that is chosen', () => {
  it('is what was said of the work, else the setting, else single', async () => {
    writeSettings({});
    expect([saidPrecision(), chosenPrecision()]).toEqual([undefined, 'single']);
    writeSettings({ precision: 'half' });
    expect([saidPrecision(), chosenPrecision()]).toEqual([undefined, 'half']);
    const { result } = await computing('cpu', () => [saidPrecision(), chosenPrecision()], 'single');
    expect(result).toEqual(['single', 'single']);
    // Work within work keeps it.
    const inner = await computing('cpu', () => computing(undefined, saidPrecision), 'half');
    expect(inner.result.result).toBe('half');
    process.env['COVIS_PRECISION'] = 'double';
    expect(() => chosenPrecision()).toThrow(/double, which is no precision/);
    delete process.env['COVIS_PRECISION'];
    writeSettings({ precision: 'single' });
  });

  it('is refused on a back end that has it not', async () => {
    const { graph } = embeddedNetwork('photos');
    const opening = computing('cpu', () => openRunner(graph), 'half');
    await expect(opening).rejects.toThrow('cpu computes in single precision alone');
    await expect(extract({ backend: 'cpu', precision: 'half' })).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      hint: expect.stringContaining('--precision single') as string,
    });
    expect(await listSets(library)).toEqual([]);
  });
});

describe('a journal', () => {
  it('begins anew in another precision', () => {
    const file = join(folder, 'rows.part');
    const key = '0'.repeat(32);
    const first = new DescriptorJournal(file, 2, 'half');
    first.append(key, Float32Array.of(1, 2));
    first.close();
    const again = new DescriptorJournal(file, 2, 'half');
    expect(again.has(key)).toBe(true);
    again.close();
    const other = new DescriptorJournal(file, 2);
    expect(other.has(key)).toBe(false);
    other.append(key, Float32Array.of(3, 4));
    other.close();
    const last = new DescriptorJournal(file, 2, 'single');
    expect([...last.get(key)]).toEqual([3, 4]);
    last.remove();
  });
});

describeWithAdapter(adapter?.half === true ? adapter : undefined, 'descriptors in half precision', () => {
  it('say so, stay so, and are not mixed with those of single', { timeout: 300_000 }, async () => {
    const network = ensureDefaultNetwork(library);
    const single = await extract({ backend: 'cpu' });
    const right = loadDescriptors(library, network, SIZE);
    expect(await listSets(library)).toMatchObject([{ precision: 'single' }]);
    await expect(extract({ precision: 'half' })).rejects.toMatchObject({
      code: 'STATE_CONFLICT',
      message: expect.stringContaining('described in single precision') as string,
      hint: expect.stringContaining(`--remove descriptors:${network.uid}-${SIZE} --force --yes`) as string,
    });
    const removed = await WORK.clean.run(
      library,
      { remove: [`descriptors:${network.uid}-${SIZE}`], force: true, yes: true },
      silentContext(),
    );
    expect(removed.done).toBe(true);
    const half = await extract({ precision: 'half' });
    expect(half).toMatchObject({
      computed: single.photos,
      device: expect.stringContaining('half precision') as string,
    });
    expect(await listSets(library)).toMatchObject([{ precision: 'half', half: false }]);
    const halved = loadDescriptors(library, network, SIZE);
    const least = Math.min(
      ...Array.from(right.ids.keys(), (i) => {
        let cosine = 0;
        for (let k = i * right.dim; k < (i + 1) * right.dim; k += 1) cosine += right.data[k]! * halved.data[k]!;
        return cosine;
      }),
    );
    expect(least).toBeGreaterThan(0.995);
    expect(least).toBeLessThan(1 - 1e-7);
    // New photos are described as the others were, whatever the setting says, and where that cannot be they are not.
    forget(2);
    expect(await listSets(library)).toMatchObject([{ precision: 'half', rows: single.photos - 2 }]);
    await expect(extract({ precision: 'single' })).rejects.toThrow(/described in half precision/);
    await expect(extract({ backend: 'cpu' })).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      message: expect.stringContaining('the other photos were described in half precision') as string,
    });
    const more = await extract({});
    expect(more).toMatchObject({ computed: 2, device: expect.stringContaining('half precision') as string });
    // What shards computed is not mixed in either.
    forget(2);
    const rows = (hash: string): Float32Array | undefined => (hash === '' ? undefined : new Float32Array(right.dim));
    expect(() => addDescriptors(library, network, SIZE, rows, 'single', silentContext(), () => undefined)).toThrow(
      /described in half precision/,
    );
  });

  it('of regions say so, too', { timeout: 300_000 }, async () => {
    await WORK.regions.run(library, { size: SIZE, precision: 'half', half: false }, silentContext());
    const [set] = (await listSets(library)).filter((s) => s.regional);
    expect(set).toMatchObject({ precision: 'half', half: false });
  });
});

/** Chromium's rasteriser, which comes with Electron, has no shader-f16. */
const SWIFTSHADER = join(
  process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(ROOT, 'node_modules/electron/dist'),
  'vk_swiftshader_icd.json',
);

describe.runIf(process.platform === 'linux' && existsSync(SWIFTSHADER))('a card without shader-f16', () => {
  it('is refused by its name', { timeout: 120_000 }, async () => {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'src/main/cli/index.ts'), 'extract', library.path, '--size', '96', '--precision', 'half'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, VK_ICD_FILENAMES: SWIFTSHADER, VK_DRIVER_FILES: SWIFTSHADER },
      },
    );
    let said = '';
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).not.toBe(0);
    expect(said).toMatch(/swiftshader.* has no shader-f16, by which WebGPU computes in half precision/i);
    expect(said).toContain('--precision single');
  });
});

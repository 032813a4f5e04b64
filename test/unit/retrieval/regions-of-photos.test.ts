import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Library } from '../../../src/main/engine/library/library.ts';
import { allPhotos } from '../../../src/main/engine/library/photos.ts';
import type { Pixels } from '../../../src/main/engine/library/pixels.ts';
import { PhotoSource } from '../../../src/main/engine/inputs/photo-source.ts';
import {
  defaultOf,
  ensureDefaultNetwork,
  repoolNetwork,
  storeNetwork,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { cancelled, silentContext } from '../../../src/main/engine/queue/context.ts';
import { descriptorVersion, extract, loadDescriptors } from '../../../src/main/engine/retrieval/extract.ts';
import { contributions, extractRegions, FeatureRunner } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { exponentOf } from '../../../src/main/engine/retrieval/regions.ts';
import { Describer } from '../../../src/main/engine/retrieval/search.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const SIZE = 96;
let library: Library;
let network: NetworkRow;
beforeAll(async () => {
  mkdirSync(photos);
  for (let i = 0; i < 12; i += 1) {
    const [w, h] = i % 3 === 0 ? [96, 64] : i % 3 === 1 ? [60, 90] : [80, 80];
    const body = `<rect width="100%" height="100%" fill="hsl(${i * 30},60%,60%)"/><circle cx="${20 + 3 * i}" cy="${30 + i}" r="${8 + i}" fill="hsl(${i * 70},80%,30%)"/>`;
    await sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">${body}</svg>`))
      .png()
      .toFile(join(photos, `${String(i).padStart(2, '0')}.png`));
  }
  library = Library.create(join(folder, 'library'));
  network = ensureDefaultNetwork(library);
  await importSources(library, { sources: [photos] }, silentContext());
}, 60_000);
afterAll(() => library.close());

const pixelsOf = async (id: number): Promise<Pixels> => {
  for await (const { value } of new PhotoSource(library, SIZE).stream([id])) return value!;
  throw new Error('no photo');
};

describe('descriptors of a library', () => {
  it('are there photo by photo though it was stopped, and only what is missing is computed', async () => {
    const all = allPhotos(library);
    expect(all).toHaveLength(12);
    let done = 0;
    const stopping = {
      ...silentContext(),
      progress: (n: number) => (done = n),
      check: () => {
        if (done >= 8) throw cancelled();
      },
    };
    await expect(extract(library, network, SIZE, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(loadDescriptors(library, network, SIZE).ids.length).toBe(0);
    const steps: number[] = [];
    const changed: string[] = [];
    const task = {
      ...silentContext(),
      step: (_: string, total: number) => steps.push(total),
      changed: (what: string) => changed.push(what),
    };
    const set = await extract(library, network, SIZE, task);
    // Eight were known from before.
    expect(steps).toEqual([4]);
    expect(changed).toEqual(['descriptors']);
    expect(set.computed).toBe(12);
    expect([...set.ids]).toEqual(all.map((p) => p.id));
    expect(set.dim).toBe(network.spec.dim);
    expect(set.data.length).toBe(12 * set.dim);
    for (let i = 0; i < 12; i += 1)
      expect(Math.hypot(...set.data.subarray(i * set.dim, (i + 1) * set.dim))).toBeCloseTo(1, 4);
    const stored = loadDescriptors(library, network, SIZE);
    expect(stored.ids).toEqual(set.ids);
    expect(stored.data).toEqual(set.data);
    expect(descriptorVersion(library, network, SIZE)).toMatch(/^12 /);
    const again = await extract(library, network, SIZE, task);
    expect(again.computed).toBe(0);
    expect(steps).toEqual([4]);
    // A describer of single files says the same, the longest side being what is told.
    const describer = await Describer.create(library, network, SIZE);
    const at = 7;
    const alone = await describer.describe(join(photos, '07.png'));
    await describer.release();
    const id = library.db.prepare("SELECT photo_id FROM photo_file WHERE name = '07.png'").pluck().get() as number;
    const row = set.ids.indexOf(id);
    alone.forEach((v, k) => expect(v).toBeCloseTo(set.data[row * set.dim + k]!, 4));
    expect(at).toBe(7);
  }, 60_000);

  it('of photos that came later go behind those that are there, and broken ones are left out', async () => {
    const before = loadDescriptors(library, network, SIZE);
    await sharp({ create: { width: 50, height: 40, channels: 3, background: '#456' } })
      .png()
      .toFile(join(photos, 'later.png'));
    await sharp({ create: { width: 40, height: 40, channels: 3, background: '#a56' } })
      .png()
      .toFile(join(photos, 'gone.png'));
    await importSources(library, { sources: [photos] }, silentContext());
    writeFileSync(join(photos, 'gone.png'), 'no photo');
    const warnings: string[] = [];
    const set = await extract(library, network, SIZE, silentContext(warnings));
    expect(warnings).toHaveLength(1);
    expect(set.computed).toBe(1);
    expect([...set.ids.subarray(0, 12)]).toEqual([...before.ids]);
    expect(set.ids.length).toBe(13);
    expect(set.data.subarray(0, before.data.length)).toEqual(before.data);
    const id = library.db.prepare("SELECT photo_id FROM photo_file WHERE name = 'later.png'").pluck().get() as number;
    expect(set.ids[12]).toBe(id);
  }, 60_000);
});

describe('regions of photos', () => {
  it("are R-MAC's grid on the map that the network pools, pooled as it pools, with their boxes", async () => {
    for (const [pooling, half] of [
      ['gem', false],
      ['mac', true],
      ['spoc', false],
    ] as const) {
      const row = pooling === 'gem' ? network : repoolNetwork(library, network, pooling);
      const warnings: string[] = [];
      const changed: string[] = [];
      const task = { ...silentContext(warnings), changed: (what: string) => changed.push(what) };
      const made = await extractRegions(library, row, SIZE, half, task);
      expect(warnings).toHaveLength(1);
      expect(changed).toEqual(['descriptors']);
      expect(made).toMatchObject({ photos: 13, dim: row.spec.dim });
      const set = await loadSet(library, made.set);
      expect(set).toMatchObject({
        name: `${row.spec.name}, regions, ${SIZE} px`,
        size: SIZE,
        network: { uid: row.uid },
      });
      expect(set.vectors.rows).toBe(made.rows);
      const runner = await FeatureRunner.create(library, row);
      const p = exponentOf(runner.pooling, 0);
      if (pooling !== 'gem') expect(runner.pooling).toBe(pooling);
      let at = 0;
      for (const [image, id] of [...set.ids].entries()) {
        const map = await runner.run(await pixelsOf(id));
        expect(map.data.length).toBe(map.channels * map.height * map.width);
        const grid = regionGrid(map.width, map.height);
        for (const g of grid) {
          expect(set.owners![at]).toBe(image);
          [g.x / map.width, g.y / map.height, g.width / map.width, g.height / map.height].forEach((v, k) =>
            expect(set.boxes![4 * at + k]).toBeCloseTo(v, 6),
          );
          const pooled = Array.from({ length: map.channels }, (_, c) => {
            const values: number[] = [];
            for (let y = g.y; y < g.y + g.height; y += 1)
              for (let x = g.x; x < g.x + g.width; x += 1) values.push(map.data[(c * map.height + y) * map.width + x]!);
            if (pooling === 'mac') return Math.max(0, ...values);
            return (values.reduce((s, v) => s + Math.max(v, 1e-6) ** p, 0) / values.length) ** (1 / p);
          });
          const norm = Math.hypot(...pooled);
          pooled.forEach((v, c) => {
            if (Math.abs(set.vectors.data[at * made.dim + c]! - v / norm) > 2e-3)
              expect(set.vectors.data[at * made.dim + c]).toBeCloseTo(v / norm, 2);
          });
          at += 1;
        }
      }
      expect(at).toBe(made.rows);
      await runner.release();
    }
  }, 120_000);

  it('are none of networks that take edges, and end when they are told to', async () => {
    const edges = embeddedNetwork('edges');
    const row = defaultOf(library, 'edges') ?? storeNetwork(library, edges.graph, edges.spec, null);
    await expect(FeatureRunner.create(library, row)).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED' });
    const stopping = {
      ...silentContext(),
      check: () => {
        throw cancelled();
      },
    };
    await expect(extractRegions(library, network, SIZE, false, stopping)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('what each place adds to a similarity', () => {
  it('is the gradient of GeM along itself: shares of each channel by powers', () => {
    const a = { channels: 2, height: 1, width: 2, data: Float32Array.of(1, 3, 2, 0) };
    const b = { channels: 2, height: 2, width: 1, data: Float32Array.of(2, 2, 0, 4) };
    for (const p of [1, 2, 3]) {
      const pool = (v: readonly number[]): number =>
        (v.reduce((s, x) => s + Math.max(x, 1e-6) ** p, 0) / v.length) ** (1 / p);
      const unit = (v: readonly number[]): number[] => v.map((x) => x / (Math.hypot(...v) + 1e-6));
      const f = unit([pool([1, 3]), pool([2, 0])]);
      const g = unit([pool([2, 2]), pool([0, 4])]);
      const share = (x: number, all: readonly number[]): number =>
        Math.max(x, 1e-6) ** p / all.reduce((s, v) => s + Math.max(v, 1e-6) ** p, 0);
      const got = contributions(a, b, p);
      expect(got.similarity).toBeCloseTo(f[0]! * g[0]! + f[1]! * g[1]!, 10);
      [0, 1].forEach((i) => {
        expect(got.a[i]).toBeCloseTo(
          f[0]! * g[0]! * share([1, 3][i]!, [1, 3]) + f[1]! * g[1]! * share([2, 0][i]!, [2, 0]),
          5,
        );
        expect(got.b[i]).toBeCloseTo(f[0]! * g[0]! * share(2, [2, 2]) + f[1]! * g[1]! * share([0, 4][i]!, [0, 4]), 5);
      });
    }
  });
});

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { edgeNetwork, filterOf } from '../../../src/main/engine/edges/edge-network.ts';
import { filterEdge } from '../../../src/main/engine/edges/filter.ts';
import { readDrawing } from '../../../src/main/engine/edges/sketch-files.ts';
import { framed } from '../../../src/main/engine/inputs/framing.ts';
import {
  defaultSize,
  describe as descriptorOf,
  edgeInput,
  InputMaker,
} from '../../../src/main/engine/inputs/inputs.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { decode, decodeInto, type Pixels } from '../../../src/main/engine/library/pixels.ts';
import {
  importNetwork,
  loadNetwork,
  prepareNetwork,
  storeNetwork,
  type NetworkRow,
} from '../../../src/main/engine/network/networks.ts';
import { EDGE_EXPONENT, EDGE_THRESHOLD } from '../../../src/main/engine/network/head.ts';
import type { Dim } from '../../../src/main/engine/network/onnx/graph.ts';
import { regionGrid } from '../../../src/main/engine/network/region-grid.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { extractRegions } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { SEED } from '../../../src/main/engine/training/training-graph.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { trainingGraphs } from '../../support/training-graphs.ts';
import { onRuntime, smallVit, unit, write } from '../../support/foreign-networks.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const folder = temporaryFolder();
const PATCH = 16;
const OTHERS = 5;
const FIXED: readonly Dim[] = [1, 3, 128, 128];
const FREE: readonly Dim[] = [1, 3, 'H', 'W'];
const SHAPES = [
  [100, 50],
  [60, 90],
  [64, 64],
  [120, 40],
] as const;
let library: Library;
beforeAll(async () => {
  const photos = join(folder, 'photos');
  mkdirSync(photos);
  for (const [i, [w, h]] of SHAPES.entries()) {
    const body = `<rect width="100%" height="100%" fill="hsl(${i * 80},60%,60%)"/><circle cx="${20 + 3 * i}" cy="${20 + i}" r="${9 + i}" fill="hsl(${i * 70},80%,30%)"/>`;
    await sharp(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}">${body}</svg>`))
      .png()
      .toFile(join(photos, `${i}.png`));
  }
  library = Library.create(join(folder, 'library'));
  await importSources(library, { sources: [photos] }, silentContext());
});
afterAll(() => library.close());

const nameOf = (id: number): string =>
  library.db.prepare('SELECT name FROM photo_file WHERE photo_id = ?').pluck().get(id) as string;

function vit(name: string, output: 'class' | 'tokens', dims: readonly Dim[]): string {
  return write(join(folder, name), smallVit(OTHERS, output, dims, PATCH));
}

/** The patch tokens of the file as it is, as a map [row][column][channel]. */
async function mapOf(file: string, x: { dims: readonly number[]; data: Float32Array }): Promise<number[][][]> {
  const { data } = (await onRuntime(file, { x: { dims: [...x.dims], data: x.data } }))['normal']!;
  const [, , height, width] = x.dims;
  return Array.from({ length: height! / PATCH }, (_, r) =>
    Array.from({ length: width! / PATCH }, (_, c) => {
      const at = 8 * (OTHERS + (r * width!) / PATCH + c);
      return [...data.subarray(at, at + 8)];
    }),
  );
}
const gem = (places: readonly number[][]): number[] =>
  unit(
    places[0]!.map((_, c) => (places.reduce((s, p) => s + Math.max(p[c]!, 1e-6) ** 3, 0) / places.length) ** (1 / 3)),
  );
const close = (got: ArrayLike<number>, expected: readonly number[], digits = 4): void => {
  expect(got).toHaveLength(expected.length);
  expected.forEach((v, i) => expect(got[i]).toBeCloseTo(v, digits));
};

/** The patches of a file; those of free size are asked for in whole multiples, as networks want that resize their positions. */
async function takenOf(file: string, kind: 'one size' | 'whole multiples'): ReturnType<typeof prepareNetwork> {
  const taken = await prepareNetwork(file, { tokens: 'patches', name: 'vit' });
  if (kind === 'one size') expect(taken.spec.input).toMatchObject({ height: 128, width: 128 });
  return kind === 'one size' ? taken : { ...taken, spec: { ...taken.spec, input: { multiple: PATCH, alone: true } } };
}

/** Where a photo of these sides lies: pixels of the margin, the places of the map that it touches. */
interface Lying {
  readonly pixels: Pixels;
  readonly left: number;
  readonly top: number;
  readonly columns: readonly [number, number];
  readonly rows: readonly [number, number];
}
function lying(pixels: Pixels, [height, width]: readonly [number, number]): Lying {
  const left = Math.floor((width - pixels.width) / 2);
  const top = Math.floor((height - pixels.height) / 2);
  const touched = (from: number, length: number): [number, number] => [
    Math.floor(from / PATCH),
    Math.ceil((from + length) / PATCH),
  ];
  return { pixels, left, top, columns: touched(left, pixels.width), rows: touched(top, pixels.height) };
}

describe('regions of a ViT', () => {
  for (const [kind, dims] of [
    ['one size', FIXED],
    ['whole multiples', FREE],
  ] as const)
    it(`of ${kind} are pooled of the patch tokens that the photo covers`, async () => {
      const file = vit(`${kind}.onnx`, 'tokens', dims);
      const { graph, spec } = await takenOf(file, kind);
      const network = storeNetwork(library, graph, spec, null);
      const size = kind === 'one size' ? 128 : 90;
      const warnings: string[] = [];
      const made = await extractRegions(library, network, size, false, silentContext(warnings));
      expect(made).toMatchObject({ photos: SHAPES.length, dim: 8 });
      expect(warnings).toEqual([]);
      const set = await loadSet(library, made.set);
      const whole = await extract(library, network, size, silentContext());
      let at = 0;
      for (const id of set.ids) {
        const photo = join(folder, 'photos', nameOf(id));
        const pixels =
          kind === 'one size'
            ? await decodeInto(photo, { width: 128, height: 128, fit: 'pad' })
            : await decode(photo, size);
        const x = framed(pixels, network.spec);
        const map = await mapOf(file, x);
        const { left, top, columns, rows } = lying(pixels, [x.dims[2], x.dims[3]]);
        // The margin lies outside, or the case is none.
        if (kind === 'one size' && pixels.width !== pixels.height)
          expect((rows[1] - rows[0]) * (columns[1] - columns[0])).toBeLessThan(64);
        const grid = regionGrid(columns[1] - columns[0], rows[1] - rows[0]);
        for (const [k, r] of grid.entries()) {
          const part = k === 0 ? map : map.slice(rows[0] + r.y, rows[0] + r.y + r.height);
          const places = part.flatMap((row) =>
            k === 0 ? row : row.slice(columns[0] + r.x, columns[0] + r.x + r.width),
          );
          const got = set.vectors.data.subarray(8 * at, 8 * at + 8);
          close(got, gem(places));
          if (k === 0)
            close(whole.data.subarray(8 * whole.ids.indexOf(id), 8 * whole.ids.indexOf(id) + 8), gem(places));
          const [bx, by, bw, bh] = set.boxes!.subarray(4 * at, 4 * at + 4);
          const within = (v: number, margin: number, side: number): number =>
            Math.min(1, Math.max(0, (v * PATCH - margin) / side));
          const [x0, y0] = k === 0 ? [0, 0] : [columns[0] + r.x, rows[0] + r.y];
          const [x1, y1] = k === 0 ? [map[0]!.length, map.length] : [x0 + r.width, y0 + r.height];
          expect(bx).toBeCloseTo(within(x0, left, pixels.width), 5);
          expect(by).toBeCloseTo(within(y0, top, pixels.height), 5);
          expect(bx! + bw!).toBeCloseTo(within(x1, left, pixels.width), 5);
          expect(by! + bh!).toBeCloseTo(within(y1, top, pixels.height), 5);
          at += 1;
        }
      }
      expect(at).toBe(made.rows);
      expect(made.rows).toBeGreaterThan(4 * SHAPES.length);
    });

  it('are searched and diffused on, and show why two photos match', async () => {
    const network = await importNetwork(library, vit('searched.onnx', 'tokens', FIXED), {
      tokens: 'patches',
      name: 'searched',
    });
    const { set } = await extractRegions(library, network, 128, true, silentContext());
    const session = new SearchSession(library);
    const hashOf = (name: string): string =>
      library.db
        .prepare('SELECT p.hash FROM photo p JOIN photo_file f ON f.photo_id = p.id WHERE f.name = ?')
        .pluck()
        .get(name) as string;
    for (const method of ['cosine', 'cg'] as const) {
      const { hits } = await session.search({ photo: hashOf('0.png'), set, method, top: 4 });
      expect(hits[0]!.photo).toBe(hashOf('0.png'));
      expect(hits).toHaveLength(4);
    }
    const why = await session.explain({ photo: hashOf('0.png'), hit: hashOf('3.png'), network: network.uid });
    // 100 x 50 pixels are 128 x 64 in the frame, and touch 8 x 4 of its 8 x 8 patches; 120 x 40 are 128 x 43, and touch 8 x 4.
    expect([why.query.width, why.query.height, why.hit.width, why.hit.height]).toEqual([8, 4, 8, 4]);
    expect(why.query.values).toHaveLength(32);
    expect(why.described).toBeNull();
    await session.close();
  });

  it('are none of a class token, and it is said what to do', async () => {
    const network = await importNetwork(library, vit('class.onnx', 'class', FIXED), { name: 'by class' });
    await expect(extractRegions(library, network, 128, false, silentContext())).rejects.toMatchObject({
      code: 'INPUT_UNSUPPORTED',
      hint: expect.stringContaining('--tokens patches') as string,
    });
    const patches = await importNetwork(library, vit('sized.onnx', 'tokens', FIXED), { tokens: 'patches' });
    await expect(extractRegions(library, patches, 320, false, silentContext())).rejects.toMatchObject({
      message: expect.stringContaining('128x128 alone') as string,
    });
  });
});

/** What the file as it is gives of a filtered edge map in the place of each colour, in the network's units. */
function literalEdges(
  network: Pick<NetworkRow, 'spec'>,
  edges: ReturnType<typeof edgeNetwork>,
  map: { readonly dims: readonly number[]; readonly data: Float32Array },
): { dims: number[]; data: Float32Array } {
  const { scale, std } = network.spec.preprocess;
  const filter = filterOf(edges.graph);
  const plane = map.data.length;
  const data = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c += 1)
    map.data.forEach((v, i) => (data[c * plane + i] = (filterEdge(v, filter) * scale) / std[c]!));
  return { dims: [1, 3, map.dims[2]!, map.dims[3]!], data };
}

/** Strokes of all strengths. */
function strokes(width: number, height: number): { width: number; height: number; data: Float32Array } {
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    Math.max(0, Math.sin(0.31 * (i % width)) * Math.sin(0.017 * i)),
  );
  return { width, height, data };
}

describe('an edge network of a ViT', () => {
  for (const [kind, dims, side] of [
    ['one size', FIXED, 68],
    ['whole multiples', FREE, 227],
  ] as const)
    it(`of ${kind} pools the patches of filtered edges, in a margin of nothing`, async () => {
      const file = vit(`edges-${kind}.onnx`, 'tokens', dims);
      const network = await takenOf(file, kind);
      const edges = edgeNetwork(network, { detector: 'classical' });
      expect(edges.spec).toMatchObject({ name: 'vit edge GeM', pooling: 'gem' });
      expect(edges.spec.edges!.scales).toEqual(
        kind === 'one size' ? [1, Math.SQRT1_2, 0.5] : [1, Math.SQRT1_2, Math.SQRT2, 0.5, 2],
      );
      expect(defaultSize(edges.spec)).toBe(side);
      const input = edgeInput(strokes(61, 40), 30, edges.spec);
      expect(input.dims).toEqual(kind === 'one size' ? [1, 1, 128, 128] : [1, 1, 112, 128]);
      const runner = await Runner.create(edges.graph);
      const got = Float32Array.from(await descriptorOf(runner, [input]));
      await runner.release();
      const map = await mapOf(file, literalEdges(network, edges, input));
      close(got, gem(map.flat()), 3);
      const most = edgeNetwork(network, { detector: 'classical', pooling: 'mac', filter: { gain: 60 } });
      const mac = await Runner.create(most.graph);
      const largest = Float32Array.from(await descriptorOf(mac, [input]));
      await mac.release();
      close(largest, unit(map.flat().reduce((a, p) => a.map((v, c) => Math.max(v, p[c]!)))), 3);
    });

  it('takes photos and drawings at every scale, each in the one size', async () => {
    const network = await prepareNetwork(vit('makers.onnx', 'tokens', FIXED), { tokens: 'patches' });
    const { graph, spec } = edgeNetwork(network, { detector: 'classical' });
    const maker = await InputMaker.create(spec, defaultSize(spec), library);
    const drawing = Buffer.from(
      JSON.stringify({
        drawing: [
          [
            [10, 90, 50, 10],
            [90, 90, 10, 90],
          ],
        ],
      }),
    );
    const [photo, drawn] = [await maker.ofPhoto(1), await maker.ofDrawing(await readDrawing(drawing))];
    const runner = await Runner.create(graph);
    for (const inputs of [photo, drawn]) {
      expect(inputs.map((i) => i.dims)).toEqual(Array.from({ length: 6 }, () => [1, 1, 128, 128]));
      expect(Math.hypot(...(await descriptorOf(runner, inputs)))).toBeCloseTo(1, 4);
    }
    await runner.release();
    await maker.release();
    await expect(InputMaker.create(spec, 227, library)).rejects.toThrow(/edge maps of 68 pixels/);
  });

  it('learns the filter and the patches along finite differences', async () => {
    const network = await prepareNetwork(vit('learning.onnx', 'tokens', FIXED), { tokens: 'patches' });
    const { graph, spec } = edgeNetwork(network, { detector: 'classical', filter: { slope: 20 } });
    const t = trainingGraphs(graph);
    const patches = t.parameters.find((p) => p.dims.length === 4)!;
    expect(patches.dims).toEqual([8, 1, PATCH, PATCH]);
    const [forward, backward] = [await Runner.create(t.forward), await Runner.create(t.backward)];
    const { dims, data } = edgeInput(strokes(68, 60), 0, spec);
    const image = { dims: [...dims], data };
    const seed = { dims: [1, 8], data: Float32Array.from({ length: 8 }, (_, i) => Math.sin(i * 1.3)) };
    const weights = Object.fromEntries(t.parameters.map((p) => [p.name, { dims: p.dims, data: p.data }]));
    const grads = await backward.run({ image, [SEED]: seed, ...weights });
    const value = async (): Promise<number> =>
      (await forward.run({ image, ...weights }))['descriptor']!.reduce((s, v, i) => s + v * seed.data[i]!, 0);
    for (const [name, at] of [
      [EDGE_EXPONENT, 0],
      [EDGE_THRESHOLD, 0],
      [patches.name, 137],
    ] as const) {
      const p = t.parameters.find((q) => q.name === name)!;
      const g = grads[t.gradientOf.get(name)!]![at]!;
      const was = p.data[at]!;
      const h = 2e-3;
      p.data[at] = was + h;
      const above = await value();
      p.data[at] = was - h;
      const below = await value();
      p.data[at] = was;
      const numeric = (above - below) / (2 * h);
      expect(Math.abs(g - numeric), `${name}: ${g}, by differences ${numeric}`).toBeLessThan(
        0.05 * Math.abs(numeric) + 1e-3,
      );
    }
    await forward.release();
    await backward.release();
  });

  it('is its own vector where it gives one, which has no map for MAC', async () => {
    const file = vit('vector.onnx', 'class', FIXED);
    const network = await importNetwork(library, file, { name: 'vector' });
    const loaded = loadNetwork(library, network);
    const edges = edgeNetwork(loaded, { detector: 'classical' });
    expect(edges.spec.name).toBe('vector edges');
    expect(edges.spec.pooling).toBeUndefined();
    const input = edgeInput(strokes(68, 40), 30, edges.spec);
    const runner = await Runner.create(edges.graph);
    const got = Float32Array.from(await descriptorOf(runner, [input]));
    await runner.release();
    const x = literalEdges(network, edges, input);
    close(got, unit(Object.values(await onRuntime(file, { x }))[0]!.data), 3);
    expect(() => edgeNetwork(loaded, { detector: 'classical', pooling: 'mac' })).toThrow(/no map to be pooled/);
  });

  it('is refused where no edge map lies within its one size', async () => {
    const small = write(join(folder, 'small.onnx'), smallVit(OTHERS, 'tokens', [1, 3, 112, 112], PATCH));
    const network = await prepareNetwork(small, { tokens: 'patches', name: 'small' });
    expect(() => edgeNetwork(network, { detector: 'classical' })).toThrow(
      /small GeM takes images of 112x112 alone.* it takes 127 at least/,
    );
  });
});

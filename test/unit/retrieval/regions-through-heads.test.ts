import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pooling } from '../../../src/shared/domain.ts';
import { Library } from '../../../src/main/engine/library/library.ts';
import { random } from '../../../src/main/engine/library/random.ts';
import { addHead } from '../../../src/main/engine/network/head.ts';
import { addLinearLayer, type LinearLayer } from '../../../src/main/engine/network/linear-head.ts';
import { multiScale } from '../../../src/main/engine/network/multi-scale.ts';
import { storeNetwork, type NetworkRow } from '../../../src/main/engine/network/networks.ts';
import { floatTensor, ints, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { GEM_P } from '../../../src/main/engine/network/pooling-heads.ts';
import { regionGrid, type Region } from '../../../src/main/engine/network/region-grid.ts';
import { silentContext } from '../../../src/main/engine/queue/context.ts';
import { extract } from '../../../src/main/engine/retrieval/extract.ts';
import { extractRegions } from '../../../src/main/engine/retrieval/feature-maps.ts';
import { loadSet } from '../../../src/main/engine/retrieval/vector-sets.ts';
import { SearchSession } from '../../../src/main/engine/search/session.ts';
import { importSources } from '../../../src/main/engine/sfm/import.ts';
import { temporaryFolder } from '../../support/folders.ts';

/** Photos of all shapes, 1 pixel wide or high among them; none is made smaller at this size. */
const SHAPES = [
  [24, 16],
  [9, 5],
  [1, 17],
  [20, 1],
  [1, 1],
  [6, 23],
  [2, 2],
] as const;
const SIZE = 32;
const CHANNELS = 5;
const PREPROCESS = { order: 'RGB', scale: 1 / 255, mean: [0.4, 0.5, 0.6], std: [0.3, 0.2, 0.25] } as const;

const folder = temporaryFolder();
const r = random(8);
const weight = Float32Array.from({ length: CHANNELS * 3 }, () => r.between(-1, 1));
const bias = Float32Array.from({ length: CHANNELS }, () => r.between(0.1, 0.6));
const exponents = [2, 3.5, 1.5, 4, 2.5];
const pixels = new Map<string, number[][][]>();
let library: Library;
beforeAll(async () => {
  const photos = join(folder, 'photos');
  mkdirSync(photos);
  for (const [i, [w, h]] of SHAPES.entries()) {
    const raw = Uint8Array.from({ length: w * h * 3 }, () => r.below(256));
    await sharp(raw, { raw: { width: w, height: h, channels: 3 } })
      .png()
      .toFile(join(photos, `${i}.png`));
    // [channel][y][x], as the network takes it.
    pixels.set(
      `${i}.png`,
      [0, 1, 2].map((c) =>
        Array.from({ length: h }, (_, y) =>
          Array.from(
            { length: w },
            (_, x) => (raw[(y * w + x) * 3 + c]! / 255 - PREPROCESS.mean[c]!) / PREPROCESS.std[c]!,
          ),
        ),
      ),
    );
  }
  library = Library.create(join(folder, 'library'));
  await importSources(library, { sources: [photos] }, silentContext());
}, 60_000);
afterAll(() => library.close());

/** A network whose map is as large as the photo: one 1 x 1 convolution, with what is negative cut off but for `spoc` and `mac`. */
function backbone({ pooling, grows }: Kind): Graph {
  const cut = pooling !== 'spoc' && pooling !== 'mac';
  return {
    name: 'tiny',
    inputs: [{ name: 'image', type: 'float', dims: ['N', 3, 'H', 'W'] }],
    outputs: [{ name: 'map', type: 'float', dims: ['N', CHANNELS, 'H', 'W'] }],
    nodes: [
      {
        op: 'Conv',
        name: 'c',
        inputs: ['image', 'w', 'b'],
        outputs: ['conv'],
        attributes: { kernel_shape: ints([1, 1]) },
      },
      {
        op: grows === true ? 'Exp' : cut ? 'Relu' : 'Identity',
        name: 'r',
        inputs: ['conv'],
        outputs: ['map'],
        attributes: {},
      },
    ],
    initializers: new Map([
      ['w', floatTensor([CHANNELS, 3, 1, 1], weight)],
      ['b', floatTensor([CHANNELS], bias)],
    ]),
    metadata: new Map(),
  };
}

interface Kind {
  readonly pooling: Pooling;
  readonly scales: readonly number[];
  /** Dimensions of the whitening; none where left out. */
  readonly whitened?: number;
  /** Features are exponentials, which overflow for all but ordinary images. */
  readonly grows?: boolean;
}

function layerOf(to: number): LinearLayer {
  const d = random(100 + to);
  return {
    from: CHANNELS,
    to,
    weight: Float32Array.from({ length: CHANNELS * to }, () => d.between(-1, 1)),
    bias: Float32Array.from({ length: to }, () => d.between(-0.2, 0.2)),
  };
}

function build(kind: Kind): NetworkRow {
  const { pooling, scales, whitened, grows } = kind;
  const { graph: single } = addHead(backbone(kind), 'map', { pooling });
  if (pooling === 'gemmp') single.initializers.set(GEM_P, floatTensor([CHANNELS], exponents));
  const scaled = scales.length > 1 ? multiScale(single, scales) : single;
  const graph = whitened === undefined ? scaled : addLinearLayer(scaled, 'whitening', layerOf(whitened));
  return storeNetwork(
    library,
    graph,
    {
      name: `tiny ${pooling} ${scales.length} ${whitened ?? 'plain'}${grows === true ? ' grows' : ''}`,
      dim: whitened ?? CHANNELS,
      features: 'map',
      origin: 'made here',
      licence: 'MIT',
      pooling,
      preprocess: { ...PREPROCESS, mean: [...PREPROCESS.mean], std: [...PREPROCESS.std] },
      ...(scales.length > 1 ? { scales: [...scales] } : {}),
    },
    null,
  );
}

/** Bilinear, half pixels, no antialiasing; at least one pixel is left. */
function resized(plane: readonly (readonly number[])[], scale: number): number[][] {
  const places = (n: number): [number, number, number][] => {
    const factor = Math.max(Math.fround(scale), 1.000001 / n);
    return Array.from({ length: Math.floor(n * factor) }, (_, i) => {
      const x = Math.min(n - 1, Math.max(0, (i + 0.5) / factor - 0.5));
      const low = Math.floor(x);
      return [low, Math.min(n - 1, low + 1), x - low];
    });
  };
  const mix = (a: number, b: number, f: number): number => a * (1 - f) + b * f;
  return places(plane.length).map(([y0, y1, fy]) =>
    places(plane[0]!.length).map(([x0, x1, fx]) =>
      mix(mix(plane[y0]![x0]!, plane[y0]![x1]!, fx), mix(plane[y1]![x0]!, plane[y1]![x1]!, fx), fy),
    ),
  );
}

const unit = (v: readonly number[]): number[] => v.map((x) => x / (Math.hypot(...v) + 1e-6));

/** A region's descriptor by the definitions of methods.md 1.5, 1.7 and 1.8, pixel by pixel. */
function literal(photo: readonly number[][][], region: Region, { pooling, scales, whitened, grows }: Kind): number[] {
  const [height, width] = [photo[0]!.length, photo[0]![0]!.length];
  const each = scales.map((scale) => {
    const planes = photo.map((p) => (scale === 1 ? p : resized(p, scale)));
    const [h, w] = [planes[0]!.length, planes[0]![0]!.length];
    const pooled = Array.from({ length: CHANNELS }, (_, c) => {
      const values: number[] = [];
      // Every place that the region touches.
      for (let y = 0; y < h; y += 1)
        for (let x = 0; x < w; x += 1) {
          const inside =
            x + 1 > (region.x * w) / width + 1e-9 &&
            x < ((region.x + region.width) * w) / width - 1e-9 &&
            y + 1 > (region.y * h) / height + 1e-9 &&
            y < ((region.y + region.height) * h) / height - 1e-9;
          if (!inside) continue;
          const v = [0, 1, 2].reduce((s, k) => s + weight[3 * c + k]! * planes[k]![y]![x]!, bias[c]!);
          values.push(grows === true ? Math.exp(v) : pooling === 'spoc' || pooling === 'mac' ? v : Math.max(0, v));
        }
      if (pooling === 'mac' || pooling === 'rmac') return Math.max(...values);
      if (pooling === 'spoc') return values.reduce((s, v) => s + v, 0) / values.length;
      const p = pooling === 'gemmp' ? exponents[c]! : 3;
      return (values.reduce((s, v) => s + Math.max(v, 1e-6) ** p, 0) / values.length) ** (1 / p);
    });
    return unit(pooled);
  });
  const power = pooling === 'gem' && scales.length > 1 ? 3 : 1;
  const mean = each[0]!.map((_, c) => (each.reduce((s, v) => s + v[c]! ** power, 0) / each.length) ** (1 / power));
  const plain = scales.length > 1 ? unit(mean) : mean;
  if (whitened === undefined) return plain;
  const layer = layerOf(whitened);
  return unit(
    Array.from({ length: whitened }, (_, k) =>
      plain.reduce((s, v, c) => s + v * layer.weight[c * whitened + k]!, layer.bias[k]!),
    ),
  );
}

const SCALES = [1, Math.SQRT1_2, 0.5];
const KINDS: Kind[] = (['gem', 'gemmp', 'mac', 'spoc', 'rmac', 'rgem'] as const).flatMap((pooling) => [
  { pooling, scales: [1] },
  { pooling, scales: [1], whitened: CHANNELS },
  { pooling, scales: [1], whitened: 2 },
  { pooling, scales: SCALES },
  { pooling, scales: SCALES, whitened: CHANNELS },
  { pooling, scales: SCALES, whitened: 3 },
]);
KINDS.push({ pooling: 'gem', scales: [1], grows: true });

describe('regions', () => {
  it.each(KINDS)('of $pooling at scales $scales, whitened to $whitened, are as by definition', async (kind) => {
    const network = build(kind);
    const made = await extractRegions(library, network, SIZE, false, silentContext());
    expect(made).toMatchObject({ photos: SHAPES.length, dim: network.spec.dim });
    const set = await loadSet(library, made.set);
    const whole = await extract(library, network, SIZE, silentContext());
    const nameOf = library.db.prepare('SELECT name FROM photo_file WHERE photo_id = ?').pluck();
    let at = 0;
    for (const [image, id] of [...set.ids].entries()) {
      const photo = pixels.get(nameOf.get(id) as string)!;
      for (const [k, region] of regionGrid(photo[0]![0]!.length, photo[0]!.length).entries()) {
        expect(set.owners![at]).toBe(image);
        const got = Array.from(set.vectors.data.subarray(at * made.dim, (at + 1) * made.dim));
        literal(photo, region, kind).forEach((v, c) => expect(got[c]).toBeCloseTo(v, 3));
        expect(Math.hypot(...got)).toBeCloseTo(1, 4);
        // The region that covers the photo is the photo.
        if (k === 0 && kind.pooling !== 'rmac' && kind.pooling !== 'rgem') {
          const row = whole.ids.indexOf(id);
          got.forEach((v, c) => expect(v).toBeCloseTo(whole.data[row * made.dim + c]!, 4));
        }
        at += 1;
      }
    }
    expect(at).toBe(made.rows);
  });

  it('of photos that a network cannot take are left out, each by its name', async () => {
    const graph = backbone({ pooling: 'gem', scales: [1] });
    graph.initializers.set('w', floatTensor([CHANNELS, 3, 3, 3], new Float32Array(CHANNELS * 27).fill(0.1)));
    graph.nodes.splice(0, 1, { ...graph.nodes[0]!, attributes: { kernel_shape: ints([3, 3]) } });
    const network = storeNetwork(
      library,
      addHead(graph, 'map', { pooling: 'gem' }).graph,
      {
        name: 'three by three',
        dim: CHANNELS,
        features: 'map',
        origin: 'made here',
        licence: 'MIT',
        pooling: 'gem',
        preprocess: { ...PREPROCESS, mean: [...PREPROCESS.mean], std: [...PREPROCESS.std] },
      },
      null,
    );
    const warnings: string[] = [];
    const made = await extractRegions(library, network, SIZE, false, {
      ...silentContext(),
      warn: (m) => warnings.push(m),
    });
    const small = SHAPES.flatMap(([w, h], i) => (w < 3 || h < 3 ? [[i, `${w} x ${h}`] as const] : []));
    expect(made.photos).toBe(SHAPES.length - small.length);
    expect(warnings).toHaveLength(small.length);
    for (const [i, shape] of small) {
      const said = `three by three cannot describe ${shape} pixels: ${join(folder, 'photos', `${i}.png`)}: `;
      expect(warnings.filter((m) => m.startsWith(said) && m.length > said.length)).toHaveLength(1);
    }
  });

  it('of a whitened network at three scales find the photo itself, asked by a file or by the photo', async () => {
    const network = build({ pooling: 'gem', scales: SCALES, whitened: 3 });
    const { set } = await extractRegions(library, network, SIZE, true, silentContext());
    const session = new SearchSession(library);
    const photo = library.db
      .prepare("SELECT p.hash FROM photo p JOIN photo_file f ON f.photo_id = p.id WHERE f.name = '0.png'")
      .pluck()
      .get() as string;
    for (const crop of [undefined, { x: 0, y: 0, width: 1, height: 1 }]) {
      const { hits } = await session.search({
        photo,
        set,
        method: 'cosine',
        top: 3,
        ...(crop === undefined ? {} : { crop }),
      });
      expect(hits[0]!.photo).toBe(photo);
      expect(hits[0]!.score).toBeGreaterThan(0.999);
    }
    await session.close();
  });
});

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classicalEdges } from '../../../src/main/engine/edges/classical.ts';
import { keepDetector, openDetector } from '../../../src/main/engine/edges/detector.ts';
import { CLASSICAL } from '../../../src/shared/jobs/edges.ts';
import { decodeEdgeMap, encodeEdgeMap, mirrorEdgeMap, padEdgeMap } from '../../../src/main/engine/edges/edge-map.ts';
import { EdgeSource } from '../../../src/main/engine/edges/edge-source.ts';
import { describe as descriptorOf, edgeInput, InputMaker } from '../../../src/main/engine/inputs/inputs.ts';
import type { Library } from '../../../src/main/engine/library/library.ts';
import { decode, type Pixels } from '../../../src/main/engine/library/pixels.ts';
import { embeddedNetwork } from '../../../src/main/engine/network/embedded.ts';
import { encodeOnnx } from '../../../src/main/engine/network/onnx/file.ts';
import { floatTensor, GraphBuilder, ints, type Graph } from '../../../src/main/engine/network/onnx/graph.ts';
import { Runner } from '../../../src/main/engine/network/runtime.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { SAMPLE, smallLibrary } from '../../support/small-library.ts';

const folder = temporaryFolder();

/** Left half dark, right half bright, `across` pixels wide. */
function step(width: number, height: number, low: number, high: number): Pixels {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i += 1) data.fill(i % width < width / 2 ? low : high, 3 * i, 3 * i + 3);
  return { width, height, data };
}

/** A detector as a foreign program might export it: |horizontal difference| of the first colour, with names and scale of its own. */
function foreign(logits: boolean): Graph {
  const graph: Graph = {
    name: 'foreign',
    inputs: [{ name: 'pixels', type: 'float', dims: ['batch', 3, 'h', 'w'] }],
    outputs: [
      { name: 'side', type: 'float', dims: ['batch', 1, 'h', 'w'] },
      { name: 'fused', type: 'float', dims: ['batch', 1, 'h', 'w'] },
    ],
    nodes: [],
    initializers: new Map([
      ['w', floatTensor([1, 3, 1, 3], [-1, 0, 1, 0, 0, 0, 0, 0, 0])],
      ['half', floatTensor([], [-2])],
    ]),
    metadata: new Map(),
  };
  const b = new GraphBuilder(graph, 'f');
  b.op('Conv', ['pixels', 'w'], { kernel_shape: ints([1, 3]), pads: ints([0, 1, 0, 1]) }, 'side');
  const logit = b.op('Add', [b.op('Mul', ['side', b.scalar(0.1)]), 'half'], {}, logits ? 'fused' : undefined);
  if (!logits) b.op('Sigmoid', [logit], {}, 'fused');
  return graph;
}

describe('edge detectors', () => {
  it('finds a step where it is, and nothing on flat ground', async () => {
    for (const which of [CLASSICAL, undefined]) {
      const detector = await openDetector(which);
      const map = await detector.detect(step(75, 51, 40, 200));
      expect([map.width, map.height]).toEqual([75, 51]);
      const row = map.data.subarray(25 * 75, 26 * 75);
      const at = row.indexOf(Math.max(...row));
      expect(Math.abs(at - 37)).toBeLessThanOrEqual(1);
      expect(row[at]).toBeGreaterThan(0.35);
      expect(row[10]).toBeLessThan(0.08);
      expect(map.data.every((v) => v >= 0 && v <= 1)).toBe(true);
      const flat = await detector.detect(step(60, 40, 90, 90));
      expect(Math.max(...flat.data)).toBeLessThan(0.1);
      await detector.release();
    }
  });

  it('gives less to texture than to an outline of the same contrast', () => {
    const texture = step(64, 64, 60, 60);
    for (let i = 0; i < 64 * 64; i += 1)
      if (i % 64 >= 32)
        texture.data.fill((((i % 64) >> 1) + (Math.floor(i / 64) >> 1)) % 2 === 0 ? 140 : 60, 3 * i, 3 * i + 3);
    const outline = classicalEdges(step(64, 64, 60, 140));
    const rough = classicalEdges(texture);
    const inside = (m: typeof rough): number => {
      let sum = 0;
      for (let x = 40; x < 56; x += 1) sum += m.data[32 * 64 + x]!;
      return sum / 16;
    };
    expect(Math.max(...outline.data.subarray(32 * 64, 33 * 64))).toBeGreaterThan(1.5 * inside(rough));
  });

  it('takes any network with a map of one channel, as probabilities or as logits', async () => {
    const maps = [];
    for (const logits of [false, true]) {
      const file = join(folder, `foreign-${logits}.onnx`);
      writeFileSync(file, encodeOnnx(foreign(logits)));
      const detector = await openDetector(file);
      expect(detector.id).toMatch(/^[0-9a-f]{16}$/);
      maps.push(await detector.detect(step(50, 33, 20, 220)));
      await detector.release();
    }
    expect(maps[0]!.data).toEqual(maps[1]!.data);
    const row = maps[0]!.data.subarray(16 * 50, 17 * 50);
    expect(row[24]).toBeGreaterThan(0.99);
    expect(row[5]).toBeCloseTo(1 / (1 + Math.exp(2)), 4);
  });

  it('refuses what is no detector, by name', async () => {
    const file = join(folder, 'classifier.onnx');
    const graph = foreign(true);
    writeFileSync(
      file,
      encodeOnnx({ ...graph, inputs: [{ name: 'pixels', type: 'float', dims: ['n', 5, 'h', 'w'] }] }),
    );
    await expect(openDetector(file)).rejects.toMatchObject({ code: 'INPUT_UNSUPPORTED', file });
    await expect(openDetector('dollar')).rejects.toThrow(/no edge detector dollar/);
  });
});

describe('edge maps', () => {
  it('survive their files in steps of 1/255, and are padded and mirrored in place', async () => {
    const map = { width: 3, height: 2, data: Float32Array.of(0, 0.5, 1, 0.25, 0, 0.75) };
    const back = await decodeEdgeMap(await encodeEdgeMap(map));
    expect([back.width, back.height]).toEqual([3, 2]);
    back.data.forEach((v, i) => expect(Math.abs(v - map.data[i]!)).toBeLessThan(0.5 / 255 + 1e-6));
    expect(Array.from(mirrorEdgeMap(map).data)).toEqual([1, 0.5, 0, 0.75, 0, 0.25]);
    const padded = padEdgeMap(map, 1, 5);
    expect([padded.width, padded.height]).toEqual([5, 5]);
    expect(padded.data.reduce((a, b) => a + b, 0)).toBe(2.5);
    expect(padded.data[1 * 5 + 1 + 1]).toBe(0.5);
  });
});

describe('an edge network on photos of a library', () => {
  let library: Library;
  beforeAll(async () => {
    library = await smallLibrary(join(folder, 'library'));
  });
  afterAll(() => library.close());

  it('keeps maps on disk by size, mends a damaged one, and gives the same descriptor again', async () => {
    const { graph, spec } = embeddedNetwork('edges');
    const runner = await Runner.create(graph);
    const maker = await InputMaker.create(spec, 96, library);
    const inputs = await maker.ofPhoto(1);
    expect(inputs).toHaveLength(10);
    const first = Float32Array.from(await descriptorOf(runner, inputs));
    const base = join(library.path, 'edges');
    expect(readdirSync(base).sort()).toEqual([96, 48, 68, 136, 192].map((s) => `covis-edges-1-${s}`).sort());
    const hash = library.db.prepare('SELECT hash FROM photo WHERE id = 1').pluck().get() as string;
    const file = join(base, 'covis-edges-1-96', hash.slice(0, 2), `${hash}.png`);
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, 'damaged');
    const fresh = await InputMaker.create(spec, 96, library);
    expect(Float32Array.from(await descriptorOf(runner, await fresh.ofPhoto(1)))).toEqual(first);
    for (const r of [runner, maker, fresh]) await r.release();
  });

  it('sums ten descriptors, so that a photo and its mirror image are one', async () => {
    const { graph, spec } = embeddedNetwork('edges');
    const runner = await Runner.create(graph);
    const detector = await openDetector(CLASSICAL);
    const photo = join(SAMPLE, 'castle', 'images', 'castle_01.jpg');
    const map = await detector.detect(await decode(photo, 120));
    const both = (m: typeof map): Promise<Float32Array> =>
      descriptorOf(runner, [edgeInput(m, 30), edgeInput(mirrorEdgeMap(m), 30)]).then((d) => Float32Array.from(d));
    const a = await both(map);
    const b = await both(mirrorEdgeMap(map));
    a.forEach((v, i) => expect(v).toBeCloseTo(b[i]!, 5));
    expect(Math.hypot(...a)).toBeCloseTo(1, 4);
    const one = await descriptorOf(runner, [edgeInput(map, 30)]).then((d) => Float32Array.from(d));
    const other = await descriptorOf(runner, [edgeInput(mirrorEdgeMap(map), 30)]).then((d) => Float32Array.from(d));
    const sum = one.map((v, i) => v + other[i]!);
    const norm = Math.hypot(...sum);
    a.forEach((v, i) => expect(v).toBeCloseTo(sum[i]! / norm, 4));
    await runner.release();
    expect(spec.edges).toMatchObject({ mirror: true, padding: 30, scales: [1, Math.SQRT1_2, Math.SQRT2, 0.5, 2] });
  });

  it('keeps a plugged-in detector with the library', async () => {
    const file = join(folder, 'kept.onnx');
    writeFileSync(file, encodeOnnx(foreign(false)));
    const id = await keepDetector(library, file);
    const detector = await openDetector(id, library);
    const maps = await new EdgeSource(library, detector).get(2, [80]);
    expect(Math.max(maps[0]!.width, maps[0]!.height)).toBe(80);
    await detector.release();
  });
});

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import type { Preprocess } from '../../../shared/domain.ts';
import { CovisError, naming } from '../../../shared/errors.ts';
import { CLASSICAL, EMBEDDED_DETECTOR } from '../../../shared/jobs/edges.ts';
import { writeWhole } from '../formats/beside.ts';
import { LIMITS } from '../formats/budget.ts';
import { parseJson } from '../formats/json-text.ts';
import { readRegular } from '../formats/regular.ts';
import type { Library } from '../library/library.ts';
import { toInput, type Pixels } from '../library/pixels.ts';
import { PREPROCESSING } from '../network/preprocessing.ts';
import { parseOnnx } from '../network/onnx/file.ts';
import { GraphBuilder, type Graph } from '../network/onnx/graph.ts';
import { normalise, prune, renameValue } from '../network/onnx/normalise.ts';
import { inferShapes } from '../network/onnx/shapes.ts';
import { openRunner } from '../network/computing.ts';
import type { ShapedRunner, Tensors } from '../network/runtime.ts';
import { resourcePath } from '../environment/resources.ts';
import { classicalEdges } from './classical.ts';
import type { EdgeMap } from './edge-map.ts';

/** Finds soft edges in photos. Release it when done. */
export interface EdgeDetector {
  /** Names its maps in caches: `classical`, the embedded one's name, or a content hash. */
  readonly id: string;
  readonly name: string;
  readonly licence: string;
  detect(pixels: Pixels): Promise<EdgeMap>;
  release(): Promise<void>;
}

const KEY = 'covis-edges';
const triple = z.tuple([z.number(), z.number(), z.number()]);
const detectorSpec = z.object({
  name: z.string(),
  preprocess: z.object({ order: z.enum(['RGB', 'BGR']), scale: z.number(), mean: triple, std: triple }),
  /** Sides of the input are whole multiples of it. */
  multiple: z.int().min(1).max(256),
  licence: z.string(),
  origin: z.string(),
});
type DetectorSpec = Readonly<Omit<z.infer<typeof detectorSpec>, 'preprocess'>> & { readonly preprocess: Preprocess };

/** How a foreign network wants its pixels; BGR 0..255 minus the mean, as HED and its heirs do, when nothing is said. */
export interface DetectorOptions {
  readonly preprocess?: Preprocess | undefined;
}

const IMAGE = 'image';
const EDGES = 'edges';
/** Halved at most this often by the networks that are known. */
const MULTIPLE = 32;

/**
 * Opens a detector by what a person wrote: `classical`, the embedded one (also when nothing is said), the id of one that the library
 * keeps, or an ONNX file.
 * @throws CovisError `NOT_FOUND`, `INPUT_*` naming the file.
 */
export async function openDetector(
  which: string | undefined,
  library?: Library,
  options: DetectorOptions = {},
): Promise<EdgeDetector> {
  if (which === CLASSICAL) return classical();
  const embedded = resourcePath('edges', `${EMBEDDED_DETECTOR}.onnx`);
  if (which === undefined || which === '' || which === EMBEDDED_DETECTOR)
    return learned(EMBEDDED_DETECTOR, readFileSync(embedded), embedded, options);
  const kept = /^[0-9a-f]{16}$/.test(which) && library !== undefined ? fileOf(library, which) : undefined;
  if (kept !== undefined && existsSync(kept)) {
    if (!isKept(kept, which))
      throw new CovisError('INPUT_CORRUPT', 'This edge detector of the library is damaged', {
        file: kept,
        hint: 'Delete it and name its ONNX file again.',
      });
    return learned(which, readFileSync(kept), kept, options);
  }
  if (!existsSync(which))
    throw new CovisError('NOT_FOUND', `There is no edge detector ${which}`, {
      hint: `Name ${CLASSICAL}, ${EMBEDDED_DETECTOR} or an ONNX file.`,
    });
  const bytes = readRegular(which, LIMITS.whole.network, 'network');
  return learned(createHash('sha256').update(bytes).digest('hex').slice(0, 16), bytes, which, options);
}

/** Keeps an ONNX detector with the library, so that networks trained on its maps go on working. @returns its id. */
export async function keepDetector(library: Library, file: string, options: DetectorOptions = {}): Promise<string> {
  const detector = await openDetector(file, library, options);
  await detector.release();
  const target = fileOf(library, detector.id);
  if (/^[0-9a-f]{16}$/.test(detector.id) && !isKept(target, detector.id)) {
    writeWhole(target, readRegular(file, LIMITS.whole.network, 'network'), { force: true });
  }
  return detector.id;
}

/** True where the file holds what its name says; a damaged one is written again. */
function isKept(file: string, id: string): boolean {
  return existsSync(file) && createHash('sha256').update(readFileSync(file)).digest('hex').startsWith(id);
}

function fileOf(library: Library, id: string): string {
  return library.file('detectors', `${id}.onnx`);
}

function classical(): EdgeDetector {
  return {
    id: CLASSICAL,
    name: 'Classical edges',
    licence: 'Part of Covis',
    detect: (pixels) => Promise.resolve(classicalEdges(pixels)),
    release: () => Promise.resolve(),
  };
}

async function learned(id: string, bytes: Uint8Array, file: string, options: DetectorOptions): Promise<EdgeDetector> {
  const graph = normalise(parseOnnx(bytes, file), file);
  const spec = specOf(graph, file, options);
  let runner: ShapedRunner;
  try {
    runner = await openRunner(detectorGraph(graph, file));
  } catch (error) {
    throw naming(error, file);
  }
  return {
    id,
    name: spec.name,
    licence: spec.licence,
    release: () => runner.release(),
    detect: async (pixels) => {
      const whole = extended(pixels, spec.multiple);
      const { dims, data } = await answered(runner, toInput(whole, spec.preprocess), file);
      return cropped(dims, data, pixels, whole, file);
    },
  };
}

/** @throws CovisError `INPUT_UNSUPPORTED` where the network does not run on this image, or answers with what is no number. */
async function answered(
  runner: ShapedRunner,
  image: Tensors[string],
  file: string,
): Promise<{ readonly dims: readonly number[]; readonly data: Float32Array }> {
  let out: Awaited<ReturnType<ShapedRunner['runShaped']>>;
  try {
    out = await runner.runShaped({ [IMAGE]: image });
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new CovisError('INPUT_UNSUPPORTED', `The edge detector does not run on this image: ${words}`, {
      file,
      cause,
    });
  }
  const answer = out[EDGES]!;
  if (!answer.data.every(Number.isFinite))
    throw new CovisError('INPUT_UNSUPPORTED', 'The edge detector answers with values that are not numbers', { file });
  return answer;
}

function specOf(graph: Graph, file: string, options: DetectorOptions): DetectorSpec {
  const text = graph.metadata.get(KEY);
  if (text === undefined)
    return {
      name: basename(file).replace(/\.onnx$/i, ''),
      preprocess: options.preprocess ?? PREPROCESSING.caffe,
      multiple: MULTIPLE,
      licence: 'not stated',
      origin: basename(file),
    };
  const parsed = detectorSpec.safeParse(
    parseJson(text, { file }, 'The description that Covis keeps inside its detectors is damaged'),
  );
  if (!parsed.success)
    throw new CovisError('INPUT_CORRUPT', 'The description that Covis keeps inside its detectors is damaged', { file });
  return parsed.data;
}

/** The network with one input `image` and one output `edges` in 0..1: the last map of one channel, through a sigmoid if it had none. */
function detectorGraph(source: Graph, file: string): Graph {
  const input = source.inputs.find((i) => i.dims.length === 4);
  const shapes = inferShapes(source);
  const maps = source.outputs.filter((o) => {
    const dims = shapes.get(o.name) ?? o.dims;
    return dims.length === 4 && (dims[1] === 1 || typeof dims[1] !== 'number');
  });
  const last = maps.at(-1);
  if (input === undefined || last === undefined || (typeof input.dims[1] === 'number' && input.dims[1] !== 3))
    throw new CovisError(
      'INPUT_UNSUPPORTED',
      'An edge detector takes an image of three channels and gives a map of one channel',
      { file },
    );
  let graph = renameValue(prune(source, [last.name]), input.name, IMAGE);
  const ends = graph.nodes.find((n) => n.outputs.includes(last.name));
  if (ends?.op === 'Sigmoid') graph = last.name === EDGES ? graph : renameValue(graph, last.name, EDGES);
  else {
    graph = renameValue(graph, last.name, 'edges/logit');
    new GraphBuilder(graph, 'edges').op('Sigmoid', ['edges/logit'], {}, EDGES);
  }
  return {
    ...graph,
    inputs: [{ name: IMAGE, type: 'float', dims: ['N', 3, 'H', 'W'] }],
    outputs: [{ name: EDGES, type: 'float', dims: ['N', 1, 'H', 'W'] }],
  };
}

/** The image with its last row and column repeated up to multiples. */
function extended(pixels: Pixels, multiple: number): Pixels {
  const width = Math.ceil(pixels.width / multiple) * multiple;
  const height = Math.ceil(pixels.height / multiple) * multiple;
  if (width === pixels.width && height === pixels.height) return pixels;
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y += 1) {
    const from = 3 * Math.min(y, pixels.height - 1) * pixels.width;
    const to = 3 * y * width;
    data.set(pixels.data.subarray(from, from + 3 * pixels.width), to);
    for (let x = pixels.width; x < width; x += 1)
      data.copyWithin(to + 3 * x, to + 3 * (pixels.width - 1), to + 3 * pixels.width);
  }
  return { width, height, data };
}

/** The part of the network's answer that covers the image, read bilinearly where the network answers at another size. */
function cropped(dims: readonly number[], out: Float32Array, pixels: Pixels, whole: Pixels, file: string): EdgeMap {
  const [, , h, w] = dims as [number, number, number, number];
  if (dims.length !== 4 || dims[1] !== 1 || !(w >= 1 && h >= 1))
    throw new CovisError('INPUT_UNSUPPORTED', `The edge detector answered with ${dims.join(' x ')} values`, { file });
  const { width, height } = pixels;
  const data = new Float32Array(width * height);
  const fx = w / whole.width;
  const fy = h / whole.height;
  for (let y = 0; y < height; y += 1) {
    const sy = Math.min(h - 1, Math.max(0, (y + 0.5) * fy - 0.5));
    const y0 = Math.floor(sy);
    const y1 = Math.min(h - 1, y0 + 1);
    for (let x = 0; x < width; x += 1) {
      const sx = Math.min(w - 1, Math.max(0, (x + 0.5) * fx - 0.5));
      const x0 = Math.floor(sx);
      const x1 = Math.min(w - 1, x0 + 1);
      const top = out[y0 * w + x0]! + (sx - x0) * (out[y0 * w + x1]! - out[y0 * w + x0]!);
      const low = out[y1 * w + x0]! + (sx - x0) * (out[y1 * w + x1]! - out[y1 * w + x0]!);
      data[y * width + x] = top + (sy - y0) * (low - top);
    }
  }
  return { width, height, data };
}

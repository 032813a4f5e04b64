import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join, relative } from 'node:path';
import type { Method, Protocol, SketchLayout, SketchReport } from '../../../shared/domain.ts';
import { CovisError, toErrorShape } from '../../../shared/errors.ts';
import { counted } from '../../../shared/counted.ts';
import { defaultSize, describe, InputMaker, type NetworkInput } from '../inputs/inputs.ts';
import { readDrawing, type Drawing } from '../edges/sketch-files.ts';
import type { TaskContext } from '../queue/context.ts';
import type { Library } from '../library/library.ts';
import { listImages, photoFolders } from '../library/photo-files.ts';
import { isSystemName } from '../library/photo-kinds.ts';
import { ahead } from '../library/prefetch.ts';
import type { LoadedNetwork } from '../network/networks.ts';
import { openRunner } from '../network/computing.ts';
import { rankingParameters } from '../retrieval/methods/parameters.ts';
import { Ranker } from '../retrieval/ranker.ts';
import type { Matrix } from '../retrieval/rank.ts';
import { lines } from '../sfm/text-lines.ts';
import { learnWhitening, whiten } from '../retrieval/whitening.ts';
import { ambiguousNames } from '../library/library-names.ts';
import { firstFew } from '../library/name-lists.ts';
import { bindNames, nameIndex } from '../library/names.ts';
import type { GroundTruth } from './ground-truth.ts';
import { readGroundTruth } from './ground-truth-files.ts';
import { measure } from './measure.ts';

export interface SketchOptions {
  readonly layout: SketchLayout;
  /** Folder of photos; of `pairs` the folder that holds train/ and test/. */
  readonly photos: string;
  /** Folder of drawings; for `classes` the photos' own folder when left out. */
  readonly sketches?: string | undefined;
  /** Ground truth of `flickr15k`. */
  readonly truth?: string | undefined;
  readonly method: Method;
  /** Learn whitening on the training pairs of `pairs`, which is supervision from the target set. */
  readonly whiten: boolean;
}

/** What a protocol asks: drawings, photos, and which belong together. */
export interface SketchSet {
  readonly truth: GroundTruth;
  readonly protocol: Protocol;
  readonly photos: readonly string[];
  readonly drawings: readonly DrawingFile[];
  /** Pairs to learn whitening on: a drawing and its photo. */
  readonly training: readonly { readonly drawing: DrawingFile; readonly photo: string }[];
}

/** A drawing in a file, which may hold one a line. */
export interface DrawingFile {
  readonly file: string;
  /** Of a file with one a line: which, counted from 1, and its strokes as JSON. */
  readonly line?: number | undefined;
  readonly strokes?: string | undefined;
}

/** Endings of drawings that are no images. */
const STROKES = /\.(svg|json|ndjson)$/i;
const DRAWINGS = /\.(png|jpe?g|webp|svg|json|ndjson)$/i;
/** Drawings of one QuickDraw file that are used. */
const MOST_LINES = 1000;

/** Reads a layout from disk. @throws CovisError `INPUT_*` naming what is missing. */
export function readSketchSet(options: SketchOptions): SketchSet {
  for (const f of [options.photos, options.sketches])
    if (f !== undefined && statSync(f, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: f });
  if (options.layout === 'flickr15k') return flickr15k(options);
  return options.layout === 'pairs' ? pairs(options.photos) : classes(options.photos, options.sketches);
}

/** Photos and drawings named by a ground truth, with or without extension. */
function flickr15k({ photos, sketches, truth }: SketchOptions): SketchSet {
  if (truth === undefined || sketches === undefined)
    throw new CovisError('INPUT_INVALID', 'Flickr15k needs a ground truth and the folder of sketches', {
      hint: 'covis sketches PHOTOS --sketches FOLDER --truth gnd_flickr15k_sketch.mat',
    });
  const gnd = readGroundTruth(truth, 'oxford');
  const find = (folder: string, names: readonly string[]): string[] => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((e) => e.isFile() && DRAWINGS.test(e.name) && !isSystemName(e.name))
      .map((e) => ({ name: relative(folder, join(e.parentPath, e.name)).replaceAll('\\', '/') }));
    const whole = new Map(files.map((f, at) => [f.name, at]));
    const byName = nameIndex(
      files.map((f) => ({ name: f.name.replace(STROKES, '') })),
      'optional',
    );
    const bound = bindNames(names, files, (n) => {
      const at = whole.get(n);
      return at === undefined ? byName(n.replace(STROKES, '')) : { kind: 'found', at, exact: true };
    });
    const unclear = ambiguousNames(bound.ambiguous);
    if (unclear.length > 0)
      throw new CovisError('INPUT_INVALID', `${unclear.length} names may be several images: ${firstFew(unclear)}`, {
        file: folder,
        hint: 'Names with their folders, as they lie there, tell them apart.',
      });
    if (bound.missing.length > 0)
      throw new CovisError(
        'INPUT_MISSING',
        `${bound.missing.length} of ${names.length} images are not there, the first is ${bound.missing[0]!}`,
        { file: folder },
      );
    return names.map((n) => join(folder, files[bound.at(n)!]!.name));
  };
  return {
    truth: gnd,
    protocol: 'oxford',
    photos: find(photos, gnd.images),
    drawings: find(
      sketches,
      gnd.queries.map((q) => q.name),
    ).map((file) => ({ file })),
    training: [],
  };
}

/** Folders train/ and test/, each with photos and sketches of the same names; a sketch may end in _1, _2 … */
function pairs(folder: string): SketchSet {
  const part = (name: 'train' | 'test'): { photos: string[]; drawings: { file: string; photo: number }[] } => {
    const sub = (...names: string[]): string => {
      const found = names.map((n) => join(folder, name, n)).find((p) => existsSync(p));
      if (found === undefined)
        throw new CovisError('INPUT_MISSING', `This folder has no ${name}/${names[0]!}`, {
          file: folder,
          hint: 'Pairs are train/photos, train/sketches, test/photos and test/sketches, named alike.',
        });
      return found;
    };
    const photoFolder = sub('photos', 'images', 'photo');
    const sketchFolder = sub('sketches', 'sketch');
    const photos = listImages(photoFolder);
    const at = new Map<string, number>();
    photos.forEach((p, i) => {
      const other = at.get(stem(p));
      if (other !== undefined)
        throw new CovisError('INPUT_INVALID', `Two photos have the name ${stem(p)}, so that its sketches have none`, {
          file: join(photoFolder, p),
          hint: `The other one is ${photos[other]!}.`,
        });
      at.set(stem(p), i);
    });
    const drawings = readdirSync(sketchFolder)
      .filter((f) => DRAWINGS.test(f) && !isSystemName(f))
      .sort()
      .map((f) => {
        const photo = at.get(stem(f)) ?? at.get(stem(f).replace(/_\d+$/, ''));
        if (photo === undefined)
          throw new CovisError('INPUT_INVALID', 'This sketch has no photo of its name', {
            file: join(sketchFolder, f),
            hint: 'Call the sketch as its photo, up to the ending, or as the photo with _1, _2, … behind.',
          });
        return { file: join(sketchFolder, f), photo };
      });
    return { photos: photos.map((p) => join(photoFolder, p)), drawings };
  };
  const test = part('test');
  const train = existsSync(join(folder, 'train')) ? part('train') : { photos: [], drawings: [] };
  return {
    truth: {
      name: basename(folder),
      images: test.photos,
      queries: test.drawings.map((d) => ({ name: basename(d.file), bbx: null, row: null, labels: { ok: [d.photo] } })),
    },
    protocol: 'acc',
    photos: test.photos,
    drawings: test.drawings.map(({ file }) => ({ file })),
    training: train.drawings.map(({ file, photo }) => ({ drawing: { file }, photo: train.photos[photo]! })),
  };
}

function stem(file: string): string {
  return basename(file, extname(file)).normalize('NFC');
}

/**
 * Folders of classes. With a folder of drawings: a folder, or a .ndjson file, for each class. Without: the drawings lie in the class's
 * own folder, and its photos in folders inside it.
 */
function classes(photos: string, sketches: string | undefined): SketchSet {
  const names = photoFolders(photos);
  const files: string[] = [];
  const labels: number[] = [];
  const drawings: (DrawingFile & { readonly label: number })[] = [];
  names.forEach((name, label) => {
    const folder = join(photos, name);
    const images = listImages(folder).filter((f) => sketches !== undefined || f.includes('/'));
    for (const f of images) {
      files.push(join(folder, f));
      labels.push(label);
    }
    for (const d of drawingsOf(sketches === undefined ? folder : join(sketches, name))) drawings.push({ ...d, label });
  });
  if (new Set(labels).size < 2 || drawings.length === 0)
    throw new CovisError(
      'INPUT_INVALID',
      `${names.length} classes with ${counted(files.length, 'photo')} and ${drawings.length} drawings are no protocol`,
      {
        file: photos,
        hint: 'Photos: CLASS/…/photo.jpg. Drawings: CLASS/drawing.png beside the folders of photos, or --sketches with CLASS/*.png or CLASS.ndjson.',
      },
    );
  const members = names.map((_, label) => labels.flatMap((l, i) => (l === label ? [i] : [])));
  const kept = drawings.filter((d) => members[d.label]!.length > 0);
  return {
    truth: {
      name: basename(photos),
      images: files,
      queries: kept.map((d) => ({
        name: `${names[d.label]!}/${basename(d.file)}${d.line === undefined ? '' : `:${d.line}`}`,
        bbx: null,
        row: null,
        labels: { ok: members[d.label]! },
      })),
    },
    protocol: 'oxford',
    photos: files,
    drawings: kept,
    training: [],
  };
}

function drawingsOf(base: string): DrawingFile[] {
  const file = `${base}.ndjson`;
  if (existsSync(file)) {
    const drawings: DrawingFile[] = [];
    let line = 0;
    for (const { text } of lines(file)) {
      line += 1;
      if (text.trim() !== '') drawings.push({ file, line, strokes: text });
      if (drawings.length === MOST_LINES) break;
    }
    return drawings;
  }
  if (!existsSync(base)) return [];
  return readdirSync(base, { withFileTypes: true })
    .filter((e) => e.isFile() && DRAWINGS.test(e.name) && !isSystemName(e.name))
    .map((e) => ({ file: join(base, e.name) }))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function load({ file, line, strokes }: DrawingFile): Promise<Drawing> {
  if (strokes === undefined) return readDrawing(file);
  try {
    return await readDrawing(Buffer.from(strokes));
  } catch (cause) {
    const { code, message, hint } = toErrorShape(cause);
    throw new CovisError(code, `Line ${line}: ${message}`, { file, ...(hint === undefined ? {} : { hint }), cause });
  }
}

/**
 * Measures an edge network on drawings (methods.md 2.8): mAP, or acc.@K where each drawing has one photo.
 * @throws CovisError `INPUT_*` naming a file, `INPUT_INVALID` when whitening has no training pairs or the network takes photos, `CANCELLED`.
 */
export async function measureSketches(
  network: Pick<LoadedNetwork, 'graph' | 'spec'>,
  options: SketchOptions,
  task: TaskContext,
  library?: Library,
): Promise<SketchReport> {
  if (network.spec.edges === undefined)
    throw new CovisError(
      'INPUT_INVALID',
      `${network.spec.name} takes photos; drawings need a network that takes edges`,
    );
  const set = readSketchSet(options);
  if (options.whiten && set.training.length === 0)
    throw new CovisError('INPUT_INVALID', 'Whitening is learned on training pairs, and this set has none', {
      file: options.photos,
      hint: 'Evaluate without whitening, or take a set that has a training part.',
    });
  const maker = await InputMaker.create(network.spec, defaultSize(network.spec), library);
  const runner = await openRunner(network.graph);
  const table = async (
    step: string,
    count: number,
    inputs: (i: number) => Promise<NetworkInput[]>,
  ): Promise<Matrix> => {
    task.step(step, count, 'images');
    const { dim } = network.spec;
    const data = new Float32Array(count * dim);
    for await (const { id, value, error } of ahead(
      Array.from({ length: count }, (_, i) => i),
      inputs,
      3,
    )) {
      task.check();
      if (value === undefined) throw error;
      data.set(await describe(runner, value), id * dim);
      task.progress(id + 1);
    }
    return { data, rows: count, dim };
  };
  const draw = async (d: DrawingFile): Promise<NetworkInput[]> => maker.ofDrawing(await load(d));
  try {
    let photos = await table('Describing photos', set.photos.length, (i) => maker.ofFile(set.photos[i]!));
    let drawings = await table('Describing drawings', set.drawings.length, (i) => draw(set.drawings[i]!));
    if (options.whiten) {
      const n = set.training.length;
      const both = await table('Describing training pairs', 2 * n, (i) =>
        i < n ? draw(set.training[i]!.drawing) : maker.ofFile(set.training[i - n]!.photo),
      );
      const rows = Array.from({ length: n }, (_, i) => i);
      const w = learnWhitening(
        both,
        rows,
        rows.map((i) => i + n),
      );
      photos = whiten(photos, w);
      drawings = whiten(drawings, w);
    }
    const database = { vectors: photos, images: photos.rows };
    const ranker = await Ranker.prepare(database, rankingParameters(options.method, {}, { rows: photos.rows }), task);
    try {
      const ranking = await ranker.rank({ vectors: drawings, count: drawings.rows }, photos.rows);
      const m = measure({ ids: ranking.ids, queries: drawings.rows, top: ranking.k }, set.truth, set.protocol);
      return {
        layout: options.layout,
        name: set.truth.name,
        network: network.spec.name,
        method: options.method,
        photos: photos.rows,
        sketches: drawings.rows,
        supervised: options.whiten,
        trainingPairs: options.whiten ? set.training.length : 0,
        map: m.map,
        accuracyAt: accuracies(m.perQuery.map((q) => q.first)),
        perQuery: m.perQuery.map((q) => ({ sketch: q.query, ap: q.ap, first: q.first })),
      };
    } finally {
      await ranker.close();
    }
  } finally {
    await runner.release();
    await maker.release();
  }
}

/** Share of drawings with a right photo among the first K. */
function accuracies(first: readonly (number | null)[]): Record<string, number> {
  return Object.fromEntries(
    [1, 5, 10].map((k) => [String(k), first.filter((r) => r !== null && r <= k).length / first.length]),
  );
}

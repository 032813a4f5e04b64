import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CovisError } from '../../../shared/errors.ts';
import { threadsIfFewer } from '../environment/threads.ts';
import { NOT_STARTED, spawnGuarded } from '../environment/guarded.ts';
import { cancelled, type TaskContext } from '../queue/context.ts';

const POLL_MS = 200;
const LINES_KEPT = 30;
/** Without a display COLMAP's Qt needs to be told so. */
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, QT_QPA_PLATFORM: 'offscreen' });

/** The version of COLMAP on this machine; null where there is none. */
export function colmapVersion(): string | null {
  const r = spawnSync('colmap', ['help'], { encoding: 'utf8', timeout: 20_000, env: environment() });
  return /COLMAP\s+([\w.]+)/.exec(`${r.stdout ?? ''}${r.stderr ?? ''}`)?.[1] ?? null;
}

/**
 * Runs a command of COLMAP. Its output is read line by line for progress; when the task is stopped, so is it, and when this thread or
 * its process ends, however that ends.
 * @throws CovisError `CANCELLED`; `EXTERNAL_FAILED` with the last lines that it printed.
 */
export async function runColmap(
  command: string,
  args: readonly string[],
  task: TaskContext,
  onLine: (line: string) => void = () => undefined,
): Promise<void> {
  const { child, kill } = spawnGuarded('colmap', [command, ...args], { env: environment() });
  const last: string[] = [];
  for (const stream of [child.stdout!, child.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > LINES_KEPT) last.shift();
      onLine(line);
    });
  }
  let stopped = false;
  const poll = setInterval(() => {
    try {
      task.check();
    } catch {
      stopped = true;
      kill();
    }
  }, POLL_MS);
  const notStarted = (cause?: unknown): CovisError =>
    new CovisError('EXTERNAL_FAILED', 'COLMAP cannot be started', {
      cause,
      hint: 'Install it, for example with apt-get install colmap; covis doctor says what was found.',
    });
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on('error', (cause) => reject(notStarted(cause)));
    child.on('close', (status, signal) => resolve(status ?? signal ?? 'unknown'));
  }).finally(() => clearInterval(poll));
  if (stopped) throw cancelled();
  if (code === NOT_STARTED) throw notStarted();
  if (code !== 0)
    throw new CovisError('EXTERNAL_FAILED', `colmap ${command} ended with ${code}: ${last.slice(-3).join(' | ')}`);
}

/** How this COLMAP names its switches, and whether it was built to use a graphics card. */
interface Switches {
  readonly extractionGpu: string;
  readonly matchingGpu: string;
  readonly guided: string;
  readonly gpu: boolean;
  /** What says how many threads each command may take; nothing where nobody gave a number. */
  readonly threads: Readonly<Record<'extraction' | 'matching' | 'mapping', readonly string[]>>;
}

function switches(): Switches {
  const help = (args: readonly string[]): string => {
    const r = spawnSync('colmap', args, { encoding: 'utf8', timeout: 20_000, env: environment() });
    return `${r.stdout ?? ''}${r.stderr ?? ''}`;
  };
  const newer = help(['feature_extractor', '-h']).includes('FeatureExtraction.use_gpu');
  const extraction = newer ? '--FeatureExtraction' : '--SiftExtraction';
  const matching = newer ? '--FeatureMatching' : '--SiftMatching';
  const given = threadsIfFewer();
  const limit = (group: string): string[] => (given === undefined ? [] : [`${group}.num_threads`, String(given)]);
  return {
    threads: { extraction: limit(extraction), matching: limit(matching), mapping: limit('--Mapper') },
    extractionGpu: `${extraction}.use_gpu`,
    matchingGpu: `${matching}.use_gpu`,
    guided: `${matching}.guided_matching`,
    gpu: / with CUDA/.test(help(['help'])),
  };
}

/** What a scene is built of: a folder with its photos by their COLMAP names, and which of them match. */
export interface ScenePhotos {
  /** What steps call it. */
  readonly name: string;
  readonly folder: string;
  readonly photos: number;
  readonly pairs: readonly { readonly a: string; readonly b: string }[];
}

/** Where COLMAP works on one scene. */
export interface SceneWork {
  readonly folder: string;
  /** Models of an earlier run with fewer photos, that this one goes on from. */
  readonly grown: readonly string[];
}

/** Features of a photo at most: enough for photos of a megapixel, few enough to match on a CPU. */
const MOST_FEATURES = 4096;

/**
 * Builds models of one scene: COLMAP's own features, matched and verified for those pairs alone that visual words and our own
 * verification found, then mapped. Where there are models already, new photos are registered into them.
 * @returns folders of the models.
 */
export async function reconstruct(scene: ScenePhotos, work: SceneWork, task: TaskContext): Promise<string[]> {
  const database = join(work.folder, 'database.db');
  const { extractionGpu, matchingGpu, guided, gpu, threads } = switches();
  const use = gpu ? '1' : '0';
  await runColmap(
    'feature_extractor',
    [
      '--database_path',
      database,
      '--image_path',
      scene.folder,
      extractionGpu,
      use,
      '--SiftExtraction.max_num_features',
      String(MOST_FEATURES),
      ...threads.extraction,
    ],
    task,
    (line) => {
      const n = /Processed file \[(\d+)\//.exec(line)?.[1];
      if (n !== undefined) task.progress(Math.min(scene.photos, Number(n)));
    },
  );
  const matches = join(work.folder, 'pairs.txt');
  writeFileSync(matches, scene.pairs.map(({ a, b }) => `${a} ${b}\n`).join(''));
  // COLMAP draws matches and samples differently every time. Of few photos that made a model of all, of some or of none; matched once
  // more along the epipolar lines there are three times as many, and it is all of them each time.
  task.step(`Matching ${scene.name}`, 0, 'pairs');
  await runColmap(
    'matches_importer',
    [
      ...['--database_path', database, '--match_list_path', matches, '--match_type', 'pairs'],
      ...[matchingGpu, use, guided, '1'],
      ...threads.matching,
    ],
    task,
  );
  task.step(`Building ${scene.name}`, scene.photos, 'photos');
  const sparse = join(work.folder, 'sparse');
  mkdirSync(sparse, { recursive: true });
  const watch = (line: string): void => {
    const n = /Registering image #\d+ \((\d+)\)/.exec(line)?.[1];
    if (n !== undefined) task.progress(Math.min(scene.photos, Number(n)));
  };
  const common = ['--database_path', database, '--image_path', scene.folder, ...threads.mapping];
  if (work.grown.length > 0) {
    for (const [i, model] of work.grown.entries()) {
      const out = join(sparse, `grown-${i}`);
      mkdirSync(out, { recursive: true });
      await runColmap('mapper', [...common, '--input_path', model, '--output_path', out], task, watch);
    }
  } else {
    // Small models are worth having: three photos are a cluster.
    await runColmap(
      'mapper',
      [...common, '--output_path', sparse, '--Mapper.min_model_size', '3', '--Mapper.ba_refine_principal_point', '0'],
      task,
      watch,
    ).catch((error: unknown) => {
      // A scene of which nothing can be built ends mapper with an error; that is an answer, not a failure.
      if (error instanceof CovisError && error.code === 'CANCELLED') throw error;
      task.warn(`COLMAP built nothing of a scene of ${scene.photos} photos: ${(error as Error).message}`);
    });
  }
  return readdirSync(sparse, { withFileTypes: true })
    .filter((e) => e.isDirectory() && readdirSync(join(sparse, e.name)).includes('images.bin'))
    .map((e) => join(sparse, e.name))
    .sort();
}

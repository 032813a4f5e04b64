/** `covis mine`: tuples from geometry or on the manifold, of a library or of raw descriptors. */
import type { Command } from 'commander';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  type ManifoldParameters,
  type MiningParameters,
  NEGATIVE_STRATEGIES,
  POSITIVE_STRATEGIES,
} from '../../../shared/domain.ts';
import { defined } from '../../../shared/defined.ts';
import { CovisError } from '../../../shared/errors.ts';
import { writeTupleLines } from '../../engine/exchange/tuple-files.ts';
import { DEFAULT_MANIFOLD, mineManifold } from '../../engine/mining/manifold.ts';
import type { MineReport } from '../../engine/work/run.ts';
import { readDescriptorFile } from '../../engine/retrieval/descriptor-files.ts';
import { normaliseRows } from '../../engine/retrieval/rank.ts';
import { print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { common, params, runJob } from '../run-job.ts';

/** Options of mining by geometry, for every command that mines. */
export function miningOptions(command: Command): Command {
  let c = command
    .option(
      '--positives <strategy>',
      `${POSITIVE_STRATEGIES.join(', ')}: closest descriptor, most shared points, random with enough overlap (m3)`,
    )
    .option('--negatives <strategy>', `${NEGATIVE_STRATEGIES.join(', ')} (one-per-cluster)`);
  c = number(c, '--count', 'negatives of a tuple (5)');
  c = number(c, '--min-shared', 'fewest shared 3D points of a positive (30)');
  c = number(c, '--min-overlap', 'smallest overlap ratio of a positive of m3 (0.2)');
  c = number(c, '--max-scale', 'largest scale change of a positive of m3 (1.5)');
  c = number(c, '--camera-pool', 'nearest cameras among which m1 and m2 choose (100)');
  c = number(c, '--pool', 'photos among which negatives are sought (20000)');
  c = number(c, '--query-fraction', "share of a cluster's photos that may be queries (1)");
  c = number(c, '--queries-per-cluster', 'at most so many queries of a cluster (no limit)');
  return c;
}

function choice<T extends string>(o: Options, key: string, flag: string, of: readonly T[]): T | undefined {
  const v = o[key] as T | undefined;
  if (v !== undefined && !of.includes(v))
    throw new CovisError('INPUT_INVALID', `${flag} takes ${of.join(', ')}, not "${v}"`, {
      ...(flag === '--negatives' && /^\d+$/.test(v) ? { hint: `How many is said with --count ${v}.` } : {}),
    });
  return v;
}

function whole(o: Options, key: string, flag: string, least: number): number | undefined {
  const v = o[key] as number | undefined;
  if (v !== undefined && (!Number.isInteger(v) || v < least))
    throw new CovisError('INPUT_INVALID', `${flag} takes a whole number from ${least}, not ${v}`);
  return v;
}

/** What those options say. @throws CovisError `INPUT_INVALID` naming the option. */
export function miningOf(o: Options): { readonly [K in keyof MiningParameters]?: MiningParameters[K] | undefined } {
  const fraction = o['queryFraction'] as number | undefined;
  if (fraction !== undefined && !(fraction > 0 && fraction <= 1))
    throw new CovisError('INPUT_INVALID', `--query-fraction lies above 0 and up to 1, not at ${fraction}`);
  return {
    positives: choice(o, 'positives', '--positives', POSITIVE_STRATEGIES),
    negatives: choice(o, 'negatives', '--negatives', NEGATIVE_STRATEGIES),
    count: whole(o, 'count', '--count', 1),
    minShared: whole(o, 'minShared', '--min-shared', 0),
    minOverlap: o['minOverlap'] as number | undefined,
    maxScale: o['maxScale'] as number | undefined,
    cameraPool: whole(o, 'cameraPool', '--camera-pool', 1),
    pool: whole(o, 'pool', '--pool', 2),
    queries: whole(o, 'queries', '--queries', 1),
    queryFraction: fraction,
    queriesPerCluster: whole(o, 'queriesPerCluster', '--queries-per-cluster', 0),
  };
}

function manifoldOf(o: Options): { readonly [K in keyof ManifoldParameters]?: ManifoldParameters[K] | undefined } {
  return {
    k: whole(o, 'k', '--k', 2),
    positivesK: whole(o, 'positivesK', '--positives-k', 1),
    negativesK: whole(o, 'negativesK', '--negatives-k', 1),
    kept: whole(o, 'kept', '--kept', 1),
    gamma: o['gamma'] as number | undefined,
    alpha: o['alpha'] as number | undefined,
    iterations: whole(o, 'iterations', '--iterations', 1),
    anchors: choice(o, 'anchors', '--anchors', ['maxima', 'all'] as const),
    maxAnchors: whole(o, 'maxAnchors', '--max-anchors', 1),
    importance: choice(o, 'importance', '--importance', ['degree', 'power'] as const),
  };
}

/** Adds the command. */
export function addMine(): void {
  let c = command('mine', 'mine training tuples from the geometry of a library, or on the manifold of descriptors')
    .argument('[library]')
    .option('--strategy <strategy>', 'geometry, or manifold, which needs no 3D model', 'geometry')
    .option('--descriptors <file>', 'mine raw descriptors instead of a library: .npy, .mat, .h5 (manifold)')
    .option('--set <set>', 'descriptor set of the library instead of those of a network (manifold)')
    .option('--out <file>', 'also write the tuples or pools, one JSON object a line')
    .option('--anchors <which>', 'maxima: local maxima of importance; all: every photo (manifold)')
    .option('--importance <how>', 'degree, or power for a thousand steps of power iteration (manifold)');
  c = number(miningOptions(common(c)), '--queries', 'tuples to mine (200)');
  c = number(c, '--k', 'neighbours in the graph, itself included (manifold, 30)');
  c = number(c, '--positives-k', 'manifold rank within which positives are, and Euclidean rank beyond (50)');
  c = number(
    c,
    '--negatives-k',
    'Euclidean rank within which negatives are, and manifold rank beyond (10000; at most half)',
  );
  c = number(c, '--kept', 'largest pool of an anchor (50)');
  c = number(c, '--max-anchors', 'most important anchors that are kept (1500)');
  c = number(c, '--gamma', 'power of the similarity (manifold, 3)');
  c = number(c, '--alpha', 'of the diffusion (manifold, 0.99)');
  c = number(c, '--iterations', 'of conjugate gradients (manifold, 20)');
  action(c, async (o: Options, path: string | undefined) => {
    const strategy = choice(o, 'strategy', '--strategy', ['geometry', 'manifold'] as const) ?? 'geometry';
    if (o['descriptors'] !== undefined) return mineRaw(o, strategy);
    if (path === undefined)
      throw new CovisError('INPUT_INVALID', 'Say what to mine: a library, or --descriptors with a file', {
        hint: 'covis mine LIBRARY, or covis mine --descriptors X.npy --strategy manifold --out pools.jsonl',
      });
    await mineLibraryCommand(o, path, strategy);
  });
}

async function mineLibraryCommand(o: Options, path: string, strategy: 'geometry' | 'manifold'): Promise<void> {
  await withLibrary(path, false, async (library) => {
    const r = await runJob<MineReport>(library, 'mine', {
      ...params(o),
      mining: miningOf(o),
      ...(strategy === 'manifold' ? { manifold: manifoldOf(o), set: o['set'] as string | undefined } : {}),
    });
    const out = o['out'] as string | undefined;
    if (out !== undefined) {
      const task = terminalContext([]);
      await writeTupleLines(library, r.run, resolve(out), task);
      task.finish();
    }
    print(o.json === true, { ...r, ...(out === undefined ? {} : { out: resolve(out) }) }, () => [
      `Mining run ${r.run}: ${r.tuples} tuples of ${r.queries} queries, mean distance of a negative ${r.meanNegativeDistance.toFixed(3)}`,
      ...(out === undefined ? [] : [`written to ${resolve(out)}`]),
    ]);
  });
}

async function mineRaw(o: Options, strategy: string): Promise<void> {
  if (strategy !== 'manifold')
    throw new CovisError('INPUT_INVALID', 'Raw descriptors have no geometry: they are mined with --strategy manifold');
  const out = o['out'] as string | undefined;
  if (out === undefined) throw new CovisError('INPUT_INVALID', '--descriptors needs --out, the file that is written');
  const file = o['descriptors'] as string;
  const read = await readDescriptorFile(file, undefined, 'database');
  const vectors = normaliseRows(read.vectors, 'the descriptors', file);
  const parameters: ManifoldParameters = { ...DEFAULT_MANIFOLD, ...defined(manifoldOf(o)) };
  const warnings: string[] = [];
  const task = terminalContext(warnings);
  const began = performance.now();
  const mined = await mineManifold(vectors, parameters, task);
  task.finish();
  const target = resolve(out);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(`${target}.tmp`, mined.pools.map((p) => `${JSON.stringify(p)}\n`).join(''));
  renameSync(`${target}.tmp`, target);
  const report = {
    descriptors: vectors.rows,
    edges: mined.edges,
    component: mined.component,
    anchors: mined.anchors,
    pools: mined.pools.length,
    skipped: mined.skipped,
    seconds: (performance.now() - began) / 1000,
    parameters,
    out: target,
  };
  print(o.json === true, report, () => [
    `${report.pools} pools of ${report.anchors} anchors, ${report.skipped} left out because a pool is empty, in ${report.seconds.toFixed(1)} s`,
    `graph: ${report.descriptors} descriptors, ${report.edges} edges, the largest component has ${report.component}`,
    `written to ${target}`,
  ]);
}

/** `covis train`, `covis extract` and `covis run`. */
import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { createHash } from 'node:crypto';
import { BACKENDS, POOLINGS, type LadderReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { ladderTable } from '../../../shared/ladder-table.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import { standaloneNetwork } from '../../engine/network/embedded.ts';
import { loadNetwork, resolveNetwork, type LoadedNetwork } from '../../engine/network/networks.ts';
import { encodeOnnx } from '../../engine/network/onnx/file.ts';
import type { RunReport } from '../../engine/work/run.ts';
import { extractFolder } from '../../engine/retrieval/extract-folder.ts';
import type { TaskParams } from '../../engine/work/tasks.ts';
import { PRESETS } from '../../engine/training/presets.ts';
import { miningOf, miningOptions } from './mine.ts';
import { choice } from '../options.ts';
import { duration, print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { runLines } from '../report.ts';
import { common, params, runJob } from '../run-job.ts';

export const trainingOptions = (command: Command): Command => {
  let c = miningOptions(common(command))
    .option('--preset <preset>', `a recipe, which the other options change: ${Object.keys(PRESETS).join(', ')} (small)`)
    .option('--backend <backend>', `what computes: ${BACKENDS.join(', ')} (auto)`)
    .option('--loss <loss>', 'contrastive or triplet (contrastive)')
    .option('--optimiser <optimiser>', 'adam or sgd (adam)');
  c = number(c, '--epochs', 'passes, each with tuples mined anew (5)');
  c = number(c, '--tuples', 'tuples of an epoch (160)');
  c = number(c, '--minings', 'times an epoch that tuples are mined (1)');
  c = number(c, '--batch', 'tuples of one step of the optimiser (5)');
  c = number(c, '--learning-rate', 'rate at the start (1e-5)');
  c = number(c, '--weight-decay', 'L2 weight decay (1e-6)');
  return number(
    c,
    '--margin',
    'margin of the loss (by network: 0.7 for small ones, 0.75 VGG, 0.85 ResNet50 and larger)',
  );
};

/** What the options of training say. */
export function trainingParams(o: Options): TaskParams {
  const n = (key: string): number | undefined => o[key] as number | undefined;
  return {
    ...params(o),
    preset: o['preset'] as string | undefined,
    backend: choice(o, 'backend', BACKENDS),
    epochs: n('epochs'),
    queriesPerEpoch: n('tuples'),
    minings: n('minings'),
    learningRate: n('learningRate'),
    weightDecay: n('weightDecay'),
    margin: n('margin'),
    batch: n('batch'),
    pools: n('pools'),
    loss: choice(o, 'loss', ['contrastive', 'triplet']),
    optimiser: choice(o, 'optimiser', ['adam', 'sgd']),
    mining: miningOf(o),
  };
}

/** What a command says of edges and poolings. @throws CovisError `INPUT_INVALID`. */
function edgeParams(o: Options): Pick<TaskParams, 'domain' | 'edges' | 'pooling'> {
  const domain = choice(o, 'domain', ['photos', 'edges']);
  const pooling = choice(o, 'pooling', POOLINGS);
  if (domain === 'edges' && pooling !== undefined && pooling !== 'mac' && pooling !== 'gem')
    throw new CovisError('INPUT_INVALID', `--pooling takes mac or gem for edges, not "${pooling}"`);
  const ofEdges = pooling === 'mac' || pooling === 'gem' ? pooling : undefined;
  return { domain, pooling, edges: { pooling: ofEdges, detector: o['detector'] as string | undefined } };
}

interface TrainReport {
  readonly run: number;
  readonly network: string;
  readonly backend: string;
  readonly device: string;
  readonly tuples: number;
  readonly epochs: { epoch: number; loss: number; negativeDistance: number; map: number | null; skipped: number }[];
  readonly seconds: number;
  readonly peakMemoryBytes: number;
}

export function addTrain(): void {
  action(
    common(
      command('extract', 'compute the descriptors of all photos, of a library or of a folder')
        .argument('[library]')
        .option('--domain <domain>', 'photos, or edges: with the network that drawings go to')
        .option('--pooling <pooling>', `of a backbone that is described with: ${POOLINGS.join(', ')} (gem)`)
        .option('--photos <folder>', 'describes the images of this folder; needs no library')
        .option('--out <file>', 'with --photos: a .npy with a row an image, names beside it as .txt'),
    ),
    async (o: Options, path?: string) => {
      const photos = o['photos'] as string | undefined;
      if (photos !== undefined) return extractPhotos(o, photos, path);
      if (path === undefined)
        throw new CovisError('INPUT_INVALID', 'Say what to describe: a library, or a folder with --photos');
      await withLibrary(path, false, async (library) => {
        const r = await runJob<{ network: string; photos: number; computed: number; dim: number }>(library, 'extract', {
          ...params(o),
          ...edgeParams(o),
        });
        print(o.json === true, r, () => [
          `${r.photos} photos have descriptors of ${r.dim} dimensions from network ${r.network}, ${r.computed} of them new`,
        ]);
      });
    },
  );

  action(
    number(
      number(
        trainingOptions(
          command('train', 'fine-tune a network on mined tuples')
            .argument('<library>')
            .option('--domain <domain>', 'photos, or edges: an EdgeMAC network on edge maps of the photos')
            .option('--pooling <pooling>', `${POOLINGS.join(', ')}; for edges mac or gem (the network’s own)`)
            .option('--out <name>', 'what to call the trained network')
            .option('--detector <detector>', 'its edges: covis-edges-1, classical, or an ONNX file (covis-edges-1)'),
        ),
        '--pools',
        'manifold run whose pools are trained on, instead of mining geometry each epoch',
      ),
      '--resume',
      'takes a run up at its last checkpoint; nothing else can be chosen then',
    ),
    async (o: Options, path: string) => {
      await withLibrary(path, false, async (library) => {
        const r = await runJob<TrainReport>(library, 'train', {
          ...trainingParams(o),
          ...edgeParams(o),
          name: o['out'] as string | undefined,
          resume: o['resume'] as number | undefined,
        });
        print(o.json === true, r, () => [
          `${r.device}`,
          ...r.epochs.map(
            (e) =>
              `epoch ${e.epoch}: loss ${e.loss.toFixed(4)}, held-out mAP ${e.map?.toFixed(4) ?? 'not measured'}${e.skipped > 0 ? `, ${e.skipped} tuples left out` : ''}`,
          ),
          `Run ${r.run}, network ${r.network}, ${duration(r.seconds)}, at most ${Math.round(r.peakMemoryBytes / 2 ** 20)} MiB`,
        ]);
      });
    },
  );

  action(
    trainingOptions(
      command('run', 'the whole loop: import, extract, mine, train, evaluate')
        .argument('<source...>')
        .requiredOption('--library <library>', 'where the library is or will be'),
    ),
    async (o: Options, sources: string[]) => {
      await withLibrary(o['library'] as string, true, async (library) => {
        const r = await runJob<RunReport>(library, 'run', { ...trainingParams(o), sources });
        print(o.json === true, r, () => runLines(r, duration));
      });
    },
  );
}

/** `covis ladder`: the talk's component contributions. */
export function addLadder(): void {
  action(
    number(
      trainingOptions(
        command(
          'ladder',
          'what each component brings: positives, negatives, whitening, MAC and GeM, over several seeds',
        )
          .argument('<library>')
          .option('--poolings <list>', 'mac, gem, or both with a comma (mac,gem)')
          .option('--table <file>', 'also writes the table as .csv'),
      ),
      '--seeds',
      'draws of places and tuples, each a whole ladder (3)',
    ),
    async (o: Options, path: string) => {
      const poolings = ((o['poolings'] as string | undefined) ?? 'mac,gem').split(',');
      if (!poolings.every((p): p is 'mac' | 'gem' => p === 'mac' || p === 'gem'))
        throw new CovisError('INPUT_INVALID', `--poolings takes mac and gem, not "${poolings.join(',')}"`);
      const seeds = (o['seeds'] as number | undefined) ?? 3;
      if (!Number.isInteger(seeds) || seeds < 1)
        throw new CovisError('INPUT_INVALID', '--seeds takes a whole number from 1');
      await withLibrary(path, false, async (library) => {
        const report = await runJob<LadderReport>(library, 'ladder', {
          ...trainingParams(o),
          ladder: { poolings, seeds },
        });
        const table = o['table'] as string | undefined;
        if (table !== undefined) writeFileSync(table, ladderTable(report));
        print(o.json === true, report.rungs, () => [
          `mAP on held-out places, mean and deviation over ${report.seeds} ${report.seeds === 1 ? 'seed' : 'seeds'}; ${report.network}, ${report.epochs} epochs of ${report.tuples} tuples`,
          ...report.rungs.map(
            (r) =>
              `${r.pooling.toUpperCase()}  ${r.component.padEnd(70)} ${r.map.mean.toFixed(4)} ± ${r.map.std.toFixed(4)}  ${'▇'.repeat(Math.round(r.map.mean * 30))}`,
          ),
        ]);
      });
    },
  );
}

/** Describes a folder, with a network of the library where one is named, else with one that belongs to none. */
async function extractPhotos(o: Options, photos: string, path: string | undefined): Promise<void> {
  const out = o['out'] as string | undefined;
  if (out === undefined) throw new CovisError('INPUT_INVALID', '--photos needs --out, the matrix to write');
  if (!existsSync(photos)) throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: photos });
  const which = o['network'] as string | undefined;
  const network: Pick<LoadedNetwork, 'graph' | 'spec'> =
    path === undefined
      ? await standaloneNetwork(which, { pooling: choice(o, 'pooling', POOLINGS) })
      : await withLibrary(path, false, async (l) => loadNetwork(l, await resolveNetwork(l, which, 'latest')));
  const task = terminalContext([]);
  try {
    const key = createHash('sha256').update(encodeOnnx(network.graph)).digest('hex').slice(0, 16);
    const size = (o['size'] as number | undefined) ?? defaultSize(network.spec);
    const r = await extractFolder(network, key, photos, out, size, task);
    task.finish();
    print(o.json === true, { network: network.spec.name, ...r }, () => [
      `${r.out}: ${r.photos} descriptors of ${r.dim} dimensions at ${r.size} px, ${r.computed} of them computed now`,
      `${r.names}: their names${r.failed.length > 0 ? `; ${r.failed.length} images could not be read` : ''}`,
    ]);
  } finally {
    task.finish();
  }
}

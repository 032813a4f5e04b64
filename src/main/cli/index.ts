/** The command line: every job of the studio as a command. */
import { existsSync } from 'node:fs';
import { CommanderError, type Command } from 'commander';
import { CovisError } from '../../shared/errors.ts';
import { importNetwork, PREPROCESSING, resolveNetwork } from '../engine/network/networks.ts';
import { projectNetwork } from '../engine/network/projection.ts';
import type { RunReport } from '../engine/pipeline.ts';
import type { ImportReport } from '../engine/sfm/import.ts';
import { listClusters } from '../engine/sfm/clusters.ts';
import { doctor, doctorLines } from './doctor.ts';
import { addCluster } from './cluster.ts';
import { addConvert } from './convert.ts';
import { addDecide } from './decide.ts';
import { addDuplicates } from './duplicates.ts';
import { addExport } from './export.ts';
import { addMine, miningOf, miningOptions } from './mine.ts';
import { runLines } from './report.ts';
import { duration, fail, print } from './output.ts';
import { action, command, number, program, withLibrary, type Options } from './program.ts';
import { common, params, runJob } from './run-job.ts';
import type { TaskParams } from '../engine/tasks.ts';
import { addEvaluate } from './evaluate.ts';
import { addRank } from './rank.ts';
import { addSearch } from './search.ts';
import { addShapes } from './shapes.ts';
import { addTeacher } from './teacher.ts';
import { openStudio, serveStudio } from './studio.ts';

const training = (command: Command): Command => {
  let c = miningOptions(common(command))
    .option('--loss <loss>', 'contrastive or triplet (contrastive)')
    .option('--optimiser <optimiser>', 'adam or sgd (adam)');
  c = number(c, '--epochs', 'passes, each with tuples mined anew (5)');
  c = number(c, '--tuples', 'tuples of an epoch (160)');
  c = number(c, '--batch', 'tuples of one step of the optimiser (5)');
  c = number(c, '--learning-rate', 'rate at the start (1e-5)');
  c = number(c, '--weight-decay', 'L2 weight decay (1e-6)');
  return number(c, '--margin', 'margin of the loss (0.7)');
};

/** What the options of training say. */
function trainingParams(o: Options): TaskParams {
  const one = <T extends string>(key: string, of: readonly T[]): T | undefined => {
    const v = o[key] as T | undefined;
    if (v !== undefined && !of.includes(v))
      throw new CovisError('INPUT_INVALID', `--${key} takes ${of.join(' or ')}, not "${v}"`);
    return v;
  };
  const n = (key: string): number | undefined => o[key] as number | undefined;
  return {
    ...params(o),
    epochs: n('epochs'),
    queriesPerEpoch: n('tuples'),
    learningRate: n('learningRate'),
    weightDecay: n('weightDecay'),
    margin: n('margin'),
    batch: n('batch'),
    pools: n('pools'),
    loss: one('loss', ['contrastive', 'triplet']),
    optimiser: one('optimiser', ['adam', 'sgd']),
    mining: miningOf(o),
  };
}

/** What a command says of edges. @throws CovisError `INPUT_INVALID`. */
function edgeParams(o: Options): Pick<TaskParams, 'domain' | 'edges'> {
  const { domain, pooling } = o;
  if (domain !== undefined && domain !== 'photos' && domain !== 'edges')
    throw new CovisError('INPUT_INVALID', `--domain takes photos or edges, not "${String(domain)}"`);
  if (pooling !== undefined && pooling !== 'mac' && pooling !== 'gem')
    throw new CovisError('INPUT_INVALID', `--pooling takes mac or gem, not "${String(pooling)}"`);
  return { domain, edges: { pooling, detector: o['detector'] as string | undefined } };
}

action(
  command('init', 'make a library in a new or an empty folder').argument('<library>'),
  async (o: Options, path: string) => {
    await withLibrary(path, true, (library) =>
      print(o.json === true, { library: library.path }, () => [`Library ready: ${library.path}`]),
    );
  },
);

action(
  command('import', 'import 3D models and their photos, plain folders of photos, or lists of pairs')
    .argument('<library>')
    .argument(
      '<source...>',
      'a folder with images/ and sparse/ (COLMAP), several such folders side by side, a folder of photos; a COLMAP database.db, Bundler .out, .nvm, sfm_data.json, reconstruction.json, transforms.json; a retrieval-SfM .pkl, or pairs.txt of hloc',
    )
    .option('--images <folder>', 'where the photos lie, if not in images/ (of a .pkl: in ims/ beside it)'),
  async (o: Options, path: string, sources: string[]) => {
    await withLibrary(path, true, async (library) => {
      const r = await runJob<ImportReport>(library, 'import', { sources, images: o['images'] as string | undefined });
      print(o.json === true, r, () => [
        `${r.photos} photos, ${r.clusters} clusters, ${r.points} points, ${r.observations} observations, ${r.pairs} pairs`,
        ...(r.missing.length > 0 ? [`${r.missing.length} photos are missing (listed above)`] : []),
      ]);
    });
  },
);

action(
  command('clusters', 'list the 3D models of a library').argument('<library>'),
  async (o: Options, path: string) => {
    await withLibrary(path, false, (library) => {
      const clusters = listClusters(library);
      print(o.json === true, clusters, () =>
        clusters.map(
          (c) =>
            `${c.id}  ${c.name.padEnd(28)} ${String(c.photos).padStart(5)} photos ${String(c.points).padStart(8)} points  ${c.meanReprojectionError === null ? 'error unknown' : `${c.meanReprojectionError.toFixed(2)} px`}`,
        ),
      );
    });
  },
);

action(
  number(
    number(
      command('network', 'add a network: one that Covis wrote, or an ONNX backbone that is cut and gets GeM pooling')
        .argument('<library>')
        .argument('<file>', 'ONNX file; with --project also a network of the library'),
      '--project',
      'append a linear layer to so many dimensions, trained with the rest (64 in the CUB recipe)',
    ),
    '--seed',
    'of the layer’s weights (0)',
  )
    .option('--cut <node>', 'node or value to cut at; the last feature map if left out')
    .option('--name <name>', 'what to call it')
    .option('--pixels <how>', `what it wants: ${Object.keys(PREPROCESSING).join(', ')} (torchvision)`),
  async (o: Options, path: string, file: string) => {
    const pixels = (o['pixels'] as string | undefined) ?? 'torchvision';
    if (!Object.hasOwn(PREPROCESSING, pixels)) {
      throw new CovisError('INPUT_INVALID', `--pixels takes ${Object.keys(PREPROCESSING).join(', ')}, not "${pixels}"`);
    }
    await withLibrary(path, true, async (library) => {
      const project = o['project'] as number | undefined;
      const known = project !== undefined && !existsSync(file);
      const added = known
        ? await resolveNetwork(library, file, 'default')
        : await importNetwork(library, file, {
            cut: o['cut'] as string | undefined,
            name: o['name'] as string | undefined,
            preprocess: PREPROCESSING[pixels as keyof typeof PREPROCESSING],
          });
      const seed = (o['seed'] as number | undefined) ?? 0;
      const row = project === undefined ? added : projectNetwork(library, added, project, seed);
      print(o.json === true, { network: row.uid, ...row.spec }, () => [
        `Network ${row.uid}: ${row.spec.name}, ${row.spec.dim} dimensions, cut at ${row.spec.features}`,
      ]);
    });
  },
);

action(
  common(
    command('extract', 'compute the descriptors of all photos')
      .argument('<library>')
      .option('--domain <domain>', 'photos, or edges: with the network that drawings go to'),
  ),
  async (o: Options, path: string) => {
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

addMine();
addDecide();

action(
  number(
    training(
      command('train', 'fine-tune a network on mined tuples')
        .argument('<library>')
        .option('--domain <domain>', 'photos, or edges: an EdgeMAC network on edge maps of the photos')
        .option('--pooling <pooling>', 'of an edge network that is made: mac or gem (gem)')
        .option('--detector <detector>', 'its edges: covis-edges-1, classical, or an ONNX file (covis-edges-1)'),
    ),
    '--pools',
    'manifold run whose pools are trained on, instead of mining geometry each epoch',
  ),
  async (o: Options, path: string) => {
    await withLibrary(path, false, async (library) => {
      const r = await runJob<{
        run: number;
        network: string;
        tuples: number;
        epochs: { epoch: number; loss: number; map: number | null }[];
      }>(library, 'train', { ...trainingParams(o), ...edgeParams(o) });
      print(o.json === true, r, () => [
        ...r.epochs.map(
          (e) => `epoch ${e.epoch}: loss ${e.loss.toFixed(4)}, held-out mAP ${e.map?.toFixed(4) ?? 'not measured'}`,
        ),
        `Network ${r.network}`,
      ]);
    });
  },
);

addRank();
addEvaluate();

addSearch();

addExport();
addConvert();
addCluster();
addDuplicates();
addTeacher();
addShapes();

action(
  training(
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

action(
  number(
    command('serve', 'serve the studio to a browser on this machine').argument('<library>'),
    '--port',
    'port on 127.0.0.1; a free one if left out',
  ).option('--open', 'open the browser too'),
  async (o: Options, path: string) =>
    serveStudio(path, { port: o['port'] as number | undefined, open: o['open'] === true, json: o.json === true }),
);

action(
  command('open', 'open the desktop studio on a library').argument('<library>'),
  async (o: Options, path: string) => openStudio(path, o.json === true),
);

action(
  command('doctor', 'say what this machine has: Node, compute back ends, COLMAP, Electron, disk'),
  async (o: Options) => {
    const report = await doctor();
    print(o.json === true, report, () => doctorLines(report));
  },
);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else fail(process.argv.includes('--json'), error);
}

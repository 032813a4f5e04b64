/** The command line: every job of the studio as a command. */
import { CommanderError, type Command } from 'commander';
import { CovisError } from '../../shared/errors.ts';
import { importNetwork, PREPROCESSING } from '../engine/network/networks.ts';
import type { RunReport } from '../engine/pipeline.ts';
import type { ImportReport } from '../engine/sfm/import.ts';
import { listClusters } from '../engine/sfm/clusters.ts';
import { doctor, doctorLines } from './doctor.ts';
import { exportFrom, type ExportOptions } from './export.ts';
import { runLines } from './report.ts';
import { duration, fail, numberOption, print } from './output.ts';
import { action, command, number, program, withLibrary, type Options } from './program.ts';
import { common, params, runJob } from './run-job.ts';
import { addEvaluate } from './evaluate.ts';
import { addRank } from './rank.ts';
import { addSearch } from './search.ts';
import { openStudio, serveStudio } from './studio.ts';

const mining = (c: Command): Command =>
  number(
    number(
      number(
        number(c, '--min-shared', 'fewest shared 3D points of a positive (30)'),
        '--min-overlap',
        'smallest overlap ratio of a positive (0.2)',
      ),
      '--max-scale',
      'largest scale change of a positive (1.5)',
    ),
    '--negatives',
    'hard negatives of a tuple, one per place (5)',
  );
const training = (c: Command): Command =>
  number(
    number(
      number(
        number(
          number(c, '--epochs', 'passes, each with tuples mined anew (5)'),
          '--tuples',
          'tuples of an epoch (160)',
        ),
        '--learning-rate',
        "Adam's rate at the start (1e-5)",
      ),
      '--weight-decay',
      'L2 weight decay (1e-6)',
    ),
    '--margin',
    'margin of the contrastive loss (0.7)',
  );

action(
  command('init', 'make a library in a new or an empty folder').argument('<library>'),
  async (o: Options, path: string) => {
    await withLibrary(path, true, (library) =>
      print(o.json === true, { library: library.path }, () => [`Library ready: ${library.path}`]),
    );
  },
);

action(
  command('import', 'import COLMAP models and their photos')
    .argument('<library>')
    .argument('<source...>', 'a folder with images/ and sparse/, or several such folders side by side')
    .option('--images <folder>', 'where the photos lie, if not in images/'),
  async (o: Options, path: string, sources: string[]) => {
    await withLibrary(path, true, async (library) => {
      const r = await runJob<ImportReport>(library, 'import', { sources, images: o['images'] as string | undefined });
      print(o.json === true, r, () => [
        `${r.photos} photos, ${r.clusters} clusters, ${r.points} points, ${r.observations} observations, ${r.pairs} covisible pairs`,
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
  command('network', 'add a network: one that Covis wrote, or an ONNX backbone that is cut and gets GeM pooling')
    .argument('<library>')
    .argument('<file>')
    .option('--cut <node>', 'node or value to cut at; the last feature map if left out')
    .option('--name <name>', 'what to call it')
    .option('--pixels <how>', `what it wants: ${Object.keys(PREPROCESSING).join(', ')} (torchvision)`),
  async (o: Options, path: string, file: string) => {
    const pixels = (o['pixels'] as string | undefined) ?? 'torchvision';
    if (!Object.hasOwn(PREPROCESSING, pixels)) {
      throw new CovisError('INPUT_INVALID', `--pixels takes ${Object.keys(PREPROCESSING).join(', ')}, not "${pixels}"`);
    }
    await withLibrary(path, true, async (library) => {
      const row = await importNetwork(library, file, {
        cut: o['cut'] as string | undefined,
        name: o['name'] as string | undefined,
        preprocess: PREPROCESSING[pixels as keyof typeof PREPROCESSING],
      });
      print(o.json === true, { network: row.uid, ...row.spec }, () => [
        `Network ${row.uid}: ${row.spec.name}, ${row.spec.dim} dimensions, cut at ${row.spec.features}`,
      ]);
    });
  },
);

action(
  common(command('extract', 'compute the descriptors of all photos').argument('<library>')),
  async (o: Options, path: string) => {
    await withLibrary(path, false, async (library) => {
      const r = await runJob<{ network: string; photos: number; computed: number; dim: number }>(
        library,
        'extract',
        params(o),
      );
      print(o.json === true, r, () => [
        `${r.photos} photos have descriptors of ${r.dim} dimensions from network ${r.network}, ${r.computed} of them new`,
      ]);
    });
  },
);

action(
  number(
    mining(
      common(
        command('mine', 'mine training tuples: a query, a positive by m3, the hardest negatives').argument('<library>'),
      ),
    ),
    '--queries',
    'tuples to mine (200)',
  ),
  async (o: Options, path: string) => {
    await withLibrary(path, false, async (library) => {
      const r = await runJob<{ run: number; tuples: number }>(library, 'mine', params(o));
      print(o.json === true, r, () => [`Mining run ${r.run}: ${r.tuples} tuples`]);
    });
  },
);

action(
  training(mining(common(command('train', 'fine-tune a network on mined tuples').argument('<library>')))),
  async (o: Options, path: string) => {
    await withLibrary(path, false, async (library) => {
      const r = await runJob<{
        run: number;
        network: string;
        tuples: number;
        epochs: { epoch: number; loss: number; map: number | null }[];
      }>(library, 'train', params(o));
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

action(
  command('export', 'write a network, descriptors or tuples in formats that other tools open')
    .argument('<library>')
    .requiredOption(
      '--what <what>',
      'network (.onnx), descriptors (.npy and .txt with the photo of each row) or tuples (.jsonl)',
    )
    .requiredOption('--out <file>', 'file to write')
    .option('--network <network>', 'which network; the newest if left out')
    .option('--size <n>', 'which descriptors (320)', numberOption('--size'))
    .option('--run <n>', 'which mining run; the newest if left out', numberOption('--run')),
  async (o: Options, path: string) => {
    await withLibrary(path, false, async (library) => {
      const r = await exportFrom(library, o as unknown as ExportOptions);
      print(o.json === true, r, () => [`${r.items} ${r.what} written to ${r.files.join(', ')}`]);
    });
  },
);

action(
  training(
    mining(
      common(
        command('run', 'the whole loop: import, extract, mine, train, evaluate')
          .argument('<source...>')
          .requiredOption('--library <library>', 'where the library is or will be'),
      ),
    ),
  ),
  async (o: Options, sources: string[]) => {
    await withLibrary(o['library'] as string, true, async (library) => {
      const r = await runJob<RunReport>(library, 'run', { ...params(o), sources });
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

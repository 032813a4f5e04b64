/** The command line: every job of the studio as a command. */
import { CommanderError } from 'commander';
import type { ImportReport } from '../engine/sfm/import.ts';
import { listClusters } from '../engine/sfm/clusters.ts';
import { doctor, doctorLines } from './commands/doctor.ts';
import { addCluster } from './commands/cluster.ts';
import { addConvert } from './commands/convert.ts';
import { addDecide } from './commands/decide.ts';
import { addDuplicates } from './commands/duplicates.ts';
import { addExport } from './commands/export.ts';
import { addMine } from './commands/mine.ts';
import { fail, print } from './output.ts';
import { action, command, number, program, withLibrary, type Options } from './program.ts';
import { runJob } from './run-job.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addNetworks } from './commands/networks.ts';
import { addRank } from './commands/rank.ts';
import { addLadder, addTrain } from './commands/train.ts';
import { addSearch } from './commands/search.ts';
import { addShapes } from './commands/shapes.ts';
import { addTeacher } from './commands/teacher.ts';
import { openStudio, serveStudio } from './commands/studio.ts';

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

addMine();
addDecide();

addNetworks();
addTrain();
addLadder();

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

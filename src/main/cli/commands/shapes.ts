/** `covis edges`, `covis domains`, `covis sketches`: edge maps of a folder, and the experiments on drawings and domains. */
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { METHODS, type DomainReport, type Method, type SketchReport } from '../../../shared/domain.ts';
import { CovisError } from '../../../shared/errors.ts';
import { domainNetworks } from '../../engine/domains/domain-networks.ts';
import { domainGeneralisation } from '../../engine/domains/generalisation.ts';
import { openDetector } from '../../engine/edges/detector.ts';
import { encodeEdgeMap } from '../../engine/edges/edge-map.ts';
import { decode } from '../../engine/library/pixels.ts';
import { listImages } from '../../engine/library/photos.ts';
import {
  measureSketches,
  SKETCH_LAYOUTS,
  type SketchLayout,
  type SketchOptions,
} from '../../engine/evaluation/sketches.ts';
import { embeddedNetwork } from '../../engine/network/embedded.ts';
import { readNetworkFile } from '../../engine/network/networks.ts';
import { PREPROCESSING } from '../../engine/network/preprocessing.ts';
import { print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { runJob } from '../run-job.ts';

const MAP_SIZE = 1024;

/** Adds the commands. */
export function addShapes(): void {
  addEdges();
  addDomains();
  addSketches();
}

function addEdges(): void {
  action(
    number(
      command('edges', 'write the edge map of every photo of a folder as a grey PNG')
        .requiredOption('--photos <folder>', 'the photos')
        .requiredOption('--out <folder>', 'where the maps go, named like the photos')
        .option('--detector <detector>', 'covis-edges-1, classical, or an ONNX file (covis-edges-1)')
        .option('--pixels <how>', `what an ONNX file wants: ${Object.keys(PREPROCESSING).join(', ')} (caffe)`),
      '--size',
      `long side of the maps in pixels; smaller photos stay as they are (${MAP_SIZE})`,
    ),
    async (o: Options) => {
      const photos = resolve(o['photos'] as string);
      const out = resolve(o['out'] as string);
      if (statSync(photos, { throwIfNoEntry: false })?.isDirectory() !== true)
        throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: photos });
      const pixels = o['pixels'] as string | undefined;
      if (pixels !== undefined && !Object.hasOwn(PREPROCESSING, pixels))
        throw new CovisError(
          'INPUT_INVALID',
          `--pixels takes ${Object.keys(PREPROCESSING).join(', ')}, not "${pixels}"`,
        );
      const preprocess = pixels === undefined ? undefined : PREPROCESSING[pixels as keyof typeof PREPROCESSING];
      const names = listImages(photos);
      const taken = new Map<string, string>();
      for (const n of names) {
        const target = n.replace(/\.[^.]*$/, '.png');
        if (taken.has(target))
          throw new CovisError('INPUT_INVALID', `${taken.get(target)!} and ${n} would both become ${target}`, {
            file: photos,
          });
        taken.set(target, n);
      }
      if (names.length === 0) throw new CovisError('STATE_EMPTY', 'This folder holds no photos', { file: photos });
      const detector = await openDetector(o['detector'] as string | undefined, undefined, { preprocess });
      const task = terminalContext();
      const failed: string[] = [];
      task.step(`Finding edges with ${detector.name}`, names.length, 'photos');
      const began = performance.now();
      try {
        for (const [i, [target, name]] of [...taken].entries()) {
          task.check();
          try {
            const map = await detector.detect(
              await decode(join(photos, name), (o['size'] as number | undefined) ?? MAP_SIZE),
            );
            const file = join(out, target);
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(`${file}.tmp`, await encodeEdgeMap(map));
            renameSync(`${file}.tmp`, file);
          } catch (error) {
            if (!(error instanceof CovisError) || error.code !== 'INPUT_CORRUPT') throw error;
            failed.push(name);
            task.warn(`${error.message}: ${error.file ?? name}`);
          }
          task.progress(i + 1);
        }
      } finally {
        await detector.release();
      }
      task.finish();
      const written = names.length - failed.length;
      const seconds = (performance.now() - began) / 1000;
      print(o.json === true, { detector: detector.id, written, failed, seconds, out }, () => [
        `${written} edge maps in ${out}${failed.length === 0 ? '' : `; ${failed.length} photos cannot be read`}`,
      ]);
    },
  );
}

function addDomains(): void {
  action(
    number(
      command('domains', 'domain generalisation: linear classifiers learned on some domains, tested on others')
        .argument('<folder>', 'domain/class/image, like PACS')
        .option('--drawn <domains>', 'domains that are drawings, with commas (those called sketch, drawing, doodle)')
        .option('--library <library>', 'take its fine-tuned and its edge network, and keep the report there')
        .option('--network <file>', 'pre-trained network (the embedded one)')
        .option('--fine-tuned <file>', 'fine-tuned network (the embedded one)')
        .option('--edges <file>', 'edge network (the embedded one)'),
      '--seeds',
      'repetitions, each with another tenth of the sources that picks the regularisation (3)',
    ),
    async (o: Options, folder: string) => {
      const seeds = (o['seeds'] as number | undefined) ?? 3;
      if (!Number.isInteger(seeds) || seeds < 1)
        throw new CovisError('INPUT_INVALID', `--seeds takes 1 or more, not ${seeds}`);
      const drawn = (o['drawn'] as string | undefined)?.split(',').map((d) => d.trim());
      const networks = {
        pretrained: o['network'] as string | undefined,
        fineTuned: o['fineTuned'] as string | undefined,
        edges: o['edges'] as string | undefined,
      };
      const library = o['library'] as string | undefined;
      let report: DomainReport;
      if (library === undefined) {
        const task = terminalContext();
        report = await domainGeneralisation(domainNetworks(networks), { folder: resolve(folder), drawn, seeds }, task);
        task.finish();
      } else {
        const { pretrained, ...others } = networks;
        report = await withLibrary(library, false, (l) =>
          runJob<DomainReport>(l, 'domains', {
            network: pretrained,
            domains: { folder: resolve(folder), drawn, seeds, ...others },
          }),
        );
      }
      print(o.json === true, report, () => domainLines(report));
    },
  );
}

function domainLines(r: DomainReport): string[] {
  const percent = (v: number | undefined): string => (100 * (v ?? Number.NaN)).toFixed(1).padStart(6);
  const width = Math.max(...r.methods.map((m) => m.name.length)) + 2;
  const counts = Object.values(r.photosPerClass).flatMap((c) => Object.values(c));
  const few = Math.min(...counts);
  const many = Math.max(...counts);
  return [
    `${r.domains.length} domains (${r.labels.map((l, i) => `${l} ${r.domains[i]!}`).join(', ')}), ${r.classes.length} classes, ${few === many ? few : `${few} to ${many}`} images a class and domain, ${r.seeds} seeds; guessing gives ${(100 * r.chance).toFixed(1)} %`,
    '',
    ...r.labels.map((source) => {
      const targets = r.labels.filter((t) => t !== source);
      return [
        `Learned on ${source}`.padEnd(width) + targets.map((t) => t.padStart(6)).join(''),
        ...r.methods.map(
          (m) => m.name.padEnd(width) + targets.map((t) => percent(m.single[`${source}>${t}`])).join(''),
        ),
        '',
      ].join('\n');
    }),
    'Learned on all others'.padEnd(width) + r.labels.map((t) => t.padStart(6)).join('') + '   mean',
    ...r.methods.map(
      (m) =>
        m.name.padEnd(width) +
        r.labels.map((t) => percent(m.leaveOneOut[t])).join('') +
        ` ${percent(m.mean)} ± ${(100 * m.std).toFixed(1)}`,
    ),
  ];
}

function addSketches(): void {
  action(
    command('sketches', 'measure search by drawing: mAP, or accuracy where each drawing has its photo')
      .argument('<photos>', 'folder of photos; of pairs the folder with train/ and test/')
      .option('--layout <layout>', `${SKETCH_LAYOUTS.join(', ')}`, 'classes')
      .option('--sketches <folder>', 'the drawings: PNG, SVG, QuickDraw .ndjson')
      .option('--truth <file>', 'ground truth of flickr15k (gnd_flickr15k_sketch.mat)')
      .option(
        '--network <network>',
        'an ONNX file of an edge network; with --library also a content hash (the embedded one)',
      )
      .option('--method <method>', METHODS.join(', '), 'cosine')
      .option('--whiten', 'learn whitening on the training pairs: supervision from the set itself')
      .option('--library <library>', 'keep the report there'),
    async (o: Options, folder: string) => {
      const layout = o['layout'] as SketchLayout;
      const method = o['method'] as Method;
      if (!SKETCH_LAYOUTS.includes(layout))
        throw new CovisError('INPUT_INVALID', `--layout takes ${SKETCH_LAYOUTS.join(', ')}, not "${layout}"`);
      if (!METHODS.includes(method))
        throw new CovisError('INPUT_INVALID', `--method takes ${METHODS.join(', ')}, not "${method}"`);
      const path = (key: string): string | undefined => (o[key] === undefined ? undefined : resolve(o[key] as string));
      const options: SketchOptions = {
        layout,
        method,
        photos: resolve(folder),
        sketches: path('sketches'),
        truth: path('truth'),
        whiten: o['whiten'] === true,
      };
      const named = o['network'] as string | undefined;
      let report: SketchReport;
      if (o['library'] === undefined) {
        const task = terminalContext();
        report = await measureSketches(
          named === undefined ? embeddedNetwork('edges') : readNetworkFile(named),
          options,
          task,
        );
        task.finish();
      } else {
        report = await withLibrary(o['library'] as string, false, (l) =>
          runJob<SketchReport>(l, 'sketches', { network: named, sketches: options }),
        );
      }
      print(o.json === true, report, () => [
        `${report.sketches} drawings against ${report.photos} photos with ${report.network}, ${report.method}${report.supervised ? `, whitened on ${report.trainingPairs} training pairs of the set itself (supervised)` : ''}`,
        `mAP ${report.map.toFixed(4)}; right among the first ${Object.entries(report.accuracyAt)
          .map(([k, v]) => `${k}: ${(100 * v).toFixed(1)} %`)
          .join(', ')}`,
      ]);
    },
  );
}

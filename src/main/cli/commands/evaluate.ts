/** `covis evaluate`: a ranking against a ground truth, or a library's network under a protocol. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CovisError } from '../../../shared/errors.ts';
import { evaluateClasses } from '../../engine/evaluation/classes.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import { resolveNetwork } from '../../engine/network/networks.ts';
import { readNpy } from '../../engine/formats/npy.ts';
import { type GroundTruth } from '../../engine/evaluation/ground-truth.ts';
import { METHODS, type Method, PROTOCOLS, type Protocol } from '../../../shared/domain.ts';
import { readGroundTruth } from '../../engine/evaluation/ground-truth-files.ts';
import {
  checkRanks,
  measure,
  type Measurement,
  type PrecisionKind,
  type Ranks,
} from '../../engine/evaluation/measure.ts';
import { pairedTest } from '../../engine/evaluation/statistics.ts';
import { importTruth } from '../../engine/evaluation/truths.ts';
import type { MeasureReport } from '../../engine/work/tasks.ts';
import { print, terminalContext } from '../output.ts';
import { action, command, number, withLibrary, type Options } from '../program.ts';
import { rankingOf, rankingOptions } from '../ranking-options.ts';
import { common, params, runJob } from '../run-job.ts';

/** Adds the command. */
export function addEvaluate(): void {
  let c = command('evaluate', 'measure a ranking against a ground truth, or a network on a library')
    .argument('[library]')
    .option('--ranks <file>', 'int32 .npy [queries, top] of covis rank or of another program')
    .option('--against <file>', 'a second ranking: the difference per query, with a paired test')
    .option(
      '--classes <folder>',
      'for a library: a folder with a subfolder for each class; Recall@K and NMI, as for CUB',
    )
    .option('--gnd <file>', 'gnd_*.pkl, .mat, .json, a folder of Oxford5k text files, or a list of names')
    .option('--protocol <name>', `${PROTOCOLS.join(', ')}; for a library also sfm, sfm-medium, sfm-easy`)
    .option('--imlist <file>', 'image of each row, for ground truths that do not list them')
    .option('--ap <kind>', 'trapezoidal, as the benchmarks define it, or rectangular, as sklearn does', 'trapezoidal')
    .option('--method <method>', `for a library: ${METHODS.join(', ')}`)
    .option('--set <set>', 'for a library: an imported descriptor set instead of a network');
  c = number(c, '--distractors', 'rows of the database behind those of the ground truth (0)');
  c = rankingOptions(common(c));
  action(c, async (o: Options, path: string | undefined) => {
    if (o['ranks'] !== undefined) return evaluateRanks(o);
    if (path === undefined) {
      throw new CovisError('INPUT_INVALID', 'Say what to measure: a library, or --ranks with --gnd', {
        hint: 'covis evaluate LIBRARY, or covis evaluate --ranks ranks.npy --gnd gnd_roxford5k.pkl --protocol medium',
      });
    }
    if (o['classes'] !== undefined) return evaluateFolder(o, path);
    await evaluateLibrary(o, path);
  });
}

async function evaluateFolder(o: Options, path: string): Promise<void> {
  const folder = resolve(o['classes'] as string);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: folder });
  await withLibrary(path, false, async (library) => {
    const network = await resolveNetwork(library, o['network'] as string | undefined, 'latest');
    const size = (o['size'] as number | undefined) ?? defaultSize(network.spec);
    const task = terminalContext([]);
    const r = await evaluateClasses(library, network, folder, size, (o['seed'] as number | undefined) ?? 0, task);
    task.finish();
    print(o.json === true, { network: network.uid, ...r }, () => [
      `${r.photos} photos of ${r.classes} classes, ${r.dim} dimensions`,
      `Recall ${Object.entries(r.recallAtK)
        .map(([k, v]) => `@${k} ${v.toFixed(4)}`)
        .join('  ')}`,
      `NMI ${r.nmi.toFixed(4)}`,
    ]);
  });
}

function protocolOf(o: Options): Protocol {
  const protocol = (o['protocol'] as Protocol | undefined) ?? 'oxford';
  if (!PROTOCOLS.includes(protocol))
    throw new CovisError('INPUT_INVALID', `--protocol takes ${PROTOCOLS.join(', ')}, not "${protocol}"`);
  return protocol;
}

function truthOf(o: Options): GroundTruth {
  const file = o['gnd'] as string | undefined;
  if (file === undefined)
    throw new CovisError('INPUT_INVALID', '--ranks needs --gnd, the ground truth that it is measured against');
  return readGroundTruth(file, protocolOf(o), o['imlist'] as string | undefined);
}

/** Reads a ranking; one in the layout of revisitop, a column a query, is turned. */
function readRanks(file: string, truth: GroundTruth): Ranks {
  const { shape, data } = readNpy(file);
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2)
    throw new CovisError(
      'INPUT_INVALID',
      `Ranks are a matrix [queries, top]; this array has the shape (${shape.join(', ')})`,
      { file },
    );
  const queries = truth.queries.length;
  if (rows === queries || columns !== queries) return { ids: data, queries: rows, top: columns };
  const ids = new Float64Array(data.length);
  for (let i = 0; i < rows; i += 1) for (let q = 0; q < columns; q += 1) ids[q * rows + i] = data[i * columns + q]!;
  return { ids, queries: columns, top: rows };
}

function evaluateRanks(o: Options): void {
  const truth = truthOf(o);
  const protocol = protocolOf(o);
  const kind = o['ap'] as PrecisionKind;
  if (kind !== 'trapezoidal' && kind !== 'rectangular')
    throw new CovisError('INPUT_INVALID', `--ap takes trapezoidal or rectangular, not "${String(kind)}"`);
  const distractors = (o['distractors'] as number | undefined) ?? 0;
  if (!Number.isInteger(distractors) || distractors < 0)
    throw new CovisError('INPUT_INVALID', `--distractors takes a whole number of at least 0, not ${distractors}`);
  const rows = truth.images.length + distractors;
  const one = (file: string): Measurement => {
    const ranks = readRanks(file, truth);
    checkRanks(ranks, truth, rows);
    return measure(ranks, truth, protocol, kind);
  };
  const a = one(o['ranks'] as string);
  if (o['against'] === undefined) {
    print(o.json === true, a, () => lines(a));
    return;
  }
  const b = one(o['against'] as string);
  const paired = pairedTest(
    a.perQuery.map((s) => s.ap),
    b.perQuery.map((s) => s.ap),
  );
  print(o.json === true, { ...a, against: b, paired }, () => [
    ...lines(a),
    `against: mAP ${b.map.toFixed(4)}`,
    `difference ${signed(paired.difference)} [${signed(paired.low)}, ${signed(paired.high)}], p = ${paired.p.toFixed(4)}; better on ${paired.wins} queries, worse on ${paired.losses}`,
  ]);
}

function signed(v: number): string {
  return `${v < 0 ? '' : '+'}${v.toFixed(4)}`;
}

function lines(m: Omit<Measurement, 'perQuery'>): string[] {
  const at = (r: Readonly<Record<string, number>>, what: string): string =>
    Object.entries(r)
      .map(([k, v]) => `${what}${k} ${v.toFixed(4)}`)
      .join('  ');
  return [
    `Protocol: ${m.protocol}`,
    `mAP ${m.map.toFixed(4)} [${m.interval.low.toFixed(4)}, ${m.interval.high.toFixed(4)}] over ${m.queries} queries${m.skipped > 0 ? `, ${m.skipped} without positives left out` : ''}`,
    at(m.mpAtK, 'mP@'),
    ...(m.recallAtK === undefined ? [] : [at(m.recallAtK, 'Recall@')]),
    ...(m.ukbench === undefined ? [] : [`UKBench ${m.ukbench.toFixed(3)} of 4`]),
  ];
}

async function evaluateLibrary(o: Options, path: string): Promise<void> {
  await withLibrary(path, false, async (library) => {
    const plain =
      o['gnd'] === undefined && o['protocol'] === undefined && o['method'] === undefined && o['set'] === undefined;
    if (plain) {
      const r = await runJob<{
        network: string;
        protocol: string;
        queries: number;
        map: number;
        mapWhitened: number | null;
      }>(library, 'evaluate', params(o));
      print(o.json === true, r, () => [
        `Network ${r.network}`,
        `Protocol: ${r.protocol}`,
        `mAP ${r.map.toFixed(4)} over ${r.queries} queries${r.mapWhitened === null ? '' : `, ${r.mapWhitened.toFixed(4)} with learned whitening`}`,
      ]);
      return;
    }
    const gnd = o['gnd'] as string | undefined;
    const protocol = (o['protocol'] as string | undefined) ?? (gnd === undefined ? 'sfm' : 'oxford');
    if (!protocol.startsWith('sfm') && gnd === undefined)
      throw new CovisError('INPUT_INVALID', `The protocol ${protocol} needs a ground truth`, {
        hint: 'Name it with --gnd FILE.',
      });
    const truth =
      gnd === undefined ? undefined : importTruth(library, gnd, protocolOf(o), o['imlist'] as string | undefined);
    const r = await runJob<MeasureReport>(library, 'measure', {
      ...params(o),
      protocol,
      truth: truth?.id,
      method: o['method'] as string | undefined,
      ranking: rankingOf(o, (o['method'] ?? 'cosine') as Method),
      set: o['set'] as string | undefined,
    });
    print(o.json === true, r, () => [`${r.method} on ${r.set}`, ...lines(r)]);
  });
}

/** `covis evaluate`: a ranking against a ground truth, or a library's network under a protocol. */
import { counted } from '../../../shared/counted.ts';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { METHODS, PROTOCOLS, type Protocol } from '../../../shared/domain.ts';
import { defined } from '../../../shared/defined.ts';
import { ADAPT_PROTOCOLS } from '../../../shared/facts/adapt-names.ts';
import { atOf100, intervalOf100, meanPrecision } from '../../../shared/precision.ts';
import { CovisError } from '../../../shared/errors.ts';
import { backend, collection, file, folder, network, path, seed, set, size } from '../../../shared/fields.ts';
import { evaluateClassesJob } from '../../../shared/jobs/evaluate-classes.ts';
import { evaluateRanksJob } from '../../../shared/jobs/evaluate-ranks.ts';
import { saidBy } from '../../../shared/jobs/job.ts';
import type { GivenParameters } from '../../../shared/methods/index.ts';
import { check, orList } from '../../../shared/schema.ts';
import { evaluateClasses } from '../../engine/evaluation/classes.ts';
import type { Measurement } from '../../engine/evaluation/measure.ts';
import { evaluateRanks } from '../../engine/evaluation/rank-truth.ts';
import { importTruth } from '../../engine/evaluation/truths.ts';
import { defaultSize } from '../../engine/inputs/inputs.ts';
import { resolveNetwork } from '../../engine/network/networks.ts';
import { command, type Asked } from '../program/command.ts';
import { runJob } from '../program/job.ts';
import { withLibrary } from '../program/library.ts';
import { namesLines, namesOf } from '../program/names.ts';
import { print, terminalContext } from '../program/output.ts';
import { rankingOf, rankingOptions } from '../program/ranking.ts';
import { refuseTogether } from '../program/together.ts';

const GEOMETRY = ['sfm', 'sfm-medium', 'sfm-easy'] as const;
const words = { library: folder.optional() };
const options = {
  ranks: file.optional().meta({ help: 'int32 .npy [queries, top] of covis rank or of another program' }),
  against: file.optional().meta({ help: 'a second ranking: the difference per query, with a paired test' }),
  classes: folder
    .optional()
    .meta({ help: 'for a library: a folder with a subfolder for each class; Recall@K and NMI, as for CUB' }),
  gnd: path.optional().meta({
    help: 'gnd_*.pkl, .mat, .json, a folder of Oxford5k text files, or a list of names',
    value: 'file',
  }),
  protocol: z
    .enum([...PROTOCOLS, ...GEOMETRY, ...ADAPT_PROTOCOLS])
    .optional()
    .meta({ help: 'those of sfm and own, new-photos, new-places are of a library, without a ground truth' }),
  imlist: file.optional().meta({ help: 'image of each row, for ground truths that do not list them' }),
  ap: z.enum(['trapezoidal', 'rectangular']).optional().meta({
    help: 'of --ranks: as the benchmarks define it, or as sklearn does',
    otherwise: 'trapezoidal',
    value: 'kind',
  }),
  method: z.enum(METHODS).optional().meta({ help: 'for a library' }),
  set: set.optional().meta({ help: 'for a library: an imported descriptor set instead of a network' }),
  distractors: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .optional()
    .meta({ help: 'of --ranks: rows of the database behind those of the ground truth', otherwise: '0' }),
  network: network.optional(),
  size: size.optional(),
  backend: backend.optional(),
  seed: seed.optional(),
  collection: collection.optional(),
  ...rankingOptions,
};
type Given = Asked<typeof words, typeof options>;
const OF_LIBRARY = [
  'classes',
  'method',
  'set',
  'network',
  'size',
  'backend',
  'seed',
  'collection',
  ...Object.keys(rankingOptions),
];

export const evaluate = command({
  name: 'evaluate',
  summary: 'measure a ranking against a ground truth, or a network on a library',
  arguments: words,
  options,
  run: async (o) => {
    if (o.ranks !== undefined) {
      refuseTogether(o, OF_LIBRARY, 'is of a library, not of --ranks');
      return evaluateFiles(o, o.ranks);
    }
    refuseTogether(o, ['against', 'ap', 'distractors'], 'goes with --ranks');
    if (o.library === undefined) {
      throw new CovisError('INPUT_INVALID', 'Say what to measure: a library, or --ranks with --gnd', {
        hint: 'covis evaluate LIBRARY, or covis evaluate --ranks ranks.npy --gnd gnd_roxford5k.pkl --protocol medium',
      });
    }
    if (o.classes !== undefined) {
      refuseTogether(
        o,
        ['gnd', 'protocol', 'method', 'set', 'collection', ...Object.keys(rankingOptions)],
        'does not go with --classes',
      );
      return evaluateFolder(o, o.library, o.classes);
    }
    await evaluateLibrary(o, o.library, rankingOf(o, o.method ?? 'cosine'));
  },
});

async function evaluateFolder(o: Given, path: string, classes: string): Promise<void> {
  const folder = resolve(classes);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CovisError('INPUT_MISSING', 'This folder does not exist', { file: folder });
  await withLibrary(path, false, async (library) => {
    const network = await resolveNetwork(library, o.network, 'default');
    const size = o.size ?? defaultSize(network.spec);
    const task = terminalContext([]);
    const r = await evaluateClasses(library, network, folder, size, o.seed ?? 0, task);
    task.finish();
    const report = { network: network.uid, ...r };
    print(o.json, report, () => saidBy(evaluateClassesJob, report));
  });
}

/** The protocol of a ground truth that is no protocol of geometry. */
function protocolOf(o: Given): Protocol {
  const { protocol = 'oxford' } = o;
  const found = PROTOCOLS.find((p) => p === protocol);
  if (found === undefined)
    throw new CovisError(
      'INPUT_INVALID',
      `--protocol takes ${orList(PROTOCOLS)} with a ground truth, not "${protocol}"`,
    );
  return found;
}

function evaluateFiles(o: Given, ranks: string): void {
  const { gnd, ap, distractors, against, imlist } = o;
  if (gnd === undefined)
    throw new CovisError('INPUT_INVALID', '--ranks needs --gnd, the ground truth that it is measured against');
  const given = defined({ ap, distractors, against, imlist });
  const m = evaluateRanks(check(evaluateRanksJob.params, { ranks, gnd, protocol: protocolOf(o), ...given }));
  print(o.json, m, () => saidBy(evaluateRanksJob, m));
}

/** What is written of a measurement, of ranks or of a library. */
type Shown = Pick<Measurement, 'protocol' | 'map' | 'interval' | 'mpAtK' | 'queries' | 'skipped'> & {
  readonly recallAtK?: Readonly<Record<string, number>> | undefined;
  readonly ukbench?: number | undefined;
};

const NO_INTERVAL = '[too few places for an interval]';

function lines(m: Shown): string[] {
  return [
    `Protocol: ${m.protocol}`,
    `mAP ${meanPrecision(m.map)} ${intervalOf100(m.interval)} over ${counted(m.queries, 'query', 'queries')}${m.skipped > 0 ? `, ${m.skipped} without positives left out` : ''}`,
    atOf100(m.mpAtK, 'mP@'),
    ...(m.recallAtK === undefined ? [] : [atOf100(m.recallAtK, 'Recall@')]),
    ...(m.ukbench === undefined ? [] : [`UKBench ${m.ukbench.toFixed(3)} of 4`]),
  ];
}

async function evaluateLibrary(o: Given, path: string, ranking: GivenParameters): Promise<void> {
  await withLibrary(path, false, async (library) => {
    const ofThree = ADAPT_PROTOCOLS.find((p) => p === o.protocol);
    if (ofThree !== undefined)
      refuseTogether(
        o,
        ['gnd', 'method', 'set', ...Object.keys(rankingOptions)],
        `does not go with --protocol ${ofThree}, which measures a network`,
      );
    const plain = o.gnd === undefined && o.protocol === undefined && o.method === undefined && o.set === undefined;
    if (plain || ofThree !== undefined) {
      const r = await runJob(library, 'evaluate', {
        network: o.network,
        size: o.size,
        seed: o.seed,
        protocol: ofThree,
        collection: o.collection,
      });
      print(o.json, r, () => [
        `Network ${r.network}`,
        `Protocol: ${r.protocol}`,
        `mAP ${meanPrecision(r.map)}${r.measure === undefined ? '' : ` ${intervalOf100(r.measure.map, NO_INTERVAL)}`} over ${counted(r.queries, 'query', 'queries')}${r.mapWhitened === null ? '' : `, ${meanPrecision(r.mapWhitened)} with learned whitening`}`,
      ]);
      return;
    }
    const gnd = o.gnd;
    const protocol = o.protocol ?? (gnd === undefined ? 'sfm' : 'oxford');
    if (!protocol.startsWith('sfm') && gnd === undefined)
      throw new CovisError('INPUT_INVALID', `The protocol ${protocol} needs a ground truth`, {
        hint: 'Name it with --gnd FILE.',
      });
    const truth = gnd === undefined ? undefined : importTruth(library, gnd, protocolOf(o), o.imlist);
    const r = await runJob(library, 'measure', {
      network: o.network,
      size: o.size,
      seed: o.seed,
      protocol,
      truth: truth?.id,
      method: o.method,
      ranking,
      set: o.set,
      collection: o.collection,
    });
    print(o.json, truth === undefined ? r : { ...r, names: namesOf(truth) }, () => [
      `${r.method} on ${r.set}`,
      ...(truth === undefined ? [] : namesLines(truth, 'names')),
      ...lines(r),
    ]);
  });
}

import { counted } from '../counted.ts';
import { z } from 'zod';
import { PROTOCOLS } from '../domain.ts';
import { measuredRanking, pairedTest } from '../facts/measurements.ts';
import { file, folder, path } from '../fields.ts';
import { atOf100, differenceOf100, intervalOf100, meanPrecision } from '../precision.ts';
import { job } from './job.ts';
import { baseName } from './sources.ts';

/** Measures a ranking of files against a ground truth, or two of them. The library has no part in it. */
export const evaluateRanksJob = job({
  kind: 'evaluate-ranks',
  title: (p) => `Measure ${baseName(p.ranks)}`,
  startedBy: 'host',
  params: z
    .strictObject({
      ranks: file.meta({
        label: 'Ranking',
        help: 'int32 .npy [queries, top] of covis rank or of another program',
        pick: 'ranks',
      }),
      gnd: path.optional().meta({
        label: 'Ground truth',
        help: 'gnd_*.pkl, .mat, .json, or a list of names',
        value: 'file',
        pick: 'ground-truth',
      }),
      /** As `gnd`, for those who choose folders for it. */
      gndFolder: folder.optional().meta({
        label: 'Or a folder',
        help: 'of Oxford5k’s text files',
        pick: 'truth-folder',
      }),
      protocol: z.enum(PROTOCOLS).default('oxford').meta({ label: 'Protocol', help: 'of the ground truth' }),
      against: file.optional().meta({
        label: 'Against',
        help: 'a second ranking: the difference per query, with a paired test',
        pick: 'ranks',
      }),
      imlist: file.optional().meta({
        label: 'Image of each row',
        help: 'image of each row, for ground truths that do not list them',
        pick: 'names',
      }),
      ap: z
        .enum(['trapezoidal', 'rectangular'])
        .default('trapezoidal')
        .meta({
          label: 'Average precision',
          help: 'as the benchmarks define it, or as sklearn does',
          value: 'kind',
          names: { trapezoidal: 'As the benchmarks', rectangular: 'As sklearn' },
        }),
      distractors: z.int().min(0).max(1_000_000_000).default(0).meta({
        label: 'Distractors',
        help: 'rows of the database behind those of the ground truth',
      }),
    })
    .check(({ value, issues }) => {
      if ((value.gnd === undefined) !== (value.gndFolder === undefined)) return;
      const message = value.gnd === undefined ? 'Choose a ground truth' : 'A ground truth is one file or one folder';
      issues.push({ code: 'custom', path: ['gnd'], input: value.gnd, message });
    }),
  result: measuredRanking.extend({
    against: measuredRanking.optional(),
    /** Of both on the same queries. */
    paired: pairedTest.optional(),
  }),
  said: (m) => {
    const { interval, paired } = m;
    return [
      `Protocol: ${m.protocol}`,
      `mAP ${meanPrecision(m.map)} ${intervalOf100(interval)} over ${counted(m.queries, 'query', 'queries')}${m.skipped > 0 ? `, ${m.skipped} without positives left out` : ''}`,
      atOf100(m.mpAtK, 'mP@'),
      ...(m.recallAtK === undefined ? [] : [atOf100(m.recallAtK, 'Recall@')]),
      ...(m.ukbench === undefined ? [] : [`UKBench ${m.ukbench.toFixed(3)} of 4`]),
      ...(m.against === undefined ? [] : [`against: mAP ${meanPrecision(m.against.map)}`]),
      ...(paired === undefined
        ? []
        : [
            `difference ${differenceOf100({ ...paired, mean: paired.difference })}, p = ${paired.p.toFixed(4)}; better on ${counted(paired.wins, 'query', 'queries')}, worse on ${paired.losses}`,
          ]),
    ];
  },
});

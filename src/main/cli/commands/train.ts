/** `covis train`, `covis run` and `covis ladder`: everything that trains. */
import { differenceOf100, meanOf100, meanPrecision } from '../../../shared/precision.ts';
import { ADAPT_PROTOCOL_NAMES } from '../../../shared/facts/adapt-names.ts';
import { counted } from '../../../shared/counted.ts';
import { ladderTable } from '../../../shared/ladder-table.ts';
import { defined } from '../../../shared/defined.ts';
import { writeWhole } from '../../engine/formats/beside.ts';
import { fileTarget } from '../../engine/formats/target.ts';
import { refuseTogether } from '../program/together.ts';
import { listTrainingRuns } from '../../engine/training/runs.ts';
import { scaleInWords } from '../../engine/training/loss-scale.ts';
import { memoryInWords } from '../../engine/training/memory/plan.ts';
import { file, force } from '../../../shared/fields.ts';
import { trainJob } from '../../../shared/jobs/train.ts';
import { jobCommand } from '../program/job.ts';
import { beforeMaking } from '../program/library.ts';
import { duration } from '../../../shared/duration.ts';
import { shellWord } from '../../../shared/shell-word.ts';
import { refuseAll } from '../program/together.ts';
import { runLines, standingLines } from '../program/report.ts';

export const train = jobCommand('train', {
  name: 'train',
  summary: 'fine-tune a network on mined tuples',
  omit: ['classical'],
  given: ({ resume, backend, precision, memory, ...others }) => {
    const computed = defined({ backend, precision, memory });
    if (resume === undefined) return { ...others, ...computed };
    refuseAll(trainJob.params, others, 'cannot be chosen for a run that is taken up: it goes on as it began');
    return { resume, ...computed };
  },
  again: (library) => {
    const [run] = listTrainingRuns(library);
    if (run?.resumable !== true) return undefined;
    return `The training was stopped, and its checkpoint is written. It goes on with: covis train ${shellWord(library.path)} --resume ${run.id}`;
  },
  lines: (r) => [
    r.device,
    ...(r.frozen === undefined ? [] : [r.frozen]),
    ...r.epochs.map(
      (e) =>
        `epoch ${e.epoch}: loss ${e.loss.toFixed(4)}, mAP of ${r.measured} ${e.map == null ? 'not measured' : meanPrecision(e.map)}${e.skipped > 0 ? `, ${counted(e.skipped, 'tuple')} left out` : ''}`,
    ),
    ...(r.memory === null ? [] : [memoryInWords(r.memory)]),
    ...(r.scaling === undefined ? [] : [scaleInWords(r.scaling, r.scaling.steps)]),
    `Run ${r.run}, network ${r.network}, ${duration(r.seconds)}, at most ${Math.round(r.peakMemoryBytes / 2 ** 20)} MiB`,
    ...standingLines(r.standing),
  ],
});

export const run = jobCommand('run', {
  name: 'run',
  summary: 'the whole loop: import, extract, mine, train, evaluate',
  library: 'option',
  words: ['sources'],
  before: (given, library) =>
    beforeMaking(library, async () => (await import('../../engine/work/import.ts')).refuseNothingToImport(given)),
  lines: (r) => runLines(r, duration),
});

const NO_INTERVAL = '(too few places for an interval)';

/** The talk's component contributions. */
export const ladder = jobCommand('ladder', {
  name: 'ladder',
  summary: 'what each component brings: positives, negatives, whitening, MAC and GeM, over several seeds',
  options: { table: file.optional().meta({ help: 'also writes the table as .csv' }), force },
  given: (typed, { table, force: over }) => {
    if (table === undefined) refuseTogether({ force: over }, ['force'], 'goes with --table');
    else fileTarget(table, { force: over });
    return typed;
  },
  then: (report, { table, force: over }) => {
    if (table !== undefined) writeWhole(table, ladderTable(report), { force: over });
    return report.rungs;
  },
  lines: (report) => [
    `mAP ${report.protocol === undefined ? 'on held-out places, mean and deviation' : `by geometry, ${ADAPT_PROTOCOL_NAMES[report.protocol]}, mean with its interval over places and seeds and what is added to the rung above,`} over ${counted(report.seeds, 'seed')}; ${report.network}, ${counted(report.epochs, 'epoch')} of ${counted(report.tuples, 'tuple')}`,
    ...report.rungs.map((r) => {
      const bar = '▇'.repeat(Math.round(r.map.mean * 30));
      const figure =
        r.interval === undefined
          ? `${meanPrecision(r.map.mean)} ± ${meanPrecision(r.map.std)}`
          : `${meanOf100(r.interval, NO_INTERVAL)}${r.gain === undefined ? '' : `  ${differenceOf100(r.gain, NO_INTERVAL)}`}`;
      return `${r.pooling.toUpperCase()}  ${r.component.padEnd(70)} ${figure}  ${bar}`;
    }),
  ],
});

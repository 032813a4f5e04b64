import { counted } from '../../../shared/counted.ts';
import { meanOf100, meanPrecision, signedOf100 } from '../../../shared/precision.ts';
import { ADAPT_PROTOCOL_NAMES } from '../../../shared/facts/adapt-names.ts';
import type { RunReport } from '../../engine/work/run.ts';

const FIRST = 5;

function map(v: { map: number; mapWhitened: number | null }): string {
  return `${meanPrecision(v.map)}${v.mapWhitened === null ? '' : `   (${meanPrecision(v.mapWhitened)} with learned whitening)`}`;
}

/** What became the default after a training, by which figure. */
export function standingLines(standing: RunReport['standing']): string[] {
  if (standing === null) return [];
  const { figure } = standing;
  if (figure === null) return [standing.reason];
  const { protocol, queries, places, before, after } = figure;
  return [
    `${ADAPT_PROTOCOL_NAMES[protocol]}: mAP ${meanOf100(before)} → ${meanOf100(after)}, ${counted(queries, 'query', 'queries')} of ${places} ${places === 1 ? 'place' : 'places'}`,
    figure.learned,
    standing.reason,
  ];
}

/** The report at the end of `covis run`, for a person. */
export function runLines(r: RunReport, duration: (seconds: number) => string): string[] {
  const { before, after } = r.evaluation;
  const change = after.map - before.map;
  const seconds = Object.entries(r.seconds).map(([k, v]) => `${k} ${duration(v)}`);
  return [
    '',
    `  ${counted(r.photos, 'photo')}, ${counted(r.clusters, 'cluster')}, ${counted(r.pairs, 'covisible pair')}, ${counted(r.tuples, 'tuple')}`,
    '',
    `  Protocol      ${r.evaluation.protocol}`,
    `  Queries       ${r.evaluation.queries} against ${counted(r.evaluation.database, 'photo')}`,
    `  mAP before    ${map(before)}`,
    `  mAP after     ${map(after)}`,
    `  Change        ${signedOf100(change, 2)}${change < 0 ? '   training made it worse on these places' : ''}`,
    '',
    `  Network       ${r.network}`,
    ...(r.standing === null ? [] : [`  Default       ${r.standing.reason}`]),
    ...(r.standing?.figure == null ? [] : [`  Learned       ${r.standing.figure.learned}`]),
    `  Library       ${r.library}`,
    `  Time          ${seconds.join(', ')}`,
    ...(r.missing.length > 0
      ? [
          `  Missing       ${counted(r.missing.length, 'photo')}: ${r.missing.slice(0, FIRST).join(', ')}${r.missing.length > FIRST ? ', …' : ''}`,
        ]
      : []),
    '',
  ];
}

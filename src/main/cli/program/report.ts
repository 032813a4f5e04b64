import { ADAPT_PROTOCOL_NAMES } from '../../../shared/facts/adapt.ts';
import type { RunReport } from '../../engine/work/run.ts';

const FIRST = 5;

function map(v: { map: number; mapWhitened: number | null }): string {
  return `${v.map.toFixed(4)}${v.mapWhitened === null ? '' : `   (${v.mapWhitened.toFixed(4)} with learned whitening)`}`;
}

/** What became the default after a training, by which figure. */
export function standingLines(standing: RunReport['standing']): string[] {
  if (standing === null) return [];
  const { figure } = standing;
  if (figure === null) return [standing.reason];
  const { protocol, queries, places, before, after } = figure;
  const one = ({ mean, low, high }: typeof before): string =>
    `${mean.toFixed(3)}${low === null || high === null ? '' : ` [${low.toFixed(3)}, ${high.toFixed(3)}]`}`;
  return [
    `${ADAPT_PROTOCOL_NAMES[protocol]}: mAP ${one(before)} → ${one(after)}, ${queries} queries of ${places} ${places === 1 ? 'place' : 'places'}`,
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
    `  ${r.photos} photos, ${r.clusters} clusters, ${r.pairs} covisible pairs, ${r.tuples} tuples`,
    '',
    `  Protocol      ${r.evaluation.protocol}`,
    `  Queries       ${r.evaluation.queries} against ${r.evaluation.database} photos`,
    `  mAP before    ${map(before)}`,
    `  mAP after     ${map(after)}`,
    `  Change        ${change >= 0 ? '+' : ''}${change.toFixed(4)}${change < 0 ? '   training made it worse on these places' : ''}`,
    '',
    `  Network       ${r.network}`,
    ...(r.standing === null ? [] : [`  Default       ${r.standing.reason}`]),
    ...(r.standing?.figure == null ? [] : [`  Learned       ${r.standing.figure.learned}`]),
    `  Library       ${r.library}`,
    `  Time          ${seconds.join(', ')}`,
    ...(r.missing.length > 0
      ? [
          `  Missing       ${r.missing.length} photos: ${r.missing.slice(0, FIRST).join(', ')}${r.missing.length > FIRST ? ', …' : ''}`,
        ]
      : []),
    '',
  ];
}

import type { RunReport } from '../../engine/work/run.ts';

const FIRST = 5;

function map(v: { map: number; mapWhitened: number | null }): string {
  return `${v.map.toFixed(4)}${v.mapWhitened === null ? '' : `   (${v.mapWhitened.toFixed(4)} with learned whitening)`}`;
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

import type { LadderReport } from './domain.ts';

/** A ladder as a table of values separated by commas, a row a rung. */
export function ladderTable(report: LadderReport): string {
  const seeds = Array.from({ length: report.seeds }, (_, k) => `seed ${report.firstSeed + k}`);
  const quoted = (s: string): string => `"${s.replaceAll('"', '""')}"`;
  const rows = report.rungs.map((r) =>
    [quoted(r.component), r.pooling, r.whitening, r.map.mean, r.map.std, ...r.map.values].join(','),
  );
  return [['component', 'pooling', 'whitening', 'mean', 'std', ...seeds].join(','), ...rows, ''].join('\n');
}

import type { LadderReport } from './domain.ts';

/** A ladder as a table of values separated by commas, a row a rung; with the ends of intervals where it was asked by a protocol. */
export function ladderTable(report: LadderReport): string {
  const seeds = Array.from({ length: report.seeds }, (_, k) => `seed ${report.firstSeed + k}`);
  const quoted = (s: string): string => `"${s.replaceAll('"', '""')}"`;
  const intervals = report.protocol === undefined ? [] : ['low', 'high', 'gain', 'gain low', 'gain high'];
  const ends = ({ interval, gain }: LadderReport['rungs'][number]): (number | null | undefined)[] =>
    intervals.length === 0 ? [] : [interval?.low, interval?.high, gain?.mean, gain?.low, gain?.high];
  const rows = report.rungs.map((r) =>
    [quoted(r.component), r.pooling, r.whitening, r.map.mean, r.map.std, ...r.map.values, ...ends(r)].join(','),
  );
  const header = ['component', 'pooling', 'whitening', 'mean', 'std', ...seeds, ...intervals].join(',');
  return [header, ...rows, ''].join('\n');
}

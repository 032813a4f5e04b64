import type { MeasurementInfo, Protocol, TruthInfo } from '../../../shared/domain.ts';
import { METHOD_NAMES } from '../search/methods.ts';

export const GEOMETRY = ['sfm-easy', 'sfm-medium', 'sfm'] as const;
export const GEOMETRY_NAMES: Readonly<Record<string, string>> = {
  'sfm-easy': 'Geometry, easy',
  'sfm-medium': 'Geometry, medium',
  sfm: 'Geometry, hard',
};
export const PROTOCOLS: readonly Protocol[] = [
  'medium',
  'hard',
  'easy',
  'oxford',
  'holidays',
  'instre',
  'ukbench',
  'recall',
  'acc',
];

/** A protocol under a ground truth. */
export interface MatrixColumn {
  readonly key: string;
  readonly title: string;
  readonly sub: string;
}

/** A method on a set of descriptors, with its measurement for each column. */
export interface MatrixRow {
  readonly key: string;
  readonly set: string;
  readonly setKey: string;
  readonly method: string;
  /** By what it differs from other rows of the method on this set: `k 30, α 0.9`; empty where there are none. */
  readonly said: string;
  readonly cells: ReadonlyMap<string, MeasurementInfo>;
}

const keyOf = (m: MeasurementInfo): string => `${m.truth} ${m.protocol}`;

/** Columns in the order of protocols: geometry from easy to hard, then ground truths. */
export function columnsOf(all: readonly MeasurementInfo[], truths: readonly TruthInfo[]): MatrixColumn[] {
  const seen = new Map<string, MatrixColumn & { order: number }>();
  for (const m of all) {
    const geometry = m.truth.startsWith('sfm');
    seen.set(keyOf(m), {
      key: keyOf(m),
      title: geometry ? (GEOMETRY_NAMES[m.protocol] ?? m.protocol) : m.protocol,
      sub: geometry ? `split ${m.truth.slice(4)}` : (truths.find((t) => t.id === m.truth)?.name ?? 'ground truth'),
      order: geometry ? GEOMETRY.indexOf(m.protocol as 'sfm') : 10 + PROTOCOLS.indexOf(m.protocol as Protocol),
    });
  }
  return [...seen.values()].sort((a, b) => a.order - b.order || (a.key < b.key ? -1 : 1));
}

type Parameters = MeasurementInfo['parameters'];

/** What of some parameters is not the same in all of them, as people read it. */
function differing(own: Parameters, all: readonly Parameters[]): string {
  const names = Object.keys(own).filter((name) => all.some((p) => p[name] !== own[name]));
  return names.map((name) => `${name} ${own[name]!}`).join(', ');
}

/** Rows by set, and within it in the order of methods; measured with other parameters, a method has another row. */
export function rowsOf(all: readonly MeasurementInfo[]): MatrixRow[] {
  const names = Object.keys(METHOD_NAMES);
  // Those of the teacher stand behind.
  const order = (method: string): number => (names.includes(method) ? names.indexOf(method) : names.length);
  const seen = new Map<string, MatrixRow & { cells: Map<string, MeasurementInfo>; parameters: Parameters }>();
  for (const m of all) {
    const { parameters, setKey, setName: set } = m;
    const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = `${setKey} ${m.method} ${JSON.stringify(sorted)}`;
    let row = seen.get(key);
    if (row === undefined) {
      row = { key, set, setKey, method: m.method, said: '', cells: new Map(), parameters };
      seen.set(key, row);
    }
    row.cells.set(keyOf(m), m);
  }
  const rows = [...seen.values()];
  return rows
    .map(({ parameters, ...row }) => {
      const others = rows.filter((r) => r.setKey === row.setKey && r.method === row.method);
      return {
        ...row,
        said: differing(
          parameters,
          others.map((r) => r.parameters),
        ),
      };
    })
    .sort((a, b) => {
      if (a.setKey !== b.setKey) return a.set < b.set ? -1 : 1;
      return order(a.method) - order(b.method) || a.method.localeCompare(b.method);
    });
}

/** The best mAP of each column. */
export function bestOf(columns: readonly MatrixColumn[], rows: readonly MatrixRow[]): Map<string, number> {
  return new Map(columns.map((c) => [c.key, Math.max(...rows.map((r) => r.cells.get(c.key)?.map ?? 0))]));
}

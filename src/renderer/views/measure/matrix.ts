import type { MeasurementInfo, Method, Protocol, TruthInfo } from '../../../shared/domain.ts';
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
  readonly method: Method;
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

/** Rows by set, and within it in the order of methods. */
export function rowsOf(all: readonly MeasurementInfo[]): MatrixRow[] {
  const order = Object.keys(METHOD_NAMES);
  const seen = new Map<string, MatrixRow & { cells: Map<string, MeasurementInfo> }>();
  for (const m of all) {
    const key = `${m.setKey} ${m.method}`;
    let row = seen.get(key);
    if (row === undefined)
      seen.set(key, (row = { key, set: m.setName, setKey: m.setKey, method: m.method as Method, cells: new Map() }));
    row.cells.set(keyOf(m), m);
  }
  return [...seen.values()].sort((a, b) =>
    a.setKey === b.setKey ? order.indexOf(a.method) - order.indexOf(b.method) : a.set < b.set ? -1 : 1,
  );
}

/** The best mAP of each column. */
export function bestOf(columns: readonly MatrixColumn[], rows: readonly MatrixRow[]): Map<string, number> {
  return new Map(columns.map((c) => [c.key, Math.max(...rows.map((r) => r.cells.get(c.key)?.map ?? 0))]));
}

import type { KitColumn, KitSort } from './types.ts';

const names = new Intl.Collator('en', { numeric: true });

/** Rows by a column: numbers by size, names with the numbers in them by size, what has no value always last. Ties keep their order. */
export function sortedBy<R>(rows: readonly R[], columns: readonly KitColumn<R>[], sort: KitSort | null): readonly R[] {
  const value = columns.find((c) => c.key === sort?.key)?.value;
  if (sort === null || value === undefined) return rows;
  const way = sort.down ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return way * (typeof x === 'number' && typeof y === 'number' ? x - y : names.compare(String(x), String(y)));
  });
}

/** One bar of the time line: photos taken from `from` until `to`, seconds since 1970. */
export interface TimeBin {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly count: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MOST_BARS = 120;
const DAY = 86_400;

type Unit = 'day' | 'month' | 'year';

function start(time: number, unit: Unit): number {
  const d = new Date(1000 * time);
  return (
    Date.UTC(d.getUTCFullYear(), unit === 'year' ? 0 : d.getUTCMonth(), unit === 'day' ? d.getUTCDate() : 1) / 1000
  );
}

function after(from: number, unit: Unit): number {
  const d = new Date(1000 * from);
  if (unit === 'day') return from + DAY;
  return (
    Date.UTC(d.getUTCFullYear() + (unit === 'year' ? 1 : 0), d.getUTCMonth() + (unit === 'month' ? 1 : 0), 1) / 1000
  );
}

function label(from: number, unit: Unit): string {
  const d = new Date(1000 * from);
  const year = String(d.getUTCFullYear());
  if (unit === 'year') return year;
  const month = `${MONTHS[d.getUTCMonth()]!} ${year}`;
  return unit === 'month' ? month : `${d.getUTCDate()} ${month}`;
}

/** Bars over the whole time of the photos, by day, month or year, the finest that gives no more bars than can be told apart. */
export function timeBins(times: readonly number[]): TimeBin[] {
  if (times.length === 0) return [];
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const days = (last - first) / DAY;
  const unit: Unit = days < MOST_BARS ? 'day' : days / 30 < MOST_BARS ? 'month' : 'year';
  const bins: { from: number; to: number; label: string; count: number }[] = [];
  for (let from = start(first, unit); from <= last; from = after(from, unit))
    bins.push({ from, to: after(from, unit), label: label(from, unit), count: 0 });
  for (const t of times) {
    let [low, high] = [0, bins.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (bins[middle]!.from <= t) low = middle;
      else high = middle - 1;
    }
    bins[low]!.count += 1;
  }
  return bins;
}

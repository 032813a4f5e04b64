/** When and where the photos of a library were taken, summed up by the database: pages see sums, however many photos there are. */
import type { MapBox, PhotoOverview, PhotoPlace, TimeBin, TimeSpan } from '../../../shared/facts/photos.ts';
import type { Library } from './library.ts';
import { whileUnchanged } from './memo.ts';
import { integer, list, nullable, real, record, select } from './rows.ts';

const DAY = 86_400;
/** Bars that can be told apart. */
const MOST_BARS = 120;
/** Places that can be shown and reached by keys. */
const MOST_PLACES = 400;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Of a photo `p`: taken within `:south` to `:north` and `:west` to `:east`. */
export const WITHIN_BOX =
  'p.latitude >= :south AND p.latitude < :north AND p.longitude >= :west AND p.longitude < :east';
const PLACED = 'p.latitude IS NOT NULL AND p.longitude IS NOT NULL';
const WITHIN_TIME = 'p.taken >= :from AND p.taken < :to';

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

/**
 * Bars over the whole time of the photos, by day, month or year, the finest that gives no more bars than can be told apart.
 * @param days beginning of a day, seconds since 1970, and how many photos it has; ascending.
 */
export function timeBins(days: readonly (readonly [day: number, photos: number])[]): TimeBin[] {
  if (days.length === 0) return [];
  const [first, last] = [days[0]![0], days.at(-1)![0]];
  const span = (last - first) / DAY;
  const unit: Unit = span < MOST_BARS ? 'day' : span / 30 < MOST_BARS ? 'month' : 'year';
  const bins: { from: number; to: number; label: string; count: number }[] = [];
  let next = 0;
  for (let from = start(first, unit); from <= last; from = after(from, unit)) {
    const to = after(from, unit);
    let photos = 0;
    while (next < days.length && days[next]![0] < to) photos += days[next++]![1];
    bins.push({ from, to, label: label(from, unit), count: photos });
  }
  return bins;
}

/** When and where all photos were taken that have a file. @param taken narrows what is said of places. */
export function photoOverview(library: Library, taken?: TimeSpan): PhotoOverview {
  return taken === undefined
    ? whileUnchanged(library, 'when and where', () => overviewOf(library))
    : overviewOf(library, taken);
}

function overviewOf(library: Library, taken?: TimeSpan): PhotoOverview {
  const { db } = library;
  const sums = select(
    db,
    `SELECT COUNT(*) AS photos, COUNT(*) - COUNT(p.taken) AS undated, COUNT(*) - COUNT(p.latitude + p.longitude) AS unplaced,
       (SELECT COUNT(*) FROM folded_photo) AS folded FROM present_photo p`,
    record({ photos: integer, undated: integer, unplaced: integer, folded: integer }),
  ).one();
  const days = select(
    db,
    `SELECT CAST(FLOOR(p.taken / ${DAY}.0) AS INTEGER) * ${DAY} AS day, COUNT(*) FROM present_photo p WHERE p.taken IS NOT NULL
     GROUP BY day ORDER BY day`,
    list(integer, integer),
  ).all();
  const { located, south, west, north, east } = select(
    db,
    `SELECT COUNT(*) AS located, MIN(p.latitude) AS south, MIN(p.longitude) AS west, MAX(p.latitude) AS north, MAX(p.longitude) AS east
     FROM present_photo p WHERE ${PLACED}${taken === undefined ? '' : ` AND ${WITHIN_TIME}`}`,
    record({
      located: integer,
      south: nullable(real),
      west: nullable(real),
      north: nullable(real),
      east: nullable(real),
    }),
  ).one({ ...taken });
  const extent = south === null ? null : { south, west: west!, north: north!, east: east! };
  return { ...sums, bins: timeBins(days), located, extent };
}

/**
 * Photos within a part of the map, those of one cell of a grid as one place. Where that gives more places than can be shown, cells of
 * twice the size are taken, and so on. @param o.cell side of a cell in degrees.
 */
export function photoPlaces(
  library: Library,
  o: { readonly taken?: TimeSpan | undefined; readonly box: MapBox; readonly cell: number },
): PhotoPlace[] {
  const rows = select(
    library.db,
    `SELECT CAST((p.latitude + 90) / :cell AS INTEGER) AS y, CAST((p.longitude + 180) / :cell AS INTEGER) AS x, COUNT(*),
       SUM(p.latitude), SUM(p.longitude) FROM present_photo p WHERE ${PLACED} AND ${WITHIN_BOX}${o.taken === undefined ? '' : ` AND ${WITHIN_TIME}`}
     GROUP BY y, x`,
    list(integer, integer, integer, real, real),
  ).all({ ...o.box, ...o.taken, cell: o.cell });
  let cell = o.cell;
  let cells = rows.map(([y, x, photos, latitude, longitude]) => ({ y, x, photos, latitude, longitude }));
  while (cells.length > MOST_PLACES) {
    cell *= 2;
    const coarser = new Map<string, (typeof cells)[number]>();
    for (const c of cells) {
      const [y, x] = [c.y >> 1, c.x >> 1];
      const known = coarser.get(`${y} ${x}`);
      if (known === undefined) coarser.set(`${y} ${x}`, { ...c, y, x });
      else {
        known.photos += c.photos;
        known.latitude += c.latitude;
        known.longitude += c.longitude;
      }
    }
    cells = [...coarser.values()];
  }
  return cells
    .map(({ y, x, photos, latitude, longitude }) => ({
      latitude: latitude / photos,
      longitude: longitude / photos,
      photos,
      box: { south: y * cell - 90, north: (y + 1) * cell - 90, west: x * cell - 180, east: (x + 1) * cell - 180 },
    }))
    .sort((a, b) => b.photos - a.photos);
}

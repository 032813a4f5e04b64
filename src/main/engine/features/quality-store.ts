import type { QualityField } from '../../../shared/facts/quality-fields.ts';
import type { PhotoQuality, QualityHistogram } from '../../../shared/facts/quality.ts';
import type { Library } from '../library/library.ts';
import { integer, list, real, record, select } from '../library/rows.ts';
import type { TaskContext } from '../queue/context.ts';
import { eachPhoto } from './each-photo.ts';
import { qualityOf } from './quality.ts';

/** Counts up when a measure's definition changes; what older ones found is then measured again. */
export const QUALITY_VERSION = 1;

/** SQL of a field's value for a photo `p` with its measures `q` (a left join of `photo_quality`); NULL where it is not known. */
export const QUALITY_SQL: Readonly<Record<QualityField, string>> = {
  sharpness: 'q.sharpness',
  brightness: 'q.brightness',
  dark: 'q.dark',
  bright: 'q.bright',
  entropy: 'q.entropy',
  colourfulness: 'q.colourfulness',
  blockiness: 'q.blockiness',
  megapixels: 'p.width * p.height / 1e6',
  aspect: 'CAST(p.width AS REAL) / p.height',
};

/**
 * Measures photos that were not yet; what is done stays, so that a stopped task goes on where it was.
 * @returns how many photos have measures now, how many of them are new, and how many could not be measured.
 */
export async function computeQuality(
  library: Library,
  task: TaskContext,
): Promise<{ photos: number; computed: number; failed: number }> {
  const missing = select(
    library.db,
    `SELECT p.id FROM present_photo p LEFT JOIN photo_quality q ON q.photo_id = p.id AND q.version = ?
     WHERE q.photo_id IS NULL ORDER BY p.id`,
    integer,
  ).all(QUALITY_VERSION);
  const write = library.db.prepare(
    `INSERT OR REPLACE INTO photo_quality
       (photo_id, version, sharpness, brightness, dark, bright, entropy, colourfulness, blockiness) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const computed = await eachPhoto(
    library,
    missing,
    {
      step: 'Measuring quality',
      compute: qualityOf,
      write: (photo, q) =>
        void write.run(
          photo,
          QUALITY_VERSION,
          q.sharpness,
          q.brightness,
          q.dark,
          q.bright,
          q.entropy,
          q.colourfulness,
          q.blockiness,
        ),
    },
    task,
  );
  const photos = select(
    library.db,
    'SELECT COUNT(*) FROM present_photo p JOIN photo_quality q ON q.photo_id = p.id AND q.version = ?',
    integer,
  ).one(QUALITY_VERSION);
  return { photos, computed, failed: missing.length - computed };
}

/** The measures of photos by id, those that have them. */
export function qualityById(library: Library): Map<number, PhotoQuality> {
  const rows = select(
    library.db,
    `SELECT photo_id, sharpness, brightness, dark, bright, entropy, colourfulness, blockiness FROM photo_quality
     WHERE version = ? ORDER BY photo_id`,
    record({
      photo_id: integer,
      sharpness: real,
      brightness: real,
      dark: real,
      bright: real,
      entropy: real,
      colourfulness: real,
      blockiness: real,
    }),
  ).all(QUALITY_VERSION);
  return new Map(rows.map(({ photo_id, ...q }) => [photo_id, q]));
}

/** A field's values of photos that have a file, by id; photos whose value is not known are left out. */
export function qualityValues(library: Library, field: QualityField): Map<number, number> {
  return new Map(
    select(
      library.db,
      `SELECT p.id, ${QUALITY_SQL[field]} * 1.0 AS value FROM present_photo p
       LEFT JOIN photo_quality q ON q.photo_id = p.id AND q.version = ? WHERE value IS NOT NULL ORDER BY p.id`,
      list(integer, real),
    ).all(QUALITY_VERSION),
  );
}

/**
 * Counts values in bins of equal width from the smallest to the largest; a value on a border is in the upper bin, the largest in the last.
 * All are in the first where they are equal.
 */
export function histogramOf(
  values: readonly number[],
  bins: number,
): Pick<QualityHistogram, 'least' | 'most' | 'counts'> {
  const counts = new Array<number>(bins).fill(0);
  if (values.length === 0) return { least: null, most: null, counts };
  let [least, most] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < least) least = v;
    if (v > most) most = v;
  }
  for (const v of values) {
    const at = most > least ? Math.min(bins - 1, Math.floor((bins * (v - least)) / (most - least))) : 0;
    counts[at]! += 1;
  }
  return { least, most, counts };
}

/** Histogram of a field over some photos. @param photos ids; all that have a file where left out. */
export function qualityHistogram(
  library: Library,
  field: QualityField,
  bins: number,
  photos?: Iterable<number>,
): QualityHistogram {
  const values = qualityValues(library, field);
  const asked =
    photos === undefined ? select(library.db, 'SELECT id FROM present_photo', integer).all() : [...new Set(photos)];
  const known = asked.flatMap((id) => values.get(id) ?? []);
  return { field, ...histogramOf(known, bins), measured: known.length, missing: asked.length - known.length };
}

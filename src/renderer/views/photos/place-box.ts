import type { PhotoFactsRow } from '../../../shared/domain.ts';

type Located = Pick<PhotoFactsRow, 'photo' | 'latitude' | 'longitude'>;

/** South, west, north and east of where these photos were taken, in degrees, as written in an address; undefined where none says. */
export function boxOf(photos: readonly Located[]): string | undefined {
  const at = photos.filter((p) => p.latitude !== null && p.longitude !== null);
  if (at.length === 0) return undefined;
  const least = (of: (p: Located) => number): number => at.reduce((n, p) => Math.min(n, of(p)), Infinity);
  const bounds = [
    least((p) => p.latitude!),
    least((p) => p.longitude!),
    -least((p) => -p.latitude!),
    -least((p) => -p.longitude!),
  ];
  // Outwards, so that those on the edge stay inside: a hundred thousandth of a degree is a metre.
  return bounds.map((v, i) => ((i < 2 ? Math.floor(v * 1e5) : Math.ceil(v * 1e5)) / 1e5).toString()).join(',');
}

/** The photos inside a box as {@link boxOf} writes it; null where it is none. */
export function inBox(box: unknown, photos: readonly Located[]): ReadonlySet<string> | null {
  if (typeof box !== 'string') return null;
  const [south, west, north, east] = box.split(',').map(Number);
  if ([south, west, north, east].some((v) => v === undefined || !Number.isFinite(v))) return null;
  return new Set(
    photos.flatMap((p) =>
      p.latitude !== null &&
      p.longitude !== null &&
      p.latitude >= south! &&
      p.latitude <= north! &&
      p.longitude >= west! &&
      p.longitude <= east!
        ? [p.photo]
        : [],
    ),
  );
}

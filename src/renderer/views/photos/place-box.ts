import type { MapBox } from '../../../shared/facts/photos.ts';

/** Farther than a map can be turned. */
const MOST = 720;

/** South, west, north and east of a part of the map, in degrees, as written in an address. */
export function boxText({ south, west, north, east }: MapBox): string {
  return [south, west, north, east].join(',');
}

/** The part of the map that an address names as {@link boxText} writes it; null where it names none. */
export function boxOf(text: unknown): MapBox | null {
  if (typeof text !== 'string') return null;
  const parts = text.split(',');
  const [south, west, north, east] = parts.map((p) => (p.trim() === '' ? Number.NaN : Number(p)));
  const all = [south, west, north, east];
  if (parts.length !== 4 || all.some((v) => v === undefined || !(Math.abs(v) <= MOST))) return null;
  return { south: south!, west: west!, north: north!, east: east! };
}

import exifReader from 'exif-reader';
import type { PhotoFacts } from '../../../shared/domain.ts';

/** Width in millimetres of the frame that equivalent focal lengths are told for. */
const FULL_FRAME = 36;
const FARTHEST_YEAR = 2200;

export const NO_FACTS: PhotoFacts = { taken: null, latitude: null, longitude: null, focal: null, camera: null };

/**
 * Reads what a camera wrote: time, place, focal length. Broken or absurd values are as if they were not there.
 * @param exif the EXIF block of a file. @param longSide pixels of the photo.
 */
export function readExif(exif: Uint8Array | undefined, longSide: number): PhotoFacts {
  if (exif === undefined) return NO_FACTS;
  let tags: ReturnType<typeof exifReader>;
  try {
    tags = exifReader(Buffer.from(exif));
  } catch {
    return NO_FACTS;
  }
  const gps = tags.GPSInfo;
  const latitude = degrees(gps?.GPSLatitude, gps?.GPSLatitudeRef === 'S', 90);
  const longitude = degrees(gps?.GPSLongitude, gps?.GPSLongitudeRef === 'W', 180);
  // Cameras without a fix write 0, 0.
  const placed = latitude !== null && longitude !== null && (latitude !== 0 || longitude !== 0);
  const date = tags.Photo?.DateTimeOriginal ?? tags.Photo?.DateTimeDigitized ?? tags.Image?.DateTime;
  const seconds = date instanceof Date ? Math.round(date.getTime() / 1000) : Number.NaN;
  const plausible = seconds > 0 && seconds < Date.UTC(FARTHEST_YEAR) / 1000;
  const camera = [text(tags.Image?.Make), text(tags.Image?.Model)].filter((t) => t !== '').join(' ');
  return {
    taken: plausible ? seconds : null,
    latitude: placed ? latitude : null,
    longitude: placed ? longitude : null,
    focal: focalPixels(tags.Photo, longSide),
    camera: camera === '' ? null : camera.slice(0, 100),
  };
}

function text(v: unknown): string {
  return typeof v === 'string' ? v.replace(/[^\x20-\x7e]/g, '').trim() : '';
}

function degrees(v: unknown, negative: boolean, most: number): number | null {
  if (!Array.isArray(v) || v.length !== 3 || !v.every((x) => Number.isFinite(x))) return null;
  const [d, m, s] = v as [number, number, number];
  const value = (d + m / 60 + s / 3600) * (negative ? -1 : 1);
  return Math.abs(value) <= most ? value : null;
}

function focalPixels(photo: { FocalLengthIn35mmFilm?: unknown } | undefined, longSide: number): number | null {
  const equivalent = photo?.FocalLengthIn35mmFilm;
  return typeof equivalent === 'number' && equivalent > 1 && equivalent < 5000
    ? (equivalent / FULL_FRAME) * longSide
    : null;
}

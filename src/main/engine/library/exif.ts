import exifReader from 'exif-reader';
import type { PhotoFacts } from '../../../shared/domain.ts';

/** Width in millimetres of the frame that equivalent focal lengths are told for. */
const FULL_FRAME = 36;
const DAY = 86_400;
/** Hours that clocks differ from UTC by, at most. */
const FARTHEST_ZONE = 14;

export const NO_FACTS: PhotoFacts = { taken: null, latitude: null, longitude: null, focal: null, camera: null };

/**
 * Reads what a camera wrote: time, place, focal length. Broken or absurd values are as if they were not there.
 *
 * `taken` is seconds since 1970: of the instant in UTC where the camera wrote how far its clock is from it (OffsetTimeOriginal and its
 * like); of its clock taken as UTC where it did not. Fractions of seconds are left away. The first of DateTimeOriginal,
 * DateTimeDigitized and DateTime that is not blank decides. Dates that no calendar has, dates after tomorrow, and those of a clock that
 * was never set (the first minute of a year, 1 January of 1970 and 1980, the first hour of 2000) are none.
 * @param exif the EXIF block of a file. @param longSide pixels of the photo. @param now seconds since 1970.
 */
export function readExif(exif: Uint8Array | undefined, longSide: number, now = Date.now() / 1000): PhotoFacts {
  if (exif === undefined) return NO_FACTS;
  let tags: ReturnType<typeof exifReader>;
  try {
    tags = exifReader(Buffer.from(exif));
  } catch {
    return NO_FACTS;
  }
  const gps = tags.GPSInfo;
  // A receiver that lost its satellites says V and writes what it knew last.
  const lost = text(gps?.GPSStatus).toUpperCase() === 'V';
  const latitude = lost ? null : degrees(gps?.GPSLatitude, gps?.GPSLatitudeRef, 'NS', 90);
  const longitude = lost ? null : degrees(gps?.GPSLongitude, gps?.GPSLongitudeRef, 'EW', 180);
  // Cameras without a fix write 0, 0.
  const placed = latitude !== null && longitude !== null && (latitude !== 0 || longitude !== 0);
  const camera = cameraName(text(tags.Image?.Make), text(tags.Image?.Model));
  return {
    taken: timeOf(exif, now),
    latitude: placed ? latitude : null,
    longitude: placed ? longitude : null,
    focal: focalPixels(tags.Photo, longSide),
    camera: camera === '' ? null : camera.slice(0, 100),
  };
}

function text(v: unknown): string {
  return typeof v === 'string'
    ? v
        .replace(/\0.*$/s, '')
        .replace(/[^\x20-\x7e]/g, '')
        .trim()
    : '';
}

/** Model alone where it begins with a word of the maker's name: "Canon", "Canon EOS"; "NIKON CORPORATION", "NIKON D70". */
function cameraName(make: string, model: string): string {
  const words = (t: string): string[] =>
    t
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter((w) => w !== '');
  const first = words(model)[0];
  return first !== undefined && words(make).includes(first) ? model : `${make} ${model}`.trim();
}

/** @param ref the letter that says which half of the globe, one of `halves`; without it the place is not known. */
function degrees(v: unknown, ref: unknown, halves: string, most: number): number | null {
  const half = halves.indexOf(text(ref).toUpperCase() || '?');
  if (half < 0 || text(ref).length !== 1) return null;
  if (!Array.isArray(v) || v.length !== 3 || !v.every((x) => Number.isFinite(x) && x >= 0)) return null;
  const [d, m, s] = v as [number, number, number];
  if (m > 60 || s > 60) return null;
  const value = d + m / 60 + s / 3600;
  return value <= most ? (half === 1 ? -value : value) : null;
}

const TAG = {
  DateTime: 0x0132,
  ExifIfd: 0x8769,
  DateTimeOriginal: 0x9003,
  DateTimeDigitized: 0x9004,
  OffsetTime: 0x9010,
  OffsetTimeOriginal: 0x9011,
  OffsetTimeDigitized: 0x9012,
} as const;

/** When the photo was taken, as {@link readExif} says. */
function timeOf(exif: Uint8Array, now: number): number | null {
  const told = asciiTags(Buffer.from(exif));
  const original = told.get(TAG.DateTimeOriginal) ?? '';
  const digitized = told.get(TAG.DateTimeDigitized) ?? '';
  const changed = told.get(TAG.DateTime) ?? '';
  const zone = (tag: number): string => told.get(tag) ?? '';
  const blank = (t: string): boolean => /^[\s:0]*$/.test(t);
  const date = [original, digitized, changed].find((t) => !blank(t));
  if (date === undefined) return null;
  // OffsetTime is that of DateTime; of an untouched file that is the same moment.
  const untouched = blank(changed) || changed === date ? zone(TAG.OffsetTime) : '';
  const own =
    date === original
      ? zone(TAG.OffsetTimeOriginal)
      : date === digitized
        ? zone(TAG.OffsetTimeDigitized)
        : zone(TAG.OffsetTime);
  const clock = clockOf(date);
  if (clock === null) return null;
  const seconds = clock - (secondsEast(own) ?? secondsEast(untouched) ?? 0);
  return seconds > 0 && seconds <= now + DAY ? seconds : null;
}

/** Seconds since 1970 of a clock that is taken as UTC; null for what no calendar has and for clocks that were never set. */
function clockOf(date: string): number | null {
  const parts = /^(\d{4})[:\-/.](\d{2})[:\-/.](\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?$/.exec(date);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const same =
    at.getUTCFullYear() === year &&
    at.getUTCMonth() === month - 1 &&
    at.getUTCDate() === day &&
    at.getUTCHours() === hour &&
    at.getUTCMinutes() === minute &&
    at.getUTCSeconds() === second;
  if (!same) return null;
  const newYear = month === 1 && day === 1;
  const unset = hour === 0 && (minute === 0 || year === 2000);
  return newYear && (unset || year === 1970 || year === 1980) ? null : at.getTime() / 1000;
}

/** Seconds that a zone is east of UTC: "+02:00", "-03:30", "Z". */
function secondsEast(zone: string): number | undefined {
  if (/^z$/i.test(zone)) return 0;
  const parts = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (parts === null) return undefined;
  const [hours, minutes] = [Number(parts[2]), Number(parts[3])];
  if (minutes > 59 || 60 * hours + minutes > 60 * FARTHEST_ZONE) return undefined;
  return (parts[1] === '-' ? -60 : 60) * (60 * hours + minutes);
}

/** Texts of the first directory and of the one of EXIF, by tag, as they were written: a parsed date hides that it was none. */
function asciiTags(block: Buffer): Map<number, string> {
  const told = new Map<number, string>();
  const b = block.toString('latin1', 0, 6) === 'Exif\0\0' ? block.subarray(6) : block;
  const order = b.toString('latin1', 0, 2);
  const u16 = (at: number): number =>
    at + 2 > b.length ? 0 : order === 'MM' ? b.readUInt16BE(at) : b.readUInt16LE(at);
  const u32 = (at: number): number =>
    at + 4 > b.length ? 0 : order === 'MM' ? b.readUInt32BE(at) : b.readUInt32LE(at);
  const directory = (at: number): void => {
    const entries = u16(at);
    for (let e = at + 2; e < at + 2 + 12 * entries && e + 12 <= b.length; e += 12) {
      const [tag, type, count] = [u16(e), u16(e + 2), u32(e + 4)];
      if (type === 2) {
        const from = count <= 4 ? e + 8 : u32(e + 8);
        const said = b.toString('latin1', from, Math.min(from + count, b.length));
        if (!told.has(tag)) told.set(tag, said.replace(/\0.*$/s, '').trim());
      } else if (tag === TAG.ExifIfd && at === first && u32(e + 8) !== first) directory(u32(e + 8));
    }
  };
  const first = u32(4);
  if (first >= 8) directory(first);
  return told;
}

function focalPixels(photo: { FocalLengthIn35mmFilm?: unknown } | undefined, longSide: number): number | null {
  const equivalent = photo?.FocalLengthIn35mmFilm;
  return typeof equivalent === 'number' && equivalent > 1 && equivalent < 5000
    ? (equivalent / FULL_FRAME) * longSide
    : null;
}
